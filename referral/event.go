package referral

import (
	"tributary.example/customer"
	"tributary.example/internal/text"
)

// The events of this room.
const (
	EventDecided = "referral.decided"
	EventLost    = "referral.lost"
	EventEnded   = "referral.ended"
	EventVoided  = "referral.voided"
)

// Decided is the payload of referral.decided, version 1: a customer is
// registered under an affiliate, or for another reason than before.
type Decided struct {
	Referral   Referral          `json:"referral"`
	ExternalID string            `json:"external_id"` // the merchant's own id of the customer
	Step       customer.StepKind `json:"step"`
	Version    int               `json:"version"`  // of the decision
	Sentence   text.Sentence     `json:"sentence"` // for the merchant
	Told       text.Sentence     `json:"told"`     // for the affiliate; names nobody
}

// Ended is the payload of referral.lost, referral.ended and referral.voided,
// version 1.
type Ended struct {
	Referral   Referral      `json:"referral"`
	ExternalID string        `json:"external_id"`
	Told       text.Sentence `json:"told"` // for the affiliate; names nobody
}
