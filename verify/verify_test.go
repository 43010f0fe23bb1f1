package verify_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tributary.example/affiliate"
	"tributary.example/commission"
	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/ledger"
	"tributary.example/money"
	"tributary.example/payment"
	"tributary.example/payout"
	"tributary.example/person"
	"tributary.example/program"
	"tributary.example/verify"
)

var ctx = context.Background()

// story is one affiliate with a paid, an approved and a held commission.
func story(t *testing.T, d *dbtest.DB) program.Program {
	t.Helper()
	var prog program.Program
	var aff affiliate.Affiliate
	var cus customer.Customer
	step := func(fn func(tx *db.Tx) error) {
		t.Helper()
		d.Clock.Advance(time.Second)
		d.Write(t, fn)
	}
	step(func(tx *db.Tx) (err error) {
		settings := program.DefaultSettings("Shop", "https://www.shop.example")
		settings.HoldDays, settings.MinimumMinor = 0, 100
		prog, err = program.Create(ctx, tx, program.New{
			Slug: "shop", Currency: "EUR", LinkHost: "go.shop.example", Settings: settings,
			Rules: []program.Rule{{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 300_000}}},
		})
		if err != nil {
			return err
		}
		per, _, err := person.Ensure(ctx, tx, "Jane", "jane@example.com")
		if err != nil {
			return err
		}
		if aff, err = affiliate.Apply(ctx, tx, prog, affiliate.Application{Person: per.ID, Name: "Jane"}); err != nil {
			return err
		}
		cus, err = customer.Ensure(ctx, tx, prog.ID, customer.Seen{ExternalID: "u1"})
		return err
	})
	step(func(tx *db.Tx) error {
		if _, err := affiliate.SetState(ctx, tx, prog.ID, aff.ID, affiliate.Active, ""); err != nil {
			return err
		}
		root, err := secret.NewRoot(make([]byte, 32))
		if err != nil {
			return err
		}
		if _, err := affiliate.PutDetails(ctx, tx, root, prog.ID, aff.ID, affiliate.Details{Rail: affiliate.RailManual, Holder: "Jane", Account: "cash"}); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into referrals (program_id, referral_id, customer_id, affiliate_id, kind, link_id, coupon_id, click_id,
				state, since, until, lapsed_at, reason, terms_at, created_at, by_hand)
			values ($1, $2, $3, $4, 'link', '', '', '', 'standing', $5, null, null, '', $5, $5, 0)`,
			prog.ID, id.New[id.Referral](tx.Now()), cus.ID, aff.ID, tx.Now())
		return err
	})
	for i, settle := range []bool{true, false} {
		step(func(tx *db.Tx) error {
			_, _, err := payment.Record(ctx, tx, prog.ID, payment.Fact{ExternalID: string(rune('a' + i)), Customer: cus.ID, Currency: "EUR", AmountMinor: 10000})
			if err != nil {
				return err
			}
			if err := commission.Settle(ctx, tx, prog, cus.ID); err != nil {
				return err
			}
			_, err = commission.Release(ctx, tx, prog, 10)
			return err
		})
		step(func(tx *db.Tx) error { return pay(tx, prog, settle) })
	}
	step(func(tx *db.Tx) error {
		_, _, err := payment.Refund(ctx, tx, prog.ID, payment.RefundFact{PaymentExternalID: "a", ExternalID: "re", AmountMinor: 3333})
		if err != nil {
			return err
		}
		if err := commission.Settle(ctx, tx, prog, cus.ID); err != nil {
			return err
		}
		_, err = ledger.Seal(ctx, tx, prog.ID)
		return err
	})
	return prog
}

func pay(tx *db.Tx, prog program.Program, settle bool) error {
	run, err := payout.Open(ctx, tx, prog, tx.Now())
	if err != nil {
		return err
	}
	_, pots, err := payout.Approve(ctx, tx, prog, run.ID, run.Seen)
	if err != nil || !settle {
		return err
	}
	if _, err := payout.Send(ctx, tx, prog.ID, run.ID, "manual"); err != nil {
		return err
	}
	_, err = payout.Settle(ctx, tx, prog.ID, pots[0].ID, "TX 1")
	return err
}

func findings(t *testing.T, d *dbtest.DB, prog id.Program) []verify.Finding {
	t.Helper()
	rep, err := verify.Books(ctx, d, prog)
	if err != nil {
		t.Fatal(err)
	}
	return rep.Findings
}

func TestSoundBooks(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := story(t, d)
		d.Clock.Advance(time.Hour)
		for _, f := range findings(t, d, prog.ID) {
			t.Error(f)
		}
		rep, err := verify.Books(ctx, d, prog.ID)
		if err != nil || !rep.Sealed || rep.Seal.Number != 1 {
			t.Errorf("seal %+v, %v", rep.Seal, err)
		}
	})
}

// Each fault is planted past the guards, as somebody with the database's
// password could, and is found by its own check.
func TestEachFaultIsFound(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, sql string
		check     verify.Check
		says      string
	}{
		{"a leg edited", `update ledger_legs set minor = minor + 1 where account = 'held' and minor > 0`, verify.CheckPostings, "0.01 EUR"},
		{"a whole posting edited", `update ledger_legs set minor = minor * 2 where posting_id = (select max(posting_id) from ledger_postings where kind = 'earned')`, verify.CheckSeals, "changed"},
		{"a reason edited", `update ledger_postings set reason = '{"key":"Nothing."}' where kind = 'reversed'`, verify.CheckSeals, "changed"},
		{"a posting taken out of its seal", `delete from ledger_sealed where posting_id = (select max(posting_id) from ledger_postings)`, verify.CheckSeals, "changed"},
		{"legs removed", `delete from ledger_legs where posting_id = (select max(posting_id) from ledger_postings)`, verify.CheckPostings, "no legs"},
		{"a balance edited", `update ledger_balances set minor = minor + 5 where account = 'in_payout'`, verify.CheckBalances, "The balance is"},
		{"a balance removed", `delete from ledger_balances where account = 'clawback'`, verify.CheckBalances, "The balance is 0.00 EUR"},
		{"a target edited", `update commissions set target_minor = target_minor + 1 where commission_id = (select min(commission_id) from commissions)`, verify.CheckCommissions, "the target is"},
		{"an input edited", `update commissions set inputs = replace(inputs, '"ppm":300000', '"ppm":400000')`, verify.CheckRecompute, "Its input gives"},
		{"lines edited", `update commissions set lines = '[]'`, verify.CheckRecompute, "other lines"},
		{"a target wiped", `update commissions set target_minor = 0, base_minor = 0`, verify.CheckCommissions, "the target is 0.00 EUR"},
		{"a payout's line removed", `delete from payout_lines where payout_id = (select min(payout_id) from payouts)`, verify.CheckPayouts, "The lines sum to"},
		{"a payout edited", `update payouts set state = 'settled' where state = 'approved'`, verify.CheckPayouts, "The accounts say"},
		{"a daily total edited", `update ledger_days set minor = minor + 1 where account = 'held'`, verify.CheckDays, "The days sum to"},
	}
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := story(t, d)
		dropGuards(t, d)
		undo := errUndo{}
		for _, tt := range tests {
			var found []verify.Finding
			err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
				n, err := tx.Exec(ctx, tt.sql)
				if err != nil {
					return err
				}
				if n == 0 {
					t.Errorf("%s: nothing was planted", tt.name)
				}
				rep, err := verify.Books(ctx, tx, prog.ID)
				if err != nil {
					return err
				}
				found = rep.Findings
				return undo
			})
			if err != undo {
				t.Fatalf("%s: %v", tt.name, err)
			}
			ok := false
			for _, f := range found {
				ok = ok || (f.Check == tt.check && strings.Contains(f.Sentence.String(), tt.says) && f.Row != "")
			}
			if !ok {
				t.Errorf("%s: found %v, want %q with %q", tt.name, found, tt.check, tt.says)
			}
		}
		for _, f := range findings(t, d, prog.ID) {
			t.Errorf("after undoing: %s", f)
		}
	})
}

type errUndo struct{}

func (errUndo) Error() string { return "undo" }

func dropGuards(t *testing.T, d *dbtest.DB) {
	t.Helper()
	var statements []string
	for _, table := range []string{"ledger_postings", "ledger_legs", "ledger_seals", "ledger_sealed"} {
		if d.Dialect() == db.SQLite {
			statements = append(statements, "drop trigger "+table+"_no_update", "drop trigger "+table+"_no_delete")
		} else {
			statements = append(statements, "drop trigger "+table+"_append_only on "+table)
		}
	}
	d.Write(t, func(tx *db.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestUnsealedPostingsAreFound(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := id.New[id.Program](dbtest.Epoch)
		d.Write(t, func(tx *db.Tx) error {
			_, err := ledger.Post(ctx, tx, prog, ledger.Posting{Reference: "x", Kind: "bonus", Moves: []ledger.Move{
				{Account: commission.Bonus, Item: "adj_1", Amount: minus(5)}, {Account: commission.Payable, Owner: "aff", Item: "adj_1", Amount: minus(-5)},
			}})
			return err
		})
		d.Clock.Advance(30 * time.Second)
		if f := findings(t, d, prog); len(f) != 0 {
			t.Errorf("after half a minute: %v", f)
		}
		d.Clock.Advance(time.Minute)
		f := findings(t, d, prog)
		if len(f) != 1 || !strings.Contains(f[0].String(), "has no seal") {
			t.Errorf("after a minute and a half: %v", f)
		}
	})
}

func minus(minor int64) money.Amount { return money.Of(-minor, "EUR") }
