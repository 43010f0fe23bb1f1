package referral

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/affiliate"
	"tributary.example/coupon"
	"tributary.example/customer"
	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/internal/secret"
	"tributary.example/link"
	"tributary.example/person"
	"tributary.example/program"
)

var ctx = context.Background()

// shop is a program with Jane and Omar, who each have a link and a code. It
// opened at the clock's beginning; tests play on the days after.
type shop struct {
	*dbtest.DB
	prog   program.Program
	people map[string]promoter
}

type promoter struct {
	affiliate affiliate.Affiliate
	link      link.Link
	coupon    coupon.Coupon
}

func newShop(t *testing.T, d *dbtest.DB) *shop {
	t.Helper()
	s := &shop{DB: d, people: map[string]promoter{}}
	d.Write(t, func(tx *db.Tx) (err error) {
		settings := program.DefaultSettings("Shop", "https://shop.example")
		settings.LapseAfterDays = 30
		s.prog, err = program.Create(ctx, tx, program.New{
			Slug: "shop", Currency: "EUR", LinkHost: "go.shop.example", Settings: settings,
		})
		return err
	})
	for _, name := range []string{"Jane", "Omar"} {
		s.enrol(t, name)
	}
	d.Clock.Advance(100 * 24 * time.Hour)
	return s
}

func (s *shop) enrol(t *testing.T, name string) {
	t.Helper()
	s.Write(t, func(tx *db.Tx) error {
		per, _, err := person.Ensure(ctx, tx, name, name+"@example.com")
		if err != nil {
			return err
		}
		var p promoter
		if p.affiliate, err = affiliate.Apply(ctx, tx, s.prog, affiliate.Application{Person: per.ID, Name: name}); err != nil {
			return err
		}
		if p.affiliate, err = affiliate.SetState(ctx, tx, s.prog.ID, p.affiliate.ID, affiliate.Active, ""); err != nil {
			return err
		}
		if p.link, err = link.Create(ctx, tx, s.prog, link.New{Affiliate: p.affiliate.ID, Name: name}); err != nil {
			return err
		}
		p.coupon, err = coupon.CreateSuggested(ctx, tx, s.prog, p.affiliate.ID, name)
		s.people[name] = p
		return err
	})
}

// at is the n-th day after opening.
func at(n float64) time.Time { return dbtest.Epoch.Add(time.Duration(n * 24 * float64(time.Hour))) }

func (s *shop) click(name string, n float64, step Step) Evidence {
	p := s.people[name]
	return Evidence{
		Kind: ByClick, Source: fmt.Sprintf("clk_%s_%v", name, n), Step: step.Kind, StepAt: step.At, At: at(n),
		Affiliate: p.affiliate.ID, Link: p.link.ID, WindowDays: 60,
	}
}

func (s *shop) code(name string, step Step) Evidence {
	p := s.people[name]
	return Evidence{
		Kind: ByCoupon, Source: string(p.coupon.Canonical), Step: step.Kind, StepAt: step.At, At: step.At,
		Affiliate: p.affiliate.ID, Coupon: p.coupon.ID,
	}
}

// report is a call that hands in evidence with a step of customer u1.
func (s *shop) report(t *testing.T, step Step, evidence ...Evidence) Outcome {
	t.Helper()
	var out Outcome
	s.Write(t, func(tx *db.Tx) (err error) {
		out, err = s.reportIn(tx, "u1", step, evidence)
		return err
	})
	return out
}

func (s *shop) reportIn(tx *db.Tx, external string, step Step, evidence []Evidence) (Outcome, error) {
	cus, err := customer.Ensure(ctx, tx, s.prog.ID, customer.Seen{ExternalID: external})
	if err != nil {
		return Outcome{}, err
	}
	if step.Kind == customer.AtPayment {
		err = customer.Paid(ctx, tx, s.prog.ID, cus.ID, step.At)
	} else {
		_, err = customer.Step(ctx, tx, s.prog.ID, cus.ID, step.Kind, step.At, "")
	}
	if err != nil {
		return Outcome{}, err
	}
	return Attribute(ctx, tx, s.prog, cus, evidence, nil)
}

