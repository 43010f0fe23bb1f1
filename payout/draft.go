package payout

import (
	"context"
	"fmt"
	"time"

	"tributary.example/affiliate"
	"tributary.example/commission"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/ledger"
	"tributary.example/money"
	"tributary.example/program"
)

// Share is one payout that a run would make.
type Share struct {
	Sum
	Name  string // the affiliate's
	Shown string // the payout details, masked
	Lines []Line
}

// LeftOut is somebody who has something payable and is not paid now.
type LeftOut struct {
	Sum    // what would be paid
	Name   string
	Reason text.Sentence
}

// DraftView is what a run with this cut-off would pay if it were approved now.
type DraftView struct {
	CutOff  time.Time
	Shares  []Share // by affiliate and currency
	LeftOut []LeftOut
}

// Sums are the shares without their lines: what is compared at approval.
func (d DraftView) Sums() []Sum {
	sums := make([]Sum, len(d.Shares))
	for i, s := range d.Shares {
		sums[i] = s.Sum
	}
	return sums
}

// Totals are the sums of all shares per currency, in the order of the shares.
func (d DraftView) Totals() []money.Amount {
	var out []money.Amount
	at := map[money.Currency]int{}
	for _, s := range d.Shares {
		i, ok := at[s.Currency]
		if !ok {
			i, at[s.Currency] = len(out), len(out)
			out = append(out, money.Of(0, s.Currency))
		}
		out[i].Minor += s.AmountMinor
	}
	return out
}

// Draft reads what a run would pay, who is left out, and why. It posts
// nothing.
func Draft(ctx context.Context, r db.Reader, prog program.Program, cutOff time.Time) (DraftView, error) {
	owners, err := ledger.BalancesOf(ctx, r, prog.ID, commission.Payable)
	if err != nil {
		return DraftView{}, fmt.Errorf("read what is payable: %w", err)
	}
	return draft(ctx, r, prog, cutOff, owners)
}

// Outlook is the draft for one affiliate: what the next run would pay them, or
// why not.
func Outlook(ctx context.Context, r db.Reader, prog program.Program, aff id.Affiliate, cutOff time.Time) (DraftView, error) {
	all, err := ledger.Balances(ctx, r, prog.ID, string(aff))
	if err != nil {
		return DraftView{}, fmt.Errorf("read what is payable: %w", err)
	}
	var owners []ledger.OwnerBalance
	for _, b := range all {
		if b.Account == commission.Payable.Name && b.Minor > 0 {
			owners = append(owners, b)
		}
	}
	return draft(ctx, r, prog, cutOff, owners)
}

func draft(ctx context.Context, r db.Reader, prog program.Program, cutOff time.Time, owners []ledger.OwnerBalance) (DraftView, error) {
	view := DraftView{CutOff: cutOff}
	for _, owner := range owners {
		aff, err := affiliate.Get(ctx, r, prog.ID, id.Affiliate(owner.Owner))
		if err != nil {
			return view, err
		}
		share := Share{Sum: Sum{Affiliate: aff.ID, Currency: owner.Currency}, Name: aff.Name}
		if share.Lines, err = openLines(ctx, r, prog.ID, share.Sum, cutOff); err != nil {
			return view, err
		}
		for _, l := range share.Lines {
			share.AmountMinor += l.Minor
		}
		details, ok, err := affiliate.DetailsOf(ctx, r, prog.ID, aff.ID)
		if err != nil {
			return view, fmt.Errorf("read payout details of %s: %w", aff.ID, err)
		}
		share.Shown = details.Shown
		if why := refusal(prog, aff.State, share.Sum, ok); !why.IsZero() {
			view.LeftOut = append(view.LeftOut, LeftOut{Sum: share.Sum, Name: aff.Name, Reason: why})
			continue
		}
		view.Shares = append(view.Shares, share)
	}
	return view, nil
}

// refusal says why somebody is not paid now, or is zero.
func refusal(prog program.Program, state affiliate.State, sum Sum, details bool) text.Sentence {
	least := int64(1)
	if string(sum.Currency) == prog.Currency && state != affiliate.Closed {
		least = max(prog.MinimumMinor, 1) // who closed their account is paid what is left
	}
	switch {
	case state != affiliate.Active && state != affiliate.Closed:
		return text.S("The affiliate is %s.", string(state))
	case sum.AmountMinor <= 0:
		return text.S("Nothing had become payable by the cut-off.")
	case sum.AmountMinor < least:
		return text.S("%s is below the minimum of %s.", money.Of(sum.AmountMinor, sum.Currency), money.Of(least, sum.Currency))
	case !details:
		return text.S("The affiliate has given no payout details.")
	}
	return text.Sentence{}
}

// openLines are the movements on payable that no payout has: releases up to
// the cut-off, and everything else.
func openLines(ctx context.Context, r db.Reader, prog id.Program, s Sum, cutOff time.Time) ([]Line, error) {
	lines, err := db.All(ctx, r, scanLine, selectLines+`
		where l.program_id = $1 and l.owner = $2 and l.account = $3 and l.currency = $4 and p.kind <> $5 and (p.kind <> $6 or p.at <= $7)
			and not exists (select 1 from payout_lines x where x.program_id = l.program_id and x.posting_id = l.posting_id and x.n = l.n)
		order by l.posting_id, l.n`,
		prog, s.Affiliate, commission.Payable.Name, s.Currency, kindApproved, commission.KindReleased, cutOff)
	if err != nil {
		return nil, fmt.Errorf("read movements of %s: %w", s.Affiliate, err)
	}
	return lines, nil
}

// Open stores a draft run, with what it shows now. Kinds: Invalid (a cut-off
// in the future).
func Open(ctx context.Context, tx *db.Tx, prog program.Program, cutOff time.Time) (Run, error) {
	if cutOff.After(tx.Now()) {
		return Run{}, fault.New(fault.Invalid, "The cut-off %s lies in the future.", cutOff).Field("cut_off").
			Hint("A run pays what has become payable; choose a time up to now.")
	}
	view, err := Draft(ctx, tx, prog, cutOff)
	if err != nil {
		return Run{}, err
	}
	run := Run{ID: id.New[id.Run](tx.Now()), CutOff: cutOff.UTC().Truncate(time.Microsecond), State: RunDraft, Seen: view.Sums(), CreatedAt: tx.Now()}
	_, err = tx.Exec(ctx, `insert into payout_runs (program_id, `+runColumns+`) values ($1, $2, $3, $4, $5, $6, null, '')`,
		prog.ID, run.ID, run.CutOff, run.State, db.JSON(run.Seen), run.CreatedAt)
	return run, err
}
