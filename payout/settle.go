package payout

import (
	"context"
	"fmt"
	"strings"

	"tributary.example/commission"
	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/ledger"
)

const maxReference = 200

// Send marks the approved payouts of a run as handed to a rail and returns
// them; what is already sent stays as it is. It settles nothing. Kinds:
// NotFound, Conflict (not approved, or sent already).
func Send(ctx context.Context, tx *db.Tx, prog id.Program, run id.Run, rail RailName) ([]Payout, error) {
	if _, err := takeRun(ctx, tx, prog, run, RunApproved, RunSent); err != nil {
		return nil, err
	}
	pots, err := OfRun(ctx, tx, prog, run)
	if err != nil {
		return nil, err
	}
	for i, pot := range pots {
		if pot.State != Approved {
			continue
		}
		pot.State, pot.Rail, pot.SentAt = Sent, rail, tx.Now()
		_, err := tx.Exec(ctx, `update payouts set state = $3, rail = $4, sent_at = $5 where program_id = $1 and payout_id = $2`,
			prog, pot.ID, pot.State, pot.Rail, pot.SentAt)
		if err != nil {
			return nil, fmt.Errorf("send payout: %w", err)
		}
		step := step{kindSent, EventSent, text.S("Sent to be paid."), commission.InPayout, commission.Clearing(string(rail))}
		if err := step.post(ctx, tx, prog, pot); err != nil {
			return nil, err
		}
		pots[i] = pot
	}
	return pots, audit.Write(ctx, tx, audit.Entry{Program: prog, Action: "payout_run.sent", Subject: string(run), After: map[string]any{"rail": rail}})
}

// step moves a whole payout from one account to another.
type step struct {
	kind, event string
	reason      text.Sentence
	from, to    ledger.Account
}

func (s step) post(ctx context.Context, tx *db.Tx, prog id.Program, pot Payout) error {
	lines, err := Lines(ctx, tx, prog, pot.ID)
	if err != nil {
		return fmt.Errorf("read lines of payout %s: %w", pot.ID, err)
	}
	_, err = ledger.Post(ctx, tx, prog, ledger.Posting{
		Reference: string(pot.ID) + ":" + s.kind, Kind: s.kind, Reason: s.reason, Moves: moves(pot, lines, s.from, s.to),
	})
	if err != nil {
		return err
	}
	return emit(ctx, tx, prog, s.event, pot)
}

// back posts a payout that is payable again. What was reversed meanwhile is
// owed, and repaid from it at once: nobody is paid while they owe.
func (s step) back(ctx context.Context, tx *db.Tx, prog id.Program, pot Payout) error {
	// All accounts are locked in their order, before any of them moves.
	accounts := []ledger.Account{s.from, commission.Clawback, commission.Held, commission.Payable}
	if _, err := ledger.Lock(ctx, tx, prog, string(pot.Affiliate), pot.Currency, accounts...); err != nil {
		return err
	}
	if err := s.post(ctx, tx, prog, pot); err != nil {
		return err
	}
	return commission.Repay(ctx, tx, prog, pot.Affiliate, pot.Currency, string(pot.ID)+":"+s.kind+":"+commission.KindRepaid)
}

// Settle records that a sent payout has arrived, with the rail's reference.
// Settling again with the same reference changes nothing. Kinds: NotFound,
// Invalid (no reference), Conflict (not sent, or settled otherwise).
func Settle(ctx context.Context, tx *db.Tx, prog id.Program, payout id.Payout, reference string) (Payout, error) {
	reference = strings.TrimSpace(reference)
	if reference == "" || len(reference) > maxReference {
		return Payout{}, fault.New(fault.Invalid, "The reference is missing or longer than %s characters.", maxReference).Field("reference").
			Hint("Write what the bank calls this transfer.")
	}
	pot, err := lockWithRun(ctx, tx, prog, payout)
	if err != nil || (pot.State == Settled && pot.Reference == reference) {
		return pot, err
	}
	if pot.State != Sent {
		return pot, fault.New(fault.Conflict, "This payout is %s; only one that was sent can be settled.", string(pot.State))
	}
	pot.State, pot.Reference, pot.SettledAt = Settled, reference, tx.Now()
	if err := save(ctx, tx, prog, pot); err != nil {
		return pot, err
	}
	rail := string(pot.Rail)
	s := step{kindSettled, EventSettled, text.S("Paid, reference %s.", reference), commission.Clearing(rail), commission.Cash(rail)}
	if err := s.post(ctx, tx, prog, pot); err != nil {
		return pot, err
	}
	if err := finish(ctx, tx, prog, pot.Run); err != nil {
		return pot, err
	}
	return pot, audit.Write(ctx, tx, audit.Entry{Program: prog, Action: "payout.settled", Subject: string(pot.ID), After: map[string]any{"reference": reference}})
}

