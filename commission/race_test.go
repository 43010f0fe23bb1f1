package commission_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"tributary.example/commission"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/ledger"
	"tributary.example/payment"
	"tributary.example/verify"
)

// Payments, repeated and refunded, and releases at the same time: every cent
// arrives once, and the books are sound.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		b := newBooks(t, d, 0, thirty())
		affs := []id.Affiliate{b.affiliate("jane"), b.affiliate("omar")}
		const customers, each = 6, 4
		var cus [customers]id.Customer
		for i := range cus {
			cus[i] = b.customer(fmt.Sprintf("u%d", i))
			b.refer(cus[i], affs[i%2], d.Clock.Now())
		}
		at := d.Clock.Now()
		var wg sync.WaitGroup
		run := func(fn func(tx *db.Tx) error) {
			if err := d.DB.Write(ctx, dbtest.Actor, fn); err != nil {
				t.Error(err)
			}
		}
		fact := func(tx *db.Tx, c, n int) error {
			_, _, err := payment.Record(ctx, tx, b.prog.ID, payment.Fact{
				ExternalID: fmt.Sprintf("in_%d_%d", c, n), Customer: cus[c], At: at.Add(time.Duration(n) * time.Second), Currency: "EUR", AmountMinor: 1000,
			})
			return err
		}
		d.Clock.Advance(time.Hour)
		for c := range cus {
			for range 2 {
				wg.Go(func() {
					for n := range each {
						run(func(tx *db.Tx) error {
							if err := fact(tx, c, n); err != nil {
								return err
							}
							return commission.Settle(ctx, tx, b.prog, cus[c])
						})
					}
					run(func(tx *db.Tx) error {
						_, _, err := payment.Refund(ctx, tx, b.prog.ID, payment.RefundFact{PaymentExternalID: fmt.Sprintf("in_%d_0", c), ExternalID: "re", AmountMinor: 500})
						if err != nil {
							return err
						}
						return commission.Settle(ctx, tx, b.prog, cus[c])
					})
				})
			}
		}
		for range 2 {
			wg.Go(func() {
				for range 5 {
					run(func(tx *db.Tx) error { _, err := commission.Release(ctx, tx, b.prog, 7); return err })
				}
			})
		}
		wg.Wait()
		for b.release() > 0 {
		}
		for _, aff := range affs {
			b.expect("all released", aff, bal{Payable: customers / 2 * (each*300 - 150)})
		}
		for more := true; more; {
			b.write(func(tx *db.Tx) error {
				n, err := ledger.Seal(ctx, tx, b.prog.ID)
				more = n > 0
				return err
			})
		}
		rep, err := verify.Books(ctx, d, b.prog.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range rep.Findings {
			t.Error(f)
		}
	})
}

// A release between the reading of a commission and its change is kept, but not
// for somebody else, and not for what is disputed now: that is held again.
func TestAReleaseInBetween(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		b := newBooks(t, d, 0, thirty())
		jane, omar, cus := b.affiliate("jane"), b.affiliate("omar"), b.customer("u1")
		b.refer(cus, jane, d.Clock.Now())
		b.pay(cus, "in_1", d.Clock.Now(), 1000)
		rows, err := commission.List(ctx, d, b.prog.ID, commission.Page{})
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		b.release()
		for name, tt := range map[string]struct {
			change func(c *commission.Commission)
			kept   bool
		}{
			"another figure":    {func(c *commission.Commission) { c.TargetMinor = 1 }, true},
			"another affiliate": {func(c *commission.Commission) { c.Affiliate = omar }, false},
			"disputed":          {func(c *commission.Commission) { c.Disputed = true }, false},
		} {
			after := rows[0]
			tt.change(&after)
			b.write(func(tx *db.Tx) error {
				at, err := commission.ReleasedAfterLock(ctx, tx, b.prog.ID, rows[0], after)
				if at.IsZero() == tt.kept {
					t.Errorf("%s: released at %s, kept ought to be %v", name, at, tt.kept)
				}
				return err
			})
		}
	})
}