func (s *shop) standing(t *testing.T) (Referral, bool) {
	t.Helper()
	cus, err := customer.ByExternalID(ctx, s.DB, s.prog.ID, "u1")
	if err != nil {
		t.Fatal(err)
	}
	ref, ok, err := Standing(ctx, s.DB, s.prog.ID, cus.ID)
	if err != nil {
		t.Fatal(err)
	}
	return ref, ok
}

func (s *shop) events(t *testing.T, name string) int {
	t.Helper()
	all, err := outbox.Events(ctx, s.DB, s.prog.ID, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range all {
		if e.Name == name {
			n++
		}
	}
	return n
}

func TestRepeatedCallsHaveOneAnswer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		step := Step{customer.SignedUp, at(50)}
		first := s.report(t, step, s.code("Jane", step), s.click("Omar", 47, step))
		jane := s.people["Jane"]
		want := Referral{
			ID: first.Referral.ID, Customer: first.Referral.Customer, Affiliate: jane.affiliate.ID, Kind: KindCoupon, Coupon: jane.coupon.ID,
			State: StateStanding, Since: at(50), TermsAt: at(50), CreatedAt: d.Now(),
		}
		got, ok := s.standing(t)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		d.Clock.Advance(time.Hour)
		again := s.report(t, step, s.code("Jane", step), s.click("Omar", 47, step))
		later := Step{customer.SignedUp, at(51)} // the caller sent no time of its own
		third := s.report(t, later, s.code("Jane", later))
		for _, out := range []Outcome{again, third} {
			if diff := cmp.Diff(first.Decision, out.Decision); out.Changed || out.Version != 1 || out.Referral.ID != first.Referral.ID || diff != "" {
				t.Errorf("a repeated call: changed %v, version %d\n%s", out.Changed, out.Version, diff)
			}
		}
		versions, err := Decisions(ctx, d, s.prog.ID, got.Customer)
		if err != nil || len(versions) != 1 || versions[0].Step != customer.SignedUp {
			t.Fatalf("%d versions, %v", len(versions), err)
		}
		if diff := cmp.Diff(first.Decision, versions[0].Decision); diff != "" {
			t.Errorf("what is stored says something else:\n%s", diff)
		}
		if got, want := versions[0].Decision.Sentence.String(),
			"JANE10 was typed at sign-up; it outranks Omar's link clicked 3 days earlier, because this program puts coupons first."; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if n := s.events(t, EventDecided); n != 1 {
			t.Errorf("%d events, want 1", n)
		}
	})
}

func TestTheLoserIsTold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		signUp, onboarding := Step{customer.SignedUp, at(50)}, Step{customer.Onboarded, at(52)}
		first := s.report(t, signUp, s.click("Omar", 47, signUp))
		second := s.report(t, onboarding, s.code("Jane", onboarding))
		if second.Lost == nil || second.Lost.ID != first.Referral.ID || second.Lost.State != StateLost || !second.Changed || second.Version != 2 {
			t.Fatalf("%+v", second)
		}
		want := "Your link was clicked 3 days before sign-up; another affiliate's code outranks it, because this program puts coupons first."
		if got := second.Lost.Reason.String(); got != want {
			t.Errorf("the loser reads %q, want %q", got, want)
		}
		ref, _ := s.standing(t)
		if ref.Affiliate != s.people["Jane"].affiliate.ID || !ref.Since.Equal(at(50)) || !ref.TermsAt.Equal(at(52)) {
			t.Errorf("standing: %+v", ref)
		}
		all, err := ForCustomer(ctx, d, s.prog.ID, ref.Customer)
		if err != nil || len(all) != 2 {
			t.Errorf("%d referrals, %v", len(all), err)
		}
		if s.events(t, EventLost) != 1 || s.events(t, EventDecided) != 2 {
			t.Errorf("events: %d lost, %d decided", s.events(t, EventLost), s.events(t, EventDecided))
		}
	})
}

