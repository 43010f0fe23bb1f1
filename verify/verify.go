// Package verify proves the invariants of the books: it reads all of them and
// names the first row that breaks one.
//
// Nouns: Finding, Report.
//
// Invariants:
//  1. It reads and never writes.
//  2. A finding names the check, the row and what is wrong with it.
//
// It owns no tables.
package verify

import (
	"context"
	"fmt"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/ledger"
)

// Finding is one broken invariant.
type Finding struct {
	Check    Check
	Row      string // the id or key of the first row that breaks it
	Sentence text.Sentence
}

// String is the finding on one line.
func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.Check, f.Row, f.Sentence) }

// Check names one invariant.
type Check string

// The checks.
const (
	CheckPostings    Check = "postings sum to zero"
	CheckBalances    Check = "balances equal their legs"
	CheckCommissions Check = "commissions equal their postings"
	CheckPayouts     Check = "payouts equal their lines and accounts"
	CheckSeals       Check = "seals chain"
	CheckDays        Check = "daily totals equal the sealed legs"
	CheckRecompute   Check = "stored inputs give the same commissions"
)

// Report is what Books found.
type Report struct {
	Findings []Finding // at most one per check and kind of fault: the first row
	Seal     ledger.Sealed
	Sealed   bool // there is a seal
}

// Books runs every check over one program. An error is a failure to read, not
// a finding. To compare the newest seal with one kept elsewhere, look at Seal.
func Books(ctx context.Context, r db.Reader, prog id.Program) (Report, error) {
	var rep Report
	for _, check := range []func(context.Context, db.Reader, id.Program) ([]Finding, error){
		postings, balances, commissions, payouts, seals, days, Recompute,
	} {
		found, err := check(ctx, r, prog)
		if err != nil {
			return rep, fmt.Errorf("verify %s: %w", prog, err)
		}
		rep.Findings = append(rep.Findings, found...)
	}
	var err error
	rep.Seal, rep.Sealed, err = ledger.Newest(ctx, r, prog)
	return rep, err
}

// broken is a row of a query that lists rows which must not be.
type broken struct {
	row        string
	is, oughts int64
	currency   string
}

func scanBroken(r db.Row) (broken, error) {
	var b broken
	err := r.Scan(&b.row, &b.currency, &b.is, &b.oughts)
	return b, err
}

// first turns the first broken row of a query into a finding. The query gives
// row, currency, what is, and what ought to be.
func first(ctx context.Context, r db.Reader, check Check, key, query string, args ...any) ([]Finding, error) {
	b, ok, err := db.Lookup(ctx, r, scanBroken, query+" limit 1", args...)
	if err != nil || !ok {
		return nil, err
	}
	return []Finding{{check, b.row, text.S(key, amount(b.is, b.currency), amount(b.oughts, b.currency))}}, nil
}

func amount(minor int64, currency string) text.Arg {
	return text.Arg{Kind: text.KindMoney, Number: minor, Text: currency}
}

type question struct {
	check Check
	key   string
	sql   string
}

func ask(ctx context.Context, r db.Reader, prog id.Program, questions ...question) ([]Finding, error) {
	var out []Finding
	for _, q := range questions {
		found, err := first(ctx, r, q.check, q.key, q.sql, prog)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.check, err)
		}
		out = append(out, found...)
	}
	return out, nil
}

func postings(ctx context.Context, r db.Reader, prog id.Program) ([]Finding, error) {
	return ask(ctx, r, prog,
		question{CheckPostings, "The legs sum to %s instead of %s.", `
			select posting_id, currency, cast(sum(minor) as bigint), 0 from ledger_legs where program_id = $1
			group by posting_id, currency having sum(minor) <> 0 order by posting_id`},
		question{CheckPostings, "The posting has no legs.", `
			select p.posting_id, '', 0, 0 from ledger_postings p
			where p.program_id = $1 and not exists (select 1 from ledger_legs l where l.program_id = p.program_id and l.posting_id = p.posting_id)
			order by p.posting_id`},
	)
}

// unsealedAfter is how long a posting may wait for its seal.
const unsealedAfter = time.Minute

const sealPage = 100

// seals walks the chain from its beginning.
func seals(ctx context.Context, r db.Reader, prog id.Program) ([]Finding, error) {
	before := ledger.Sealed{}
	for {
		page, err := ledger.Seals(ctx, r, prog, before.Number, sealPage)
		if err != nil {
			return nil, err
		}
		for _, s := range page {
			found, err := seal(ctx, r, prog, before, s)
			if err != nil || len(found) > 0 {
				return found, err
			}
			before = s
		}
		if len(page) < sealPage {
			break
		}
	}
	return unsealed(ctx, r, prog)
}

func seal(ctx context.Context, r db.Reader, prog id.Program, before, s ledger.Sealed) ([]Finding, error) {
	row := fmt.Sprintf("seal %d", s.Number)
	if s.Number != before.Number+1 {
		return []Finding{{CheckSeals, row, text.S("The seal before it, number %s, is missing.", before.Number+1)}}, nil
	}
	legs, err := ledger.SealedLegs(ctx, r, prog, s.Number)
	if err != nil {
		return nil, err
	}
	if ledger.Hash(before.Hash, legs) != s.Hash {
		return []Finding{{CheckSeals, row, text.S("Its postings are not what was sealed: one of them was changed, added or removed.")}}, nil
	}
	return nil, nil
}

func unsealed(ctx context.Context, r db.Reader, prog id.Program) ([]Finding, error) {
	waiting, ok, err := db.Lookup(ctx, r, db.Scalar[string], `
		select p.posting_id from ledger_postings p
		where p.program_id = $1 and p.at < $2 and not exists (
			select 1 from ledger_sealed s where s.program_id = p.program_id and s.posting_id = p.posting_id)
		order by p.posting_id limit 1`, prog, r.Now().Add(-unsealedAfter))
	if err != nil || !ok {
		return nil, err
	}
	return []Finding{{CheckSeals, waiting, text.S("The posting is older than a minute and has no seal.")}}, nil
}
