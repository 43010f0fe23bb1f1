package commission

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tributary.example/affiliate"
	"tributary.example/internal/id"
	"tributary.example/money"
	"tributary.example/payment"
	"tributary.example/program"
)

func day(n int) time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func terms(rules ...program.Rule) program.Terms {
	return program.Terms{ID: "trm_1", Version: 1, Rules: rules, CreatedAt: day(-100)}
}

func percent(ppm int64) program.Rule {
	return program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: ppm}}
}

func pay(name string, n int, minor int64) payment.Payment {
	return payment.Payment{
		ID: id.Payment(name), ExternalID: name, At: day(n), Currency: "EUR", AmountMinor: minor,
		Lines: []payment.Line{{PlanCode: "pro", AmountMinor: minor}},
	}
}

// history is one claim of one affiliate since day 0, the same terms for all.
func history(t program.Terms, paid ...payment.Payment) History {
	h := History{
		Customer: "cus_1", Currency: "EUR", Zone: "Europe/Vienna", BooksStart: day(-50), Hold: 30 * 24 * time.Hour,
		Claims: []Claim{{Referral: "ref_1", Affiliate: "aff_1", Since: day(0)}}, Payments: paid, Deals: map[Cause]Deal{},
	}
	for _, p := range paid {
		h.Deals[PaymentCause(p.ID)] = Deal{Terms: t, State: affiliate.Active}
	}
	return h
}

func minors(t *testing.T, h History) map[string]int64 {
	t.Helper()
	targets, err := Targets(h)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{}
	for _, x := range targets {
		out[string(x.Cause)] = x.Minor
		var shown int64
		for _, l := range x.Lines {
			shown += l.Minor
		}
		if shown != x.Minor {
			t.Errorf("%s: the lines sum to %d, want %d: %v", x.Cause, shown, x.Minor, x.Lines)
		}
	}
	return out
}

func with(p payment.Payment, change func(*payment.Payment)) payment.Payment {
	change(&p)
	return p
}

