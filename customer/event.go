package customer

import (
	"time"

	"tributary.example/internal/id"
)

// EventChanged is the type of the event that Changed is the payload of.
const EventChanged = "customer.changed"

// Changed says that a customer's state changed, version 1. It may tell of the
// past: At is when the state began.
type Changed struct {
	Customer   id.Customer `json:"customer_id"`
	ExternalID string      `json:"external_id"`
	Before     State       `json:"before"`
	State      State       `json:"state"`
	At         time.Time   `json:"at"`
	Source     Source      `json:"source"`
	PlanCode   string      `json:"plan,omitempty"`
}
