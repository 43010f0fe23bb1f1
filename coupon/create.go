package coupon

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"tributary.example/affiliate"
	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/program"
)

// New is what a coupon is created from.
type New struct {
	Affiliate id.Affiliate
	Code      string // as it shall be shown; "" makes a random one
	Settings
}

// randomTries is how many random codes may be taken before something else is
// wrong.
const randomTries = 10

// Create makes a coupon. The kinds of errors are Invalid, NotFound (the
// affiliate) and Conflict (the code is taken, also by a retired coupon).
func Create(ctx context.Context, tx *db.Tx, prog id.Program, n New) (Coupon, error) {
	if err := n.check(ctx, tx, prog); err != nil {
		return Coupon{}, err
	}
	if strings.TrimSpace(n.Code) == "" {
		codes := make([]Code, randomTries)
		for i := range codes {
			codes[i] = RandomCode(rand.Reader)
		}
		return createFirst(ctx, tx, prog, n, codes)
	}
	code, err := ParseCode(n.Code)
	if err != nil {
		return Coupon{}, err
	}
	cpn, ok, err := insert(ctx, tx, prog, n, code)
	if err == nil && !ok {
		err = fault.New(fault.Conflict, "The code %s is taken.", code).Field("code").
			Hint("Choose another one; a code is never given to somebody else.")
	}
	return cpn, err
}

// CreateSuggested makes the coupon that an affiliate gets on approval: the
// first free suggestion for the name, with the discount that the program
// suggests, for the first payment. The kind of error is NotFound (the
// affiliate).
func CreateSuggested(ctx context.Context, tx *db.Tx, prog program.Program, aff id.Affiliate, name string) (Coupon, error) {
	n := New{Affiliate: aff, Settings: Settings{
		Discount: Discount{PercentPPM: prog.SuggestPPM, Plans: prog.SuggestPlans, Payments: 1}, OnceEach: true,
	}}
	if _, err := affiliate.Get(ctx, tx, prog.ID, aff); err != nil {
		return Coupon{}, err
	}
	return createFirst(ctx, tx, prog.ID, n, append(Suggest(name, prog.SuggestPPM), RandomCode(rand.Reader), RandomCode(rand.Reader)))
}

// createFirst takes the first code that is free.
func createFirst(ctx context.Context, tx *db.Tx, prog id.Program, n New, codes []Code) (Coupon, error) {
	for _, code := range codes {
		n.Code = string(code)
		cpn, ok, err := insert(ctx, tx, prog, n, code)
		if ok || err != nil {
			return cpn, err
		}
	}
	return Coupon{}, fmt.Errorf("none of %d codes is free", len(codes))
}