func TestTargets(t *testing.T) {
	t.Parallel()
	first := program.Rate{PPM: 500_000}
	refunded := func(minor int64) func(*payment.Payment) {
		return func(p *payment.Payment) { p.RefundedMinor = minor }
	}
	tests := []struct {
		name string
		h    History
		want map[string]int64
	}{
		{"30 % of 49.00", history(terms(percent(300_000)), pay("a", 1, 4900)), map[string]int64{"a": 1470}},
		{"before the referral", history(terms(percent(300_000)), pay("a", -1, 4900)), map[string]int64{}},
		{"provider's whole seconds", func() History {
			h := history(terms(percent(300_000)), pay("a", 0, 100))
			h.Claims[0].Since = day(0).Add(700 * time.Millisecond)
			return h
		}(), map[string]int64{"a": 30}},
		{"before the books start it counts but earns nothing", func() History {
			h := history(terms(program.Rule{Trigger: program.TriggerPayment, First: &first, Rate: program.Rate{PPM: 100_000}}), pay("a", 1, 100), pay("b", 2, 100))
			h.BooksStart = day(2)
			return h
		}(), map[string]int64{"b": 10}},
		{"until and lapsed", func() History {
			h := history(terms(percent(100_000)), pay("a", 1, 100), pay("b", 2, 100), pay("c", 4, 100), pay("d", 5, 100))
			h.Claims[0].Until = day(2)
			h.Claims = append(h.Claims, Claim{Referral: "ref_2", Affiliate: "aff_2", Since: day(2), Lapsed: day(4)})
			return h
		}(), map[string]int64{"a": 10, "b": 10, "c": 10}},
		{"whole seconds of an end, and what was earned before it", func() History {
			h := history(terms(percent(100_000)), pay("a", 2, 100), with(pay("b", 2, 100), func(p *payment.Payment) { p.At = day(2).Add(900 * time.Millisecond) }))
			h.Claims[0].Until = day(2).Add(500 * time.Millisecond)
			return h
		}(), map[string]int64{"a": 10}},
		{"tax is not in the base", history(terms(percent(300_000)), with(pay("a", 1, 10000), func(p *payment.Payment) { p.AmountMinor, p.TaxMinor = 12000, 2000 })), map[string]int64{"a": 3000}},
		{"partial refund with tax", history(terms(percent(300_000)), with(pay("a", 1, 10000), func(p *payment.Payment) { p.AmountMinor, p.TaxMinor, p.RefundedMinor = 12000, 2000, 6000 })), map[string]int64{"a": 1500}},
		{"full refund is exactly zero", history(terms(percent(333_333)), with(pay("a", 1, 4999), refunded(4999))), map[string]int64{"a": 0}},
		{"100, 30 %, refunds of 25 and 25", history(terms(percent(300_000)), with(pay("a", 1, 100), refunded(50))), map[string]int64{"a": 15}},
		{"dispute lost", history(terms(percent(300_000)), with(pay("a", 1, 100), func(p *payment.Payment) { p.Dispute = payment.DisputeLost })), map[string]int64{"a": 0}},
		{"dispute won", history(terms(percent(300_000)), with(pay("a", 1, 100), func(p *payment.Payment) { p.Dispute = payment.DisputeWon })), map[string]int64{"a": 30}},
		{"first and renewals", history(terms(program.Rule{Trigger: program.TriggerPayment, First: &first, Rate: program.Rate{PPM: 100_000}}),
			pay("b", 2, 100), pay("a", 1, 100), pay("zero", 0, 0), pay("c", 3, 100)), map[string]int64{"a": 50, "b": 10, "c": 10}},
		{"a refunded payment keeps its place", history(terms(program.Rule{Trigger: program.TriggerPayment, First: &first, Rate: program.Rate{PPM: 100_000}}),
			with(pay("a", 1, 100), refunded(100)), pay("b", 2, 100)), map[string]int64{"a": 0, "b": 10}},
		{"two payments", history(terms(program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 100_000}, Duration: program.Duration{Kind: program.Payments, N: 2}}),
			pay("a", 1, 100), pay("b", 2, 100), pay("c", 3, 100)), map[string]int64{"a": 10, "b": 10, "c": 0}},
		{"one month from 31 January", history(terms(program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 100_000}, Duration: program.Duration{Kind: program.Months, N: 1}}),
			pay("a", 30, 100), pay("b", 57, 100), pay("c", 58, 100)), map[string]int64{"a": 10, "b": 10, "c": 0}},
		{"cap, and what a refund frees", history(terms(program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 500_000}, CapMinor: map[string]int64{"EUR": 100}}),
			with(pay("a", 1, 160), refunded(80)), pay("b", 2, 100), pay("c", 3, 100)), map[string]int64{"a": 40, "b": 50, "c": 10}},
		{"minimum", history(terms(program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 500_000}, MinimumMinor: map[string]int64{"EUR": 100}}),
			pay("a", 1, 99), with(pay("b", 2, 100), refunded(50))), map[string]int64{"a": 0, "b": 25}},
		{"fixed per currency", history(terms(program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{Fixed: map[string]int64{"EUR": 500, "KWD": 1500}}}),
			pay("a", 1, 4900), with(pay("k", 2, 9000), func(p *payment.Payment) { p.Currency = "KWD" }), with(pay("u", 3, 9000), func(p *payment.Payment) { p.Currency = "USD" })), map[string]int64{"a": 500, "k": 1500, "u": 0}},
		{"per line, rule by rule", history(terms(
			program.Rule{Trigger: program.TriggerPayment, Plans: []string{"pro"}, Rate: program.Rate{PPM: 200_000}},
			program.Rule{Trigger: program.TriggerPayment, Plans: []string{"starter"}, Rate: program.Rate{Fixed: map[string]int64{"EUR": 7}}}),
			with(pay("a", 1, 300), func(p *payment.Payment) {
				p.Lines = []payment.Line{{PlanCode: "pro", AmountMinor: 100}, {PlanCode: "starter", AmountMinor: 100}, {AmountMinor: 100}}
			})), map[string]int64{"a": 27}},
		{"a credit reduces the lines in proportion", history(terms(
			program.Rule{Trigger: program.TriggerPayment, Plans: []string{"pro"}, Rate: program.Rate{PPM: 500_000}},
			percent(0)),
			with(pay("a", 1, 150), func(p *payment.Payment) {
				p.Lines = []payment.Line{{PlanCode: "pro", AmountMinor: 100}, {AmountMinor: 100}, {PlanCode: "pro", AmountMinor: -50}}
			})), map[string]int64{"a": 38}}, // 50 % of 75
		{"one rounding", history(terms(percent(333_333)), with(pay("a", 1, 3), func(p *payment.Payment) {
			p.Lines = []payment.Line{{PlanCode: "x", AmountMinor: 1}, {PlanCode: "y", AmountMinor: 1}, {PlanCode: "z", AmountMinor: 1}}
		})), map[string]int64{"a": 1}},
		{"no rule covers it", history(terms(program.Rule{Trigger: program.TriggerPayment, Plans: []string{"gold"}, Rate: program.Rate{PPM: 1}}), pay("a", 1, 100)), map[string]int64{"a": 0}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, minors(t, tt.h)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestBannedEarnsNothingSuspendedEarns(t *testing.T) {
	t.Parallel()
	for state, want := range map[affiliate.State]int64{affiliate.Active: 30, affiliate.Suspended: 30, affiliate.Banned: 0, affiliate.Closed: 0} {
		h := history(terms(percent(300_000)), pay("a", 1, 100))
		h.Deals["a"] = Deal{Terms: terms(percent(300_000)), State: state}
		if got := minors(t, h)["a"]; got != want {
			t.Errorf("%s earns %d, want %d", state, got, want)
		}
	}
}

func TestMissingCurrencyIsInReview(t *testing.T) {
	t.Parallel()
	rule := program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{Fixed: map[string]int64{"USD": 500}}}
	got, err := Targets(history(terms(rule), pay("a", 1, 100)))
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if got[0].Minor != 0 || got[0].Review.String() != "The rule names no amount in EUR." {
		t.Errorf("%d, %q", got[0].Minor, got[0].Review)
	}
}

