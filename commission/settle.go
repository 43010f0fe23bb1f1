package commission

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/program"
)

// Settle computes all commissions of a customer anew from the facts and posts
// what changed. It is called after every fact about the customer: a referral,
// a step, a payment, a refund. Calling it again changes nothing. The kind of
// error is NotFound (no such customer).
func Settle(ctx context.Context, tx *db.Tx, prog program.Program, cus id.Customer) error {
	locked, err := customer.Lock(ctx, tx, prog.ID, cus)
	if err != nil {
		return err
	}
	rows, err := db.All(ctx, tx, scan, `select `+columns+` from commissions
		where program_id = $1 and customer_id = $2 and level = 1 order by cause`, prog.ID, cus)
	if err != nil {
		return fmt.Errorf("read commissions of %s: %w", cus, err)
	}
	history, err := read(ctx, tx, prog, locked, rows)
	if err != nil {
		return fmt.Errorf("read history of %s: %w", cus, err)
	}
	targets, err := Targets(history)
	if err != nil {
		return fmt.Errorf("targets of %s: %w", cus, err)
	}
	changes := differences(tx.Now(), cus, rows, targets)
	for i := range changes {
		if err := changes[i].save(ctx, tx, prog.ID); err != nil {
			return fmt.Errorf("save commission of %s: %w", changes[i].after.Cause, err)
		}
	}
	return post(ctx, tx, prog.ID, changes)
}

// change is a commission that is not what it was; before is the zero value for
// a new one.
type change struct {
	before, after Commission
}

// money reports whether the change is more than words.
func (c change) money() bool {
	return c.before.TargetMinor != c.after.TargetMinor || c.before.Affiliate != c.after.Affiliate || c.before.Disputed != c.after.Disputed
}

// differences compares what is with what ought to be, by cause.
func differences(now time.Time, cus id.Customer, rows []Commission, targets []Target) []change {
	old := map[Cause]Commission{}
	for _, c := range rows {
		old[c.Cause] = c
	}
	var out []change
	for _, t := range targets {
		before := old[t.Cause]
		delete(old, t.Cause)
		if after := t.apply(now, cus, before); !same(before, after) {
			out = append(out, change{before, after})
		}
	}
	for _, before := range old {
		if after := orphaned(now, before); !same(before, after) {
			out = append(out, change{before, after})
		}
	}
	// By id, as a release takes them, so that the two never wait in a circle.
	slices.SortFunc(out, func(a, b change) int { return cmp.Compare(a.after.ID, b.after.ID) })
	return out
}

// apply is the commission by its target.
func (t Target) apply(now time.Time, cus id.Customer, before Commission) Commission {
	c := Commission{
		ID: before.ID, Cause: t.Cause, Level: 1, Referral: t.Referral, Affiliate: t.Affiliate, Customer: cus, Payment: t.Payment,
		Kind: t.Kind, At: t.At, Currency: t.Currency, BaseMinor: t.BaseMinor, TargetMinor: t.Minor, ReleaseAt: t.ReleaseAt,
		ReleasedAt: before.ReleasedAt, Review: t.Review, Disputed: t.Disputed, Terms: t.Terms, Input: t.Input, Lines: t.Lines,
		Revision: before.Revision + 1, CreatedAt: before.CreatedAt, ChangedAt: now,
	}
	if before.ID == "" {
		c.ID, c.CreatedAt = id.New[id.Commission](now), now
	}
	if c.heldAgain(before) {
		c.ReleasedAt = time.Time{}
	}
	return c
}

// heldAgain reports whether a release of before counts no more: the commission
// is released when its time has come.
func (c Commission) heldAgain(before Commission) bool {
	return before.Affiliate != c.Affiliate || c.Disputed
}

// orphaned is a commission whose referral did not stand after all.
func orphaned(now time.Time, before Commission) Commission {
	c := before
	c.TargetMinor, c.BaseMinor, c.Disputed, c.Review = 0, 0, false, text.Sentence{}
	c.Input.Refused = text.S("No referral stood at that time.")
	c.Lines = []Line{{Sentence: c.Input.Refused}}
	c.Revision, c.ChangedAt = before.Revision+1, now
	return c
}

// same reports whether two versions of a commission say the same.
func same(a, b Commission) bool {
	if a.ID == "" {
		return false
	}
	a.Revision, a.ChangedAt, a.State = b.Revision, b.ChangedAt, b.State
	x, _ := json.Marshal(a) // plain data
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// save writes the row, which locks it.
func (c *change) save(ctx context.Context, tx *db.Tx, prog id.Program) error {
	a := c.after
	if c.before.ID == "" {
		_, err := tx.Exec(ctx, `insert into commissions (program_id, `+columns+`)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
			prog, a.ID, a.Cause, a.Level, a.Referral, a.Affiliate, a.Customer, a.Payment, a.Kind, a.At, a.Currency, a.BaseMinor,
			a.TargetMinor, a.ReleaseAt, a.ReleasedAt, orNothing(a.Review), a.Disputed, a.Terms, db.JSON(a.Input), db.JSON(a.Lines),
			a.Revision, a.CreatedAt, a.ChangedAt)
		return err
	}
	if err := c.lock(ctx, tx, prog); err != nil {
		return err
	}
	a = c.after
	_, err := tx.Exec(ctx, `update commissions set referral_id = $3, affiliate_id = $4, at = $5, base_minor = $6, target_minor = $7,
			release_at = $8, released_at = $9, review = $10, disputed = $11, terms_id = $12, inputs = $13, lines = $14,
			revision = $15, changed_at = $16
		where program_id = $1 and commission_id = $2`,
		prog, a.ID, a.Referral, a.Affiliate, a.At, a.BaseMinor, a.TargetMinor, a.ReleaseAt, a.ReleasedAt, orNothing(a.Review),
		a.Disputed, a.Terms, db.JSON(a.Input), db.JSON(a.Lines), a.Revision, a.ChangedAt)
	return err
}

// lock holds the row. The customer's lock keeps other settlements away, but
// not a release: it may have happened since the row was read.
func (c *change) lock(ctx context.Context, tx *db.Tx, prog id.Program) error {
	type released struct {
		at       time.Time
		revision int64
	}
	now, err := db.One(ctx, tx, func(r db.Row) (released, error) {
		var v released
		err := r.Scan(&v.at, &v.revision)
		return v, err
	}, `update commissions set revision = revision where program_id = $1 and commission_id = $2 returning released_at, revision`, prog, c.after.ID)
	if err != nil {
		return err
	}
	if !c.after.heldAgain(c.before) {
		c.after.ReleasedAt = now.at
	}
	c.after.Revision = now.revision + 1
	return nil
}
