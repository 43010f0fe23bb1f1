package commission_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/affiliate"
	"tributary.example/commission"
	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/ledger"
	"tributary.example/money"
	"tributary.example/payment"
	"tributary.example/person"
	"tributary.example/program"
)

var ctx = context.Background()

// books is a program with affiliates, and one customer per call of refer.
type books struct {
	t    *testing.T
	d    *dbtest.DB
	prog program.Program
}

func newBooks(t *testing.T, d *dbtest.DB, holdDays int, rules ...program.Rule) *books {
	t.Helper()
	b := &books{t: t, d: d}
	settings := program.DefaultSettings("Shop", "https://www.shop.example")
	settings.HoldDays = holdDays
	b.write(func(tx *db.Tx) (err error) {
		b.prog, err = program.Create(ctx, tx, program.New{
			Slug: "shop", Currency: "EUR", LinkHost: "go.shop.example", Settings: settings, Rules: rules,
			Plans: []program.NewPlan{{Code: "starter", Period: program.Monthly}, {Code: "pro", Period: program.Monthly}},
		})
		return err
	})
	return b
}

func (b *books) write(fn func(tx *db.Tx) error) {
	b.t.Helper()
	b.d.Write(b.t, fn)
}

func (b *books) affiliate(name string) (aff id.Affiliate) {
	b.t.Helper()
	b.write(func(tx *db.Tx) error {
		per, _, err := person.Ensure(ctx, tx, name, name+"@example.com")
		if err != nil {
			return err
		}
		a, err := affiliate.Apply(ctx, tx, b.prog, affiliate.Application{Person: per.ID, Name: name})
		if err != nil {
			return err
		}
		aff = a.ID
		return nil
	})
	b.d.Clock.Advance(time.Second)
	b.write(func(tx *db.Tx) error {
		_, err := affiliate.SetState(ctx, tx, b.prog.ID, aff, affiliate.Active, "")
		return err
	})
	return aff
}

func (b *books) customer(external string) (cus id.Customer) {
	b.t.Helper()
	b.write(func(tx *db.Tx) error {
		c, err := customer.Ensure(ctx, tx, b.prog.ID, customer.Seen{ExternalID: external})
		cus = c.ID
		return err
	})
	return cus
}

func insertReferral(tx *db.Tx, prog id.Program, cus id.Customer, aff id.Affiliate, since time.Time) error {
	_, err := tx.Exec(ctx, `insert into referrals (program_id, referral_id, customer_id, affiliate_id, kind, link_id, coupon_id, click_id,
			state, since, until, lapsed_at, reason, terms_at, created_at, by_hand)
		values ($1, $2, $3, $4, 'link', '', '', '', 'standing', $5, null, null, '', $5, $6, 0)`,
		prog, id.New[id.Referral](tx.Now()), cus, aff, since, tx.Now())
	return err
}

func (b *books) refer(cus id.Customer, aff id.Affiliate, since time.Time) {
	b.t.Helper()
	b.write(func(tx *db.Tx) error {
		if err := insertReferral(tx, b.prog.ID, cus, aff, since); err != nil {
			return err
		}
		return commission.Settle(ctx, tx, b.prog, cus)
	})
}

func (b *books) pay(cus id.Customer, external string, at time.Time, minor int64) {
	b.t.Helper()
	b.write(func(tx *db.Tx) error {
		_, _, err := payment.Record(ctx, tx, b.prog.ID, payment.Fact{ExternalID: external, Customer: cus, At: at, Currency: "EUR", AmountMinor: minor})
		if err != nil {
			return err
		}
		return commission.Settle(ctx, tx, b.prog, cus)
	})
}

func (b *books) refund(external, refund string, minor int64) {
	b.t.Helper()
	b.write(func(tx *db.Tx) error {
		pay, _, err := payment.Refund(ctx, tx, b.prog.ID, payment.RefundFact{PaymentExternalID: external, ExternalID: refund, AmountMinor: minor})
		if err != nil {
			return err
		}
		return commission.Settle(ctx, tx, b.prog, pay.Customer)
	})
}

