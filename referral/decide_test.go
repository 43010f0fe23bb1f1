package referral

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tributary.example/affiliate"
	"tributary.example/customer"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/program"
)

// The customer signs up on day 10 and is onboarded on day 12, at noon.
const (
	signUp  = 10
	onboard = 12
)

func day(n float64) time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(n * 24 * float64(time.Hour)))
}

// The cast: Jane and Omar are active all the time; Sue was suspended from day
// 5 to day 9; Ned was banned on day 8; Lea was approved on day 11; Mia is the
// customer; Vic's customer was taken away by hand.
func cast() map[id.Affiliate]Party {
	active := func(n float64) affiliate.Change { return affiliate.Change{At: day(n), State: affiliate.Active} }
	all := []affiliate.Change{active(-1000)}
	return map[id.Affiliate]Party{
		"Jane": {Name: "Jane", States: all}, "Omar": {Name: "Omar", States: all},
		"Sue": {Name: "Sue", States: []affiliate.Change{active(-1000), {At: day(5), State: affiliate.Suspended}, active(9)}},
		"Ned": {Name: "Ned", States: []affiliate.Change{active(-1000), {At: day(8), State: affiliate.Banned}}},
		"Lea": {Name: "Lea", States: []affiliate.Change{{At: day(-1000), State: affiliate.Applied}, active(11)}},
		"Mia": {Name: "Mia", States: all, Self: true},
		"Vic": {Name: "Vic", States: all, Barred: true},
	}
}

type piece func(*Evidence)

// clicked is a link of an affiliate, clicked on a day, handed in at sign-up.
func clicked(who id.Affiliate, n float64, more ...piece) Evidence {
	e := Evidence{
		Kind: ByClick, Source: fmt.Sprintf("clk_%s_%v", who, n), Step: customer.SignedUp, StepAt: day(signUp), At: day(n),
		Affiliate: who, Link: id.Link("lnk_" + who), WindowDays: 60,
	}
	return e.with(more)
}

// typedCode is an affiliate's code, typed at sign-up.
func typedCode(who id.Affiliate, more ...piece) Evidence {
	code := strings.ToUpper(string(who)) + "10"
	e := Evidence{
		Kind: ByCoupon, Source: code, Step: customer.SignedUp, StepAt: day(signUp), At: day(signUp),
		Affiliate: who, Coupon: id.Coupon("cpn_" + who),
	}
	return e.with(more)
}

func claimed(who id.Affiliate) Evidence {
	return Evidence{Kind: ByClaim, Source: "claim", Step: customer.SignedUp, StepAt: day(signUp), At: day(signUp), Affiliate: who}
}

func (e Evidence) with(more []piece) Evidence {
	for _, m := range more {
		m(&e)
	}
	return e
}

func atStep(kind customer.StepKind, n float64) piece {
	return func(e *Evidence) {
		e.Step, e.StepAt = kind, day(n)
		if e.Kind == ByCoupon {
			e.At = e.StepAt
		}
	}
}

func atOnboarding(e *Evidence)        { atStep(customer.Onboarded, onboard)(e) }
func withPayment(n float64) piece     { return atStep(customer.AtPayment, n) }
func flaw(f Flaw) piece               { return func(e *Evidence) { e.Flaw = f } }
func landing(p string) piece          { return func(e *Evidence) { e.Landing = p } }
func filledIn(e *Evidence)            { e.Prefilled = true }
func windowOf(days int) piece         { return func(e *Evidence) { e.WindowDays = days } }
func justAfter(d time.Duration) piece { return func(e *Evidence) { e.At = e.StepAt.Add(d) } }

// rules name a policy as a merchant would.
var rules = map[string]program.Policy{
	"coupons first":           {Credit: program.CouponFirst, Touch: program.LastTouch},
	"coupons first, 1st":      {Credit: program.CouponFirst, Touch: program.FirstTouch},
	"links first":             {Credit: program.LinkFirst, Touch: program.LastTouch},
	"links first, 1st":        {Credit: program.LinkFirst, Touch: program.FirstTouch},
	"coupon if involved":      {Credit: program.CouponIfInvolved, Touch: program.LastTouch},
	"coupon if involved, 1st": {Credit: program.CouponIfInvolved, Touch: program.FirstTouch},
	"new sign-ups only":       {Credit: program.CouponFirst, Touch: program.LastTouch, NewSignupsOnly: true},
	"checkout paths":          {Credit: program.CouponFirst, Touch: program.LastTouch, CheckoutPaths: []string{"/cart", "/pay/"}},
}