func TestNewPlanUnderKeptTerms(t *testing.T) {
	t.Parallel()
	h := history(terms(percent(100_000)), pay("a", 1, 100))
	newer := terms(percent(400_000))
	newer.ID, newer.Version = "trm_2", 2
	h.Plans = map[string]time.Time{"pro": day(-1)}
	h.Deals["a"] = Deal{Terms: terms(percent(100_000)), Newer: newer, State: affiliate.Active}
	if got := minors(t, h)["a"]; got != 40 {
		t.Errorf("a plan younger than the terms earns %d, want 40", got)
	}
	h.Plans["pro"] = day(-200)
	if got := minors(t, h)["a"]; got != 10 {
		t.Errorf("a plan older than the terms earns %d, want 10", got)
	}
}

// One payment can be covered by a rule in two versions; the customer's cap is
// one all the same.
func TestOneCapOverTwoVersions(t *testing.T) {
	t.Parallel()
	capped := percent(500_000)
	capped.CapMinor = map[string]int64{"EUR": 100}
	for _, tt := range []struct {
		old, young, want int64
	}{{150, 150, 100}, {101, 300, 100}, {60, 60, 60}, {300, 10, 100}} {
		p := pay("a", 1, tt.old+tt.young)
		p.Lines = []payment.Line{{PlanCode: "pro", AmountMinor: tt.old}, {PlanCode: "team", AmountMinor: tt.young}}
		h := history(terms(capped), p, pay("b", 2, 1000))
		newer := terms(capped)
		newer.ID, newer.Version = "trm_2", 2
		h.Plans = map[string]time.Time{"team": day(-1)}
		h.Deals["a"] = Deal{Terms: terms(capped), Newer: newer, State: affiliate.Active}
		if diff := cmp.Diff(map[string]int64{"a": tt.want, "b": 100 - tt.want}, minors(t, h)); diff != "" {
			t.Errorf("%d and %d: %s", tt.old, tt.young, diff)
		}
	}
}

