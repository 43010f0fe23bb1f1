package referral

import (
	"testing"
	"time"

	"tributary.example/customer"
)

func TestLapse(t *testing.T) {
	t.Parallel()
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	says := func(at time.Time, s customer.State) customer.Change {
		return customer.Change{At: at, State: s, Source: customer.SourceAPI}
	}
	pays := func(at, from time.Time) customer.Change {
		return customer.Change{At: at, State: customer.StateActive, Source: customer.SourcePayment, Settles: from}
	}
	spring := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC) // the day before clocks go forward in Vienna
	tests := []struct {
		name string
		news []customer.Change
		days int
		zone *time.Location
		want time.Time
	}{
		{"never", []customer.Change{says(day(0), customer.StateInactive)}, 0, time.UTC, time.Time{}},
		{"nothing known", nil, 30, time.UTC, time.Time{}},
		{"active", []customer.Change{says(day(0), customer.StateActive)}, 30, time.UTC, time.Time{}},
		{"past due and paused do not count", []customer.Change{says(day(0), customer.StatePastDue), says(day(40), customer.StatePaused)}, 30, time.UTC, time.Time{}},
		{"inactive and never back", []customer.Change{says(day(0), customer.StateInactive)}, 30, time.UTC, day(30)},
		{"back in time", []customer.Change{says(day(0), customer.StateInactive), says(day(29), customer.StateActive)}, 30, time.UTC, time.Time{}},
		{"back on the last moment", []customer.Change{says(day(0), customer.StateInactive), says(day(30), customer.StateActive)}, 30, time.UTC, time.Time{}},
		{"back too late", []customer.Change{says(day(0), customer.StateInactive), says(day(31), customer.StateActive)}, 30, time.UTC, day(30)},
		{"told late that it was back in time", []customer.Change{says(day(0), customer.StateInactive), says(day(50), customer.StateActive), says(day(10), customer.StateActive)},
			30, time.UTC, time.Time{}},
		{"said inactive again does not start anew", []customer.Change{says(day(0), customer.StateInactive), says(day(20), customer.StateInactive)}, 30, time.UTC, day(30)},
		{"a final invoice does not bring back", []customer.Change{says(day(0), customer.StateInactive), pays(day(10), day(-20))}, 30, time.UTC, day(30)},
		{"a payment brings back", []customer.Change{says(day(0), customer.StateInactive), pays(day(10), day(10))}, 30, time.UTC, time.Time{}},
		{"the second stretch", []customer.Change{says(day(0), customer.StateInactive), says(day(10), customer.StateActive), says(day(20), customer.StateInactive)},
			30, time.UTC, day(50)},
		{"erased while inactive", []customer.Change{says(day(0), customer.StateInactive), says(day(10), customer.StateErased)}, 30, time.UTC, day(30)},
		{"days are days of the program's zone", []customer.Change{says(spring, customer.StateInactive)}, 1, vienna, spring.Add(23 * time.Hour)},
		{"Jan 31", []customer.Change{says(time.Date(2027, 1, 31, 9, 0, 0, 0, time.UTC), customer.StateInactive)}, 30, time.UTC,
			time.Date(2027, 3, 2, 9, 0, 0, 0, time.UTC)},
		{"inactive before the claim", []customer.Change{says(day(-90), customer.StateInactive), says(day(-2), customer.StateActive)}, 30, time.UTC, time.Time{}},
		{"inactive since before the claim", []customer.Change{says(day(-90), customer.StateInactive), says(day(1), customer.StateActive)}, 30, time.UTC, time.Time{}},
		{"the claim did not bring back", []customer.Change{says(day(-90), customer.StateInactive)}, 30, time.UTC, day(0).AddDate(0, 0, 30)},
		{"over a leap day", []customer.Change{says(time.Date(2028, 2, 28, 9, 0, 0, 0, time.UTC), customer.StateInactive)}, 2, time.UTC,
			time.Date(2028, 3, 1, 9, 0, 0, 0, time.UTC)},
	}
	for _, tt := range tests {
		got, ok := Lapse(tt.news, day(0), tt.days, tt.zone)
		if !got.Equal(tt.want) || ok == tt.want.IsZero() {
			t.Errorf("%s: %s, %v, want %s", tt.name, got, ok, tt.want)
		}
	}
}

func TestStood(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		ref  Referral
		n    float64
		want bool
	}{
		{"before", Referral{State: StateStanding, Since: day(10)}, 9, false},
		{"from its beginning", Referral{State: StateStanding, Since: day(10)}, 10, true},
		{"before its end", Referral{State: StateEnded, Since: day(10), Until: day(20)}, 19, true},
		{"at its end", Referral{State: StateEnded, Since: day(10), Until: day(20)}, 20, false},
		{"when it lapses", Referral{State: StateStanding, Since: day(10), LapsedAt: day(20)}, 20, true},
		{"after it lapsed", Referral{State: StateStanding, Since: day(10), LapsedAt: day(20)}, 20.1, false},
		{"void", Referral{State: StateVoid, Since: day(10)}, 15, false},
		{"lost", Referral{State: StateLost, Since: day(10)}, 15, false},
	}
	for _, tt := range tests {
		if got := tt.ref.Stood(day(tt.n)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
