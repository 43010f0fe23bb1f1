package link

// The events of this room.
const (
	EventCreated = "link.created"
	EventChanged = "link.changed"
)

// Changed is the payload of this room's events, version 1: the link as it is
// after the change.
type Changed struct {
	Link Link `json:"link"`
}
