package program

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// Trigger is the fact that a rule pays for.
type Trigger string

// The triggers.
const (
	TriggerSignup     Trigger = "signup"
	TriggerOnboarding Trigger = "onboarding"
	TriggerPayment    Trigger = "payment"
)

// DurationKind tells how a rule's duration is counted.
type DurationKind string

// The kinds of durations: for life, calendar months from the customer's first
// payment (clamped to the month's end, anchored), or a number of payments.
const (
	Lifetime DurationKind = "lifetime"
	Months   DurationKind = "months"
	Payments DurationKind = "payments"
)

// Duration is how long payments of a customer earn; the zero value is
// lifetime.
type Duration struct {
	Kind DurationKind `json:"kind"`
	N    int          `json:"n,omitempty"`
}

// Rate is a percentage in parts per million of the base, or a fixed amount in
// minor units per currency; never both.
type Rate struct {
	PPM   int64            `json:"ppm,omitempty"`
	Fixed map[string]int64 `json:"fixed,omitempty"`
}

// IsFixed reports whether the rate is an amount.
func (r Rate) IsFixed() bool { return len(r.Fixed) > 0 }

// Rule is one line of terms. Plans are plan codes; none covers every plan and
// lines without one.
type Rule struct {
	Trigger      Trigger          `json:"trigger"`
	Plans        []string         `json:"plans,omitempty"`
	Rate         Rate             `json:"rate"`
	First        *Rate            `json:"first,omitempty"` // of the first payment, when it differs
	Duration     Duration         `json:"duration"`
	CapMinor     map[string]int64 `json:"cap_minor,omitempty"`     // per customer and currency
	MinimumMinor map[string]int64 `json:"minimum_minor,omitempty"` // payments below it earn nothing
	AfterPayment bool             `json:"after_payment,omitempty"` // sign-up or onboarding: waits for the first payment
}

// ScopeKind is what terms belong to, the most specific last.
type ScopeKind string

// The kinds of scopes.
const (
	ScopeProgram   ScopeKind = "program"
	ScopeGroup     ScopeKind = "group"
	ScopeAffiliate ScopeKind = "affiliate"
	ScopeLink      ScopeKind = "link"
	ScopeCoupon    ScopeKind = "coupon"
)

// Scope is an opaque pair; the room that owns the thing checks that it exists.
type Scope struct {
	Kind ScopeKind `json:"kind"`
	ID   string    `json:"id"`
}