func (b *books) release() (n int) {
	b.t.Helper()
	b.write(func(tx *db.Tx) (err error) {
		n, err = commission.Release(ctx, tx, b.prog, 100)
		return err
	})
	return n
}

// payOut moves all that is payable to cash, as a payout does.
func (b *books) payOut(aff id.Affiliate, reference string) {
	b.t.Helper()
	b.write(func(tx *db.Tx) error {
		items, err := ledger.OpenItems(ctx, tx, b.prog.ID, string(aff), commission.Payable, "EUR")
		if err != nil {
			return err
		}
		p := ledger.Posting{Reference: reference, Kind: "paid"}
		for _, item := range items {
			a := money.Of(item.Minor, "EUR")
			p.Moves = append(p.Moves, ledger.Debit(commission.Payable, string(aff), item.Item, a), ledger.Credit(commission.Cash("manual"), string(aff), item.Item, a))
		}
		_, err = ledger.Post(ctx, tx, b.prog.ID, p)
		return err
	})
}

func (b *books) balance(aff id.Affiliate) commission.Balance {
	b.t.Helper()
	all, err := commission.Balances(ctx, b.d, b.prog.ID, aff)
	if err != nil || len(all) > 1 {
		b.t.Fatal(all, err)
	}
	if len(all) == 0 {
		return commission.Balance{Currency: "EUR"}
	}
	return all[0]
}

func (b *books) expect(what string, aff id.Affiliate, want commission.Balance) {
	b.t.Helper()
	want.Currency = "EUR"
	if diff := cmp.Diff(want, b.balance(aff)); diff != "" {
		b.t.Errorf("%s: %s", what, diff)
	}
}

func (b *books) state(external string) commission.State {
	b.t.Helper()
	pay, err := payment.ByExternalID(ctx, b.d, b.prog.ID, external)
	if err != nil {
		b.t.Fatal(err)
	}
	all, err := commission.OfPayment(ctx, b.d, b.prog.ID, pay.ID)
	if err != nil || len(all) != 1 {
		b.t.Fatal(all, err)
	}
	return all[0].State
}

func thirty() program.Rule {
	return program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 300_000}}
}

type bal = commission.Balance

func TestFromPaymentToPayable(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		b := newBooks(t, d, 30, thirty())
		jane, cus := b.affiliate("jane"), b.customer("u1")
		at := d.Clock.Now()
		b.refer(cus, jane, at)
		b.pay(cus, "in_1", at, 10000)
		b.expect("earned", jane, bal{Held: 3000})
		if got := b.state("in_1"); got != commission.StateHeld {
			t.Errorf("state %s, want held", got)
		}
		for range 2 {
			b.pay(cus, "in_1", at, 10000)
			b.refund("in_1", "re_1", 2500)
		}
		b.expect("a quarter back, twice told", jane, bal{Held: 2250})
		d.Clock.Advance(30*24*time.Hour - time.Second)
		if n := b.release(); n != 0 {
			t.Errorf("released %d too early", n)
		}
		d.Clock.Advance(time.Second)
		if n := b.release(); n != 1 {
			t.Errorf("released %d, want 1", n)
		}
		if n := b.release(); n != 0 {
			t.Errorf("released %d twice", n)
		}
		b.expect("released", jane, bal{Payable: 2250})
		if got := b.state("in_1"); got != commission.StatePayable {
			t.Errorf("state %s, want payable", got)
		}
		b.refund("in_1", "re_2", 2500)
		b.expect("half back", jane, bal{Payable: 1500})
		b.refund("in_1", "re_3", 5000)
		b.expect("all back", jane, bal{})
		if got := b.state("in_1"); got != commission.StateReversed {
			t.Errorf("state %s, want reversed", got)
		}
	})
}

