package flow_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"tributary.example/affiliate"
	"tributary.example/click"
	"tributary.example/commission"
	"tributary.example/coupon"
	"tributary.example/customer"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/link"
	"tributary.example/payment"
	"tributary.example/program"
	"tributary.example/verify"
)

var ctx = context.Background()

// world is a program with two approved affiliates.
type world struct {
	*dbtest.DB
	env  flow.Env
	prog program.Program
	jane promoter
	omar promoter
}

type promoter struct {
	id   id.Affiliate
	link link.Link
	code string
}

func newWorld(t *testing.T, d *dbtest.DB) *world {
	t.Helper()
	root, err := secret.NewRoot(bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{DB: d, env: flow.Env{Root: root, Clicks: func(tx *db.Tx) db.Reader {
		if d.Clicks == d.DB {
			return tx
		}
		return d.Clicks
	}}}
	settings := program.DefaultSettings("Shop", "https://www.shop.example")
	settings.SuggestPlans = []string{"starter"}
	d.Write(t, func(tx *db.Tx) (err error) {
		if _, err = click.EnsureRing(ctx, tx, root); err != nil {
			return err
		}
		w.prog, err = program.Create(ctx, tx, program.New{
			Slug: "shop", Currency: "EUR", LinkHost: "go.shop.example", Settings: settings,
			Plans: []program.NewPlan{
				{Code: "starter", PriceMinor: 1900, Period: program.Monthly}, {Code: "pro", PriceMinor: 4900, Period: program.Monthly},
			},
		})
		return err
	})
	w.jane = w.enrol(t, "Jane Doe", "jane@example.com")
	w.omar = w.enrol(t, "Omar Haddad", "omar@example.com")
	return w
}

func (w *world) enrol(t *testing.T, name, email string) (p promoter) {
	t.Helper()
	w.Write(t, func(tx *db.Tx) error {
		a, err := flow.Apply(ctx, tx, w.env, w.prog, flow.Application{Name: name, Email: email})
		if err != nil {
			return err
		}
		if _, err = flow.Approve(ctx, tx, w.env, w.prog, a.ID, ""); err != nil {
			return err
		}
		links, err := link.OfAffiliate(ctx, tx, w.prog.ID, a.ID)
		if err != nil {
			return err
		}
		coupons, err := coupon.OfAffiliate(ctx, tx, w.prog.ID, a.ID)
		if err != nil {
			return err
		}
		p = promoter{a.ID, links[0], coupons[0].Code}
		return nil
	})
	return p
}

func (w *world) token(t *testing.T, p promoter, at time.Time) string {
	t.Helper()
	ring, err := click.LoadRing(ctx, w, w.env.Root)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := ring.Mint(w.prog.ID, p.link.ID, at)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (w *world) signUp(t *testing.T, s flow.Step) (out flow.Stepped) {
	t.Helper()
	if s.Kind == "" {
		s.Kind = customer.SignedUp
	}
	w.Write(t, func(tx *db.Tx) (err error) {
		out, err = flow.SignUp(ctx, tx, w.env, w.prog, s)
		return err
	})
	return out
}

func (w *world) pay(t *testing.T, who, name string, minor int64, plan string) (out flow.Booked) {
	t.Helper()
	w.Write(t, func(tx *db.Tx) (err error) {
		out, err = flow.Book(ctx, tx, w.prog, customer.Seen{ExternalID: who}, payment.Fact{
			ExternalID: name, Currency: "EUR", AmountMinor: minor, PlanCode: plan, Source: payment.SourceAPI,
		})
		return err
	})
	return out
}

func earned(b flow.Booked) int64 {
	var n int64
	for _, c := range b.Commissions {
		n += c.TargetMinor
	}
	return n
}

func seen(who, plan string) customer.Seen {
	return customer.Seen{ExternalID: who, Email: who + "@example.org", PlanCode: plan}
}

func TestApprovalGivesLinkAndCodeOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		if w.jane.link.Slug != "jane-doe" || w.jane.code != "JANE10" {
			t.Errorf("link %s, code %s", w.jane.link.Slug, w.jane.code)
		}
		w.Write(t, func(tx *db.Tx) error {
			_, err := flow.SetAffiliateState(ctx, tx, w.env, w.prog, w.jane.id, affiliate.Suspended, "looking")
			if err == nil {
				_, err = flow.Approve(ctx, tx, w.env, w.prog, w.jane.id, "all well")
			}
			return err
		})
		links, err := link.OfAffiliate(ctx, w, w.prog.ID, w.jane.id)
		if err != nil || len(links) != 1 {
			t.Errorf("%d links after a reinstatement, %v", len(links), err)
		}
	})
}

