package coupon

import (
	"testing"
	"time"

	"tributary.example/affiliate"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/money"
	"tributary.example/program"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDiscountToTheCent(t *testing.T) {
	t.Parallel()
	percent := func(ppm int64) Discount { return Discount{PercentPPM: ppm} }
	tests := []struct {
		name   string
		d      Discount
		amount money.Amount
		want   int64
	}{
		{"10 % of 19.00 EUR", percent(100_000), money.Of(1900, "EUR"), 190},
		{"half a cent rounds up", percent(100_000), money.Of(1905, "EUR"), 191},
		{"below half a cent rounds down", percent(100_000), money.Of(1904, "EUR"), 190},
		{"12.5 % of 0.99 EUR", percent(125_000), money.Of(99, "EUR"), 12},
		{"10 % of 105 JPY, no decimals", percent(100_000), money.Of(105, "JPY"), 11},
		{"10 % of 1.005 KWD, three decimals", percent(100_000), money.Of(1005, "KWD"), 101},
		{"100 %", percent(1_000_000), money.Of(1900, "EUR"), 1900},
		{"of nothing", percent(100_000), money.Of(0, "EUR"), 0},
		{"of a very large amount", percent(999_999), money.Of(1<<62, "EUR"), 4611681406746400518 - 1},
		{"5.00 EUR off", Discount{Fixed: map[string]int64{"EUR": 500}}, money.Of(1900, "EUR"), 500},
		{"never more than the amount", Discount{Fixed: map[string]int64{"EUR": 5000}}, money.Of(1900, "EUR"), 1900},
		{"no amount in this currency", Discount{Fixed: map[string]int64{"EUR": 500}}, money.Of(1900, "USD"), 0},
		{"none", Discount{}, money.Of(1900, "EUR"), 0},
	}
	for _, tt := range tests {
		got, err := tt.d.Off(tt.amount)
		if tt.name == "of a very large amount" { // nearest to amount × 0.999999
			tt.want = 1<<62 - (1<<62+500_000)/1_000_000
		}
		if got != tt.want || err != nil {
			t.Errorf("%s: %d, %v, want %d", tt.name, got, err, tt.want)
		}
	}
}

// TestDiscountNeverExceedsTheAmount holds for any discount and amount.
func TestDiscountNeverExceedsTheAmount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		d := Discount{PercentPPM: rapid.Int64Range(0, 1_000_000).Draw(r, "ppm")}
		if d.PercentPPM == 0 {
			d.Fixed = map[string]int64{"EUR": rapid.Int64Range(0, 1<<62).Draw(r, "fixed")}
		}
		amount := rapid.Int64Range(0, 1<<62).Draw(r, "amount")
		if off, err := d.Off(money.Of(amount, "EUR")); off < 0 || off > amount || err != nil {
			r.Fatalf("%+v off %d is %d, %v", d, amount, off, err)
		}
	})
}

func TestDiscountSentence(t *testing.T) {
	t.Parallel()
	tests := []struct {
		d    Discount
		want string
	}{
		{Discount{}, ""},
		{Discount{PercentPPM: 100_000, Payments: 1}, "10 % off the first payment"},
		{Discount{PercentPPM: 125_000, Plans: []string{"starter"}, Payments: 1}, "12.5 % off the first payment of starter"},
		{Discount{PercentPPM: 100_000, Payments: 3}, "10 % off the first 3 payments"},
		{Discount{PercentPPM: 100_000, Plans: []string{"pro", "starter"}, Payments: 3}, "10 % off the first 3 payments of pro, starter"},
		{Discount{Fixed: map[string]int64{"EUR": 500}}, "5.00 EUR off every payment"},
		{Discount{Fixed: map[string]int64{"USD": 600, "EUR": 500}, Plans: []string{"pro"}}, "5.00 EUR / 6.00 USD off every payment of pro"},
	}
	for _, tt := range tests {
		if got := tt.d.Sentence().String(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.d, got, tt.want)
		}
	}
}