// A refund after the payout is owed, and repaid from what is released next,
// the oldest first.
func TestPaidThenRefunded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		b := newBooks(t, d, 0, thirty())
		jane, cus := b.affiliate("jane"), b.customer("u1")
		at := d.Clock.Now()
		b.refer(cus, jane, at)
		b.pay(cus, "in_1", at, 10000)
		b.release()
		b.payOut(jane, "pot_1")
		b.expect("paid", jane, bal{Paid: 3000})
		if got := b.state("in_1"); got != commission.StatePaid {
			t.Errorf("state %s, want paid", got)
		}
		b.refund("in_1", "re_1", 10000)
		b.expect("refunded", jane, bal{Paid: 3000, Clawback: 3000})
		d.Clock.Advance(time.Hour)
		b.pay(cus, "in_2", d.Clock.Now(), 5000)
		b.expect("earned again", jane, bal{Held: 1500, Paid: 3000, Clawback: 3000})
		b.release()
		b.expect("all of it repays", jane, bal{Paid: 3000, Clawback: 1500})
		d.Clock.Advance(time.Hour)
		b.pay(cus, "in_3", d.Clock.Now(), 10000)
		b.release()
		b.expect("the rest repaid", jane, bal{Payable: 1500, Paid: 3000})
		b.refund("in_3", "re_3", 10000)
		b.expect("more taken back than is left of it", jane, bal{Paid: 3000, Clawback: 1500})
		if got := b.balance(jane).Net(); got != 1500 {
			t.Errorf("net %d, want 1500", got)
		}
	})
}

func TestSuspendedIsHeldUntilReinstated(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		b := newBooks(t, d, 0, thirty())
		jane, cus := b.affiliate("jane"), b.customer("u1")
		b.refer(cus, jane, d.Clock.Now())
		set := func(s affiliate.State) {
			d.Clock.Advance(time.Hour)
			b.write(func(tx *db.Tx) error {
				_, err := affiliate.SetState(ctx, tx, b.prog.ID, jane, s, "a reason")
				return err
			})
			d.Clock.Advance(time.Hour)
		}
		set(affiliate.Suspended)
		b.pay(cus, "in_1", d.Clock.Now(), 1000)
		if n := b.release(); n != 0 {
			t.Errorf("released %d of somebody suspended", n)
		}
		b.expect("suspended", jane, bal{Held: 300})
		if got := b.state("in_1"); got != commission.StateInReview {
			t.Errorf("state %s, want in_review", got)
		}
		set(affiliate.Active)
		b.release()
		b.expect("reinstated", jane, bal{Payable: 300})
		set(affiliate.Banned)
		b.pay(cus, "in_2", d.Clock.Now(), 1000)
		b.expect("banned", jane, bal{Payable: 300})
		if got := b.state("in_2"); got != commission.StateNone {
			t.Errorf("state %s, want none", got)
		}
	})
}

func TestDisputeHoldsItsOwnPart(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		b := newBooks(t, d, 0, thirty())
		jane, cus := b.affiliate("jane"), b.customer("u1")
		b.refer(cus, jane, d.Clock.Now())
		b.pay(cus, "in_1", d.Clock.Now(), 1000)
		b.pay(cus, "in_2", d.Clock.Now(), 2000)
		b.release()
		dispute := func(state string) {
			b.write(func(tx *db.Tx) error {
				if _, err := tx.Exec(ctx, `update payments set dispute = $2 where program_id = $1 and external_id = 'in_1'`, b.prog.ID, state); err != nil {
					return err
				}
				return commission.Settle(ctx, tx, b.prog, cus)
			})
		}
		dispute("open")
		b.expect("opened", jane, bal{Held: 300, Payable: 600})
		if n := b.release(); n != 0 || b.state("in_1") != commission.StateInReview {
			t.Errorf("released %d, state %s", n, b.state("in_1"))
		}
		dispute("won")
		b.release()
		b.expect("won", jane, bal{Payable: 900})
		dispute("lost")
		b.expect("lost", jane, bal{Payable: 600})
	})
}

