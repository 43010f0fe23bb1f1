// Package coupon is codes: what they are, what they take off a price, and how
// often they may be used.
//
// Nouns: Coupon, Code, Discount, Verdict, Offer, Redemption.
//
// Invariants:
//  1. A code, in its canonical form, is one coupon of a program for ever; a
//     retired or banned affiliate's code is never given to somebody else.
//  2. However many redeem at once, a limit is never exceeded, save by a fact
//     that a payment provider tells, which is marked.
//  3. A customer has one code per program; redeeming it again is the same
//     redemption.
//  4. A discount is never more than the amount; it is rounded once.
//  5. What a quote answers never tells whose code it is.
//
// It owns coupons, coupon_states and coupon_redemptions. It must not know
// clicks or referrals: whose the credit is, others decide.
package coupon

import (
	"context"
	"errors"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// State is whether a coupon works.
type State string

// The states. A retired coupon never works again.
const (
	Active  State = "active"
	Paused  State = "paused"
	Retired State = "retired"
)

// Settings are what may be changed about a coupon.
type Settings struct {
	Discount     Discount  `json:"discount"`
	NewCustomers bool      `json:"new_customers"` // refuses customers who have paid before
	OnceEach     bool      `json:"once_each"`
	StartsAt     time.Time `json:"starts_at,omitzero"`
	EndsAt       time.Time `json:"ends_at,omitzero"`
	TotalLimit   int64     `json:"total_limit"` // 0 is none
}

// Coupon is a code of an affiliate.
type Coupon struct {
	ID        id.Coupon    `json:"id"`
	Affiliate id.Affiliate `json:"affiliate_id"`
	Code      string       `json:"code"` // as it is shown
	Canonical Code         `json:"canonical"`
	Settings
	Used      int64     `json:"used"`
	State     State     `json:"state"`
	CreatedAt time.Time `json:"created_at"`
}

const columns = `coupon_id, affiliate_id, code, canonical, percent_ppm, fixed, plans, payments, new_customers,
	once_each, starts_at, ends_at, total_limit, used, state, created_at`

func scan(r db.Row) (Coupon, error) {
	var c Coupon
	err := r.Scan(&c.ID, &c.Affiliate, &c.Code, &c.Canonical, &c.Discount.PercentPPM, db.JSON(&c.Discount.Fixed),
		db.JSON(&c.Discount.Plans), &c.Discount.Payments, &c.NewCustomers, &c.OnceEach, &c.StartsAt, &c.EndsAt,
		&c.TotalLimit, &c.Used, &c.State, &c.CreatedAt)
	return c, err
}

// Get returns a coupon. The kind of error is NotFound.
func Get(ctx context.Context, r db.Reader, prog id.Program, cpn id.Coupon) (Coupon, error) {
	c, err := db.One(ctx, r, scan, `select `+columns+` from coupons where program_id = $1 and coupon_id = $2`, prog, cpn)
	if errors.Is(err, db.ErrNoRow) {
		return c, notFound(cpn)
	}
	return c, err
}

// ByCode finds the coupon of a code in its canonical form.
func ByCode(ctx context.Context, r db.Reader, prog id.Program, code Code) (Coupon, bool, error) {
	return db.Lookup(ctx, r, scan, `select `+columns+` from coupons where program_id = $1 and canonical = $2`, prog, code)
}

// OfAffiliate lists an affiliate's coupons, the oldest first.
func OfAffiliate(ctx context.Context, r db.Reader, prog id.Program, aff id.Affiliate) ([]Coupon, error) {
	return db.All(ctx, r, scan, `select `+columns+` from coupons
		where program_id = $1 and affiliate_id = $2 order by coupon_id`, prog, aff)
}

const maxPage = 200

// List is a page of a program's coupons, the newest first: those older than
// before, or from the newest for "". A limit outside 1 to 200 is 200.
func List(ctx context.Context, r db.Reader, prog id.Program, before id.Coupon, limit int) ([]Coupon, error) {
	if limit < 1 || limit > maxPage {
		limit = maxPage
	}
	return db.All(ctx, r, scan, `select `+columns+` from coupons
		where program_id = $1 and ($2 = '' or coupon_id < $2) order by coupon_id desc limit $3`, prog, before, limit)
}

// At is the coupon with the state that it had at a time; a time before it
// existed sees its first state.
func At(ctx context.Context, r db.Reader, prog id.Program, cpn Coupon, at time.Time) (Coupon, error) {
	state, ok, err := db.Lookup(ctx, r, db.Scalar[State], `select state from coupon_states
		where program_id = $1 and coupon_id = $2 and at <= $3 order by at desc, state desc limit 1`, prog, cpn.ID, at)
	switch {
	case err != nil:
		return Coupon{}, err
	case ok:
		cpn.State = state
	default:
		cpn.State = Active
	}
	return cpn, nil
}

func notFound(cpn id.Coupon) error {
	return fault.New(fault.NotFound, "There is no coupon %s.", string(cpn))
}