// row is a line of the table: under this policy, with this evidence, that one
// wins, for this reason.
type row struct {
	policy   string
	evidence []Evidence
	paid     float64 // day of the first payment, or 0
	want     string  // "Jane by link", "Jane by coupon and link", … or "nobody"
	sentence string
}

func TestPolicyTable(t *testing.T) {
	t.Parallel()
	for name, rows := range policyTable() {
		for i, r := range rows {
			d := decide(r)
			if got := outcome(d); got != r.want {
				t.Errorf("%s, row %d (%s): %s wins, want %s", name, i+1, r.policy, got, r.want)
			}
			if got := d.Sentence.String(); got != r.sentence {
				t.Errorf("%s, row %d (%s):\n got %s\nwant %s", name, i+1, r.policy, got, r.sentence)
			}
		}
	}
}

func decide(r row) Decision {
	policy, ok := rules[r.policy]
	if !ok {
		panic("no policy " + r.policy)
	}
	f := Facts{Parties: cast(), SignedUpAt: day(signUp)}
	if r.paid != 0 {
		f.FirstPaidAt = day(r.paid)
	}
	return Decide(policy, r.evidence, f, day(100))
}

func outcome(d Decision) string {
	if d.Affiliate == "" {
		return "nobody"
	}
	by := map[Kind]string{KindLink: "link", KindCoupon: "coupon", KindClaim: "claim"}[d.Kind]
	switch {
	case d.Kind == KindCoupon && d.Link != "":
		by += " and link"
	case d.Kind == KindLink && d.Coupon != "":
		by += " and coupon"
	}
	return string(d.Affiliate) + " by " + by
}

