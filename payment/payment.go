// Package payment is the money that the merchant received from a customer or
// gave back.
//
// Nouns: Payment, Line, Fact, RefundFact, Dispute.
//
// Invariants:
//  1. The payment's own id names it: the same id with the same content is the
//     same payment, with other content a conflict.
//  2. Amounts and refunds are gross; tax stands beside them. The lines are net
//     and sum to the amount without tax.
//  3. What was refunded is the sum of the refunds that succeeded, never more
//     than the amount; each refund's id counts once.
//  4. The time of a payment is the provider's, never that of its arrival.
//
// It owns payments, payment_lines and refunds. It must not know who brought
// the customer or what a payment earns.
package payment

import (
	"context"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/money"
)

// Dispute is where a customer's dispute of a payment stands; "" is none.
type Dispute string

// The states of a dispute.
const (
	DisputeNone Dispute = ""
	DisputeOpen Dispute = "open"
	DisputeWon  Dispute = "won"
	DisputeLost Dispute = "lost"
)

// Source is who told of a payment: SourceAPI or a provider's name.
type Source string

// SourceAPI is the plain API, for home-grown billing.
const SourceAPI Source = "api"

// Line is what one part of a payment was for, without tax, after discounts and
// credits. A proration or credit is negative.
type Line struct {
	PlanCode    string `json:"plan,omitempty"` // "" when it names none
	AmountMinor int64  `json:"amount_minor"`
}

// Payment is one payment with what was given back of it.
type Payment struct {
	ID            id.Payment
	ExternalID    string // the merchant's or provider's own id
	Customer      id.Customer
	At            time.Time // the provider's time
	Currency      money.Currency
	AmountMinor   int64 // gross: what the customer paid, with tax
	TaxMinor      int64
	RefundedMinor int64 // gross, cumulative
	Dispute       Dispute
	PlanCode      string
	PeriodStart   time.Time // of what it settles; zero when not known
	Source        Source
	Lines         []Line // never empty
	RecordedAt    time.Time
}

// NetMinor is the amount without tax, before refunds: the sum of the lines.
func (p Payment) NetMinor() int64 { return p.AmountMinor - p.TaxMinor }

// Gross is the amount that the customer paid, with tax.
func (p Payment) Gross() money.Amount { return money.Of(p.AmountMinor, p.Currency) }

const columns = `payment_id, external_id, customer_id, at, currency, amount_minor, tax_minor, refunded_minor,
	dispute, plan_code, period_start, source, recorded_at`

func scan(r db.Row) (Payment, error) {
	var p Payment
	err := r.Scan(&p.ID, &p.ExternalID, &p.Customer, &p.At, &p.Currency, &p.AmountMinor, &p.TaxMinor, &p.RefundedMinor,
		&p.Dispute, &p.PlanCode, &p.PeriodStart, &p.Source, &p.RecordedAt)
	return p, err
}

// Get is the payment with an id. The kind of error is NotFound.
func Get(ctx context.Context, r db.Reader, prog id.Program, pay id.Payment) (Payment, error) {
	p, ok, err := db.Lookup(ctx, r, scan, `select `+columns+` from payments where program_id = $1 and payment_id = $2`, prog, pay)
	return complete(ctx, r, prog, p, ok, err, string(pay))
}

// ByExternalID is the payment with the provider's own id. The kind of error is
// NotFound.
func ByExternalID(ctx context.Context, r db.Reader, prog id.Program, external string) (Payment, error) {
	p, ok, err := db.Lookup(ctx, r, scan, `select `+columns+` from payments where program_id = $1 and external_id = $2`, prog, external)
	return complete(ctx, r, prog, p, ok, err, external)
}

func complete(ctx context.Context, r db.Reader, prog id.Program, p Payment, ok bool, err error, name string) (Payment, error) {
	if err != nil {
		return p, err
	}
	if !ok {
		return p, fault.New(fault.NotFound, "There is no payment %s.", name).Field("payment_id").
			Hint("Report the payment first, with its own id.")
	}
	all := []Payment{p}
	err = withLines(ctx, r, prog, all, `payment_id = $2`, p.ID)
	return all[0], err
}

// OfCustomer are all payments of a customer in the provider's order: by time,
// then by the provider's id.
func OfCustomer(ctx context.Context, r db.Reader, prog id.Program, cus id.Customer) ([]Payment, error) {
	all, err := db.All(ctx, r, scan, `select `+columns+` from payments
		where program_id = $1 and customer_id = $2 order by at, external_id`, prog, cus)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all, withLines(ctx, r, prog, all, `payment_id in (select payment_id from payments where program_id = $1 and customer_id = $2)`, cus)
}

// Page says which payments a list shows.
type Page struct {
	Customer id.Customer // only this one's, or "" for all
	Before   id.Payment  // recorded before this one, or "" for the newest
	Limit    int         // 1 to 200; anything else is 200
}

const maxPage = 200

// List is a page of a program's payments, those recorded last first.
func List(ctx context.Context, r db.Reader, prog id.Program, p Page) ([]Payment, error) {
	if p.Limit < 1 || p.Limit > maxPage {
		p.Limit = maxPage
	}
	all, err := db.All(ctx, r, scan, `select `+columns+` from payments
		where program_id = $1 and ($2 = '' or customer_id = $2) and ($3 = '' or payment_id < $3)
		order by payment_id desc limit $4`, prog, p.Customer, p.Before, p.Limit)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all, withLines(ctx, r, prog, all, `payment_id <= $2 and payment_id >= $3`, all[0].ID, all[len(all)-1].ID)
}

type ownedLine struct {
	payment id.Payment
	line    Line
}

// withLines fills in the lines of payments; which is the SQL that finds them.
func withLines(ctx context.Context, r db.Reader, prog id.Program, all []Payment, which string, args ...any) error {
	lines, err := db.All(ctx, r, func(r db.Row) (ownedLine, error) {
		var l ownedLine
		err := r.Scan(&l.payment, &l.line.PlanCode, &l.line.AmountMinor)
		return l, err
	}, `select payment_id, plan_code, amount_minor from payment_lines where program_id = $1 and `+which+` order by payment_id, n`,
		append([]any{prog}, args...)...)
	if err != nil {
		return err
	}
	of := map[id.Payment][]Line{}
	for _, l := range lines {
		of[l.payment] = append(of[l.payment], l.line)
	}
	for i := range all {
		all[i].Lines = of[all[i].ID]
	}
	return nil
}

// Refunded is one refund of a payment.
type Refunded struct {
	ID          id.Refund
	ExternalID  string
	At          time.Time
	AmountMinor int64 // gross
	State       string
	RecordedAt  time.Time
}

// Refunds are all refunds of a payment, by their own time.
func Refunds(ctx context.Context, r db.Reader, prog id.Program, pay id.Payment) ([]Refunded, error) {
	return db.All(ctx, r, func(r db.Row) (Refunded, error) {
		var f Refunded
		err := r.Scan(&f.ID, &f.ExternalID, &f.At, &f.AmountMinor, &f.State, &f.RecordedAt)
		return f, err
	}, `select refund_id, external_id, at, amount_minor, state, recorded_at from refunds
		where program_id = $1 and payment_id = $2 order by at, external_id`, prog, pay)
}
