package program

// The events of this room.
const (
	EventCreated = "program.created"
	EventChanged = "program.changed"
)

// Created is the payload of program.created, version 1.
type Created struct {
	Program Program `json:"program"`
}

// Changed is the payload of program.changed, version 1.
type Changed struct {
	Program Program `json:"program"`
}
