package customer

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// day is the n-th day of the tests' calendar.
func day(n int) time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func says(n int, s State) Change { return Change{At: day(n), State: s, Source: SourceAPI} }
func step(n int, s State) Change { return Change{At: day(n), State: s, Source: SourceReferral} }

// pays is a payment on day n for a period that began on day from; -1 is not known.
func pays(n, from int) Change {
	c := Change{At: day(n), State: StateActive, Source: SourcePayment}
	if from >= 0 {
		c.Settles = day(from)
	}
	return c
}

func TestLife(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		news []Change
		want []State
	}{
		{"nothing known", nil, nil},
		{"the whole way", []Change{step(0, StateSignedUp), says(1, StateTrial), step(9, StateOnboarded), pays(10, 10)},
			[]State{StateSignedUp, StateTrial, StateOnboarded, StateActive}},
		{"steps may be skipped", []Change{pays(3, -1)}, []State{StateActive}},
		{"a sign-up reported after the first payment does not take back", []Change{pays(3, -1), step(4, StateSignedUp), step(5, StateOnboarded)},
			[]State{StateActive}},
		{"late news is placed by its own time", []Change{step(0, StateSignedUp), says(20, StateActive), says(10, StateInactive)},
			[]State{StateSignedUp, StateInactive, StateActive}},
		{"an inactive customer who pays is active again", []Change{pays(0, 0), says(30, StateInactive), pays(60, 60)},
			[]State{StateActive, StateInactive, StateActive}},
		{"a final invoice for the time before does not reactivate", []Change{pays(0, 0), says(30, StateInactive), pays(60, 29)},
			[]State{StateActive, StateInactive}},
		{"a payment whose period is not known reactivates", []Change{says(30, StateInactive), pays(60, -1)},
			[]State{StateInactive, StateActive}},
		{"an overdue invoice ends past due", []Change{pays(0, 0), says(30, StatePastDue), pays(40, 28)},
			[]State{StateActive, StatePastDue, StateActive}},
		{"an overdue invoice does not end a pause", []Change{pays(0, 0), says(30, StatePaused), pays(40, 28)},
			[]State{StateActive, StatePaused}},
		{"said twice is once", []Change{says(1, StateInactive), says(5, StateInactive)}, []State{StateInactive}},
		{"at one moment the later place in life wins", []Change{says(1, StateInactive), says(1, StateActive)}, []State{StateActive, StateInactive}},
		{"nothing follows erased", []Change{says(1, StateErased), says(2, StateActive), pays(3, 3)}, []State{StateErased}},
	}
	for _, tt := range tests {
		var got []State
		for _, c := range Life(tt.news) {
			got = append(got, c.State)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestStateIn(t *testing.T) {
	t.Parallel()
	news := []Change{step(0, StateSignedUp), pays(10, 10), says(40, StateInactive)}
	for n, want := range map[int]State{-1: "", 0: StateSignedUp, 9: StateSignedUp, 10: StateActive, 39: StateActive, 40: StateInactive, 900: StateInactive} {
		if got := StateIn(news, day(n)); got != want {
			t.Errorf("on day %d: %q, want %q", n, got, want)
		}
	}
}

// TestOrderOfNewsDoesNotMatter: the same news in another order, or told twice,
// makes the same life.
func TestOrderOfNewsDoesNotMatter(t *testing.T) {
	t.Parallel()
	change := rapid.Custom(func(r *rapid.T) Change {
		n := rapid.IntRange(0, 12).Draw(r, "day")
		if rapid.Bool().Draw(r, "payment") {
			return pays(n, rapid.IntRange(-1, 12).Draw(r, "settles"))
		}
		return says(n, rapid.SampledFrom(States).Draw(r, "state"))
	})
	rapid.Check(t, func(r *rapid.T) {
		news := rapid.SliceOfN(change, 0, 12).Draw(r, "news")
		shuffled := slices.Concat(rapid.Permutation(news).Draw(r, "shuffled"), news[:len(news)/2])
		if diff := cmp.Diff(states(Life(news)), states(Life(shuffled))); diff != "" {
			r.Fatalf("another order, another life:\n%s", diff)
		}
	})
}

func states(life []Change) []Change {
	var out []Change
	for _, c := range life {
		out = append(out, Change{At: c.At, State: c.State})
	}
	return out
}