func policyTable() map[string][]row {
	var (
		janeLink, omarLink = clicked("Jane", 5), clicked("Omar", 7)
		janeCode, omarCode = typedCode("Jane"), typedCode("Omar")
		of                 = func(e ...Evidence) []Evidence { return e }
	)
	first, links, involved := "coupons first", "links first", "coupon if involved"
	t := map[string][]row{"disagreement": {
		{first, of(janeCode, omarLink), 0, "Jane by coupon",
			"JANE10 was typed at sign-up; it outranks Omar's link clicked 3 days earlier, because this program puts coupons first."},
		{links, of(janeCode, omarLink), 0, "Omar by link",
			"Omar's link was clicked 3 days before sign-up; it outranks JANE10, because this program puts links first."},
		{involved, of(janeCode, omarLink), 0, "Omar by link",
			"Omar's link was clicked 3 days before sign-up; it outranks JANE10, because a code wins here only if its owner's link was clicked, too."},
		{involved, of(janeCode, omarLink, janeLink), 0, "Jane by coupon and link",
			"JANE10 was typed at sign-up; it outranks Omar's link clicked 3 days earlier, because Jane's link was clicked, too."},
		{involved, of(janeCode, omarLink, clicked("Jane", 5, windowOf(4))), 0, "Omar by link",
			"Omar's link was clicked 3 days before sign-up; it outranks JANE10, because a code wins here only if its owner's link was clicked, too."},
		{first, of(janeLink, omarLink), 0, "Omar by link",
			"Omar's link was clicked 3 days before sign-up; it outranks Jane's link clicked 5 days before sign-up, because this program credits the last click."},
		{"links first, 1st", of(janeLink, omarLink), 0, "Jane by link",
			"Jane's link was clicked 5 days before sign-up; it outranks Omar's link clicked 3 days before sign-up, because this program credits the first click."},
		{"coupons first, 1st", of(janeLink, omarLink, omarCode), 0, "Omar by coupon and link",
			"OMAR10 was typed at sign-up; it outranks Jane's link clicked 5 days earlier, because this program puts coupons first."},
		{links, of(janeLink, omarLink, janeCode), 0, "Omar by link",
			"Omar's link was clicked 3 days before sign-up; it outranks JANE10, because this program puts links first."},
		{"links first, 1st", of(janeLink, omarLink, janeCode), 0, "Jane by link and coupon",
			"Jane's link was clicked 5 days before sign-up; it outranks Omar's link clicked 3 days before sign-up, because this program credits the first click."},
		{first, of(janeCode, omarCode), 0, "Jane by coupon", "JANE10 was typed at sign-up; it outranks OMAR10, because the first valid code counts."},
		{first, of(claimed("Omar"), janeCode), 0, "Omar by claim", "Omar's claim was granted; it outranks JANE10, because a granted claim comes first."},
	}, "late and early": {
		{first, of(clicked("Jane", -51)), 0, "nobody", "Nobody is credited: the click came 61 days before sign-up, outside the window of 60 days."},
		{first, of(clicked("Jane", -50)), 0, "nobody", "Nobody is credited: the click came 60 days before sign-up, outside the window of 60 days."},
		{first, of(clicked("Jane", -49.99)), 0, "Jane by link", "Jane's link was clicked 59 days before sign-up."},
		{first, of(clicked("Jane", 0, justAfter(5*time.Minute))), 0, "Jane by link", "Jane's link was clicked at sign-up."},
		{first, of(clicked("Jane", 0, justAfter(6*time.Minute))), 0, "nobody", "Nobody is credited: the click came 6 minutes after sign-up."},
		{first, of(clicked("Jane", 3, windowOf(7))), 0, "nobody", "Nobody is credited: the click came 7 days before sign-up, outside the window of 7 days."},
		{first, of(clicked("Jane", 4, windowOf(7)), clicked("Omar", -70)), 0, "Jane by link", "Jane's link was clicked 6 days before sign-up."},
		{"new sign-ups only", of(clicked("Jane", 11, atOnboarding)), 0, "nobody",
			"Nobody is credited: the customer had signed up before, and this program counts only new sign-ups."},
		{"new sign-ups only", of(typedCode("Jane", atOnboarding)), 0, "nobody",
			"Nobody is credited: the customer had signed up before, and this program counts only new sign-ups."},
		{"new sign-ups only", of(janeCode), 0, "Jane by coupon", "JANE10 was typed at sign-up; it is Jane's code."},
		{first, of(clicked("Jane", 11, atOnboarding)), 0, "Jane by link", "Jane's link was clicked 1 day before onboarding."},
	}, "who": {
		{first, of(clicked("Mia", 7)), 0, "nobody", "Nobody is credited: the customer and the affiliate are the same person."},
		{first, of(typedCode("Mia"), omarLink), 0, "Omar by link", "Omar's link was clicked 3 days before sign-up."},
		{first, of(typedCode("Jane", flaw(FlawOwn))), 0, "nobody", "Nobody is credited: the customer and the affiliate are the same person."},
		{first, of(clicked("Sue", 4)), 0, "Sue by link", "Sue's link was clicked 6 days before sign-up."},
		{first, of(clicked("Sue", 6)), 0, "nobody", "Nobody is credited: the affiliate was suspended at the time of the click."},
		{first, of(clicked("Sue", 9)), 0, "Sue by link", "Sue's link was clicked 1 day before sign-up."},
		{first, of(clicked("Ned", 7)), 0, "nobody", "Nobody is credited: the affiliate was banned at sign-up."},
		{first, of(typedCode("Ned")), 0, "nobody", "Nobody is credited: the affiliate was banned when the code was given."},
		{first, of(clicked("Lea", 9)), 0, "nobody", "Nobody is credited: the affiliate was not approved yet at the time of the click."},
		{first, of(typedCode("Lea", atOnboarding)), 0, "Lea by coupon", "LEA10 was typed at onboarding; it is Lea's code."},
		{first, of(clicked("Vic", 9)), 0, "nobody", "Nobody is credited: the merchant took this customer from the affiliate by hand."},
		{first, of(clicked("Zoe", 9)), 0, "nobody", "Nobody is credited: it names no affiliate of this program."},
	}, "flaws": {
		{first, nil, 0, "nobody", "Nobody is credited: nothing was handed in that names an affiliate."},
		{first, of(clicked("Jane", 7, flaw(FlawForged))), 0, "nobody", "Nobody is credited: the token was not signed here."},
		{first, of(clicked("Jane", 7, flaw(FlawForeign))), 0, "nobody", "Nobody is credited: the link belongs to another program."},
		{first, of(clicked("Jane", 7, flaw(FlawUnreadable))), 0, "nobody", "Nobody is credited: this is not a click token."},
		{first, of(clicked("Jane", 7, flaw(FlawKeyExpired))), 0, "nobody", "Nobody is credited: the key of this token is no longer accepted."},
		{first, of(clicked("Jane", 7, flaw(FlawUnknown))), 0, "nobody", "Nobody is credited: there is no such link."},
		{first, of(clicked("Jane", 7, flaw(FlawBefore))), 0, "nobody", "Nobody is credited: the customer is from before the program."},
		{first, of(typedCode("Jane", flaw(FlawUnknown))), 0, "nobody", "Nobody is credited: there is no code JANE10."},
		{first, of(typedCode("Jane", flaw(FlawUnreadable))), 0, "nobody", "Nobody is credited: what was typed cannot be a code."},
		{first, of(typedCode("Jane", flaw(FlawEnded))), 0, "nobody", "Nobody is credited: the code JANE10 was no longer valid."},
		{first, of(typedCode("Jane", flaw(FlawPaused))), 0, "nobody", "Nobody is credited: the code JANE10 was paused."},
		{first, of(typedCode("Jane", flaw(FlawNotYet))), 0, "nobody", "Nobody is credited: the code JANE10 was not valid yet."},
		{first, of(typedCode("Jane", flaw(FlawExisting))), 0, "nobody",
			"Nobody is credited: the code JANE10 is for new customers, and this one had paid before."},
		{first, of(typedCode("Jane", flaw(FlawEnded)), omarLink), 0, "Omar by link", "Omar's link was clicked 3 days before sign-up."},
		{first, of(typedCode("Jane", flaw(FlawEnded)), clicked("Jane", 7, flaw(FlawForged))), 0, "nobody",
			"Nobody is credited: none of the 2 pieces of evidence counts."},
	}, "over time": {
		{first, of(omarLink, typedCode("Jane", atOnboarding)), 0, "Jane by coupon",
			"JANE10 was typed at onboarding; it outranks Omar's link clicked 5 days earlier, because this program puts coupons first."},
		{links, of(omarLink, typedCode("Jane", atOnboarding)), 0, "Omar by link",
			"Omar's link was clicked 3 days before sign-up; it outranks JANE10, because this program puts links first."},
		{first, of(omarLink, clicked("Jane", 11, atOnboarding)), 0, "Omar by link", "Omar's link was clicked 3 days before sign-up."},
		{first, of(omarCode, clicked("Jane", 11, atOnboarding)), 0, "Omar by coupon", "OMAR10 was typed at sign-up; it is Omar's code."},
		{first, of(omarCode, typedCode("Jane", atOnboarding)), 0, "Omar by coupon", "OMAR10 was typed at sign-up; it is Omar's code."},
		{first, of(typedCode("Omar", flaw(FlawEnded)), typedCode("Jane", atOnboarding)), 0, "Jane by coupon",
			"JANE10 was typed at onboarding; it is Jane's code."},
		{first, of(omarLink, typedCode("Omar", atOnboarding)), 0, "Omar by coupon and link",
			"OMAR10 was typed at onboarding, and Omar's link was clicked 3 days before sign-up: both are Omar's."},
	}, "closing": {
		{first, of(janeCode), 11, "Jane by coupon", "JANE10 was typed at sign-up; it is Jane's code."},
		{first, of(omarLink, typedCode("Jane", atOnboarding)), 11, "Omar by link", "Omar's link was clicked 3 days before sign-up."},
		{first, of(omarLink, typedCode("Jane", withPayment(11))), 11, "Jane by coupon",
			"JANE10 was given with the first payment; it outranks Omar's link clicked 4 days earlier, because this program puts coupons first."},
		{first, of(typedCode("Jane", withPayment(41))), 11, "nobody", "Nobody is credited: it came with a later payment; credit closes with the first one."},
		{first, of(omarLink, typedCode("Jane", withPayment(41))), 11, "Omar by link", "Omar's link was clicked 3 days before sign-up."},
		{first, of(clicked("Jane", 7)), 6, "nobody", "Nobody is credited: the customer had paid before the click."},
		{first, of(clicked("Jane", 7)), 8, "nobody", "Nobody is credited: it came after the customer's first payment, with which credit closes."},
		{first, of(clicked("Jane", 7)), signUp, "Jane by link", "Jane's link was clicked 3 days before sign-up."},
		{first, of(clicked("Jane", 7, withPayment(11))), 11, "Jane by link", "Jane's link was clicked 4 days before the first payment."},
	}, "checkout and filled in": {
		{"checkout paths", of(clicked("Jane", 5), clicked("Omar", 9, landing("/cart"))), 0, "Jane by link",
			"Jane's link was clicked 5 days before sign-up; it outranks Omar's link clicked 1 day before sign-up, because a click that lands on a checkout page does not win over an older one."},
		{"checkout paths", of(clicked("Jane", 5), clicked("Omar", 9, landing("/pay/now?x=1"))), 0, "Jane by link",
			"Jane's link was clicked 5 days before sign-up; it outranks Omar's link clicked 1 day before sign-up, because a click that lands on a checkout page does not win over an older one."},
		{"checkout paths", of(clicked("Jane", 5), clicked("Omar", 9, landing("/cartoons"))), 0, "Omar by link",
			"Omar's link was clicked 1 day before sign-up; it outranks Jane's link clicked 5 days before sign-up, because this program credits the last click."},
		{"checkout paths", of(clicked("Omar", 9, landing("/cart"))), 0, "Omar by link", "Omar's link was clicked 1 day before sign-up."},
		{"checkout paths", of(clicked("Omar", 5), clicked("Omar", 9, landing("/cart"))), 0, "Omar by link", "Omar's link was clicked 1 day before sign-up."},
		{first, of(typedCode("Jane", filledIn)), 0, "Jane by link and coupon", "Jane's link filled in JANE10 at sign-up."},
		{first, of(typedCode("Jane", filledIn), omarCode), 0, "Omar by coupon",
			"OMAR10 was typed at sign-up; it outranks Jane's link, because this program puts coupons first."},
	}}
	for p := range rules { // whatever the policy, agreement is agreement
		t["agreement"] = append(t["agreement"],
			row{p, of(janeLink), 0, "Jane by link", "Jane's link was clicked 5 days before sign-up."},
			row{p, of(janeLink, clicked("Omar", 9, flaw(FlawForeign))), 0, "Jane by link", "Jane's link was clicked 5 days before sign-up."},
			row{p, of(janeCode), 0, "Jane by coupon", "JANE10 was typed at sign-up; it is Jane's code."})
		if strings.HasPrefix(p, links) {
			t["agreement"] = append(t["agreement"], row{p, of(janeLink, janeCode), 0, "Jane by link and coupon",
				"Jane's link was clicked 5 days before sign-up, and JANE10 was typed at sign-up: both are Jane's."})
			continue
		}
		t["agreement"] = append(t["agreement"], row{p, of(janeLink, janeCode), 0, "Jane by coupon and link",
			"JANE10 was typed at sign-up, and Jane's link was clicked 5 days before sign-up: both are Jane's."})
	}
	return t
}

