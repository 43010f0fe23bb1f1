// Package sim is random histories of a merchant, played through the same use
// cases as the real ones, and a simple oracle beside them.
//
// Nouns: History, Fact, Deed, Book.
//
// Invariants:
//  1. A seed makes one history, for ever the same under one version.
//  2. The same facts in any order, late and repeated, give the same targets
//     and the same net per affiliate.
//  3. The oracle shares no code with what it checks: figures are exact
//     rationals, and the rules are read from the design.
//
// It owns no tables, and nothing but tests needs it.
package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"tributary.example/affiliate"
	"tributary.example/customer"
	"tributary.example/payment"
	"tributary.example/program"
)

// Sort is what kind of fact it is.
type Sort string

// The sorts of facts.
const (
	Stepped  Sort = "step"
	Paid     Sort = "payment"
	Refunded Sort = "refund"
	Lived    Sort = "state"
)

// Fact is something that the merchant's own system tells, at its own time.
type Fact struct {
	Sort     Sort
	At       time.Time
	Customer string

	Step   customer.StepKind // of a step
	Clicks []Clicked
	Code   int // whose code was typed, or -1
	Plan   string

	Name     string // of a payment or refund
	Of       string // the payment that a refund is of
	Currency string
	Minor    int64
	Tax      int64
	Lines    []payment.Line
	Period   time.Time

	State customer.State
}

// String is the fact on one line, for a failing test.
func (f Fact) String() string {
	at := f.At.Format("2006-01-02 15:04:05.000")
	switch f.Sort {
	case Stepped:
		return fmt.Sprintf("%s %s %s clicks %v code %d plan %q", at, f.Customer, f.Step, f.Clicks, f.Code, f.Plan)
	case Paid:
		return fmt.Sprintf("%s %s pays %s %d %s tax %d lines %v since %s", at, f.Customer, f.Name, f.Minor, f.Currency, f.Tax, f.Lines, f.Period.Format("01-02"))
	case Refunded:
		return fmt.Sprintf("%s %s gets back %s of %s: %d", at, f.Customer, f.Name, f.Of, f.Minor)
	}
	return fmt.Sprintf("%s %s is %s", at, f.Customer, f.State)
}

// Clicked is a click on an affiliate's link.
type Clicked struct {
	Affiliate int
	At        time.Time
}

// Deed is something that the merchant does here: it happens when it is done.
type Deed struct {
	At        time.Time
	Affiliate int             // of a state or of terms; -1 is the program
	State     affiliate.State // or ""
	Scope     program.ScopeKind
	Rules     []program.Rule // new terms, or nil
	NewPlan   string         // or ""
	OldPlan   string         // sold no more, or ""
}

// History is all of it.
type History struct {
	Seed       uint64
	Settings   program.Settings
	Rules      []program.Rule // the program's first terms
	Affiliates int
	Facts      []Fact
	Deeds      []Deed
	Until      time.Time
}

const (
	day      = 24 * time.Hour
	lasts    = 300 // days
	patience = 600 // of the last fact's arrival, in days
)

// plans that are sold from the beginning; plus is the one that comes later.
var plans = []string{"starter", "pro", ""}

const plus = "plus"

type maker struct {
	*rand.Rand
	History
	from   time.Time
	clicks int
}