// A customer whose referral a person ended has another one since the same
// sign-up: what the first one earned stays with it, whichever was made first.
func TestWhatWasEarnedBeforeAnEndStays(t *testing.T) {
	t.Parallel()
	for _, ended := range []id.Referral{"ref_1", "ref_3"} {
		claims := []Claim{{Referral: "ref_2", Affiliate: "aff_2", Since: day(0)}, {Referral: ended, Affiliate: "aff_1", Since: day(0), Until: day(10)}}
		for n, want := range map[int]id.Affiliate{5: "aff_1", 10: "aff_2"} {
			if got, ok := ClaimAt(claims, day(n)); !ok || got.Affiliate != want {
				t.Errorf("%s ended, day %d is %s's, want %s", ended, n, got.Affiliate, want)
			}
		}
	}
}

func TestSignupAndOnboarding(t *testing.T) {
	t.Parallel()
	rules := []program.Rule{
		{Trigger: program.TriggerSignup, Rate: program.Rate{Fixed: map[string]int64{"EUR": 200}}},
		{Trigger: program.TriggerOnboarding, Rate: program.Rate{Fixed: map[string]int64{"EUR": 900}}, AfterPayment: true},
	}
	h := history(terms(rules...))
	h.SignedUpAt, h.OnboardedAt = day(0), day(3)
	deal := Deal{Terms: terms(rules...), State: affiliate.Active}
	h.Deals = map[Cause]Deal{SignupCause("cus_1"): deal, OnboardingCause("cus_1"): deal}
	if diff := cmp.Diff(map[string]int64{"signup:cus_1": 200}, minors(t, h)); diff != "" {
		t.Errorf("before a payment: %s", diff)
	}
	h.Payments = []payment.Payment{with(pay("a", 5, 100), func(p *payment.Payment) { p.RefundedMinor = 100 })}
	want := map[string]int64{"signup:cus_1": 200, "onboarding:cus_1": 900, "a": 0}
	if diff := cmp.Diff(want, minors(t, h)); diff != "" {
		t.Errorf("after a refunded payment: %s", diff)
	}
	targets, err := Targets(h)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range targets {
		if x.Kind == program.TriggerOnboarding && !x.ReleaseAt.Equal(day(35)) {
			t.Errorf("the onboarding is released at %s, want 30 days after the payment it waits for", x.ReleaseAt)
		}
	}
}