// TestEachSideReadsItsReason: the winner, the loser and who came too late are
// told in words that name nobody else.
func TestEachSideReadsItsReason(t *testing.T) {
	t.Parallel()
	d := decide(row{policy: "coupons first", evidence: []Evidence{
		typedCode("Jane"), clicked("Omar", 7), clicked("Jane", 5), clicked("Sue", 6), typedCode("Lea", atOnboarding),
	}})
	type line struct {
		Who          id.Affiliate
		Verdict      Verdict
		Reason, Told string
	}
	var got []line
	for _, c := range d.Candidates {
		got = append(got, line{c.Evidence.Affiliate, c.Verdict, c.Reason.String(), c.Told.String()})
	}
	want := []line{
		{"Jane", VerdictAgrees, "Jane's link was clicked 5 days before sign-up.", "Your link was clicked 5 days before sign-up."},
		{"Sue", VerdictRefused, "The affiliate was suspended at the time of the click.", "The affiliate was suspended at the time of the click."},
		{"Omar", VerdictLost, "Omar's link was clicked 3 days before sign-up; JANE10 outranks it, because this program puts coupons first.",
			"Your link was clicked 3 days before sign-up; another affiliate's code outranks it, because this program puts coupons first."},
		{"Jane", VerdictWon, "JANE10 was typed at sign-up.", "Your code JANE10 was typed at sign-up."},
		{"Lea", VerdictSetAside, "Another code counted already when this one was handed in.", "Another code counted already when this one was handed in."},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, want := d.Told.String(), "Your code JANE10 was typed at sign-up; it outranks another affiliate's link, because this program puts coupons first."; got != want {
		t.Errorf("the winner reads %q, want %q", got, want)
	}
}

func TestSinceAndTerms(t *testing.T) {
	t.Parallel()
	late := day(onboard).Add(300 * time.Millisecond)
	code := typedCode("Jane", atOnboarding)
	code.StepAt, code.At = late, late
	f := Facts{Parties: cast()}
	d := Decide(rules["coupons first"], []Evidence{code}, f, day(100))
	if !d.Since.Equal(day(onboard)) || !d.TermsAt.Equal(late) {
		t.Errorf("without a sign-up: since %s, terms of %s", d.Since, d.TermsAt)
	}
	f.SignedUpAt = day(signUp)
	d = Decide(rules["coupons first"], []Evidence{code}, f, day(100))
	if !d.Since.Equal(day(signUp)) || !d.TermsAt.Equal(late) {
		t.Errorf("with a sign-up: since %s, terms of %s", d.Since, d.TermsAt)
	}
}

// TestClocksThatCountCoarsely: a click's time has lost its microseconds, and a
// provider's payment its milliseconds; neither may cost anybody the credit.
func TestClocksThatCountCoarsely(t *testing.T) {
	t.Parallel()
	approved := day(9).Add(300 * time.Microsecond) // and clicked at .0004, which is kept as .000
	f := Facts{Parties: map[id.Affiliate]Party{"Jane": {Name: "Jane", States: []affiliate.Change{{At: approved, State: affiliate.Active}}}}}
	if d := Decide(rules["coupons first"], []Evidence{clicked("Jane", 9)}, f, day(100)); d.Affiliate != "Jane" {
		t.Errorf("a click right after the approval: %s", d.Sentence)
	}
	f.FirstPaidAt = day(signUp)
	code := typedCode("Jane")
	code.StepAt = code.StepAt.Add(400 * time.Millisecond)
	code.At = code.StepAt
	if d := Decide(rules["coupons first"], []Evidence{code}, f, day(100)); d.Affiliate != "Jane" || d.Since.After(f.FirstPaidAt) {
		t.Errorf("a payment in the second of the sign-up: %s", d.Sentence)
	}
	code.StepAt = code.StepAt.Add(time.Second)
	if d := Decide(rules["coupons first"], []Evidence{code}, f, day(100)); d.Affiliate != "" {
		t.Errorf("a second later: %s", d.Sentence)
	}
}

// anyPolicy and anyEvidence draw from the same small world as the table, so
// that they meet often.
func anyPolicy(r *rapid.T) program.Policy {
	return program.Policy{
		Credit:         rapid.SampledFrom([]program.Credit{program.CouponFirst, program.LinkFirst, program.CouponIfInvolved}).Draw(r, "credit"),
		Touch:          rapid.SampledFrom([]program.Touch{program.LastTouch, program.FirstTouch}).Draw(r, "touch"),
		NewSignupsOnly: rapid.Bool().Draw(r, "new only"),
		CheckoutPaths:  []string{"/cart"},
	}
}

func anyEvidence(names []id.Affiliate) *rapid.Generator[Evidence] {
	return rapid.Custom(func(r *rapid.T) Evidence {
		who := rapid.SampledFrom(names).Draw(r, "who")
		step := rapid.SampledFrom([]piece{func(*Evidence) {}, atOnboarding, withPayment(14)}).Draw(r, "step")
		if rapid.Bool().Draw(r, "code") {
			return typedCode(who, step, func(e *Evidence) { e.Prefilled = rapid.Bool().Draw(r, "filled in") })
		}
		path := rapid.SampledFrom([]string{"", "/", "/cart"}).Draw(r, "landing")
		return clicked(who, float64(rapid.IntRange(-60, 14).Draw(r, "day")), step, landing(path))
	})
}

func anyFacts(r *rapid.T) Facts {
	f := Facts{Parties: cast(), SignedUpAt: day(signUp)}
	if rapid.Bool().Draw(r, "paid") {
		f.FirstPaidAt = day(float64(rapid.IntRange(8, 16).Draw(r, "paid on")))
	}
	return f
}

var everybody = []id.Affiliate{"Jane", "Omar", "Sue", "Ned", "Lea", "Mia", "Vic"}

func TestLawOrderNeverMatters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		policy, facts := anyPolicy(r), anyFacts(r)
		evidence := rapid.SliceOfN(anyEvidence(everybody), 0, 8).Draw(r, "evidence")
		want := Decide(policy, evidence, facts, day(100))
		got := Decide(policy, rapid.Permutation(evidence).Draw(r, "shuffled"), facts, day(100))
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatalf("another order, another decision:\n%s", diff)
		}
	})
}

func TestLawWhatProvesNothingChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		policy, facts := anyPolicy(r), anyFacts(r)
		evidence := rapid.SliceOfN(anyEvidence(everybody), 0, 6).Draw(r, "evidence")
		noise := rapid.SliceOfN(anyEvidence(everybody), 1, 4).Draw(r, "noise")
		for i := range noise {
			if noise[i].Kind == ByClick && rapid.Bool().Draw(r, "expired") {
				noise[i].At = noise[i].StepAt.AddDate(0, 0, -60)
				continue
			}
			noise[i].Flaw = rapid.SampledFrom([]Flaw{FlawForeign, FlawForged, FlawUnknown, FlawEnded}).Draw(r, "flaw")
		}
		want := Decide(policy, evidence, facts, day(100))
		got := Decide(policy, slices.Concat(evidence, noise), facts, day(100))
		got.Candidates, want.Candidates = nil, nil
		if want.Affiliate == "" {
			got.Sentence, want.Sentence = text.Sentence{}, text.Sentence{} // it counts the pieces
		}
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatalf("noise changed the decision:\n%s", diff)
		}
	})
}

func TestLawOneAffiliateInAllEvidenceWins(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		policy := anyPolicy(r)
		policy.NewSignupsOnly = false
		evidence := rapid.SliceOfN(anyEvidence([]id.Affiliate{"Jane"}), 1, 8).Draw(r, "evidence")
		for i := range evidence {
			if e := &evidence[i]; e.Kind == ByClick { // inside its window, before its step
				e.At = e.StepAt.AddDate(0, 0, -rapid.IntRange(0, 59).Draw(r, "age"))
			}
		}
		d := Decide(policy, evidence, Facts{Parties: cast(), SignedUpAt: day(signUp)}, day(100))
		if d.Affiliate != "Jane" {
			r.Fatalf("%s wins: %s", outcome(d), d.Sentence)
		}
	})
}