// New makes the history of a seed, that begins at a time.
func New(seed uint64, from time.Time) History {
	m := maker{Rand: rand.New(rand.NewPCG(seed, 7)), from: from}
	m.Seed, m.Affiliates, m.Until = seed, 3, from.Add(patience*day)
	m.Settings = program.DefaultSettings("Shop", "https://www.shop.example")
	m.Settings.Zone = pick(m, "UTC", "Europe/Vienna", "Pacific/Auckland", "Australia/Sydney")
	m.Settings.HoldDays = pick(m, 0, 7, 30)
	m.Settings.LapseAfterDays = pick(m, 0, 20, 20, 60)
	m.Settings.Binding = pick(m, program.Keep, program.Keep, program.Follow)
	m.Settings.MinimumMinor = pick(m, int64(0), 0, 3000)
	m.Rules = m.rules()
	m.deeds()
	for n := range 4 + m.IntN(2) {
		m.life(fmt.Sprintf("c%d", n))
	}
	slices.SortStableFunc(m.Deeds, func(a, b Deed) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(m.Facts, func(a, b Fact) int { return a.At.Compare(b.At) })
	return m.History
}

func pick[T any](m maker, of ...T) T { return of[m.IntN(len(of))] }

// rarely is true once in n.
func (m *maker) rarely(n int) bool { return m.IntN(n) == 0 }

// moment is a time of some day; it falls on the same few seconds of a day, so
// that facts meet each other and their bounds.
func (m *maker) moment(fromDay, toDay int) time.Time {
	at := m.from.Add(time.Duration(fromDay+m.IntN(max(toDay-fromDay, 1))) * day)
	return at.Add(pick(*m, 0, 0, 400*time.Millisecond, time.Second, 6*time.Hour, 13*time.Hour+30*time.Minute, 18*time.Hour))
}

func (m *maker) deeds() {
	for aff := range m.Affiliates {
		if !m.rarely(3) {
			continue
		}
		from := 20 + m.IntN(150)
		m.Deeds = append(m.Deeds, Deed{At: m.moment(from, from+1), Affiliate: aff, State: pick(*m, affiliate.Suspended, affiliate.Suspended, affiliate.Banned)})
		if !m.rarely(3) {
			m.Deeds = append(m.Deeds, Deed{At: m.moment(from+5, from+80), Affiliate: aff, State: affiliate.Active})
		}
	}
	for range m.IntN(4) {
		m.Deeds = append(m.Deeds, Deed{
			At: m.moment(10, 200), Affiliate: m.IntN(m.Affiliates), Rules: m.rules(),
			Scope: pick(*m, program.ScopeProgram, program.ScopeAffiliate, program.ScopeCoupon, program.ScopeLink),
		})
	}
	m.Deeds = append(m.Deeds, Deed{At: m.from.Add(60*day + time.Hour), NewPlan: plus})
	if m.rarely(2) {
		m.Deeds = append(m.Deeds, Deed{At: m.moment(100, 300), OldPlan: pick(*m, plus, "starter")})
	}
}

func (m *maker) rules() []program.Rule {
	var out []program.Rule
	if m.rarely(2) {
		out = append(out, m.rule([]string{pick(*m, "pro", "starter", plus)}))
	}
	if m.rarely(2) {
		out = append(out, program.Rule{
			Trigger: pick(*m, program.TriggerSignup, program.TriggerOnboarding), Rate: program.Rate{Fixed: map[string]int64{"EUR": 500}},
			AfterPayment: m.rarely(2), Plans: pick(*m, nil, nil, []string{"pro"}),
		})
	}
	return append(out, m.rule(nil))
}

func (m *maker) rule(of []string) program.Rule {
	r := program.Rule{Trigger: program.TriggerPayment, Plans: of, Rate: m.rate()}
	if m.rarely(2) {
		first := m.rate()
		r.First = &first
	}
	switch m.IntN(3) {
	case 0:
		r.Duration = program.Duration{Kind: program.Months, N: 1 + m.IntN(4)}
	case 1:
		r.Duration = program.Duration{Kind: program.Payments, N: 2 + m.IntN(3)}
	}
	if m.rarely(2) {
		r.CapMinor = map[string]int64{"EUR": int64(500 + m.IntN(3000))}
	}
	if m.rarely(4) {
		r.MinimumMinor = map[string]int64{"EUR": int64(m.IntN(2000))}
	}
	return r
}

func (m *maker) rate() program.Rate {
	if m.rarely(4) {
		return program.Rate{Fixed: map[string]int64{"EUR": int64(1 + m.IntN(900))}}
	}
	return program.Rate{PPM: pick(*m, int64(300_000), 123_457, 333_333, 50_000, 1)}
}

// life is one customer's.
func (m *maker) life(who string) {
	begins := 1 + m.IntN(60)
	signed := m.moment(begins, begins+1)
	m.step(who, customer.SignedUp, signed)
	if m.rarely(3) { // told twice, with two times
		m.step(who, customer.SignedUp, m.moment(begins-1, begins+3))
	}
	if m.rarely(2) {
		m.step(who, customer.Onboarded, m.moment(begins, begins+20))
	}
	first := signed
	if !m.rarely(4) {
		first = m.moment(begins, begins+15)
	}
	for n := range 1 + m.IntN(8) {
		name := fmt.Sprintf("%s-p%d", who, n)
		at := first
		if n > 0 {
			at = m.later(first, begins)
		}
		m.pay(who, name, at)
	}
	for range m.IntN(4) {
		m.Facts = append(m.Facts, Fact{Sort: Lived, At: m.moment(begins, lasts), Customer: who,
			State: pick(*m, customer.StateInactive, customer.StateInactive, customer.StateInactive, customer.StatePastDue, customer.StatePaused, customer.StateActive)})
	}
}

// later is when a customer pays again: at any time, or about whole months after
// the first time, in the program's zone.
func (m *maker) later(first time.Time, begins int) time.Time {
	if m.rarely(2) {
		return m.moment(begins+10, lasts)
	}
	months := 1 + m.IntN(5)
	for _, r := range m.Rules {
		if r.Duration.Kind == program.Months && m.rarely(2) {
			months = r.Duration.N
		}
	}
	return monthsAfter(first, months, m.Settings.Zone).Add(pick(*m, -time.Second, 0, time.Second))
}

func (m *maker) step(who string, kind customer.StepKind, at time.Time) {
	f := Fact{Sort: Stepped, At: at, Customer: who, Step: kind, Code: -1, Plan: pick(*m, append(plans, "")...)}
	for range m.IntN(3) {
		m.clicks++ // no two in one millisecond: of those, chance would decide
		before := time.Duration(m.IntN(70*24))*time.Hour + time.Duration(m.clicks)*time.Millisecond
		f.Clicks = append(f.Clicks, Clicked{m.IntN(m.Affiliates), at.Add(-before)})
	}
	if !m.rarely(3) {
		f.Code = m.IntN(m.Affiliates)
	}
	m.Facts = append(m.Facts, f)
}

func (m *maker) pay(who, name string, at time.Time) {
	f := Fact{Sort: Paid, At: at, Customer: who, Name: name, Currency: pick(*m, "EUR", "EUR", "EUR", "USD"), Minor: int64(m.IntN(20_000))}
	if m.rarely(8) {
		f.Minor = 0
	}
	if m.rarely(2) {
		f.Tax = f.Minor / 6
	}
	if m.rarely(4) {
		f.Period = at.Add(-time.Duration(m.IntN(40)) * day)
	}
	f.Plan = m.planAt(at)
	if m.rarely(2) {
		f.Lines = m.lines(f.Minor-f.Tax, at)
	}
	m.Facts = append(m.Facts, f)
	left := f.Minor
	for n := range m.IntN(3) {
		part := left
		if left > 1 && !m.rarely(3) {
			part = 1 + m.Int64N(left)
		}
		if part == 0 {
			return
		}
		left -= part
		m.Facts = append(m.Facts, Fact{Sort: Refunded, At: at.Add(time.Duration(m.IntN(120)) * day), Customer: who,
			Name: fmt.Sprintf("r%d", n), Of: name, Minor: part})
	}
}

// planAt is a plan that there is at a time.
func (m *maker) planAt(at time.Time) string {
	if at.After(m.from.Add(61*day)) && m.rarely(3) {
		return plus
	}
	return pick(*m, plans...)
}

// lines that sum to a net amount; one of them may be a credit.
func (m *maker) lines(net int64, at time.Time) []payment.Line {
	a := m.Int64N(net + 1)
	b := net - a
	lines := []payment.Line{{PlanCode: m.planAt(at), AmountMinor: a}, {PlanCode: m.planAt(at), AmountMinor: b}}
	if m.rarely(2) {
		credit := m.Int64N(500)
		lines[0].AmountMinor += credit
		lines = append(lines, payment.Line{AmountMinor: -credit})
	}
	return lines
}
