package commission

import (
	"time"

	"tributary.example/internal/id"
	"tributary.example/money"
	"tributary.example/program"
)

// The types of this room's events; the payload of each is Changed.
const (
	EventEarned   = "commission.earned"
	EventReversed = "commission.reversed"
	EventReleased = "commission.released"
)

// Changed says what a commission comes to now and by how much that changed,
// version 1. A release changes nothing but where the money stands.
type Changed struct {
	Commission  id.Commission   `json:"commission_id"`
	Affiliate   id.Affiliate    `json:"affiliate_id"`
	Customer    id.Customer     `json:"customer_id"`
	Payment     id.Payment      `json:"payment_id,omitempty"`
	Referral    id.Referral     `json:"referral_id"`
	Kind        program.Trigger `json:"kind"`
	At          time.Time       `json:"at"`
	Currency    money.Currency  `json:"currency"`
	BaseMinor   int64           `json:"base_minor"`
	AmountMinor int64           `json:"amount_minor"` // what it comes to now
	ChangeMinor int64           `json:"change_minor"` // what this event added, or took when negative
	ReleaseAt   time.Time       `json:"release_at"`
	Lines       []Line          `json:"lines"`
}

func changed(c Commission, by int64) Changed {
	return Changed{
		Commission: c.ID, Affiliate: c.Affiliate, Customer: c.Customer, Payment: c.Payment, Referral: c.Referral, Kind: c.Kind,
		At: c.At, Currency: c.Currency, BaseMinor: c.BaseMinor, AmountMinor: c.TargetMinor, ChangeMinor: by, ReleaseAt: c.ReleaseAt, Lines: c.Lines,
	}
}
