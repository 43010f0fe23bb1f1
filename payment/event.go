package payment

import (
	"time"

	"tributary.example/internal/id"
	"tributary.example/money"
)

// The types of this room's events.
const (
	EventRecorded = "payment.recorded"
	EventRefunded = "payment.refunded"
)

// Recorded says that the merchant received a payment, version 1.
type Recorded struct {
	Payment     id.Payment     `json:"payment_id"`
	ExternalID  string         `json:"external_id"`
	Customer    id.Customer    `json:"customer_id"`
	At          time.Time      `json:"at"`
	Currency    money.Currency `json:"currency"`
	AmountMinor int64          `json:"amount_minor"` // gross
	TaxMinor    int64          `json:"tax_minor"`
	Lines       []Line         `json:"lines"`
	Source      Source         `json:"source"`
}

// Returned says that the merchant gave money back, version 1.
type Returned struct {
	Payment       id.Payment     `json:"payment_id"`
	ExternalID    string         `json:"external_id"`
	Customer      id.Customer    `json:"customer_id"`
	Refund        string         `json:"refund_id"` // the provider's id
	At            time.Time      `json:"at"`
	Currency      money.Currency `json:"currency"`
	AmountMinor   int64          `json:"amount_minor"`   // of this refund, gross
	RefundedMinor int64          `json:"refunded_minor"` // of all refunds so far, gross
}

func recorded(p Payment) Recorded {
	return Recorded{
		Payment: p.ID, ExternalID: p.ExternalID, Customer: p.Customer, At: p.At, Currency: p.Currency,
		AmountMinor: p.AmountMinor, TaxMinor: p.TaxMinor, Lines: p.Lines, Source: p.Source,
	}
}