func TestLinkOfOneAndCodeOfAnother(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		clicked := w.token(t, w.omar, w.Now())
		w.Clock.Advance(72 * time.Hour)
		step := flow.Step{Customer: seen("ann", "starter"), Tokens: []string{clicked}, Code: "jane-10"}
		out := w.signUp(t, step)
		if out.Outcome.Referral == nil || out.Outcome.Referral.Affiliate != w.jane.id || !out.New {
			t.Fatalf("credited %+v", out.Outcome.Referral)
		}
		want := "JANE10 was typed at sign-up; it outranks Omar Haddad's link clicked 3 days earlier, because this program puts coupons first."
		if got := out.Outcome.Decision.Sentence.String(); got != want {
			t.Errorf("sentence %q, want %q", got, want)
		}
		if !out.Discounted() {
			t.Errorf("no discount: %+v", out.Discount)
		}
		again := w.signUp(t, step)
		if again.New || again.Outcome.Changed || again.Outcome.Referral.ID != out.Outcome.Referral.ID || !again.Discounted() {
			t.Errorf("the same call again: new %v, changed %v", again.New, again.Outcome.Changed)
		}
		if got := earned(w.pay(t, "ann", "p1", 1710, "starter")); got != 342 {
			t.Errorf("earned %d, want 342", got)
		}
	})
}

func TestNothingProvesNothingButIsKept(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		forged := []byte(w.token(t, w.jane, w.Now()))
		forged[40]++
		out := w.signUp(t, flow.Step{
			Customer: seen("ann", ""), Tokens: []string{string(forged), "nonsense", ""}, Code: "NOBODY",
		})
		if out.Outcome.Referral != nil || len(out.Outcome.Decision.Candidates) != 3 {
			t.Errorf("referral %v, %d candidates", out.Outcome.Referral, len(out.Outcome.Decision.Candidates))
		}
		if out.Discount == nil || out.Discount.Reason != coupon.Unknown {
			t.Errorf("discount %+v", out.Discount)
		}
		if got := w.pay(t, "ann", "p1", 4900, "pro"); len(got.Commissions) != 0 {
			t.Errorf("a customer without a referral earned %+v", got.Commissions)
		}
	})
}

func TestASignUpReportedLateEarns(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		signed := w.Now()
		token := w.token(t, w.jane, signed)
		w.Clock.Advance(time.Hour)
		if b := w.pay(t, "ann", "p1", 5000, "pro"); len(b.Commissions) != 0 {
			t.Fatalf("earned before the sign-up was told: %+v", b.Commissions)
		}
		w.Clock.Advance(time.Hour)
		w.signUp(t, flow.Step{Customer: seen("ann", ""), At: signed, Tokens: []string{token}})
		got, err := commission.OfAffiliate(ctx, w, w.prog.ID, w.jane.id, commission.Page{})
		if err != nil || len(got) != 1 || got[0].TargetMinor != 1000 {
			t.Errorf("commissions %+v, %v", got, err)
		}
		// A code that comes after the first payment moves nothing.
		out := w.signUp(t, flow.Step{Customer: seen("ann", ""), Kind: customer.Onboarded, Code: w.omar.code})
		if out.Outcome.Referral == nil || out.Outcome.Referral.Affiliate != w.jane.id {
			t.Errorf("after closing: %+v", out.Outcome.Referral)
		}
	})
}

func TestRefundsPayoutBooksHold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		w.signUp(t, flow.Step{Customer: seen("ann", "pro"), Code: w.jane.code})
		if got := earned(w.pay(t, "ann", "p1", 10000, "")); got != 2000 {
			t.Fatalf("earned %d", got)
		}
		refund := func(name string, minor int64) (b flow.Booked, err error) {
			err = w.DB.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
				b, err = flow.Refund(ctx, tx, w.prog, payment.RefundFact{PaymentExternalID: "p1", ExternalID: name, AmountMinor: minor})
				return err
			})
			return b, err
		}
		for _, tt := range []struct {
			name  string
			minor int64
			want  int64
		}{{"r1", 2500, 1500}, {"r1", 2500, 1500}, {"r2", 2500, 1000}} {
			if b, err := refund(tt.name, tt.minor); err != nil || earned(b) != tt.want {
				t.Errorf("after %s: %d, %v, want %d", tt.name, earned(b), err, tt.want)
			}
		}
		if _, err := refund("r3", 5001); !fault.Is(err, fault.Invalid) {
			t.Errorf("refund above the rest: %v", err)
		}
		if b, err := refund("r3", 5000); err != nil || earned(b) != 0 {
			t.Errorf("after everything: %d, %v", earned(b), err)
		}
		rep, err := verify.Books(ctx, w, w.prog.ID)
		if err != nil || len(rep.Findings) > 0 {
			t.Errorf("books: %v, %v", rep.Findings, err)
		}
	})
}

