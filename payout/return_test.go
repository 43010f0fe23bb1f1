package payout_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"tributary.example/commission"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/payout"
)

// What comes back to somebody who owes repays first: nobody is paid again for
// what was reversed while the payout was under way.
func TestWhatComesBackRepaysFirst(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		jane := s.affiliate("jane", true)
		s.pay("jane", "in_1", 10000)
		s.pay("jane", "in_2", 5000)
		approved := func() (payout.Run, []payout.Payout) {
			d.Clock.Advance(time.Hour)
			run := s.open()
			pots, err := s.approve(run)
			if err != nil || len(pots) != 1 {
				t.Fatal(pots, err)
			}
			return run, pots
		}
		run, _ := approved()
		s.refund("in_1", 5000)
		s.expect("reversed in the payout", jane, bal{InPayout: 4500, Clawback: 1500})
		s.write(func(tx *db.Tx) error { _, err := payout.Cancel(ctx, tx, s.prog.ID, run.ID); return err })
		s.expect("cancelled", jane, bal{Payable: 3000})
		s.sound()
		run, pots := approved()
		if err := s.send(run); err != nil {
			t.Fatal(err)
		}
		s.refund("in_1", 5000)
		s.refund("in_2", 5000)
		s.expect("reversed on the way", jane, bal{InPayout: 3000, Clawback: 3000})
		if err := s.fail(pots[0]); err != nil {
			t.Fatal(err)
		}
		if left, err := commission.Balances(ctx, d, s.prog.ID, jane); err != nil || len(left) > 0 {
			t.Errorf("left are %+v, %v", left, err)
		}
		s.sound()
		d.Clock.Advance(time.Hour)
		if run := s.open(); len(run.Seen) != 0 {
			t.Errorf("the next run would pay %v", run.Seen)
		}
	})
}

// The last result closes the run, also when all come at once.
func TestResultsAtOnceCloseTheRun(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		for n := range 5 {
			name := fmt.Sprintf("aff%d", n)
			s.affiliate(name, true)
			s.pay(name, "in_"+name, 10000)
		}
		for round := range 4 {
			if round > 0 {
				for n := range 5 {
					s.pay(fmt.Sprintf("aff%d", n), fmt.Sprintf("in_%d_%d", n, round), 10000)
				}
			}
			run := s.open()
			pots, err := s.approve(run)
			if err != nil || len(pots) != 5 {
				t.Fatal(pots, err)
			}
			if err := s.send(run); err != nil {
				t.Fatal(err)
			}
			var wait sync.WaitGroup
			for n, pot := range pots {
				wait.Go(func() {
					result := func() error { return s.settle(pot, "bank 1") }
					if n == 0 {
						result = func() error { return s.fail(pot) }
					}
					if err := result(); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			if got := s.runState(run); got != payout.RunDone {
				t.Errorf("round %d: each payout has its result, and the run is %s", round, got)
			}
		}
		s.sound()
	})
}
