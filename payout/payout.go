// Package payout pays affiliates what is payable: runs, payouts and what
// becomes of them.
//
// Nouns: Run, Payout, Draft, Line, Sum, Rail.
//
// Invariants:
//  1. A draft is a view and posts nothing. Approval reads the books again and
//     refuses when they say something else than was seen.
//  2. A payout is of one affiliate in one currency, and its lines are
//     movements on payable that sum to its amount; each movement is in at most
//     one payout.
//  3. Sending settles nothing: only a result does. What failed or came back is
//     a new movement on payable.
//  4. Nothing is sent twice, and nothing sent can be cancelled.
//
// It owns payout_runs, payouts and payout_lines. It must not know how a bank
// wants its file: see Rail.
package payout

import (
	"context"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/money"
)

// RunState is where a run stands.
type RunState string

// The states of a run.
const (
	RunDraft     RunState = "draft"
	RunApproved  RunState = "approved"
	RunSent      RunState = "sent"
	RunDone      RunState = "done" // each payout has its result
	RunCancelled RunState = "cancelled"
)

// Run is one closing: everything that became payable up to its cut-off.
type Run struct {
	ID         id.Run
	CutOff     time.Time
	State      RunState
	Seen       []Sum // what the draft showed when it was stored
	CreatedAt  time.Time
	ApprovedAt time.Time
	ApprovedBy string
}

// Sum is one affiliate's share of a draft.
type Sum struct {
	Affiliate   id.Affiliate   `json:"affiliate_id"`
	Currency    money.Currency `json:"currency"`
	AmountMinor int64          `json:"amount_minor"`
}

// State is where a payout stands.
type State string

// The states of a payout.
const (
	Approved  State = "approved"
	Sent      State = "sent"
	Settled   State = "settled"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Payout is one affiliate's share of a run.
type Payout struct {
	ID          id.Payout
	Run         id.Run
	Affiliate   id.Affiliate
	Currency    money.Currency
	AmountMinor int64
	State       State
	Rail        RailName // "" until it is sent
	Sealed      string   // the details as they were at approval
	Shown       string   // the same, masked
	Reference   string   // the rail's, once settled; of a failed one, why
	CreatedAt   time.Time
	SentAt      time.Time
	SettledAt   time.Time
}

// Amount is what is paid.
func (p Payout) Amount() money.Amount { return money.Of(p.AmountMinor, p.Currency) }

const runColumns = `run_id, cut_off, state, seen, created_at, approved_at, approved_by`

func scanRun(r db.Row) (Run, error) {
	var v Run
	err := r.Scan(&v.ID, &v.CutOff, &v.State, db.JSON(&v.Seen), &v.CreatedAt, &v.ApprovedAt, &v.ApprovedBy)
	return v, err
}

const columns = `payout_id, run_id, affiliate_id, currency, amount_minor, state, rail, details, shown, reference, created_at, sent_at, settled_at`

func scan(r db.Row) (Payout, error) {
	var p Payout
	err := r.Scan(&p.ID, &p.Run, &p.Affiliate, &p.Currency, &p.AmountMinor, &p.State, &p.Rail, &p.Sealed, &p.Shown, &p.Reference,
		&p.CreatedAt, &p.SentAt, &p.SettledAt)
	return p, err
}

// GetRun is the run with an id. The kind of error is NotFound.
func GetRun(ctx context.Context, r db.Reader, prog id.Program, run id.Run) (Run, error) {
	v, ok, err := db.Lookup(ctx, r, scanRun, `select `+runColumns+` from payout_runs where program_id = $1 and run_id = $2`, prog, run)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no payout run %s.", string(run))
	}
	return v, err
}

// Runs are a program's runs, newest first: those before the given one, or from
// the newest for "".
func Runs(ctx context.Context, r db.Reader, prog id.Program, before id.Run, limit int) ([]Run, error) {
	return db.All(ctx, r, scanRun, `select `+runColumns+` from payout_runs
		where program_id = $1 and ($2 = '' or run_id < $2) order by run_id desc limit $3`, prog, before, page(limit))
}

const maxPage = 200

func page(limit int) int {
	if limit < 1 || limit > maxPage {
		return maxPage
	}
	return limit
}

// Get is the payout with an id. The kind of error is NotFound.
func Get(ctx context.Context, r db.Reader, prog id.Program, pot id.Payout) (Payout, error) {
	p, ok, err := db.Lookup(ctx, r, scan, `select `+columns+` from payouts where program_id = $1 and payout_id = $2`, prog, pot)
	return found(p, ok, err, pot)
}

func found(p Payout, ok bool, err error, pot id.Payout) (Payout, error) {
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no payout %s.", string(pot))
	}
	return p, err
}

// OfRun are all payouts of a run, by affiliate.
func OfRun(ctx context.Context, r db.Reader, prog id.Program, run id.Run) ([]Payout, error) {
	return db.All(ctx, r, scan, `select `+columns+` from payouts
		where program_id = $1 and run_id = $2 order by affiliate_id, currency`, prog, run)
}

// OfAffiliate are an affiliate's payouts, newest first: those before the given
// one, or from the newest for "".
func OfAffiliate(ctx context.Context, r db.Reader, prog id.Program, aff id.Affiliate, before id.Payout, limit int) ([]Payout, error) {
	return db.All(ctx, r, scan, `select `+columns+` from payouts
		where program_id = $1 and affiliate_id = $2 and ($3 = '' or payout_id < $3) order by payout_id desc limit $4`,
		prog, aff, before, page(limit))
}

// List is a page of a program's payouts, newest first: those before the given
// one, or from the newest for "".
func List(ctx context.Context, r db.Reader, prog id.Program, before id.Payout, limit int) ([]Payout, error) {
	return db.All(ctx, r, scan, `select `+columns+` from payouts
		where program_id = $1 and ($2 = '' or payout_id < $2) order by payout_id desc limit $3`, prog, before, page(limit))
}

// Line is one movement on payable: a release, a reversal, a repayment, a
// payout that came back.
type Line struct {
	Posting id.Posting
	N       int64
	Kind    string // of the posting
	At      time.Time
	Item    string // the commission's id
	Minor   int64  // negative when it was taken away
}

func scanLine(r db.Row) (Line, error) {
	var l Line
	err := r.Scan(&l.Posting, &l.N, &l.Kind, &l.At, &l.Item, &l.Minor)
	return l, err
}

const selectLines = `
	select l.posting_id, l.n, p.kind, p.at, l.item, l.minor
	from ledger_legs l join ledger_postings p on p.program_id = l.program_id and p.posting_id = l.posting_id `

// Lines are the movements that a payout pays; they sum to its amount.
func Lines(ctx context.Context, r db.Reader, prog id.Program, pot id.Payout) ([]Line, error) {
	return db.All(ctx, r, scanLine, selectLines+`
		join payout_lines x on x.program_id = l.program_id and x.posting_id = l.posting_id and x.n = l.n
		where x.program_id = $1 and x.payout_id = $2 order by l.posting_id, l.n`, prog, pot)
}