func TestLifeAndLapse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		w.Write(t, func(tx *db.Tx) (err error) {
			s := w.prog.Settings
			s.LapseAfterDays = 60
			w.prog, err = program.Update(ctx, tx, w.prog.ID, s)
			return err
		})
		signed := w.signUp(t, flow.Step{Customer: seen("ann", "pro"), Code: w.jane.code})
		leave := func() {
			w.Write(t, func(tx *db.Tx) error {
				_, err := flow.SetCustomerState(ctx, tx, w.prog, signed.Customer.ID, customer.Change{State: customer.StateInactive, Source: customer.SourceAPI})
				return err
			})
		}
		w.Clock.Advance(24 * time.Hour)
		leave()
		w.Clock.Advance(59 * 24 * time.Hour)
		if got := earned(w.pay(t, "ann", "p1", 5000, "pro")); got != 1000 {
			t.Errorf("inactive, not lapsed: earned %d, want 1000", got)
		}
		leave()
		w.Clock.Advance(61 * 24 * time.Hour)
		if got := earned(w.pay(t, "ann", "p2", 5000, "pro")); got != 0 {
			t.Errorf("after the lapse: earned %d, want 0", got)
		}
	})
}

func TestConcurrentSignUpsAreOneReferral(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		codes := []string{w.jane.code, w.omar.code}
		var wait sync.WaitGroup
		for i := range 20 {
			wait.Go(func() {
				err := w.DB.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
					_, err := flow.SignUp(ctx, tx, w.env, w.prog, flow.Step{
						Customer: seen("ann", ""), Kind: customer.SignedUp, At: dbtest.Epoch, Code: codes[i%2],
					})
					return err
				})
				if err != nil {
					t.Errorf("sign-up %d: %v", i, err)
				}
			})
		}
		wait.Wait()
		standing, err := db.All(ctx, w, db.Scalar[int], `select count(*) from referrals where program_id = $1 and state = 'standing'`, w.prog.ID)
		if err != nil || standing[0] != 1 {
			t.Errorf("%v referrals stand, want 1; %v", standing, err)
		}
		used, err := db.All(ctx, w, db.Scalar[int], `select cast(sum(used) as bigint) from coupons where program_id = $1`, w.prog.ID)
		if err != nil || used[0] != 1 {
			t.Errorf("%v redemptions, want 1; %v", used, err)
		}
	})
}

// A price that was promised is given; an own code is refused all the same, and
// an expired promise still says whose code it was.
func TestQuotes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		quote, err := coupon.Quote(ctx, w, w.env.Root, w.prog.ID, coupon.QuoteAsk{Asker: coupon.ByAnybody, Code: w.jane.code, PlanCode: "starter"})
		if err != nil {
			t.Fatal(err)
		}
		w.Write(t, func(tx *db.Tx) error {
			cpn, _, err := coupon.ByCode(ctx, tx, w.prog.ID, quote.Code)
			if err == nil {
				_, err = coupon.SetState(ctx, tx, w.prog.ID, cpn.ID, coupon.Paused)
			}
			return err
		})
		out := w.signUp(t, flow.Step{Customer: seen("ann", "starter"), Quote: quote.Token})
		if !out.Discounted() || out.Discount.Quoted == nil || out.Discount.Quoted.DiscountMinor != 190 {
			t.Errorf("the promised price is not given: %+v", out.Discount)
		}
		own := w.signUp(t, flow.Step{
			Customer: customer.Seen{ExternalID: "jane", Email: "Jane+shop@example.com", PlanCode: "starter"}, Code: w.jane.code, Quote: quote.Token,
		})
		if own.Discounted() || own.Outcome.Referral != nil {
			t.Errorf("own code: %+v, %+v", own.Discount, own.Outcome.Referral)
		}
		w.Clock.Advance(25 * time.Hour)
		late := w.signUp(t, flow.Step{Customer: seen("bob", "starter"), Quote: quote.Token})
		if late.Discounted() || late.Discount == nil || late.Discount.Reason != coupon.IsPaused {
			t.Errorf("expired promise: %+v", late.Discount)
		}
	})
}

