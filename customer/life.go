package customer

import (
	"cmp"
	"slices"
	"time"
)

// State is where a customer's life stands. Zero is a customer of whom nothing
// but the id is known.
type State string

// The states. Steps between them may be skipped; an erased customer stays
// erased.
const (
	StateSignedUp  State = "signed_up"
	StateTrial     State = "trial"
	StateOnboarded State = "onboarded"
	StateActive    State = "active"
	StatePastDue   State = "past_due"
	StatePaused    State = "paused"
	StateInactive  State = "inactive"
	StateErased    State = "erased"
)

// States are all states in the order of a life.
var States = []State{
	StateSignedUp, StateTrial, StateOnboarded, StateActive, StatePastDue, StatePaused, StateInactive, StateErased,
}

// Source tells who said it. A payment provider's news carries the provider's
// name.
type Source string

// The sources of our own.
const (
	SourceAPI      Source = "api"
	SourcePayment  Source = "payment"  // a payment says that the customer is active
	SourceReferral Source = "referral" // a sign-up or onboarding was reported
	SourcePerson   Source = "person"
)

// Change is one piece of news about a customer's state, at its own time.
type Change struct {
	At      time.Time
	State   State
	Source  Source
	Settles time.Time // of a payment: when the period began that it settles, or zero
}

// Life is what of the news took effect, in time order; two neighbours never
// have the same state. The order of the news does not matter.
//
// A sign-up or onboarding never takes a customer back who is further already.
// A payment makes active, unless it settles a period that began before the
// customer became inactive or paused, such as a final or overdue invoice.
// Nothing follows erased.
func Life(news []Change) []Change {
	sorted := slices.Clone(news)
	slices.SortFunc(sorted, func(a, b Change) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(rank(a.State), rank(b.State)),
			a.Settles.Compare(b.Settles), cmp.Compare(a.Source, b.Source))
	})
	var life []Change
	var last Change
	for _, c := range sorted {
		if takesEffect(last, c) {
			life = append(life, c)
			last = c
		}
	}
	return life
}

// StateIn is the state that news makes at a time; "" before the first of it.
func StateIn(news []Change, at time.Time) State {
	var state State
	for _, c := range Life(news) {
		if c.At.After(at) {
			break
		}
		state = c.State
	}
	return state
}

func takesEffect(last, c Change) bool {
	switch {
	case last.State == StateErased || last.State == c.State:
		return false
	case c.State == StateSignedUp || c.State == StateOnboarded:
		return rank(last.State) < rank(c.State)
	case c.Source == SourcePayment && (last.State == StateInactive || last.State == StatePaused):
		return c.Settles.IsZero() || !c.Settles.Before(last.At)
	}
	return true
}

// rank is the place in a life; it also orders news of one moment.
func rank(s State) int { return slices.Index(States, s) + 1 }