// call is one report of facts; the tests play the same calls in every order.
type call struct {
	step     Step
	evidence []Evidence
}

// TestOrderOfReportsDoesNotMatter plays the same facts in every order, each
// twice: the same affiliate, since, terms and decision in the end.
func TestOrderOfReportsDoesNotMatter(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		signUp, onboarding, payment := Step{customer.SignedUp, at(50)}, Step{customer.Onboarded, at(52)}, Step{customer.AtPayment, at(54)}
		late := Step{customer.AtPayment, at(84)}
		stories := map[string][]call{
			"Jane": {{signUp, []Evidence{s.click("Omar", 47, signUp)}}, {onboarding, []Evidence{s.code("Jane", onboarding)}}, {payment, nil},
				{late, []Evidence{s.code("Omar", late)}}},
			"Omar": {{signUp, []Evidence{s.click("Omar", 47, signUp)}}, {onboarding, []Evidence{s.click("Jane", 51, onboarding)}}, {payment, nil}},
			"":     {{payment, nil}, {late, []Evidence{s.code("Omar", late)}}},
		}
		for winner, calls := range stories {
			var want *Decision
			for i, order := range permutations(len(calls)) {
				external := fmt.Sprintf("%s-%d", winner, i)
				var out Outcome
				for _, n := range append(order, order...) {
					s.Write(t, func(tx *db.Tx) (err error) {
						out, err = s.reportIn(tx, external, calls[n].step, calls[n].evidence)
						return err
					})
				}
				if got := out.Decision.Affiliate; got != s.people[winner].affiliate.ID {
					t.Fatalf("order %v: %q wins, want %q: %s", order, got, winner, out.Decision.Sentence)
				}
				got := plain(out.Decision)
				if want == nil {
					want = &got
				}
				if diff := cmp.Diff(*want, got); diff != "" {
					t.Fatalf("order %v makes another decision:\n%s", order, diff)
				}
			}
		}
	})
}

// plain leaves out what only tells when something was recorded.
func plain(d Decision) Decision {
	d.At = time.Time{}
	d.Candidates = slices.Clone(d.Candidates)
	for i := range d.Candidates {
		d.Candidates[i].Evidence.ID, d.Candidates[i].Evidence.RecordedAt = "", time.Time{}
	}
	return d
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, p := range permutations(n - 1) {
		for i := 0; i <= len(p); i++ {
			all = append(all, slices.Insert(slices.Clone(p), i, n-1))
		}
	}
	return all
}

func TestConcurrentSignUpsAreOneReferral(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		step := Step{customer.SignedUp, at(50)}
		different := [][]Evidence{{s.code("Jane", step)}, {s.click("Omar", 47, step)}, {s.click("Jane", 40, step)}, {s.click("Omar", 45, step)}}
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
					_, err := s.reportIn(tx, "u1", step, different[i%len(different)])
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		ref, ok := s.standing(t)
		if !ok || ref.Affiliate != s.people["Jane"].affiliate.ID || ref.Kind != KindCoupon || ref.Link == "" {
			t.Errorf("standing: %+v", ref)
		}
		all, err := ForCustomer(ctx, d, s.prog.ID, ref.Customer)
		n := 0
		for _, r := range all {
			if r.State == StateStanding {
				n++
			}
		}
		if n != 1 || err != nil {
			t.Errorf("%d stand, %v", n, err)
		}
	})
}