func TestDiscountRefused(t *testing.T) {
	t.Parallel()
	plans := []program.Plan{{Code: "starter"}, {Code: "pro"}}
	tests := []struct {
		d     Discount
		about string
	}{
		{Discount{}, ""},
		{Discount{PercentPPM: 1_000_000, Plans: []string{"starter", "pro"}, Payments: 12}, ""},
		{Discount{Fixed: map[string]int64{"EUR": 1, "JPY": 100}}, ""},
		{Discount{PercentPPM: 1_000_001}, "percent"},
		{Discount{PercentPPM: -1}, "percent"},
		{Discount{PercentPPM: 1, Fixed: map[string]int64{"EUR": 1}}, "percent"},
		{Discount{Fixed: map[string]int64{"EUR": 0}}, "fixed"},
		{Discount{Fixed: map[string]int64{"eur": 1}}, "fixed"},
		{Discount{Fixed: map[string]int64{"XYZ": 1}}, "fixed"},
		{Discount{Plans: []string{"gold"}}, "plans"},
		{Discount{Payments: -1}, "payments"},
	}
	for _, tt := range tests {
		about := ""
		if e, ok := fault.As(tt.d.check(plans)); ok {
			about = e.About
		}
		if about != tt.about {
			t.Errorf("%+v: %q is refused, want %q", tt.d, about, tt.about)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	jane := func(change func(*Coupon)) Coupon {
		c := Coupon{ID: "cpn_jane", Canonical: "JANE10", State: Active, Settings: Settings{
			Discount: Discount{PercentPPM: 100_000, Plans: []string{"starter"}, Payments: 1}, OnceEach: true,
		}}
		if change != nil {
			change(&c)
		}
		return c
	}
	asks := func(change func(*Ask)) Ask {
		a := Ask{At: noon, PlanCode: "starter", Currency: "EUR", OwnerState: affiliate.Active}
		if change != nil {
			change(&a)
		}
		return a
	}
	tests := []struct {
		name                     string
		cpn                      Coupon
		ask                      Ask
		reason                   Reason
		valid, discounted, takes bool
		sentence                 string
	}{
		{"plain", jane(nil), asks(nil), OK, true, true, true, "The code JANE10 is valid."},
		{"no such code", Coupon{Canonical: "JAEN10"}, asks(nil), Unknown, false, false, false, "There is no code JAEN10."},
		{"not on this plan", jane(nil), asks(func(a *Ask) { a.PlanCode = "pro" }), PlanNotCovered, true, false, false,
			"The code JANE10 gives no discount on pro."},
		{"plan not known yet", jane(nil), asks(func(a *Ask) { a.PlanCode = "" }), OK, true, false, true,
			"The code JANE10 is valid; its discount is given when the plan is known."},
		{"all plans, none known", jane(func(c *Coupon) { c.Discount.Plans = nil }), asks(func(a *Ask) { a.PlanCode = "" }), OK, true, true, true,
			"The code JANE10 is valid."},
		{"without a discount", jane(func(c *Coupon) { c.Discount = Discount{} }), asks(nil), OK, true, false, true,
			"The code JANE10 is valid; it gives no discount."},
		{"no amount in the currency", jane(func(c *Coupon) { c.Discount = Discount{Fixed: map[string]int64{"EUR": 500}} }),
			asks(func(a *Ask) { a.Currency = "USD" }), PlanNotCovered, true, false, false, "The code JANE10 gives no discount in USD."},
		{"before its start", jane(func(c *Coupon) { c.StartsAt = noon.Add(1) }), asks(nil), NotYet, false, false, false,
			"The code JANE10 is valid from 2 Mar 2026."},
		{"at its start", jane(func(c *Coupon) { c.StartsAt = noon }), asks(nil), OK, true, true, true, "The code JANE10 is valid."},
		{"just before its end", jane(func(c *Coupon) { c.EndsAt = noon.Add(1) }), asks(nil), OK, true, true, true, "The code JANE10 is valid."},
		{"at its end", jane(func(c *Coupon) { c.EndsAt = noon }), asks(nil), Ended, false, false, false,
			"The code JANE10 ended on 2 Mar 2026."},
		{"paused", jane(func(c *Coupon) { c.State = Paused }), asks(nil), IsPaused, false, false, false,
			"The code JANE10 is paused at the moment."},
		{"retired", jane(func(c *Coupon) { c.State = Retired }), asks(nil), Ended, false, false, false,
			"The code JANE10 is no longer valid."},
		{"of a suspended affiliate", jane(nil), asks(func(a *Ask) { a.OwnerState = affiliate.Suspended }), OK, true, true, true,
			"The code JANE10 is valid."},
		{"of a banned affiliate", jane(nil), asks(func(a *Ask) { a.OwnerState = affiliate.Banned }), Ended, false, false, false,
			"The code JANE10 is no longer valid."},
		{"of an affiliate who left", jane(nil), asks(func(a *Ask) { a.OwnerState = affiliate.Closed }), Ended, false, false, false,
			"The code JANE10 is no longer valid."},
		{"the owner's own", jane(nil), asks(func(a *Ask) { a.Own = true }), OwnCode, false, false, false,
			"The code JANE10 is this customer's own."},
		{"a customer from before, code for new ones", jane(func(c *Coupon) { c.NewCustomers = true }), asks(func(a *Ask) { a.Existing = true }),
			ExistingCustomer, false, false, false, "The code JANE10 is for new customers."},
		{"a customer from before, code for all", jane(nil), asks(func(a *Ask) { a.Existing = true }), OK, true, true, true,
			"The code JANE10 is valid."},
		{"one place left", jane(func(c *Coupon) { c.TotalLimit, c.Used = 5, 4 }), asks(nil), OK, true, true, true, "The code JANE10 is valid."},
		{"used up", jane(func(c *Coupon) { c.TotalLimit, c.Used = 5, 5 }), asks(nil), UsedUp, true, false, false,
			"The code JANE10 has been used as often as it may be."},
		{"used up, but by this customer", jane(func(c *Coupon) { c.TotalLimit, c.Used = 5, 5 }), asks(func(a *Ask) { a.Redeemed = "cpn_jane" }),
			OK, true, true, true, "The code JANE10 is valid."},
		{"the customer has another code", jane(nil), asks(func(a *Ask) { a.Redeemed = "cpn_omar" }), UsedUp, true, false, false,
			"This customer has used another code already."},
		{"used and paid, once each", jane(nil), asks(func(a *Ask) { a.Redeemed, a.Existing = "cpn_jane", true }), UsedUp, true, false, false,
			"This customer has used the code JANE10 already."},
	}
	for _, tt := range tests {
		got := Check(tt.cpn, tt.ask)
		want := Verdict{Reason: tt.reason, Sentence: got.Sentence, Valid: tt.valid, Discounted: tt.discounted, Takes: tt.takes}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if got.Sentence.String() != tt.sentence {
			t.Errorf("%s: %q, want %q", tt.name, got.Sentence, tt.sentence)
		}
	}
}

func testRoot(t testing.TB) secret.Root {
	t.Helper()
	root, err := secret.NewRoot(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestQuoteTokenIsSigned(t *testing.T) {
	t.Parallel()
	root := testRoot(t)
	prog := id.Program("prg_a")
	want := Quoted{
		Coupon: "cpn_jane", Code: "JANE10", PlanCode: "starter", Currency: "EUR", AmountMinor: 1900, DiscountMinor: 190, Payments: 1,
		EndsAt: time.Date(2026, 3, 3, 10, 0, 0, 0, time.UTC),
	}
	token := signQuote(root, prog, want)
	got, err := VerifyQuote(root, prog, token)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("%v\n%s", err, diff)
	}
	if !got.Holds(want.EndsAt.Add(-1)) || got.Holds(want.EndsAt) {
		t.Error("a quote holds until its end, and no longer")
	}
	if _, err := VerifyQuote(root, "prg_b", token); !fault.Is(err, fault.Invalid) {
		t.Errorf("another program's token: %v", err)
	}
	for i := range token {
		forged := []byte(token)
		forged[i] ^= 1
		if _, err := VerifyQuote(root, prog, string(forged)); !fault.Is(err, fault.Invalid) {
			t.Fatalf("with character %d changed: %v", i, err)
		}
	}
}

func FuzzVerifyQuote(f *testing.F) {
	root := testRoot(f)
	good := signQuote(root, "prg_a", Quoted{Code: "JANE10"})
	for _, s := range []string{"", "q1", "q1..", "q1.e30.AAAA", "q2" + good[2:], good + "A", good} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := VerifyQuote(root, "prg_a", s); err == nil && s != good {
			t.Fatalf("%q is accepted", s)
		}
	})
}