func TestReferralThatGoesToSomebodyElse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		b := newBooks(t, d, 0, thirty())
		jane, omar, cus := b.affiliate("jane"), b.affiliate("omar"), b.customer("u1")
		at := d.Clock.Now()
		b.pay(cus, "in_1", at, 1000)
		b.expect("a payment without a referral", jane, bal{})
		b.refer(cus, jane, at)
		b.release()
		b.expect("a referral with an earlier time arrives", jane, bal{Payable: 300})
		b.write(func(tx *db.Tx) error {
			if _, err := tx.Exec(ctx, `update referrals set state = 'lost' where program_id = $1`, b.prog.ID); err != nil {
				return err
			}
			if err := insertReferral(tx, b.prog.ID, cus, omar, at); err != nil {
				return err
			}
			return commission.Settle(ctx, tx, b.prog, cus)
		})
		b.expect("taken from Jane", jane, bal{})
		b.expect("earned by Omar", omar, bal{Held: 300})
		b.write(func(tx *db.Tx) error {
			if _, err := tx.Exec(ctx, `update referrals set state = 'void' where program_id = $1`, b.prog.ID); err != nil {
				return err
			}
			return commission.Settle(ctx, tx, b.prog, cus)
		})
		b.expect("voided", omar, bal{})
		if got := b.state("in_1"); got != commission.StateReversed {
			t.Errorf("state %s, want reversed", got)
		}
	})
}

func TestSettlingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		b := newBooks(t, d, 30, thirty(), program.Rule{Trigger: program.TriggerSignup, Rate: program.Rate{Fixed: map[string]int64{"EUR": 100}}})
		jane, cus := b.affiliate("jane"), b.customer("u1")
		b.write(func(tx *db.Tx) error {
			_, err := customer.Step(ctx, tx, b.prog.ID, cus, customer.SignedUp, d.Clock.Now(), "")
			return err
		})
		b.refer(cus, jane, d.Clock.Now())
		b.pay(cus, "in_1", d.Clock.Now(), 3333)
		b.expect("earned", jane, bal{Held: 1100})
		before, err := commission.List(ctx, d, b.prog.ID, commission.Page{})
		if err != nil || len(before) != 2 {
			t.Fatal(before, err)
		}
		d.Clock.Advance(time.Hour)
		b.prog.HoldDays = 5 // for payments to come
		b.write(func(tx *db.Tx) error { return commission.Settle(ctx, tx, b.prog, cus) })
		after, err := commission.List(ctx, d, b.prog.ID, commission.Page{})
		if diff := cmp.Diff(before, after); diff != "" || err != nil {
			t.Error(diff, err)
		}
		for _, c := range after {
			again, err := commission.Calculate(c.Input)
			if err != nil || again.Minor != c.TargetMinor {
				t.Errorf("recomputed %d, %v, want %d", again.Minor, err, c.TargetMinor)
			}
		}
		if _, err := commission.Get(ctx, d, id.New[id.Program](d.Clock.Now()), after[0].ID); err == nil {
			t.Error("another program sees the commission")
		}
	})
}

// What a refund frees under a cap goes to a payment that was released long ago:
// it repays what is owed first.
func TestRisingAfterTheReleaseRepaysFirst(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		b := newBooks(t, d, 0, program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 500_000}, CapMinor: map[string]int64{"EUR": 100}})
		jane, cus := b.affiliate("jane"), b.customer("u1")
		b.refer(cus, jane, d.Clock.Now())
		b.pay(cus, "in_1", d.Clock.Now(), 200)
		d.Clock.Advance(time.Hour)
		b.pay(cus, "in_2", d.Clock.Now(), 200)
		b.release()
		b.expect("capped", jane, bal{Payable: 100})
		b.refund("in_1", "re_1", 100)
		b.expect("moved under the cap", jane, bal{Payable: 100})
		b.payOut(jane, "pot_1")
		b.refund("in_1", "re_2", 100)
		b.expect("freed again after the payout", jane, bal{Paid: 100})
		b.refund("in_2", "re_3", 200)
		b.expect("all given back", jane, bal{Paid: 100, Clawback: 100})
	})
}

