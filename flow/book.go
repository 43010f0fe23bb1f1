package flow

import (
	"context"
	"time"

	"tributary.example/commission"
	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/payment"
	"tributary.example/program"
)

// Booked is a payment as it stands, with what it earned.
type Booked struct {
	Payment     payment.Payment
	Customer    customer.Customer
	Commissions []commission.Commission
	Created     bool // false: it was known
}

// Book records a payment and settles the customer's commissions. A customer
// who is not known yet is made: a payment without a referral is recorded and
// earns nothing, until a sign-up with an earlier time arrives. Kinds: Invalid,
// Conflict (the same id with other content).
func Book(ctx context.Context, tx *db.Tx, prog program.Program, who customer.Seen, fact payment.Fact) (Booked, error) {
	cus, err := customer.Ensure(ctx, tx, prog.ID, who)
	if err != nil {
		return Booked{}, err
	}
	fact.Customer = cus.ID
	pay, created, err := payment.Record(ctx, tx, prog.ID, fact)
	if err != nil {
		return Booked{}, err
	}
	return booked(ctx, tx, prog, pay, created)
}

// Refund records money given back and settles the customer's commissions.
// Kinds: Invalid, NotFound (no such payment), Conflict.
func Refund(ctx context.Context, tx *db.Tx, prog program.Program, fact payment.RefundFact) (Booked, error) {
	before, err := payment.ByExternalID(ctx, tx, prog.ID, fact.PaymentExternalID)
	if err != nil {
		return Booked{}, err
	}
	// The customer is locked first: that is the order of all locks.
	if _, err := customer.Lock(ctx, tx, prog.ID, before.Customer); err != nil {
		return Booked{}, err
	}
	pay, created, err := payment.Refund(ctx, tx, prog.ID, fact)
	if err != nil {
		return Booked{}, err
	}
	return booked(ctx, tx, prog, pay, created)
}

func booked(ctx context.Context, tx *db.Tx, prog program.Program, pay payment.Payment, created bool) (Booked, error) {
	cus, err := customer.Get(ctx, tx, prog.ID, pay.Customer)
	if err != nil {
		return Booked{}, err
	}
	if err := reconsider(ctx, tx, prog, cus); err != nil {
		return Booked{}, err
	}
	earned, err := commission.OfPayment(ctx, tx, prog.ID, pay.ID)
	return Booked{Payment: pay, Customer: cus, Commissions: earned, Created: created}, err
}

// SetCustomerState records that a customer was in a state from a time on, and
// settles what depends on it. Kinds: NotFound, Invalid.
func SetCustomerState(ctx context.Context, tx *db.Tx, prog program.Program, cus id.Customer, change customer.Change) (customer.Customer, error) {
	if change.At.IsZero() {
		change.At = tx.Now().Truncate(time.Millisecond)
	}
	after, err := customer.SetState(ctx, tx, prog.ID, cus, change)
	if err != nil {
		return after, err
	}
	return after, settle(ctx, tx, prog, after)
}
