package payout_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/affiliate"
	"tributary.example/commission"
	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/ledger"
	"tributary.example/payment"
	"tributary.example/payout"
	"tributary.example/person"
	"tributary.example/program"
	"tributary.example/verify"
)

var ctx = context.Background()

// shop is a program that pays 30 % without a hold, minimum 10.00.
type shop struct {
	t    *testing.T
	d    *dbtest.DB
	prog program.Program
	root secret.Root
}

func newShop(t *testing.T, d *dbtest.DB) *shop {
	t.Helper()
	root, err := secret.NewRoot(bytes.Repeat([]byte{3}, 32))
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, d: d, root: root}
	settings := program.DefaultSettings("Shop", "https://www.shop.example")
	settings.HoldDays, settings.MinimumMinor = 0, 1000
	s.write(func(tx *db.Tx) (err error) {
		s.prog, err = program.Create(ctx, tx, program.New{
			Slug: "shop", Currency: "EUR", LinkHost: "go.shop.example", Settings: settings,
			Rules: []program.Rule{{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 300_000}}},
		})
		return err
	})
	return s
}

func (s *shop) write(fn func(tx *db.Tx) error) {
	s.t.Helper()
	s.d.Write(s.t, fn)
}

func (s *shop) try(fn func(tx *db.Tx) error) error { return s.d.DB.Write(ctx, dbtest.Actor, fn) }

