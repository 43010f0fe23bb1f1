// Package referral says which affiliate brought a customer, and why.
//
// Nouns: Referral, Evidence, Decision, Candidate, Facts, Policy (program's).
//
// Invariants:
//  1. A customer has at most one standing referral.
//  2. Decide is pure: the same evidence and facts give the same decision, in
//     whatever order they came and however often.
//  3. Evidence is kept whatever it proves; what counts for nothing says why.
//  4. Credit closes with the first payment above zero, by the facts' own
//     times; after that only a person moves it, with a reason.
//  5. What an affiliate may read never names another affiliate.
//
// It owns referrals, referral_evidence and referral_decisions. It must not know
// payments or money: the customer says when it first paid.
package referral

import (
	"context"
	"errors"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
)

// Kind is what brought the customer.
type Kind string

// The kinds.
const (
	KindLink   Kind = "link"
	KindCoupon Kind = "coupon"
	KindClaim  Kind = "claim"
)

// State is whether a referral stands.
type State string

// The states: it stands; it ended at Until; a person voided it from its
// beginning; or another affiliate won the customer before the first payment.
const (
	StateStanding State = "standing"
	StateEnded    State = "ended"
	StateVoid     State = "void"
	StateLost     State = "lost"
)

// Referral is the fact that a customer is registered under an affiliate.
type Referral struct {
	ID        id.Referral   `json:"id"`
	Customer  id.Customer   `json:"customer_id"`
	Affiliate id.Affiliate  `json:"affiliate_id"`
	Kind      Kind          `json:"kind"`
	Link      id.Link       `json:"link_id,omitempty"`   // the winner's link, when one counted
	Coupon    id.Coupon     `json:"coupon_id,omitempty"` // the winner's accepted code, when one counted
	Click     id.Click      `json:"click_id,omitempty"`
	State     State         `json:"state"`
	Since     time.Time     `json:"since"`              // payments from here on are its
	Until     time.Time     `json:"until,omitzero"`     // and up to here, exclusive; zero is for ever
	LapsedAt  time.Time     `json:"lapsed_at,omitzero"` // payments after it earn nothing
	Reason    text.Sentence `json:"reason,omitzero"`    // why it does not stand
	TermsAt   time.Time     `json:"terms_at"`           // the time whose terms it keeps
	ByHand    bool          `json:"by_hand,omitempty"`  // a person decided
	CreatedAt time.Time     `json:"created_at"`
}

// Stood reports whether a payment at a time is this referral's: it had begun,
// had neither ended nor lapsed, and was neither voided nor lost.
func (ref Referral) Stood(at time.Time) bool {
	switch ref.State {
	case StateVoid, StateLost:
		return false
	}
	return !at.Before(ref.Since) &&
		(ref.Until.IsZero() || at.Before(ref.Until)) &&
		(ref.LapsedAt.IsZero() || !at.After(ref.LapsedAt))
}

const columns = `referral_id, customer_id, affiliate_id, kind, link_id, coupon_id, click_id, state, since, until,
	lapsed_at, reason, terms_at, by_hand, created_at`

func scan(r db.Row) (Referral, error) {
	var ref Referral
	err := r.Scan(&ref.ID, &ref.Customer, &ref.Affiliate, &ref.Kind, &ref.Link, &ref.Coupon, &ref.Click, &ref.State, &ref.Since,
		&ref.Until, &ref.LapsedAt, db.JSON(&ref.Reason), &ref.TermsAt, &ref.ByHand, &ref.CreatedAt)
	return ref, err
}

// Get returns a referral. The kind of error is NotFound.
func Get(ctx context.Context, r db.Reader, prog id.Program, ref id.Referral) (Referral, error) {
	got, err := db.One(ctx, r, scan, `select `+columns+` from referrals where program_id = $1 and referral_id = $2`, prog, ref)
	if errors.Is(err, db.ErrNoRow) {
		return got, fault.New(fault.NotFound, "There is no referral %s.", string(ref))
	}
	return got, err
}

// Standing finds the referral that a customer has now.
func Standing(ctx context.Context, r db.Reader, prog id.Program, cus id.Customer) (Referral, bool, error) {
	return db.Lookup(ctx, r, scan, `select `+columns+` from referrals
		where program_id = $1 and customer_id = $2 and state = 'standing'`, prog, cus)
}

// ForCustomer lists all referrals that a customer ever had, by their
// beginning.
func ForCustomer(ctx context.Context, r db.Reader, prog id.Program, cus id.Customer) ([]Referral, error) {
	return db.All(ctx, r, scan, `select `+columns+` from referrals
		where program_id = $1 and customer_id = $2 order by since, referral_id`, prog, cus)
}

const maxPage = 200

// OfAffiliate is a page of an affiliate's referrals, the newest first: those
// older than before, or from the newest for "". A limit outside 1 to 200 is
// 200.
func OfAffiliate(ctx context.Context, r db.Reader, prog id.Program, aff id.Affiliate, before id.Referral, limit int) ([]Referral, error) {
	return db.All(ctx, r, scan, `select `+columns+` from referrals
		where program_id = $1 and affiliate_id = $2 and ($3 = '' or referral_id < $3)
		order by referral_id desc limit $4`, prog, aff, before, page(limit))
}

// List is a page of a program's referrals, the newest first: those in one
// state, or all for "", older than before, or from the newest for "".
func List(ctx context.Context, r db.Reader, prog id.Program, state State, before id.Referral, limit int) ([]Referral, error) {
	return db.All(ctx, r, scan, `select `+columns+` from referrals
		where program_id = $1 and ($2 = '' or state = $2) and ($3 = '' or referral_id < $3)
		order by referral_id desc limit $4`, prog, state, before, page(limit))
}

func page(limit int) int {
	if limit < 1 || limit > maxPage {
		return maxPage
	}
	return limit
}
