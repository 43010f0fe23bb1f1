package payout

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"tributary.example/affiliate"
	"tributary.example/commission"
	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/internal/text"
	"tributary.example/ledger"
	"tributary.example/money"
	"tributary.example/program"
)

// The kinds of this room's postings.
const (
	kindApproved  = "payout_approved"
	kindSent      = "payout_sent"
	kindSettled   = "payout_settled"
	kindFailed    = "payout_failed"
	kindCancelled = "payout_cancelled"
)

// Approve reads the books again and, when they still say what was seen, moves
// each share from payable into a payout. Kinds: NotFound, Conflict (the run is
// no draft, or something changed since: the sentences say what), Invalid
// (nobody would be paid).
func Approve(ctx context.Context, tx *db.Tx, prog program.Program, run id.Run, seen []Sum) (Run, []Payout, error) {
	v, err := takeRun(ctx, tx, prog.ID, run, RunDraft, RunApproved)
	if err != nil {
		return Run{}, nil, err
	}
	view, err := Draft(ctx, tx, prog, v.CutOff)
	if err != nil {
		return Run{}, nil, err
	}
	if err := compare(seen, view); err != nil {
		return Run{}, nil, err
	}
	if len(view.Shares) == 0 {
		return Run{}, nil, fault.New(fault.Invalid, "Nobody would be paid by this run.").Hint("The draft says for each affiliate why not.")
	}
	v.ApprovedAt, v.ApprovedBy = tx.Now(), tx.Actor().ID
	_, err = tx.Exec(ctx, `update payout_runs set approved_at = $3, approved_by = $4 where program_id = $1 and run_id = $2`,
		prog.ID, run, v.ApprovedAt, v.ApprovedBy)
	if err != nil {
		return Run{}, nil, fmt.Errorf("approve run: %w", err)
	}
	var pots []Payout
	for _, share := range view.Shares { // sorted by affiliate and currency, as accounts are locked
		pot, err := approve(ctx, tx, prog, v, share)
		if err != nil {
			return Run{}, nil, fmt.Errorf("approve payout of %s: %w", share.Affiliate, err)
		}
		pots = append(pots, pot)
	}
	return v, pots, audit.Write(ctx, tx, audit.Entry{Program: prog.ID, Action: "payout_run.approved", Subject: string(run), After: view.Sums()})
}

// takeRun moves a run from one state to another and locks it.
func takeRun(ctx context.Context, tx *db.Tx, prog id.Program, run id.Run, from, to RunState) (Run, error) {
	v, ok, err := db.Lookup(ctx, tx, scanRun, `update payout_runs set state = $4
		where program_id = $1 and run_id = $2 and state = $3 returning `+runColumns, prog, run, from, to)
	if err != nil || ok {
		return v, err
	}
	if v, err = GetRun(ctx, tx, prog, run); err != nil {
		return v, err
	}
	return v, fault.New(fault.Conflict, "This payout run is %s already.", string(v.State)).Hint("Reload the page to see where it stands.")
}

// compare lists what differs between what a person saw and what the books say.
func compare(seen []Sum, view DraftView) error {
	type key struct {
		aff      id.Affiliate
		currency money.Currency
	}
	before := map[key]int64{}
	for _, s := range seen {
		before[key{s.Affiliate, s.Currency}] = s.AmountMinor
	}
	var changes fault.List
	differs := func(name string, c money.Currency, was, is int64) {
		if was != is {
			changes.Add(fault.New(fault.Conflict, "%s: %s instead of %s.", name, money.Of(is, c), money.Of(was, c)).
				Hint("Look at the run again and approve what it says now."))
		}
	}
	for _, s := range view.Shares {
		k := key{s.Affiliate, s.Currency}
		differs(s.Name, s.Currency, before[k], s.AmountMinor)
		delete(before, k)
	}
	for _, out := range view.LeftOut {
		k := key{out.Affiliate, out.Currency}
		differs(out.Name, out.Currency, before[k], 0)
		delete(before, k)
	}
	for k, was := range before {
		differs(string(k.aff), k.currency, was, 0)
	}
	slices.SortFunc(changes, func(a, b *fault.Error) int { return cmp.Compare(a.Error(), b.Error()) })
	return changes.Err()
}