// TestLawNobodyReadsAnothersName: what an affiliate reads names nobody.
func TestLawNobodyReadsAnothersName(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		d := Decide(anyPolicy(r), rapid.SliceOfN(anyEvidence(everybody), 0, 8).Draw(r, "evidence"), anyFacts(r), day(100))
		read := map[id.Affiliate][]string{d.Affiliate: {d.Told.String()}}
		for _, c := range d.Candidates {
			read[c.Evidence.Affiliate] = append(read[c.Evidence.Affiliate], c.Told.String())
			if c.Verdict == "" || c.Reason.IsZero() || c.Told.IsZero() {
				r.Fatalf("a piece without a verdict or reason: %+v", c)
			}
		}
		for reader, sentences := range read {
			for _, other := range everybody {
				all := strings.Join(sentences, " ")
				if other != reader && (strings.Contains(all, string(other)) || strings.Contains(all, strings.ToUpper(string(other)))) {
					r.Fatalf("%s reads %s", reader, all)
				}
			}
		}
	})
}

// TestLawAfterClosingNothingMoves: evidence of a time after the first payment
// changes nothing, save what that payment itself carries.
func TestLawAfterClosingNothingMoves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		policy := anyPolicy(r)
		facts := Facts{Parties: cast(), SignedUpAt: day(signUp), FirstPaidAt: day(14)}
		evidence := rapid.SliceOfN(anyEvidence(everybody), 0, 6).Draw(r, "evidence")
		later := rapid.SliceOfN(anyEvidence(everybody), 1, 4).Draw(r, "later")
		for i := range later {
			kind := rapid.SampledFrom([]customer.StepKind{customer.SignedUp, customer.Onboarded, customer.AtPayment}).Draw(r, "step")
			atStep(kind, 14+float64(rapid.IntRange(1, 20).Draw(r, "days")))(&later[i])
		}
		want, got := Decide(policy, evidence, facts, day(100)), Decide(policy, slices.Concat(evidence, later), facts, day(100))
		if outcome(want) != outcome(got) || want.Link != got.Link || want.Coupon != got.Coupon || want.Click != got.Click {
			r.Fatalf("%s before, %s after: %s", outcome(want), outcome(got), got.Sentence)
		}
	})
}