// Terms are what is paid for what, in one version of one scope. They are never
// edited: a change is another version with a later start.
type Terms struct {
	ID        id.Terms  `json:"id"`
	Scope     Scope     `json:"scope"`
	Version   int       `json:"version"`
	StartsAt  time.Time `json:"starts_at"`
	Rules     []Rule    `json:"rules"`
	Note      string    `json:"note,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

const (
	maxPPM      = 1_000_000
	maxRules    = 50
	maxDuration = 1200
)

// Check refuses a rule that could not be meant: fault.Invalid.
func (r Rule) Check() error {
	rates := []Rate{r.Rate}
	if r.First != nil {
		rates = append(rates, *r.First)
	}
	for _, rate := range rates {
		if err := rate.check(); err != nil {
			return err
		}
	}
	switch r.Trigger {
	case TriggerPayment:
	case TriggerSignup, TriggerOnboarding:
		if !r.Rate.IsFixed() || r.First != nil {
			return fault.New(fault.Invalid, "A sign-up or onboarding commission is a fixed amount.").Field("rules").
				Hint("Give an amount per currency instead of a percentage.")
		}
	default:
		return fault.New(fault.Invalid, "%s is not a trigger.", string(r.Trigger)).Field("rules").
			Hint("Use signup, onboarding or payment.")
	}
	return r.Duration.check()
}

func (r Rate) check() error {
	if r.PPM != 0 && r.IsFixed() {
		return fault.New(fault.Invalid, "A rate is a percentage or an amount, not both.").Field("rules")
	}
	if r.PPM < 0 || r.PPM > maxPPM {
		return fault.New(fault.Invalid, "A commission rate lies between 0 and 100 percent.").Field("rules")
	}
	for code, minor := range r.Fixed {
		if minor < 0 || len(code) != 3 {
			return fault.New(fault.Invalid, "A fixed commission is an amount of zero or more in a currency.").Field("rules")
		}
	}
	return nil
}

func (d Duration) check() error {
	switch d.Kind {
	case Lifetime, "":
		return nil
	case Months, Payments:
		if d.N > 0 && d.N <= maxDuration {
			return nil
		}
	}
	return fault.New(fault.Invalid, "A duration is for life, or a number of months or payments from 1 to %s.", maxDuration).Field("rules")
}

// PutTerms writes the next version of a scope's terms. StartsAt is the
// transaction's time when it is zero; a start in the past is refused, because
// it would change what was agreed. Kinds: Invalid.
func PutTerms(ctx context.Context, tx *db.Tx, prog id.Program, t Terms) (Terms, error) {
	if len(t.Rules) == 0 || len(t.Rules) > maxRules {
		return t, fault.New(fault.Invalid, "Terms have between 1 and %s rules.", maxRules).Field("rules")
	}
	for _, r := range t.Rules {
		if err := r.Check(); err != nil {
			return t, err
		}
	}
	if t.StartsAt.IsZero() {
		t.StartsAt = tx.Now()
	}
	if t.StartsAt.Before(tx.Now()) {
		return t, fault.New(fault.Invalid, "Terms cannot start in the past.").Field("starts_at")
	}
	newest, err := db.One(ctx, tx, db.Scalar[int], `
		select cast(coalesce(max(version), 0) as bigint) from terms
		where program_id = $1 and scope_kind = $2 and scope_id = $3`, prog, t.Scope.Kind, t.Scope.ID)
	if err != nil {
		return t, fmt.Errorf("read newest terms: %w", err)
	}
	t.ID, t.Version, t.CreatedAt = id.New[id.Terms](tx.Now()), newest+1, tx.Now()
	_, err = tx.Exec(ctx, `
		insert into terms (program_id, terms_id, scope_kind, scope_id, version, starts_at, rules, note, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		prog, t.ID, t.Scope.Kind, t.Scope.ID, t.Version, t.StartsAt, db.JSON(t.Rules), t.Note, t.CreatedAt)
	if db.IsUnique(err) {
		return t, fault.New(fault.Conflict, "Somebody else changed these terms at the same time.").Hint("Look at the newest version and try again.")
	}
	return t, err
}

const selectTerms = `select terms_id, scope_kind, scope_id, version, starts_at, rules, note, created_at from terms `

func scanTerms(r db.Row) (Terms, error) {
	var t Terms
	err := r.Scan(&t.ID, &t.Scope.Kind, &t.Scope.ID, &t.Version, &t.StartsAt, db.JSON(&t.Rules), &t.Note, &t.CreatedAt)
	return t, err
}

// TermsFor finds the terms in force at a time for the first scope that has
// any; the caller lists its scopes, the most specific first. Kinds: NotFound
// when no scope has terms that had started.
func TermsFor(ctx context.Context, q db.Reader, prog id.Program, scopes []Scope, at time.Time) (Terms, error) {
	for _, s := range scopes {
		t, ok, err := db.Lookup(ctx, q, scanTerms, selectTerms+`
			where program_id = $1 and scope_kind = $2 and scope_id = $3 and starts_at <= $4
			order by starts_at desc, version desc limit 1`, prog, s.Kind, s.ID, at)
		if err != nil {
			return Terms{}, fmt.Errorf("read terms of %s %s: %w", s.Kind, s.ID, err)
		}
		if ok {
			return t, nil
		}
	}
	return Terms{}, fault.New(fault.NotFound, "This program had no terms in force on %s.", at)
}

// TermsByID returns one version. Kinds: NotFound.
func TermsByID(ctx context.Context, q db.Reader, prog id.Program, terms id.Terms) (Terms, error) {
	t, err := db.One(ctx, q, scanTerms, selectTerms+`where program_id = $1 and terms_id = $2`, prog, terms)
	if errors.Is(err, db.ErrNoRow) {
		return t, fault.New(fault.NotFound, "There are no terms %s.", string(terms))
	}
	return t, err
}

// ListTerms returns every version of every scope, the newest first.
func ListTerms(ctx context.Context, q db.Reader, prog id.Program) ([]Terms, error) {
	return db.All(ctx, q, scanTerms, selectTerms+`where program_id = $1 order by created_at desc, version desc limit 500`, prog)
}
