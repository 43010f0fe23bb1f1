package payout

import (
	"tributary.example/internal/id"
	"tributary.example/money"
)

// The types of this room's events; the payload of each is Changed.
const (
	EventApproved  = "payout.approved"
	EventSent      = "payout.sent"
	EventSettled   = "payout.settled"
	EventFailed    = "payout.failed"
	EventCancelled = "payout.cancelled"
)

// Changed says where a payout stands now, version 1.
type Changed struct {
	Payout      id.Payout      `json:"payout_id"`
	Run         id.Run         `json:"run_id"`
	Affiliate   id.Affiliate   `json:"affiliate_id"`
	Currency    money.Currency `json:"currency"`
	AmountMinor int64          `json:"amount_minor"`
	State       State          `json:"state"`
	Rail        RailName       `json:"rail,omitempty"`
	Reference   string         `json:"reference,omitempty"` // of a failed one, why
}

func changed(p Payout) Changed {
	return Changed{
		Payout: p.ID, Run: p.Run, Affiliate: p.Affiliate, Currency: p.Currency, AmountMinor: p.AmountMinor, State: p.State,
		Rail: p.Rail, Reference: p.Reference,
	}
}