func TestLaterTermsDoNotChangeOldReferrals(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		b := newBooks(t, d, 0, thirty())
		jane, old, young := b.affiliate("jane"), b.customer("u1"), b.customer("u2")
		b.refer(old, jane, d.Clock.Now())
		d.Clock.Advance(time.Hour)
		b.write(func(tx *db.Tx) error {
			_, err := program.PutTerms(ctx, tx, b.prog.ID, program.Terms{Scope: b.prog.Scope(), Rules: []program.Rule{{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 100_000}}}})
			return err
		})
		d.Clock.Advance(time.Hour)
		b.refer(young, jane, d.Clock.Now())
		b.pay(old, "in_1", d.Clock.Now(), 1000)
		b.expect("keeps 30 %", jane, bal{Held: 300})
		b.pay(young, "in_2", d.Clock.Now(), 1000)
		b.expect("has 10 %", jane, bal{Held: 400})
		b.prog.Binding = program.Follow
		b.pay(old, "in_3", d.Clock.Now(), 1000)
		b.expect("follows to 10 %, both", jane, bal{Held: 300})
	})
}

// All orders of up to four facts, some told twice, through SQL: the same
// targets and the same net.
func TestOrderOfFactsDoesNotMatter(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		first := program.Rate{PPM: 500_000}
		rule := program.Rule{Trigger: program.TriggerPayment, First: &first, Rate: program.Rate{PPM: 100_000}, CapMinor: map[string]int64{"EUR": 560}}
		b := newBooks(t, d, 0, rule)
		jane := b.affiliate("jane")
		at := d.Clock.Now()
		d.Clock.Advance(10 * time.Hour)
		want := ""
		for n, order := range permutations([]int{0, 1, 2, 3}) {
			cus := b.customer(fmt.Sprintf("u%d", n))
			name := func(s string) string { return fmt.Sprintf("%s-%d", s, n) }
			facts := []func(){
				func() { b.refer(cus, jane, at) },
				func() { b.pay(cus, name("a"), at.Add(time.Hour), 1000) },
				func() { b.pay(cus, name("b"), at.Add(2*time.Hour), 900) },
				func() {
					b.pay(cus, name("a"), at.Add(time.Hour), 1000) // a refund needs its payment: told again
					b.refund(name("a"), "re", 400)
				},
			}
			rng := rand.New(rand.NewPCG(uint64(n), 7))
			for _, i := range order {
				facts[i]()
				if i != 0 && rng.IntN(2) == 0 {
					facts[i]()
				}
				if rng.IntN(3) == 0 {
					b.release()
				}
			}
			got := b.targets(cus)
			if want == "" {
				want = got
			}
			if got != want {
				t.Fatalf("order %v gives %s, want %s", order, got, want)
			}
		}
		if want != "a=300 b=90" {
			t.Errorf("targets are %s", want)
		}
		if got := b.balance(jane).Net(); got != 24*390 {
			t.Errorf("net %d, want %d", got, 24*390)
		}
	})
}

func (b *books) targets(cus id.Customer) string {
	b.t.Helper()
	all, err := commission.List(ctx, b.d, b.prog.ID, commission.Page{Customer: cus})
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for i := len(all) - 1; i >= 0; i-- {
		pay, err := payment.Get(ctx, b.d, b.prog.ID, all[i].Payment)
		if err != nil {
			b.t.Fatal(err)
		}
		name, _, _ := strings.Cut(pay.ExternalID, "-")
		out = append(out, fmt.Sprintf("%s=%d", name, all[i].TargetMinor))
	}
	return strings.Join(out, " ")
}

func permutations(items []int) (all [][]int) {
	if len(items) == 1 {
		return [][]int{{items[0]}}
	}
	for i := range items {
		rest := append(append([]int(nil), items[:i]...), items[i+1:]...)
		for _, p := range permutations(rest) {
			all = append(all, append([]int{items[i]}, p...))
		}
	}
	return all
}
