package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/ledger"
	"tributary.example/money"
)

var (
	stock = ledger.Account{Name: "stock", Normal: ledger.CreditSide, Guarded: true}
	debt  = ledger.Account{Name: "debt", Normal: ledger.DebitSide, Guarded: true}
	cost  = ledger.Account{Name: "cost", Normal: ledger.DebitSide}
)

var ctx = context.Background()

func eur(minor int64) money.Amount { return money.Of(minor, "EUR") }

func put(reference, item string, minor int64) ledger.Posting {
	return ledger.Posting{Reference: reference, Kind: "put", Reason: text.S("Put away %s.", eur(minor)), Moves: []ledger.Move{
		ledger.Debit(cost, "ann", item, eur(minor)), ledger.Credit(stock, "ann", item, eur(minor)),
	}}
}

func take(reference, item string, minor int64) ledger.Posting {
	return ledger.Posting{Reference: reference, Kind: "take", Moves: []ledger.Move{
		ledger.Debit(stock, "ann", item, eur(minor)), ledger.Credit(cost, "ann", item, eur(minor)),
	}}
}

func post(t *testing.T, d *dbtest.DB, prog id.Program, p ledger.Posting) (posted bool) {
	t.Helper()
	d.Write(t, func(tx *db.Tx) (err error) {
		posted, err = ledger.Post(ctx, tx, prog, p)
		return err
	})
	return posted
}

func balance(t *testing.T, d *dbtest.DB, prog id.Program, a ledger.Account) int64 {
	t.Helper()
	got, err := ledger.Balance(ctx, d, prog, "ann", a, "EUR")
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestPostOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, other := id.New[id.Program](dbtest.Epoch), id.New[id.Program](dbtest.Epoch)
		if !post(t, d, prog, put("one", "a", 500)) {
			t.Error("the first posting was not written")
		}
		if post(t, d, prog, put("one", "a", 500)) {
			t.Error("the same reference was posted twice")
		}
		d.Clock.Advance(time.Second)
		post(t, d, prog, put("two", "b", 70))
		post(t, d, other, put("one", "a", 9))
		if got := balance(t, d, prog, stock); got != 570 {
			t.Errorf("stock is %d, want 570", got)
		}
		items, err := ledger.OpenItems(ctx, d, prog, "ann", stock, "EUR")
		if err != nil {
			t.Fatal(err)
		}
		want := []ledger.ItemBalance{{"a", "stock", "ann", "EUR", 500}, {"b", "stock", "ann", "EUR", 70}}
		if diff := cmp.Diff(want, items); diff != "" {
			t.Error(diff)
		}
		legs, err := ledger.ItemLegs(ctx, d, prog, "b")
		if err != nil || len(legs) != 2 {
			t.Fatalf("%d legs, %v, want 2", len(legs), err)
		}
		if got, want := legs[0].Reason.String(), "Put away 0.70 EUR."; got != want {
			t.Errorf("reason %q, want %q", got, want)
		}
		if legs[0].ActorKind != db.ActorCommand || legs[0].ActorID != "test" {
			t.Errorf("actor %s %s", legs[0].ActorKind, legs[0].ActorID)
		}
	})
}

