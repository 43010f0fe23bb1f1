package payment

import (
	"context"
	"fmt"
	"time"

	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/money"
)

// RefundFact is what somebody tells of money given back. At zero means now.
type RefundFact struct {
	PaymentExternalID string
	ExternalID        string // the refund's own id: it counts once
	At                time.Time
	AmountMinor       int64 // gross, above zero
}

// Refund writes a refund of a payment and returns the payment with it; created
// is false when the refund was known. Kinds: Invalid (no amount, or more than
// is left of the payment), NotFound (no such payment), Conflict (the same id
// with another amount).
func Refund(ctx context.Context, tx *db.Tx, prog id.Program, f RefundFact) (pay Payment, created bool, err error) {
	if err := f.check(tx.Now()); err != nil {
		return Payment{}, false, err
	}
	pay, err = ByExternalID(ctx, tx, prog, f.PaymentExternalID)
	if err != nil {
		return Payment{}, false, err
	}
	if _, err := customer.Lock(ctx, tx, prog, pay.Customer); err != nil {
		return Payment{}, false, err
	}
	if f.At.IsZero() {
		f.At = tx.Now()
	}
	n, err := tx.Exec(ctx, `insert into refunds (program_id, payment_id, refund_id, external_id, at, amount_minor, state, recorded_at)
		values ($1, $2, $3, $4, $5, $6, 'succeeded', $7) on conflict (program_id, payment_id, external_id) do nothing`,
		prog, pay.ID, id.New[id.Refund](tx.Now()), f.ExternalID, f.At, f.AmountMinor, tx.Now())
	if err != nil {
		return Payment{}, false, fmt.Errorf("insert refund: %w", err)
	}
	if n == 0 {
		pay, err := f.known(ctx, tx, prog, pay)
		return pay, false, err
	}
	if pay, err = addUp(ctx, tx, prog, pay, f.AmountMinor); err != nil {
		return Payment{}, false, err
	}
	return pay, true, outbox.Emit(ctx, tx, outbox.Event{Program: prog, Type: EventRefunded, Version: 1, Subject: string(pay.ID),
		Payload: Returned{
			Payment: pay.ID, ExternalID: pay.ExternalID, Customer: pay.Customer, Refund: f.ExternalID, At: f.At,
			AmountMinor: f.AmountMinor, RefundedMinor: pay.RefundedMinor, Currency: pay.Currency,
		}})
}

func (f RefundFact) check(now time.Time) error {
	var l fault.List
	if err := l.Check(checkExternal(f.ExternalID, "refund_id")); err != nil {
		return err
	}
	if f.AmountMinor <= 0 || f.AmountMinor > maxMinor {
		l.Add(fault.New(fault.Invalid, "A refund's amount is above zero, in minor units.").Field("amount").
			Hint("Send what was given back, with tax."))
	}
	if f.At.After(now.Add(clockSkew)) {
		l.Add(fault.New(fault.Invalid, "The refund's time %s is in the future.", f.At).Field("at").
			Hint("Send the time at which the money was given back, in UTC."))
	}
	return l.Err()
}

func (f RefundFact) known(ctx context.Context, tx *db.Tx, prog id.Program, pay Payment) (Payment, error) {
	amount, err := db.One(ctx, tx, db.Scalar[int64], `
		select amount_minor from refunds where program_id = $1 and payment_id = $2 and external_id = $3`, prog, pay.ID, f.ExternalID)
	if err != nil {
		return Payment{}, err
	}
	if amount != f.AmountMinor {
		return Payment{}, fault.New(fault.Conflict, "Refund %s was recorded before with the amount %s.", f.ExternalID, money.Of(amount, pay.Currency)).
			Field("refund_id").Hint("Give each refund its own id; a second partial refund is another one.")
	}
	return Get(ctx, tx, prog, pay.ID)
}

// addUp sets the payment's sum from its refunds, under the customer's lock.
// More than was paid is refused; added is the refund that was just written.
func addUp(ctx context.Context, tx *db.Tx, prog id.Program, pay Payment, added int64) (Payment, error) {
	sum, err := db.One(ctx, tx, db.Scalar[int64], `select cast(coalesce(sum(amount_minor), 0) as bigint) from refunds
		where program_id = $1 and payment_id = $2 and state = 'succeeded'`, prog, pay.ID)
	if err != nil {
		return Payment{}, fmt.Errorf("sum refunds: %w", err)
	}
	if sum > pay.AmountMinor {
		return Payment{}, fault.New(fault.Invalid, "The refund is above what is left of the payment: %s.", money.Of(pay.AmountMinor-sum+added, pay.Currency)).
			Field("amount").Hint("A payment of %s can be refunded once in full or in parts.", pay.Gross())
	}
	pay.RefundedMinor = sum
	_, err = tx.Exec(ctx, `update payments set refunded_minor = $3 where program_id = $1 and payment_id = $2`, prog, pay.ID, sum)
	return pay, err
}