func TestEvidenceIsKeptAndMarked(t *testing.T) {
	t.Parallel()
	root, err := secret.NewRoot(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		step := Step{customer.SignedUp, at(50)}
		forged := Evidence{Kind: ByClick, Source: "clk_x", Step: step.Kind, StepAt: step.At, At: at(49), Flaw: FlawForged}
		marks := customer.MarksOf(root, s.prog.ID, "old@example.com", "")
		var out Outcome
		s.Write(t, func(tx *db.Tx) error {
			if _, err := customer.AddBefore(ctx, tx, s.prog.ID, marks); err != nil {
				return err
			}
			cus, err := customer.Ensure(ctx, tx, s.prog.ID, customer.Seen{ExternalID: "u1"})
			if err != nil {
				return err
			}
			out, err = Attribute(ctx, tx, s.prog, cus, []Evidence{forged, s.code("Jane", step)}, marks)
			return err
		})
		if out.Referral != nil || out.Decision.Sentence.String() != "Nobody is credited: none of the 2 pieces of evidence counts." {
			t.Errorf("%+v", out)
		}
		cus, err := customer.ByExternalID(ctx, d, s.prog.ID, "u1")
		if err != nil {
			t.Fatal(err)
		}
		pool, err := Pool(ctx, d, s.prog.ID, cus.ID)
		var flaws []Flaw
		for _, e := range pool {
			flaws = append(flaws, e.Flaw)
		}
		if diff := cmp.Diff([]Flaw{FlawForged, FlawBefore}, flaws); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		if n := s.events(t, EventDecided); n != 0 {
			t.Errorf("%d events about nobody", n)
		}
	})
}

// TestSelfReferralByAnotherEmail is the trap: the address that gives it away
// comes with a later call.
func TestSelfReferralByAnotherEmail(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		for _, paid := range []bool{false, true} {
			s := &shop{DB: d}
			if paid {
				s = newShop(t, dbtest.OpenSQLite(t))
			} else {
				s = newShop(t, d)
			}
			step := Step{customer.SignedUp, at(50)}
			s.report(t, step, s.code("Jane", step))
			if paid {
				s.report(t, Step{customer.AtPayment, at(51)})
			}
			s.Write(t, func(tx *db.Tx) error {
				cus, err := customer.Ensure(ctx, tx, s.prog.ID, customer.Seen{ExternalID: "u1", Email: "JANE+shop@example.com"})
				if err != nil {
					return err
				}
				_, err = Reconsider(ctx, tx, s.prog, cus.ID)
				return err
			})
			if _, ok := s.standing(t); ok != paid {
				t.Errorf("paid %v: stands %v; before closing it must go, after it only a person takes it", paid, ok)
			}
		}
	})
}

func TestHandsAreRespected(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		step := Step{customer.SignedUp, at(50)}
		out := s.report(t, step, s.click("Jane", 47, step))
		hand := func(do func(tx *db.Tx) (Referral, error)) (Referral, error) {
			var got Referral
			err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) (err error) {
				got, err = do(tx)
				return err
			})
			return got, err
		}
		void := func(tx *db.Tx) (Referral, error) {
			return Void(ctx, tx, s.prog.ID, out.Referral.ID, "They know each other.")
		}
		if _, err := hand(func(tx *db.Tx) (Referral, error) { return Void(ctx, tx, s.prog.ID, out.Referral.ID, " ") }); !fault.Is(err, fault.Invalid) {
			t.Errorf("without a reason: %v", err)
		}
		if _, err := hand(func(tx *db.Tx) (Referral, error) {
			return End(ctx, tx, s.prog.ID, out.Referral.ID, at(49), "Too early.")
		}); !fault.Is(err, fault.Invalid) {
			t.Errorf("an end before the beginning: %v", err)
		}
		if got, err := hand(void); err != nil || got.State != StateVoid {
			t.Fatalf("%+v, %v", got, err)
		}
		if _, err := hand(void); !fault.Is(err, fault.Conflict) {
			t.Errorf("voided twice: %v", err)
		}
		onboarding := Step{customer.Onboarded, at(52)}
		if again := s.report(t, onboarding, s.click("Jane", 51, onboarding)); again.Referral != nil {
			t.Errorf("facts brought it back: %+v", again.Referral)
		}
		restored, err := hand(func(tx *db.Tx) (Referral, error) { return Restore(ctx, tx, s.prog.ID, out.Referral.ID, "They do not.") })
		if err != nil || restored.State != StateStanding || !restored.ByHand {
			t.Fatalf("%+v, %v", restored, err)
		}
		if kept := s.report(t, onboarding, s.code("Omar", onboarding)); kept.Changed || kept.Referral.ID != out.Referral.ID {
			t.Errorf("facts moved what a person decided: %+v", kept)
		}
		ended, err := hand(func(tx *db.Tx) (Referral, error) {
			return End(ctx, tx, s.prog.ID, out.Referral.ID, at(60), "The contract is over.")
		})
		if err != nil || !ended.Stood(at(59)) || ended.Stood(at(60)) {
			t.Errorf("%+v, %v", ended, err)
		}
		log, err := audit.ForSubject(ctx, d, s.prog.ID, string(out.Referral.ID))
		var actions []string
		for _, e := range log {
			actions = append(actions, e.Action+": "+e.Reason)
		}
		want := []string{"referral.voided: They know each other.", "referral.decided: They do not.", "referral.ended: The contract is over."}
		slices.Sort(want)
		slices.Sort(actions)
		if diff := cmp.Diff(want, actions); err != nil || diff != "" {
			t.Errorf("audit: %v\n%s", err, diff)
		}
	})
}