func TestPostPanicsWhenItDoesNotSumToZero(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := id.New[id.Program](dbtest.Epoch)
		bad := map[string]ledger.Posting{
			"unbalanced": {Reference: "x", Kind: "k", Moves: []ledger.Move{ledger.Credit(stock, "ann", "a", eur(1))}},
			"two currencies": {Reference: "x", Kind: "k", Moves: []ledger.Move{
				ledger.Credit(stock, "ann", "a", eur(1)), ledger.Debit(cost, "ann", "a", money.Of(1, "USD")),
			}},
			"nothing":      {Reference: "x", Kind: "k", Moves: []ledger.Move{ledger.Credit(stock, "ann", "a", eur(0))}},
			"no reference": {Kind: "k", Moves: put("", "a", 1).Moves},
			"wraps around": {Reference: "x", Kind: "k", Moves: []ledger.Move{
				ledger.Credit(stock, "ann", "a", eur(math.MaxInt64)), ledger.Credit(stock, "ann", "a", eur(math.MaxInt64)), ledger.Credit(stock, "ann", "a", eur(2)),
			}},
		}
		for name, p := range bad {
			if !panics(func() {
				_ = d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error { _, err := ledger.Post(ctx, tx, prog, p); return err })
			}) {
				t.Errorf("%s: no panic", name)
			}
		}
		if posted, err := ledger.Posted(ctx, d, prog, "x"); posted || err != nil {
			t.Errorf("half a posting was written: %v, %v", posted, err)
		}
	})
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestGuardedAccountNeverFallsBelowZero(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := id.New[id.Program](dbtest.Epoch)
		for i, have := range []int64{0, 5} {
			if have > 0 {
				post(t, d, prog, put("put", "a", have))
			}
			err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
				_, err := ledger.Post(ctx, tx, prog, take(fmt.Sprintf("take %d", i), "a", 6))
				return err
			})
			if err == nil {
				t.Errorf("took 6 of %d", have)
			}
		}
		post(t, d, prog, take("take 5", "a", 5))
		if got := balance(t, d, prog, stock); got != 0 {
			t.Errorf("stock is %d, want 0", got)
		}
		// An account on the debit side grows with debits.
		post(t, d, prog, ledger.Posting{Reference: "owe", Kind: "owe", Moves: []ledger.Move{
			ledger.Debit(debt, "ann", "a", eur(3)), ledger.Credit(cost, "ann", "a", eur(3)),
		}})
		if got := balance(t, d, prog, debt); got != 3 {
			t.Errorf("debt is %d, want 3", got)
		}
	})
}

// Two workers that read a balance, add and write it lose one of the additions.
func TestBalanceIsNeverReadThenWritten(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := id.New[id.Program](dbtest.Epoch)
		const workers, each = 4, 15
		var wg sync.WaitGroup
		errs := make(chan error, workers*each)
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					errs <- d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
						// Each reference comes from two workers.
						_, err := ledger.Post(ctx, tx, prog, put(fmt.Sprintf("%d.%d", w/2, i), "a", 1))
						return err
					})
				}
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got, want := balance(t, d, prog, stock), int64(workers/2*each); got != want {
			t.Errorf("stock is %d, want %d", got, want)
		}
	})
}

func TestLockReturnsBalancesInTheOrderAskedFor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := id.New[id.Program](dbtest.Epoch)
		post(t, d, prog, put("put", "a", 8))
		d.Write(t, func(tx *db.Tx) error {
			got, err := ledger.Lock(ctx, tx, prog, "ann", "EUR", stock, debt)
			if diff := cmp.Diff([]int64{8, 0}, got); diff != "" {
				t.Error(diff)
			}
			return err
		})
	})
}

func TestBooksAreAppendOnly(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := id.New[id.Program](dbtest.Epoch)
		post(t, d, prog, put("one", "a", 500))
		seal(t, d, prog)
		before := everything(t, d, prog)
		statements := []string{
			`update ledger_postings set reason = ''`, `delete from ledger_postings`,
			`update ledger_legs set minor = minor * 2`, `delete from ledger_legs where n = 1`, `delete from ledger_legs`,
			`update ledger_seals set count = 0`, `delete from ledger_seals`,
			`update ledger_sealed set number = 0`, `delete from ledger_sealed`,
		}
		if d.Dialect() == db.SQLite {
			statements = append(statements,
				`insert or replace into ledger_postings select program_id, posting_id, reference, 'edited', at, actor_kind, actor_id, reason from ledger_postings`,
				`replace into ledger_legs select program_id, posting_id, n, account, owner, item, currency, minor * 2 from ledger_legs`,
				`insert or replace into ledger_seals select program_id, number, 'forged', count, at from ledger_seals`,
				`insert into ledger_legs select program_id, posting_id, n, account, owner, item, currency, minor from ledger_legs where true
				 on conflict (program_id, posting_id, n) do update set minor = 1`)
		} else {
			statements = append(statements, `truncate ledger_legs`, `truncate ledger_postings cascade`, `truncate ledger_seals cascade`, `truncate ledger_sealed`,
				`insert into ledger_legs select * from ledger_legs on conflict (program_id, posting_id, n) do update set minor = 1`)
		}
		for _, s := range statements {
			err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error { _, err := tx.Exec(ctx, s); return err })
			if err == nil {
				t.Errorf("%s: was not refused", s)
			}
		}
		if diff := cmp.Diff(before, everything(t, d, prog)); diff != "" {
			t.Error(diff)
		}
	})
}