func approve(ctx context.Context, tx *db.Tx, prog program.Program, run Run, share Share) (Payout, error) {
	owner := string(share.Affiliate)
	if _, err := ledger.Lock(ctx, tx, prog.ID, owner, share.Currency, commission.InPayout, commission.Payable); err != nil {
		return Payout{}, err
	}
	// Read again under the lock: something may have moved since the draft.
	lines, err := openLines(ctx, tx, prog.ID, share.Sum, run.CutOff)
	if err != nil {
		return Payout{}, err
	}
	var sum int64
	for _, l := range lines {
		sum += l.Minor
	}
	if sum != share.AmountMinor {
		return Payout{}, fault.New(fault.Conflict, "%s: %s instead of %s.", share.Name, money.Of(sum, share.Currency), money.Of(share.AmountMinor, share.Currency)).
			Hint("Look at the run again and approve what it says now.")
	}
	details, _, err := affiliate.DetailsOf(ctx, tx, prog.ID, share.Affiliate)
	if err != nil {
		return Payout{}, err
	}
	pot := Payout{
		ID: id.New[id.Payout](tx.Now()), Run: run.ID, Affiliate: share.Affiliate, Currency: share.Currency, AmountMinor: sum,
		State: Approved, Sealed: details.Sealed, Shown: details.Shown, CreatedAt: tx.Now(),
	}
	if err := insert(ctx, tx, prog.ID, pot, lines); err != nil {
		return Payout{}, err
	}
	_, err = ledger.Post(ctx, tx, prog.ID, ledger.Posting{
		Reference: string(pot.ID) + ":approved", Kind: kindApproved, Reason: text.S("The payout of %s was approved.", pot.Amount()),
		Moves: moves(pot, lines, commission.Payable, commission.InPayout),
	})
	if err != nil {
		return Payout{}, err
	}
	return pot, emit(ctx, tx, prog.ID, EventApproved, pot)
}

func insert(ctx context.Context, tx *db.Tx, prog id.Program, pot Payout, lines []Line) error {
	_, err := tx.Exec(ctx, `insert into payouts (program_id, `+columns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, null, null)`,
		prog, pot.ID, pot.Run, pot.Affiliate, pot.Currency, pot.AmountMinor, pot.State, pot.Rail, pot.Sealed, pot.Shown, pot.Reference, pot.CreatedAt)
	if err != nil {
		return fmt.Errorf("insert payout: %w", err)
	}
	for _, l := range lines {
		err := tx.Queue(ctx, `insert into payout_lines (program_id, posting_id, n, payout_id) values ($1, $2, $3, $4)`, prog, l.Posting, l.N, pot.ID)
		if err != nil {
			return fmt.Errorf("insert payout's line: %w", err)
		}
	}
	return nil
}

// moves carries a payout's lines from one account to another, item by item, so
// that each commission knows where its own money lies. When an item's lines
// cancel out, it does not move.
func moves(pot Payout, lines []Line, from, to ledger.Account) []ledger.Move {
	sums := map[string]int64{}
	var order []string
	for _, l := range lines {
		if _, ok := sums[l.Item]; !ok {
			order = append(order, l.Item)
		}
		sums[l.Item] += l.Minor
	}
	var out []ledger.Move
	for _, item := range order {
		a := money.Of(sums[item], pot.Currency)
		out = append(out, ledger.Debit(from, string(pot.Affiliate), item, a), ledger.Credit(to, string(pot.Affiliate), item, a))
	}
	return out
}

func emit(ctx context.Context, tx *db.Tx, prog id.Program, kind string, pot Payout) error {
	return outbox.Emit(ctx, tx, outbox.Event{Program: prog, Type: kind, Version: 1, Subject: string(pot.ID), Payload: changed(pot)})
}
