// Package affiliate is who promotes: a person or company enrolled in one
// program.
//
// Nouns: Affiliate, State, Application, Details.
//
// Invariants:
//  1. A person is an affiliate of a program at most once.
//  2. Each state has its time; StateAt answers for every past moment.
//  3. Payout details are sealed; only their masked form is shown.
//  4. The edge hears of each state in the transaction that sets it.
//
// It owns affiliates, affiliate_states and affiliate_details. It must not know
// links, coupons or money.
package affiliate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// State is where an affiliate's enrolment stands.
type State string

// The states, with exactly the effects of the design's section 7.
const (
	Invited   State = "invited"
	Applied   State = "applied"
	Rejected  State = "rejected"
	Active    State = "active"
	Suspended State = "suspended"
	Banned    State = "banned"
	Closed    State = "closed"
)

// Affiliate is one enrolment.
type Affiliate struct {
	ID        id.Affiliate `json:"id"`
	Person    id.Person    `json:"person_id"`
	Group     id.Group     `json:"group_id"`
	Name      string       `json:"name"`
	Website   string       `json:"website"`
	Pitch     string       `json:"pitch"` // what they wrote when applying
	State     State        `json:"state"`
	StateAt   time.Time    `json:"state_at"`
	Reason    string       `json:"reason"` // of the state, as the affiliate may read it
	AgreedAt  time.Time    `json:"agreed_at,omitzero"`
	Version   int64        `json:"-"` // of the edge's record
	CreatedAt time.Time    `json:"created_at"`
}

const selectAffiliate = `
	select affiliate_id, person_id, group_id, name, website, pitch, state, state_at, reason, agreed_at, version, created_at
	from affiliates `

func scanAffiliate(r db.Row) (Affiliate, error) {
	var a Affiliate
	err := r.Scan(&a.ID, &a.Person, &a.Group, &a.Name, &a.Website, &a.Pitch, &a.State, &a.StateAt, &a.Reason, &a.AgreedAt, &a.Version, &a.CreatedAt)
	return a, err
}

// Get returns an affiliate. Kinds: NotFound.
func Get(ctx context.Context, q db.Reader, prog id.Program, aff id.Affiliate) (Affiliate, error) {
	a, err := db.One(ctx, q, scanAffiliate, selectAffiliate+`where program_id = $1 and affiliate_id = $2`, prog, aff)
	if errors.Is(err, db.ErrNoRow) {
		return a, fault.New(fault.NotFound, "There is no affiliate %s.", string(aff))
	}
	return a, err
}

// OfPerson finds a person's enrolment in a program.
func OfPerson(ctx context.Context, q db.Reader, prog id.Program, per id.Person) (Affiliate, bool, error) {
	return db.Lookup(ctx, q, scanAffiliate, selectAffiliate+`where program_id = $1 and person_id = $2`, prog, per)
}

// ProgramsOf are the programs in which a person is enrolled, in any state but
// rejected.
func ProgramsOf(ctx context.Context, q db.Reader, per id.Person) ([]id.Program, error) {
	return db.All(ctx, q, db.Scalar[id.Program], `
		select program_id from affiliates where person_id = $1 and state <> 'rejected' order by program_id`, per)
}

// First begins a list with the newest affiliate.
const First id.Affiliate = ""

// List is a page of a program's affiliates, the newest first: those in one
// state, or all for "", older than the id before; First begins.
func List(ctx context.Context, q db.Reader, prog id.Program, state State, before id.Affiliate, limit int) ([]Affiliate, error) {
	return db.All(ctx, q, scanAffiliate, selectAffiliate+`
		where program_id = $1 and ($2 = '' or state = $2) and ($3 = '' or affiliate_id < $3)
		order by affiliate_id desc limit $4`, prog, state, before, limit)
}

// Change is one entry of an affiliate's history.
type Change struct {
	At    time.Time
	State State
}

// States is the history of an affiliate, the oldest first; who is approved in
// the moment of applying is active from then on.
func States(ctx context.Context, q db.Reader, prog id.Program, aff id.Affiliate) ([]Change, error) {
	return db.All(ctx, q, scanChange, `
		select at, state from affiliate_states where program_id = $1 and affiliate_id = $2
		order by at, case state when 'invited' then 0 when 'applied' then 1 when 'active' then 2 else 3 end`, prog, aff)
}

func scanChange(r db.Row) (Change, error) {
	var c Change
	err := r.Scan(&c.At, &c.State)
	return c, err
}

// StateAt is the state in which an affiliate was at a time; before the first
// one it is "".
func StateAt(ctx context.Context, q db.Reader, prog id.Program, aff id.Affiliate, at time.Time) (State, error) {
	history, err := States(ctx, q, prog, aff)
	if err != nil {
		return "", fmt.Errorf("read states of %s: %w", aff, err)
	}
	return StateIn(history, at), nil
}

// StateIn is the state of a history at a time; before the first one it is "".
func StateIn(history []Change, at time.Time) State {
	var state State
	for _, c := range history {
		if c.At.After(at) {
			break
		}
		state = c.State
	}
	return state
}