func everything(t *testing.T, d *dbtest.DB, prog id.Program) []ledger.Leg {
	t.Helper()
	legs, err := ledger.SealedLegs(ctx, d, prog, 1)
	if err != nil || len(legs) == 0 {
		t.Fatalf("%d legs, %v", len(legs), err)
	}
	return legs
}

func seal(t *testing.T, d *dbtest.DB, prog id.Program) (n int) {
	t.Helper()
	d.Write(t, func(tx *db.Tx) (err error) {
		n, err = ledger.Seal(ctx, tx, prog)
		return err
	})
	return n
}

func TestSealsChain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := id.New[id.Program](dbtest.Epoch)
		if n := seal(t, d, prog); n != 0 {
			t.Errorf("sealed %d of nothing", n)
		}
		post(t, d, prog, put("one", "a", 500))
		post(t, d, prog, put("two", "b", 20))
		if n := seal(t, d, prog); n != 2 {
			t.Errorf("sealed %d, want 2", n)
		}
		// An id may be older than the newest sealed one: its transaction began
		// earlier and committed later.
		d.Clock.Advance(-time.Minute)
		post(t, d, prog, put("late", "b", 1))
		d.Clock.Advance(25 * time.Hour)
		post(t, d, prog, take("three", "a", 5))
		if n := seal(t, d, prog); n != 2 {
			t.Errorf("sealed %d, want 2", n)
		}
		if n := seal(t, d, prog); n != 0 {
			t.Errorf("sealed %d twice", n)
		}
		seals, err := ledger.Seals(ctx, d, prog, 0, 10)
		if err != nil || len(seals) != 2 {
			t.Fatalf("%d seals, %v, want 2", len(seals), err)
		}
		before := ""
		for _, s := range seals {
			legs, err := ledger.SealedLegs(ctx, d, prog, s.Number)
			if err != nil {
				t.Fatal(err)
			}
			if got := ledger.Hash(before, legs); got != s.Hash {
				t.Errorf("seal %d is %s, want %s", s.Number, s.Hash, got)
			}
			legs[0].Minor++
			if got := ledger.Hash(before, legs); got == s.Hash {
				t.Errorf("seal %d does not see an edit", s.Number)
			}
			before = s.Hash
		}
		days, err := db.All(ctx, d, db.Scalar[int64], `
			select minor from ledger_days where program_id = $1 and account = 'stock' order by day`, prog)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int64{521, -5}, days); diff != "" {
			t.Errorf("daily totals: %s", diff)
		}
	})
}

func TestOwnerSumsSeeUnguardedAccounts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := id.New[id.Program](dbtest.Epoch)
		post(t, d, prog, put("one", "a", 500))
		got, err := ledger.OwnerSums(ctx, d, prog, "ann")
		if err != nil {
			t.Fatal(err)
		}
		want := []ledger.OwnerBalance{{"ann", "cost", "EUR", -500}, {"ann", "stock", "EUR", 500}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		held, err := ledger.BalancesOf(ctx, d, prog, stock)
		if diff := cmp.Diff([]ledger.OwnerBalance{{"ann", "stock", "EUR", 500}}, held); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func TestFailedPostLeavesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := id.New[id.Program](dbtest.Epoch)
		stop := errors.New("stop")
		err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
			if _, err := ledger.Post(ctx, tx, prog, put("one", "a", 500)); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) || balance(t, d, prog, stock) != 0 {
			t.Errorf("got %v and a balance of %d", err, balance(t, d, prog, stock))
		}
	})
}