func TestLinesReadWell(t *testing.T) {
	t.Parallel()
	p := with(pay("a", 1, 4900), func(p *payment.Payment) { p.RefundedMinor = 1000 })
	got, err := Targets(history(terms(percent(333_333)), p))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, l := range got[0].Lines {
		s := l.Sentence.String()
		if l.Shown {
			s += " = " + money.Of(l.Minor, "EUR").String()
		}
		lines = append(lines, s)
	}
	want := []string{
		"33.3333 % of 49.00 EUR for pro = 13.00 EUR",
		"10.00 EUR of 49.00 EUR was given back; the commission is reduced in proportion.",
		"Rounded once to the smallest unit of EUR.",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestAddMonths(t *testing.T) {
	t.Parallel()
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	anchor := time.Date(2026, 1, 31, 23, 30, 0, 0, time.UTC) // 1 February in Vienna
	tests := []struct {
		months int
		zone   *time.Location
		want   string
	}{
		{1, time.UTC, "2026-02-28T23:30:00Z"},
		{2, time.UTC, "2026-03-31T23:30:00Z"},
		{13, time.UTC, "2027-02-28T23:30:00Z"},
		{25, time.UTC, "2028-02-29T23:30:00Z"},
		{1, vienna, "2026-03-01T00:30:00+01:00"},
		{2, vienna, "2026-04-01T00:30:00+02:00"},
	}
	// On 1 October 2028, clocks in Sydney jump from two to three; the 15th has its half past two.
	sydney, err := time.LoadLocation("Australia/Sydney")
	if err != nil {
		t.Fatal(err)
	}
	got := AddMonths(time.Date(2028, 9, 15, 2, 30, 0, 0, sydney), 1, sydney).Format(time.RFC3339)
	if want := "2028-10-15T02:30:00+11:00"; got != want {
		t.Errorf("over a month that begins with a jump: got %s, want %s", got, want)
	}
	for _, tt := range tests {
		if got := AddMonths(anchor, tt.months, tt.zone).Format(time.RFC3339); got != tt.want {
			t.Errorf("%d months in %s: got %s, want %s", tt.months, tt.zone, got, tt.want)
		}
	}
}

// drawHistory makes a customer with every kind of rule.
func drawHistory(t *rapid.T) History {
	var rules []program.Rule
	for i := range rapid.IntRange(1, 3).Draw(t, "rules") {
		r := program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: rapid.Int64Range(0, 1_000_000).Draw(t, "ppm")}}
		if rapid.Bool().Draw(t, "fixed") {
			r.Rate = program.Rate{Fixed: map[string]int64{"EUR": rapid.Int64Range(0, 300).Draw(t, "amount")}}
		}
		if rapid.Bool().Draw(t, "first") {
			r.First = &program.Rate{PPM: 777_777}
		}
		if rapid.Bool().Draw(t, "cap") {
			r.CapMinor = map[string]int64{"EUR": rapid.Int64Range(0, 400).Draw(t, "cap")}
		}
		if rapid.Bool().Draw(t, "n") {
			r.Duration = program.Duration{Kind: program.Payments, N: rapid.IntRange(1, 4).Draw(t, "payments")}
		}
		if i > 0 {
			r.Plans = []string{fmt.Sprintf("p%d", i)}
		}
		rules = append(rules, r)
	}
	var paid []payment.Payment
	for i := range rapid.IntRange(0, 6).Draw(t, "payments") {
		p := payment.Payment{ID: id.Payment(fmt.Sprintf("pay_%d", i)), ExternalID: fmt.Sprintf("in_%d", i), At: day(rapid.IntRange(-2, 5).Draw(t, "day")), Currency: "EUR"}
		for range rapid.IntRange(1, 4).Draw(t, "lines") {
			l := payment.Line{PlanCode: rapid.SampledFrom([]string{"", "p1", "p2", "p3"}).Draw(t, "plan"), AmountMinor: rapid.Int64Range(-200, 500).Draw(t, "line")}
			p.Lines = append(p.Lines, l)
			p.AmountMinor += l.AmountMinor
		}
		if p.AmountMinor > 0 {
			p.TaxMinor = rapid.Int64Range(0, 100).Draw(t, "tax")
			p.AmountMinor += p.TaxMinor
			p.RefundedMinor = rapid.Int64Range(0, p.AmountMinor).Draw(t, "refunded")
		}
		paid = append(paid, p)
	}
	return history(terms(rules...), paid...)
}

// All orders of the same facts give the same targets; recomputing from the
// stored input gives the same figure; no cap is passed, no commission exceeds
// what its rules could give, and a full refund leaves nothing.
func TestTargetsLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t)
		want, err := Targets(h)
		if err != nil {
			t.Fatal(err)
		}
		shuffled := h
		shuffled.Payments = append([]payment.Payment(nil), h.Payments...)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		rng.Shuffle(len(shuffled.Payments), func(i, j int) {
			shuffled.Payments[i], shuffled.Payments[j] = shuffled.Payments[j], shuffled.Payments[i]
		})
		got, err := Targets(shuffled)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("another order of the same facts: %v %s", err, diff)
		}
		refunded := map[id.Payment]payment.Payment{}
		for _, p := range h.Payments {
			refunded[p.ID] = p
		}
		taken := map[string]int64{}
		for _, x := range got {
			again, err := Calculate(x.Input)
			if err != nil || again.Minor != x.Minor {
				t.Fatalf("recomputed %d, %v, want %d", again.Minor, err, x.Minor)
			}
			var shown int64
			for _, l := range x.Lines {
				shown += l.Minor
			}
			if shown != x.Minor || x.Minor < 0 {
				t.Fatalf("target %d, lines %d: %v", x.Minor, shown, x.Lines)
			}
			if p := refunded[x.Payment]; p.RefundedMinor == p.AmountMinor && x.Minor != 0 {
				t.Fatalf("fully refunded, but %d is left", x.Minor)
			}
			for i, s := range x.Input.Shares {
				if s.Rule == nil || s.Rule.CapMinor == nil {
					continue
				}
				key := capKey(*s.Rule, "EUR")
				if taken[key] += again.Taken[i]; taken[key] > s.Rule.CapMinor["EUR"] {
					t.Fatalf("took %d, the cap is %d", taken[key], s.Rule.CapMinor["EUR"])
				}
			}
		}
	})
}