// Fail records that a sent payout did not arrive, or a settled one came back:
// its amount is payable again, as a movement of its own. Failing again changes
// nothing. Kinds: NotFound, Invalid (no reason), Conflict (not sent).
func Fail(ctx context.Context, tx *db.Tx, prog id.Program, payout id.Payout, reason string) (Payout, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > maxReference {
		return Payout{}, fault.New(fault.Invalid, "Please say why, in at most %s characters.", maxReference).Field("reason")
	}
	pot, err := lockWithRun(ctx, tx, prog, payout)
	if err != nil || pot.State == Failed {
		return pot, err
	}
	from := commission.Clearing(string(pot.Rail))
	switch pot.State {
	case Sent:
	case Settled:
		from = commission.Cash(string(pot.Rail))
	default:
		return pot, fault.New(fault.Conflict, "This payout is %s; only one that was sent can fail.", string(pot.State)).
			Hint("A run that was not sent can be cancelled.")
	}
	before := pot.State
	pot.State, pot.Reference = Failed, reason
	if err := save(ctx, tx, prog, pot); err != nil {
		return pot, err
	}
	s := step{kindFailed, EventFailed, text.S("The payout came back: %s", reason), from, commission.Payable}
	if err := s.back(ctx, tx, prog, pot); err != nil {
		return pot, err
	}
	if err := finish(ctx, tx, prog, pot.Run); err != nil {
		return pot, err
	}
	return pot, audit.Write(ctx, tx, audit.Entry{Program: prog, Action: "payout.failed", Subject: string(pot.ID), Before: before, After: pot.State, Reason: reason})
}

// Cancel gives up a run that was not sent: a draft is closed, and approved
// payouts become payable again. Kinds: NotFound, Conflict (sent, or cancelled
// already).
func Cancel(ctx context.Context, tx *db.Tx, prog id.Program, run id.Run) (Run, error) {
	before, err := GetRun(ctx, tx, prog, run)
	if err != nil {
		return before, err
	}
	if before.State != RunDraft && before.State != RunApproved {
		return before, fault.New(fault.Conflict, "This payout run is %s and cannot be cancelled.", string(before.State))
	}
	v, err := takeRun(ctx, tx, prog, run, before.State, RunCancelled)
	if err != nil {
		return v, err
	}
	pots, err := OfRun(ctx, tx, prog, run)
	if err != nil {
		return v, err
	}
	for _, pot := range pots {
		pot.State = Cancelled
		if err := save(ctx, tx, prog, pot); err != nil {
			return v, err
		}
		s := step{kindCancelled, EventCancelled, text.S("The payout run was cancelled."), commission.InPayout, commission.Payable}
		if err := s.back(ctx, tx, prog, pot); err != nil {
			return v, err
		}
	}
	return v, audit.Write(ctx, tx, audit.Entry{Program: prog, Action: "payout_run.cancelled", Subject: string(run), Before: before.State, After: v.State})
}

// lockWithRun holds a payout and, before it, its run: of two results at once
// the later one must see the other, or nobody closes the run.
func lockWithRun(ctx context.Context, tx *db.Tx, prog id.Program, payout id.Payout) (Payout, error) {
	_, err := tx.Exec(ctx, `update payout_runs set state = state where program_id = $1
		and run_id = (select p.run_id from payouts p where p.program_id = $1 and p.payout_id = $2)`, prog, payout)
	if err != nil {
		return Payout{}, fmt.Errorf("lock the run of %s: %w", payout, err)
	}
	p, ok, err := db.Lookup(ctx, tx, scan, `update payouts set state = state where program_id = $1 and payout_id = $2 returning `+columns, prog, payout)
	return found(p, ok, err, payout)
}

func save(ctx context.Context, tx *db.Tx, prog id.Program, pot Payout) error {
	_, err := tx.Exec(ctx, `update payouts set state = $3, reference = $4, settled_at = $5 where program_id = $1 and payout_id = $2`,
		prog, pot.ID, pot.State, pot.Reference, pot.SettledAt)
	if err != nil {
		return fmt.Errorf("save payout: %w", err)
	}
	return nil
}

// finish closes a run when each of its payouts has its result.
func finish(ctx context.Context, tx *db.Tx, prog id.Program, run id.Run) error {
	_, err := tx.Exec(ctx, `update payout_runs set state = $3 where program_id = $1 and run_id = $2 and state = $4
		and not exists (select 1 from payouts p where p.program_id = $1 and p.run_id = $2 and p.state = $5)`,
		prog, run, RunDone, RunSent, Sent)
	return err
}