// TestTheWindowIsTheOneAtTheClick shortens the window between a click and the
// sign-up, and lengthens it for one that came too late.
func TestTheWindowIsTheOneAtTheClick(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		window := func(days int) {
			t.Helper()
			w.Clock.Advance(time.Hour)
			settings := w.prog.Settings
			settings.WindowDays = days
			w.Write(t, func(tx *db.Tx) (err error) {
				w.prog, err = program.Update(ctx, tx, w.prog.ID, settings)
				return err
			})
		}
		click := func() string { w.Clock.Advance(time.Hour); return w.token(t, w.jane, w.Clock.Now()) }
		long := click() // under 60 days
		window(1)
		short := click()
		window(30)
		w.Clock.Advance(20 * 24 * time.Hour)
		for name, tc := range map[string]struct {
			token string
			want  id.Affiliate
		}{"long": {long, w.jane.id}, "short": {short, ""}} {
			out := w.signUp(t, flow.Step{Customer: seen(name, ""), Tokens: []string{tc.token}})
			var got id.Affiliate
			if out.Outcome.Referral != nil {
				got = out.Outcome.Referral.Affiliate
			}
			if got != tc.want {
				t.Errorf("%s: referred by %q, want %q", name, got, tc.want)
			}
		}
	})
}

// TestACheckoutClickIsKnownByItsLanding stores two clicks; the later landed on
// a checkout page, so that the earlier one wins.
func TestACheckoutClickIsKnownByItsLanding(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		policy := program.DefaultPolicy(w.Clock.Now())
		policy.CheckoutPaths = []string{"/checkout"}
		w.Clock.Advance(time.Hour)
		w.Write(t, func(tx *db.Tx) (err error) {
			_, err = program.SetPolicy(ctx, tx, w.prog.ID, policy)
			return err
		})
		w.Clock.Advance(time.Hour)
		tokens := []string{w.token(t, w.jane, w.Clock.Now()), w.token(t, w.omar, w.Clock.Now().Add(time.Minute))}
		frame := click.Frame{ID: id.New[id.Frame](w.Clock.Now())}
		for i, landing := range []string{"/pricing", "/checkout/pay"} {
			token, err := click.ParseToken(tokens[i])
			if err != nil {
				t.Fatal(err)
			}
			frame.Clicks = append(frame.Clicks, click.Click{
				ID: token.Click, At: token.At, Program: w.prog.ID, Link: token.Link, Affiliate: "aff_x", Landing: landing,
			})
		}
		batch := click.Batch{Place: click.Place{Consumer: "store", Stream: "CLICKS", Created: w.Clock.Now()}, To: 1, Frames: []click.Frame{frame}}
		if _, err := click.NewSQL(d.Clicks).Save(ctx, batch); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(time.Hour)
		out := w.signUp(t, flow.Step{Customer: seen("ann", ""), Tokens: tokens})
		if got := out.Outcome.Referral.Affiliate; got != w.jane.id {
			t.Errorf("referred by %q, want Jane, whose click did not land on the checkout: %+v", got, out.Outcome)
		}
	})
}

// That a customer had left is told after the payment that came too late: the
// commission is taken back.
func TestLateNewsOfALeavingTakesBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		w.Write(t, func(tx *db.Tx) (err error) {
			s := w.prog.Settings
			s.LapseAfterDays = 60
			w.prog, err = program.Update(ctx, tx, w.prog.ID, s)
			return err
		})
		signed := w.signUp(t, flow.Step{Customer: seen("ann", "pro"), Code: w.jane.code})
		left := w.Now().Add(24 * time.Hour)
		w.Clock.Advance(80 * 24 * time.Hour)
		paid := w.pay(t, "ann", "p1", 5000, "pro")
		if earned(paid) != 1000 {
			t.Fatalf("earned %d, want 1000", earned(paid))
		}
		w.Write(t, func(tx *db.Tx) error {
			_, err := flow.SetCustomerState(ctx, tx, w.prog, signed.Customer.ID, customer.Change{At: left, State: customer.StateInactive, Source: customer.SourceAPI})
			return err
		})
		got, err := commission.OfPayment(ctx, w, w.prog.ID, paid.Payment.ID)
		if err != nil || len(got) != 1 || got[0].TargetMinor != 0 {
			t.Errorf("after the news: %+v, %v, want nothing", got, err)
		}
	})
}
