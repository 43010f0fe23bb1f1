package coupon

import (
	"context"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
)

// Redemption is a customer's use of a code.
type Redemption struct {
	Coupon   id.Coupon
	Customer id.Customer
	At       time.Time // of the step it came with
	PlanCode string    // chosen with it, or ""
	Told     Told
}

// Told tells where a redemption happened.
type Told string

// A redemption happens here, within the limit, or it happened at a payment
// provider and is a fact.
const (
	Here       Told = ""
	AtProvider Told = "provider"
)

// Redeemed is what came of it.
type Redeemed struct {
	Granted   bool      // the customer has the code's discount
	Already   bool      // by an earlier call
	Reason    Reason    // OK, or why not
	Coupon    id.Coupon // the one code that the customer has now, or ""
	OverLimit bool
}

// Redeem takes one of a coupon's places for a customer, by one conditional
// update: however many do it at once, no more than the limit succeed. A
// customer has one code per program: the same code again is the same
// redemption, another one is refused. The caller has locked the customer. The
// kind of error is NotFound.
func Redeem(ctx context.Context, tx *db.Tx, prog id.Program, ask Redemption) (Redeemed, error) {
	has, ok, err := RedeemedBy(ctx, tx, prog, ask.Customer)
	if err != nil || ok {
		return already(has.Coupon, ask.Coupon), err
	}
	cpn, ok, err := db.Lookup(ctx, tx, scan, `update coupons set used = used + 1
		where program_id = $1 and coupon_id = $2 and (total_limit = 0 or used < total_limit or $3 = 'provider')
		returning `+columns, prog, ask.Coupon, ask.Told)
	if err != nil {
		return Redeemed{}, err
	}
	if !ok {
		_, err := Get(ctx, tx, prog, ask.Coupon)
		return Redeemed{Reason: UsedUp}, err
	}
	over := cpn.TotalLimit > 0 && cpn.Used > cpn.TotalLimit
	made, err := tx.Exec(ctx, `insert into coupon_redemptions (program_id, customer_id, coupon_id, at, plan_code, over_limit)
		values ($1, $2, $3, $4, $5, $6) on conflict (program_id, customer_id) do nothing`,
		prog, ask.Customer, ask.Coupon, ask.At, ask.PlanCode, over)
	if err != nil {
		return Redeemed{}, err
	}
	if made == 0 { // somebody who had not locked the customer was faster
		return giveBack(ctx, tx, prog, ask)
	}
	return Redeemed{Granted: true, Reason: OK, Coupon: ask.Coupon, OverLimit: over}, outbox.Emit(ctx, tx, outbox.Event{
		Program: prog, Type: EventRedeemed, Version: 1, Subject: string(cpn.ID),
		Payload: RedeemedEvent{
			Coupon: cpn.ID, Affiliate: cpn.Affiliate, Code: cpn.Canonical, Customer: ask.Customer, At: ask.At,
			PlanCode: ask.PlanCode, Used: cpn.Used, OverLimit: over,
		},
	})
}

// RedeemedBy finds the one redemption that a customer has.
func RedeemedBy(ctx context.Context, r db.Reader, prog id.Program, cus id.Customer) (Redemption, bool, error) {
	return db.Lookup(ctx, r, scanRedemption, `select coupon_id, customer_id, at, plan_code, over_limit from coupon_redemptions
		where program_id = $1 and customer_id = $2`, prog, cus)
}

// Redemptions lists the uses of a coupon, the newest first, at most limit.
func Redemptions(ctx context.Context, r db.Reader, prog id.Program, cpn id.Coupon, limit int) ([]Redemption, error) {
	return db.All(ctx, r, scanRedemption, `select coupon_id, customer_id, at, plan_code, over_limit from coupon_redemptions
		where program_id = $1 and coupon_id = $2 order by at desc, customer_id desc limit $3`, prog, cpn, limit)
}

func scanRedemption(r db.Row) (Redemption, error) {
	var red Redemption
	var over bool
	err := r.Scan(&red.Coupon, &red.Customer, &red.At, &red.PlanCode, &over)
	if over {
		red.Told = AtProvider
	}
	return red, err
}

func already(has, asked id.Coupon) Redeemed {
	if has == asked {
		return Redeemed{Granted: true, Already: true, Reason: OK, Coupon: has}
	}
	return Redeemed{Reason: UsedUp, Coupon: has}
}

func giveBack(ctx context.Context, tx *db.Tx, prog id.Program, ask Redemption) (Redeemed, error) {
	_, err := tx.Exec(ctx, `update coupons set used = used - 1 where program_id = $1 and coupon_id = $2`, prog, ask.Coupon)
	if err != nil {
		return Redeemed{}, err
	}
	has, _, err := RedeemedBy(ctx, tx, prog, ask.Customer)
	return already(has.Coupon, ask.Coupon), err
}