func TestEndOfAnAffiliateAndLapse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		step := Step{customer.SignedUp, at(50)}
		s.report(t, step, s.code("Jane", step))
		ref, _ := s.standing(t)
		lapses := func(c customer.Change) time.Time {
			s.Write(t, func(tx *db.Tx) error {
				if _, err := customer.SetState(ctx, tx, s.prog.ID, ref.Customer, c); err != nil {
					return err
				}
				return NoteLapse(ctx, tx, s.prog, ref.Customer)
			})
			got, _ := s.standing(t)
			return got.LapsedAt
		}
		if got := lapses(customer.Change{At: at(60), State: customer.StateInactive, Source: customer.SourceAPI}); !got.Equal(at(90)) {
			t.Errorf("lapses %s, want %s", got, at(90))
		}
		if got := lapses(customer.Change{At: at(70), State: customer.StateActive, Source: customer.SourceAPI}); !got.IsZero() {
			t.Errorf("lapses %s although the customer came back", got)
		}
		var settle []id.Customer
		s.Write(t, func(tx *db.Tx) (err error) {
			settle, err = EndOf(ctx, tx, s.prog.ID, ref.Affiliate, at(110), "Jane left the program.")
			return err
		})
		if diff := cmp.Diff([]id.Customer{ref.Customer}, settle); diff != "" {
			t.Error(diff)
		}
		got, err := Get(ctx, d, s.prog.ID, ref.ID)
		if err != nil || got.State != StateEnded || !got.Until.Equal(at(110)) {
			t.Errorf("%+v, %v", got, err)
		}
		// Late news says that the claim had lapsed before it was ended.
		lapses(customer.Change{At: at(75), State: customer.StateInactive, Source: customer.SourceAPI})
		if got, err = Get(ctx, d, s.prog.ID, ref.ID); err != nil || !got.LapsedAt.Equal(at(105)) {
			t.Errorf("an ended claim lapsed %s, %v, want %s", got.LapsedAt, err, at(105))
		}
	})
}

func TestListsAndPrograms(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		step := Step{customer.SignedUp, at(50)}
		out := s.report(t, step, s.code("Jane", step))
		jane := s.people["Jane"].affiliate.ID
		for name, list := range map[string]func(prog id.Program) ([]Referral, error){
			"OfAffiliate": func(prog id.Program) ([]Referral, error) { return OfAffiliate(ctx, d, prog, jane, "", 10) },
			"List":        func(prog id.Program) ([]Referral, error) { return List(ctx, d, prog, StateStanding, "", 10) },
			"ForCustomer": func(prog id.Program) ([]Referral, error) { return ForCustomer(ctx, d, prog, out.Referral.Customer) },
		} {
			mine, err := list(s.prog.ID)
			theirs, err2 := list(s.prog.Twin)
			if len(mine) != 1 || mine[0].ID != out.Referral.ID || len(theirs) != 0 || err != nil || err2 != nil {
				t.Errorf("%s: %d and %d, %v, %v", name, len(mine), len(theirs), err, err2)
			}
		}
		if _, err := Get(ctx, d, s.prog.Twin, out.Referral.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another program's referral: %v", err)
		}
	})
}
