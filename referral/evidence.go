package referral

import (
	"context"
	"fmt"
	"time"

	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// EvidenceKind sorts evidence.
type EvidenceKind string

// The kinds of evidence.
const (
	ByClick  EvidenceKind = "click"
	ByCoupon EvidenceKind = "coupon"
	ByClaim  EvidenceKind = "claim" // granted by a person
)

// Flaw is why a piece of evidence proved nothing when it was handed in.
type Flaw string

// The flaws; "" is none.
const (
	FlawUnreadable Flaw = "unreadable"  // no token, no code
	FlawForged     Flaw = "forged"      // no key of ours signed it
	FlawKeyExpired Flaw = "key_expired" // its key is too old, or was withdrawn
	FlawForeign    Flaw = "foreign"     // a link of another program
	FlawUnknown    Flaw = "unknown"     // a link or code that there is not
	FlawNotYet     Flaw = "not_yet"     // a code before its start
	FlawPaused     Flaw = "paused"
	FlawEnded      Flaw = "ended"
	FlawExisting   Flaw = "existing_customer" // a code for new customers only
	FlawOwn        Flaw = "own_code"
	FlawBefore     Flaw = "before" // of a customer on the list of those from before the program
)

// Evidence is one piece that was handed in with a step of a customer.
type Evidence struct {
	ID         id.Evidence       `json:"id"`
	Kind       EvidenceKind      `json:"kind"`
	Source     string            `json:"source"` // click id, canonical code, or a hash of what was unreadable
	Step       customer.StepKind `json:"step"`
	StepAt     time.Time         `json:"step_at"` // the step's own time
	At         time.Time         `json:"at"`      // the touch's own time; of a code the step's
	Affiliate  id.Affiliate      `json:"affiliate_id,omitempty"`
	Link       id.Link           `json:"link_id,omitempty"`
	Coupon     id.Coupon         `json:"coupon_id,omitempty"`
	WindowDays int               `json:"window_days,omitempty"` // in force at the click
	Landing    string            `json:"landing,omitempty"`     // path on which the click landed, when known
	Prefilled  bool              `json:"prefilled,omitempty"`   // a code that a link filled in: counts as the link
	Flaw       Flaw              `json:"flaw,omitempty"`
	RecordedAt time.Time         `json:"recorded_at"`
}

// typed reports whether somebody entered the code on purpose.
func (e Evidence) typed() bool { return e.Kind == ByCoupon && !e.Prefilled }

// linkLike reports whether it counts as a link: a click, or what one filled in.
func (e Evidence) linkLike() bool { return e.Kind == ByClick || e.Kind == ByCoupon && e.Prefilled }

const evidenceColumns = `evidence_id, kind, source, step, step_at, at, affiliate_id, link_id, coupon_id, window_days,
	landing, prefilled, flaw, recorded_at`

func scanEvidence(r db.Row) (Evidence, error) {
	var e Evidence
	err := r.Scan(&e.ID, &e.Kind, &e.Source, &e.Step, &e.StepAt, &e.At, &e.Affiliate, &e.Link, &e.Coupon, &e.WindowDays,
		&e.Landing, &e.Prefilled, &e.Flaw, &e.RecordedAt)
	return e, err
}

// Pool is all evidence that was ever handed in for a customer.
func Pool(ctx context.Context, r db.Reader, prog id.Program, cus id.Customer) ([]Evidence, error) {
	return db.All(ctx, r, scanEvidence, `select `+evidenceColumns+` from referral_evidence
		where program_id = $1 and customer_id = $2 order by step_at, at, kind, source, step`, prog, cus)
}

// keep stores evidence. The same piece with the same kind of step is one
// piece; the earliest time of that step counts, as it was judged for it. Of
// two different judgements of one moment the first stays.
func keep(ctx context.Context, tx *db.Tx, prog id.Program, cus id.Customer, add []Evidence) error {
	for _, e := range add {
		err := tx.Queue(ctx, `insert into referral_evidence (program_id, customer_id, `+evidenceColumns+`)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
			on conflict (program_id, customer_id, kind, source, step) do update set
				step_at = excluded.step_at, at = excluded.at, affiliate_id = excluded.affiliate_id, link_id = excluded.link_id,
				coupon_id = excluded.coupon_id, window_days = excluded.window_days, landing = excluded.landing,
				prefilled = excluded.prefilled, flaw = excluded.flaw
			where excluded.step_at < referral_evidence.step_at`,
			prog, cus, id.New[id.Evidence](tx.Now()), e.Kind, e.Source, e.Step, e.StepAt, e.At, e.Affiliate, e.Link, e.Coupon,
			e.WindowDays, e.Landing, e.Prefilled, e.Flaw, tx.Now())
		if err != nil {
			return err
		}
	}
	return nil
}

// ClicksOf are the clicks of a time span, its end excluded, that were handed
// in as evidence: they led somewhere.
func ClicksOf(ctx context.Context, r db.Reader, prog id.Program, from, to time.Time) ([]id.Click, error) {
	all, err := db.All(ctx, r, db.Scalar[id.Click], `select distinct source from referral_evidence
		where program_id = $1 and kind = $2 and at >= $3 and at < $4`, prog, ByClick, from, to)
	if err != nil {
		return nil, fmt.Errorf("clicks that led somewhere: %w", err)
	}
	return all, nil
}