func insert(ctx context.Context, tx *db.Tx, prog id.Program, n New, code Code) (Coupon, bool, error) {
	cpn := Coupon{
		ID: id.New[id.Coupon](tx.Now()), Affiliate: n.Affiliate, Code: shownCode(n.Code), Canonical: code,
		Settings: n.Settings, State: Active, CreatedAt: tx.Now(),
	}
	d := cpn.Discount
	made, err := tx.Exec(ctx, `insert into coupons (program_id, `+columns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, $16)
		on conflict (program_id, canonical) do nothing`,
		prog, cpn.ID, cpn.Affiliate, cpn.Code, cpn.Canonical, d.PercentPPM, db.JSON(fixedOf(d)), db.JSON(plansOf(d)), d.Payments,
		cpn.NewCustomers, cpn.OnceEach, cpn.StartsAt, cpn.EndsAt, cpn.TotalLimit, cpn.State, cpn.CreatedAt)
	if err != nil || made == 0 {
		return Coupon{}, false, err
	}
	if err := remember(ctx, tx, prog, cpn); err != nil {
		return Coupon{}, false, err
	}
	if err := tell(ctx, tx, prog, EventCreated, cpn); err != nil {
		return Coupon{}, false, err
	}
	return cpn, true, audit.Write(ctx, tx, audit.Entry{Program: prog, Action: EventCreated, Subject: string(cpn.ID), After: cpn})
}

// shownCode keeps an affiliate's hyphens, and nothing that is not for print.
func shownCode(s string) string { return strings.ToUpper(strings.Join(strings.Fields(s), " ")) }

// fixedOf and plansOf store {} and [] where nothing is set, never null.
func fixedOf(d Discount) map[string]int64 {
	if d.Fixed == nil {
		return map[string]int64{}
	}
	return d.Fixed
}

func plansOf(d Discount) []string {
	if d.Plans == nil {
		return []string{}
	}
	return d.Plans
}

func (n New) check(ctx context.Context, tx *db.Tx, prog id.Program) error {
	if _, err := affiliate.Get(ctx, tx, prog, n.Affiliate); err != nil {
		return err
	}
	return n.Settings.check(ctx, tx, prog)
}

func (s Settings) check(ctx context.Context, tx *db.Tx, prog id.Program) error {
	plans, err := program.Plans(ctx, tx, prog)
	if err != nil {
		return err
	}
	var faults fault.List
	if err := faults.Check(s.Discount.check(plans)); err != nil {
		return err
	}
	if !s.EndsAt.IsZero() && !s.EndsAt.After(s.StartsAt) {
		faults.Add(fault.New(fault.Invalid, "A coupon ends after it starts.").Field("ends_at"))
	}
	if s.TotalLimit < 0 {
		faults.Add(fault.New(fault.Invalid, "A limit is zero, for none, or more.").Field("total_limit"))
	}
	return faults.Err()
}

// Update changes a coupon's settings; quotes given before keep their price.
// The kinds of errors are Invalid, NotFound and Conflict (a retired coupon).
func Update(ctx context.Context, tx *db.Tx, prog id.Program, cpn id.Coupon, s Settings) (Coupon, error) {
	if err := s.check(ctx, tx, prog); err != nil {
		return Coupon{}, err
	}
	before, err := lock(ctx, tx, prog, cpn)
	if err != nil {
		return Coupon{}, err
	}
	if before.State == Retired {
		return Coupon{}, retired(before)
	}
	after := before
	after.Settings = s
	d := s.Discount
	_, err = tx.Exec(ctx, `update coupons set percent_ppm = $3, fixed = $4, plans = $5, payments = $6, new_customers = $7,
			once_each = $8, starts_at = $9, ends_at = $10, total_limit = $11
		where program_id = $1 and coupon_id = $2`,
		prog, cpn, d.PercentPPM, db.JSON(fixedOf(d)), db.JSON(plansOf(d)), d.Payments, s.NewCustomers, s.OnceEach, s.StartsAt, s.EndsAt, s.TotalLimit)
	if err != nil {
		return Coupon{}, err
	}
	return after, changed(ctx, tx, prog, before, after)
}

// SetState pauses, resumes or retires a coupon. The kinds of errors are
// Invalid, NotFound and Conflict (a retired coupon stays retired).
func SetState(ctx context.Context, tx *db.Tx, prog id.Program, cpn id.Coupon, state State) (Coupon, error) {
	if state != Active && state != Paused && state != Retired {
		return Coupon{}, fault.New(fault.Invalid, "%s is not a state of a coupon.", string(state)).Field("state").
			Hint("Use active, paused or retired.")
	}
	before, err := lock(ctx, tx, prog, cpn)
	if err != nil || before.State == state {
		return before, err
	}
	if before.State == Retired {
		return Coupon{}, retired(before)
	}
	after := before
	after.State = state
	if _, err := tx.Exec(ctx, `update coupons set state = $3 where program_id = $1 and coupon_id = $2`, prog, cpn, state); err != nil {
		return Coupon{}, err
	}
	if err := remember(ctx, tx, prog, after); err != nil {
		return Coupon{}, err
	}
	return after, changed(ctx, tx, prog, before, after)
}

func retired(cpn Coupon) error {
	return fault.New(fault.Conflict, "The code %s is retired.", cpn.Canonical).Hint("Create another code instead.")
}

func lock(ctx context.Context, tx *db.Tx, prog id.Program, cpn id.Coupon) (Coupon, error) {
	c, ok, err := db.Lookup(ctx, tx, scan, `update coupons set state = state
		where program_id = $1 and coupon_id = $2 returning `+columns, prog, cpn)
	if err == nil && !ok {
		err = notFound(cpn)
	}
	return c, err
}

// remember writes the state into the history. Two states of one moment are the
// later one.
func remember(ctx context.Context, tx *db.Tx, prog id.Program, cpn Coupon) error {
	err := tx.Queue(ctx, `delete from coupon_states where program_id = $1 and coupon_id = $2 and at = $3`, prog, cpn.ID, tx.Now())
	if err != nil {
		return err
	}
	return tx.Queue(ctx, `insert into coupon_states (program_id, coupon_id, at, state) values ($1, $2, $3, $4)`,
		prog, cpn.ID, tx.Now(), cpn.State)
}

func changed(ctx context.Context, tx *db.Tx, prog id.Program, before, after Coupon) error {
	if err := tell(ctx, tx, prog, EventChanged, after); err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{Program: prog, Action: EventChanged, Subject: string(after.ID), Before: before, After: after})
}

func tell(ctx context.Context, tx *db.Tx, prog id.Program, event string, cpn Coupon) error {
	return outbox.Emit(ctx, tx, outbox.Event{
		Program: prog, Type: event, Version: 1, Subject: string(cpn.ID), Payload: Changed{Coupon: cpn},
	})
}