// affiliate has one customer of the same name.
func (s *shop) affiliate(name string, details bool) (aff id.Affiliate) {
	s.t.Helper()
	s.write(func(tx *db.Tx) error {
		per, _, err := person.Ensure(ctx, tx, name, name+"@example.com")
		if err != nil {
			return err
		}
		a, err := affiliate.Apply(ctx, tx, s.prog, affiliate.Application{Person: per.ID, Name: name})
		aff = a.ID
		return err
	})
	s.d.Clock.Advance(time.Second)
	s.write(func(tx *db.Tx) error {
		if _, err := affiliate.SetState(ctx, tx, s.prog.ID, aff, affiliate.Active, ""); err != nil {
			return err
		}
		if details {
			_, err := affiliate.PutDetails(ctx, tx, s.root, s.prog.ID, aff, affiliate.Details{Rail: affiliate.RailManual, Holder: name, Account: "cash to " + name})
			if err != nil {
				return err
			}
		}
		cus, err := customer.Ensure(ctx, tx, s.prog.ID, customer.Seen{ExternalID: name})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into referrals (program_id, referral_id, customer_id, affiliate_id, kind, link_id, coupon_id, click_id,
				state, since, until, lapsed_at, reason, terms_at, created_at, by_hand)
			values ($1, $2, $3, $4, 'link', '', '', '', 'standing', $5, null, null, '', $5, $5, 0)`,
			s.prog.ID, id.New[id.Referral](tx.Now()), cus.ID, aff, tx.Now())
		return err
	})
	return aff
}

// pay records a payment of the affiliate's customer and releases what it earns.
func (s *shop) pay(name, external string, minor int64) {
	s.t.Helper()
	s.d.Clock.Advance(time.Second)
	s.write(func(tx *db.Tx) error {
		cus, err := customer.ByExternalID(ctx, tx, s.prog.ID, name)
		if err != nil {
			return err
		}
		if _, _, err := payment.Record(ctx, tx, s.prog.ID, payment.Fact{ExternalID: external, Customer: cus.ID, Currency: "EUR", AmountMinor: minor}); err != nil {
			return err
		}
		if err := commission.Settle(ctx, tx, s.prog, cus.ID); err != nil {
			return err
		}
		_, err = commission.Release(ctx, tx, s.prog, 10)
		return err
	})
}

func (s *shop) refund(external string, minor int64) {
	s.t.Helper()
	s.d.Clock.Advance(time.Second)
	s.write(func(tx *db.Tx) error {
		pay, _, err := payment.Refund(ctx, tx, s.prog.ID, payment.RefundFact{PaymentExternalID: external, ExternalID: "re_" + s.d.Clock.Now().String(), AmountMinor: minor})
		if err != nil {
			return err
		}
		return commission.Settle(ctx, tx, s.prog, pay.Customer)
	})
}

func (s *shop) open() (run payout.Run) {
	s.t.Helper()
	s.write(func(tx *db.Tx) (err error) {
		run, err = payout.Open(ctx, tx, s.prog, s.d.Clock.Now())
		return err
	})
	return run
}

func (s *shop) approve(run payout.Run) (pots []payout.Payout, err error) {
	err = s.try(func(tx *db.Tx) (err error) {
		_, pots, err = payout.Approve(ctx, tx, s.prog, run.ID, run.Seen)
		return err
	})
	return pots, err
}

func (s *shop) send(run payout.Run) error {
	return s.try(func(tx *db.Tx) error {
		_, err := payout.Send(ctx, tx, s.prog.ID, run.ID, "csv")
		return err
	})
}

func (s *shop) settle(pot payout.Payout, reference string) error {
	return s.try(func(tx *db.Tx) error {
		_, err := payout.Settle(ctx, tx, s.prog.ID, pot.ID, reference)
		return err
	})
}

func (s *shop) fail(pot payout.Payout) error {
	return s.try(func(tx *db.Tx) error {
		_, err := payout.Fail(ctx, tx, s.prog.ID, pot.ID, "account closed")
		return err
	})
}

func (s *shop) expect(what string, aff id.Affiliate, want commission.Balance) {
	s.t.Helper()
	all, err := commission.Balances(ctx, s.d, s.prog.ID, aff)
	if err != nil || len(all) != 1 {
		s.t.Fatal(what, all, err)
	}
	want.Currency = "EUR"
	if diff := cmp.Diff(want, all[0]); diff != "" {
		s.t.Errorf("%s: %s", what, diff)
	}
}

// sound seals the books and verifies all of them.
func (s *shop) sound() {
	s.t.Helper()
	s.write(func(tx *db.Tx) error { return sealAll(tx, s.prog.ID) })
	rep, err := verify.Books(ctx, s.d, s.prog.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range rep.Findings {
		s.t.Error(f)
	}
}

func (s *shop) runState(run payout.Run) payout.RunState {
	s.t.Helper()
	v, err := payout.GetRun(ctx, s.d, s.prog.ID, run.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return v.State
}

type bal = commission.Balance

func TestFromDraftToCash(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		jane, omar := s.affiliate("jane", true), s.affiliate("omar", true)
		poor, silent := s.affiliate("poor", true), s.affiliate("silent", false)
		s.pay("jane", "in_1", 10000)
		s.pay("jane", "in_2", 5000)
		s.pay("omar", "in_3", 20000)
		s.pay("poor", "in_4", 100)
		s.pay("silent", "in_5", 10000)
		view, err := payout.Draft(ctx, d, s.prog, d.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		want := []payout.Sum{{Affiliate: jane, Currency: "EUR", AmountMinor: 4500}, {Affiliate: omar, Currency: "EUR", AmountMinor: 6000}}
		if diff := cmp.Diff(want, view.Sums()); diff != "" {
			t.Errorf("draft: %s", diff)
		}
		var reasons []string
		for _, out := range view.LeftOut {
			reasons = append(reasons, out.Name+": "+out.Reason.String())
		}
		if diff := cmp.Diff([]string{"poor: 0.30 EUR is below the minimum of 10.00 EUR.", "silent: The affiliate has given no payout details."}, reasons); diff != "" {
			t.Errorf("left out: %s", diff)
		}
		s.expect("a draft posts nothing", jane, bal{Payable: 4500})

		run := s.open()
		pots, err := s.approve(run)
		if err != nil || len(pots) != 2 {
			t.Fatal(pots, err)
		}
		s.expect("approved", jane, bal{InPayout: 4500})
		s.sound()
		if _, err := s.approve(run); !fault.Is(err, fault.Conflict) {
			t.Errorf("approved twice: %v", err)
		}
		if err := s.settle(pots[0], "x"); !fault.Is(err, fault.Conflict) {
			t.Errorf("settled before it was sent: %v", err)
		}
		if err := s.send(run); err != nil {
			t.Fatal(err)
		}
		if err := s.send(run); !fault.Is(err, fault.Conflict) {
			t.Errorf("sent twice: %v", err)
		}
		// Writing the file pays nobody.
		s.expect("sent", jane, bal{InPayout: 4500})
		s.sound()
		list, err := payout.Instructions(ctx, d, s.root, s.prog.ID, run.ID, "csv")
		if err != nil || len(list) != 2 || list[0].Account != "cash to jane" || list[0].Amount.Minor != 4500 {
			t.Errorf("instructions %+v, %v", list, err)
		}
		for range 2 {
			if err := s.settle(pots[0], "TX 1"); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.settle(pots[0], "TX 2"); !fault.Is(err, fault.Conflict) {
			t.Errorf("settled with another reference: %v", err)
		}
		s.expect("settled", jane, bal{Paid: 4500})
		s.expect("the other one is not", omar, bal{InPayout: 6000})
		if got := s.runState(run); got != payout.RunSent {
			t.Errorf("run %s, want sent", got)
		}
		if err := s.settle(pots[1], "TX 3"); err != nil {
			t.Fatal(err)
		}
		if got := s.runState(run); got != payout.RunDone {
			t.Errorf("run %s, want done", got)
		}
		s.expect("left out", poor, bal{Payable: 30})
		s.expect("left out", silent, bal{Payable: 3000})
		s.sound()
		lines, err := payout.Lines(ctx, d, s.prog.ID, pots[0].ID)
		if err != nil || len(lines) != 2 || lines[0].Minor+lines[1].Minor != 4500 {
			t.Errorf("lines %+v, %v", lines, err)
		}
		coms, err := commission.OfAffiliate(ctx, d, s.prog.ID, jane, commission.Page{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range coms {
			if c.State != commission.StatePaid {
				t.Errorf("%s is %s, want paid", c.ID, c.State)
			}
		}
	})
}

func TestApprovalReadsAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		jane := s.affiliate("jane", true)
		s.affiliate("omar", true)
		s.pay("jane", "in_1", 10000)
		s.pay("omar", "in_2", 10000)
		run := s.open()
		s.refund("in_1", 5000)
		s.pay("jane", "in_3", 10000) // released after the cut-off
		s.refund("in_2", 10000)
		_, err := s.approve(run)
		e, ok := fault.As(err)
		if !ok || e.Kind != fault.Conflict || len(e.Also) != 1 {
			t.Fatalf("approved what nobody saw: %v", err)
		}
		said := e.Error() + " " + e.Also[0].Error()
		for _, want := range []string{"jane: 15.00 EUR instead of 30.00 EUR.", "0.00 EUR instead of 30.00 EUR."} {
			if !strings.Contains(said, want) {
				t.Errorf("the changes are %q, want %q among them", said, want)
			}
		}
		if got := s.runState(run); got != payout.RunDraft {
			t.Errorf("run %s, want draft", got)
		}
		view, err := payout.Draft(ctx, d, s.prog, run.CutOff)
		if err != nil {
			t.Fatal(err)
		}
		run.Seen = view.Sums()
		if _, err := s.approve(run); err != nil {
			t.Fatal(err)
		}
		s.expect("what was released later stays", jane, bal{Payable: 3000, InPayout: 1500})
		s.sound()
	})
}

func TestFailedComesBackAndIsPaidAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		jane := s.affiliate("jane", true)
		s.pay("jane", "in_1", 10000)
		run := s.open()
		pots, err := s.approve(run)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.fail(pots[0]); !fault.Is(err, fault.Conflict) {
			t.Errorf("failed before it was sent: %v", err)
		}
		if err := s.send(run); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.fail(pots[0]); err != nil {
				t.Fatal(err)
			}
		}
		s.expect("failed", jane, bal{Payable: 3000})
		if err := s.settle(pots[0], "late"); !fault.Is(err, fault.Conflict) {
			t.Errorf("settled after it failed: %v", err)
		}
		s.sound()
		d.Clock.Advance(time.Hour)
		again := s.open()
		pots, err = s.approve(again)
		if err != nil || len(pots) != 1 || pots[0].AmountMinor != 3000 {
			t.Fatal(pots, err)
		}
		if err := s.send(again); err != nil {
			t.Fatal(err)
		}
		if err := s.settle(pots[0], "TX 9"); err != nil {
			t.Fatal(err)
		}
		s.expect("paid at last", jane, bal{Paid: 3000})
		s.refund("in_1", 10000)
		s.expect("paid then refunded", jane, bal{Paid: 3000, Clawback: 3000})
		s.pay("jane", "in_2", 20000)
		s.expect("repaid from the next", jane, bal{Payable: 3000, Paid: 3000})
		s.sound()
		d.Clock.Advance(time.Hour)
		third := s.open()
		if diff := cmp.Diff([]payout.Sum{{Affiliate: jane, Currency: "EUR", AmountMinor: 3000}}, third.Seen); diff != "" {
			t.Errorf("the next run: %s", diff)
		}
		// It came back from the bank after it had been settled.
		if err := s.fail(pots[0]); err != nil {
			t.Fatal(err)
		}
		s.expect("returned", jane, bal{Payable: 6000})
		s.sound()
	})
}

func TestCancelBeforeSending(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		jane := s.affiliate("jane", true)
		s.pay("jane", "in_1", 10000)
		run := s.open()
		cancel := func() error {
			return s.try(func(tx *db.Tx) error { _, err := payout.Cancel(ctx, tx, s.prog.ID, run.ID); return err })
		}
		if _, err := s.approve(run); err != nil {
			t.Fatal(err)
		}
		if err := cancel(); err != nil {
			t.Fatal(err)
		}
		s.expect("cancelled", jane, bal{Payable: 3000})
		if err := cancel(); !fault.Is(err, fault.Conflict) {
			t.Errorf("cancelled twice: %v", err)
		}
		if err := s.send(run); !fault.Is(err, fault.Conflict) {
			t.Errorf("sent after it was cancelled: %v", err)
		}
		s.sound()
		run = s.open()
		if _, err := s.approve(run); err != nil {
			t.Fatal(err)
		}
		if err := s.send(run); err != nil {
			t.Fatal(err)
		}
		if err := cancel(); !fault.Is(err, fault.Conflict) {
			t.Errorf("cancelled what was sent: %v", err)
		}
		s.expect("sent", jane, bal{InPayout: 3000})
		s.sound()
	})
}

// A run that is approved while another one takes the same money pays it once.
func TestEachMovementIsInOnePayout(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		jane := s.affiliate("jane", true)
		s.pay("jane", "in_1", 10000)
		runs := []payout.Run{s.open(), s.open()}
		errs := make(chan error, len(runs))
		for _, run := range runs {
			go func() { _, err := s.approve(run); errs <- err }()
		}
		refused := 0
		for range runs {
			if err := <-errs; err != nil {
				refused++
				if !fault.Is(err, fault.Conflict) {
					t.Errorf("refused with %v", err)
				}
			}
		}
		if refused != 1 {
			t.Errorf("%d of two runs were refused, want 1", refused)
		}
		s.expect("once", jane, bal{InPayout: 3000})
		s.sound()
	})
}

func TestOpenRefusesTheFuture(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	s := newShop(t, d)
	err := s.try(func(tx *db.Tx) error {
		_, err := payout.Open(ctx, tx, s.prog, d.Clock.Now().Add(time.Hour))
		return err
	})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
	run := s.open()
	if _, err := s.approve(run); !fault.Is(err, fault.Invalid) {
		t.Errorf("approved a run that pays nobody: %v", err)
	}
}

func TestAnotherProgramSeesNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	s := newShop(t, d)
	s.affiliate("jane", true)
	s.pay("jane", "in_1", 10000)
	run := s.open()
	pots, err := s.approve(run)
	if err != nil {
		t.Fatal(err)
	}
	other := s.prog.Twin
	if _, err := payout.GetRun(ctx, d, other, run.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("run: %v", err)
	}
	if _, err := payout.Get(ctx, d, other, pots[0].ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("payout: %v", err)
	}
	err = s.try(func(tx *db.Tx) error { _, err := payout.Send(ctx, tx, other, run.ID, "csv"); return err })
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("sent from another program: %v", err)
	}
}

func sealAll(tx *db.Tx, prog id.Program) error {
	for {
		if n, err := ledger.Seal(ctx, tx, prog); n == 0 || err != nil {
			return err
		}
	}
}
