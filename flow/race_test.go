package flow_test

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"tributary.example/coupon"
	"tributary.example/customer"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
)

// crowd is how many do it at once: a few in the suite, thousands with
// `make race-coupon`.
func crowd(t *testing.T, usual int) int {
	t.Helper()
	text := os.Getenv("TRIBUTARY_CROWD")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("TRIBUTARY_CROWD: %v", err)
	}
	return n
}

// A code with a limit gives its discount that often, however many customers
// sign up with it at once.
func TestRaceForACode(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		people := crowd(t, 120)
		for _, limit := range []int64{1, int64(people) / 20} {
			code := fmt.Sprintf("LIMIT%d", limit)
			w.Write(t, func(tx *db.Tx) error {
				_, err := coupon.Create(ctx, tx, w.prog.ID, coupon.New{
					Affiliate: w.jane.id, Code: code,
					Settings: coupon.Settings{Discount: coupon.Discount{PercentPPM: 100_000, Payments: 1}, TotalLimit: limit},
				})
				return err
			})
			granted := w.rush(t, people, func(i int) flow.Step {
				return flow.Step{Customer: seen(fmt.Sprintf("c%d-%d", limit, i), "starter"), Kind: customer.SignedUp, Code: code}
			})
			t.Logf("limit=%d granted=%d", limit, granted)
			if granted != limit {
				t.Errorf("%s: limit %d, granted %d", d.Dialect(), limit, granted)
			}
		}
	})
}

// However often and with whatever evidence one customer is told of at once,
// there is one referral, and the decision is the same as one after the other.
func TestRaceForACustomer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		steps := []flow.Step{{Code: w.jane.code}, {Code: w.omar.code}, {Tokens: []string{w.token(t, w.omar, w.Now())}}, {}}
		w.rush(t, crowd(t, 200)/5, func(i int) flow.Step {
			s := steps[i%len(steps)]
			s.Customer, s.Kind, s.At = seen("ann", "starter"), customer.SignedUp, dbtest.Epoch
			return s
		})
		count := func(query string) int64 {
			n, err := db.One(ctx, w, db.Scalar[int64], query, w.prog.ID)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		standing := count(`select count(*) from referrals where program_id = $1 and state = 'standing'`)
		used := count(`select cast(sum(used) as bigint) from coupons where program_id = $1`)
		t.Logf("referrals=%d redemptions=%d", standing, used)
		if standing != 1 || used != 1 {
			t.Errorf("%d referrals stand and %d codes are used, want one of each", standing, used)
		}
	})
}

// rush signs up all at once and counts the discounts that were granted.
func (w *world) rush(t *testing.T, people int, step func(i int) flow.Step) int64 {
	t.Helper()
	var granted atomic.Int64
	var wait sync.WaitGroup
	gate := make(chan struct{}, 256) // as many as a busy server has requests
	for i := range people {
		wait.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			var out flow.Stepped
			err := w.DB.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) (err error) {
				out, err = flow.SignUp(ctx, tx, w.env, w.prog, step(i))
				return err
			})
			if err != nil {
				t.Errorf("sign-up %d: %v", i, err)
			}
			if out.Discounted() {
				granted.Add(1)
			}
		})
	}
	wait.Wait()
	return granted.Load()
}
