package customer

import (
	"context"
	"slices"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
)

// StepKind is a step of a customer at which credit is decided.
type StepKind string

// The steps. AtPayment is the first payment, which carries evidence of its
// own; Step does not take it.
const (
	SignedUp  StepKind = "signed_up"
	Onboarded StepKind = "onboarded"
	AtPayment StepKind = "payment"
)

// clockSkew is how far ahead another server's clock may be.
const clockSkew = 5 * time.Minute

// ParseStep reads the name of a step that can be reported. The kind of error
// is Invalid.
func ParseStep(s string) (StepKind, error) {
	switch k := StepKind(s); k {
	case SignedUp, Onboarded:
		return k, nil
	}
	return "", fault.New(fault.Invalid, "%s is not a step.", s).Field("step").Hint("Use signed_up or onboarded.")
}

// ParseState reads the name of a state that can be reported. The kind of error
// is Invalid.
func ParseState(s string) (State, error) {
	state := State(s)
	if state == StateErased || !slices.Contains(States, state) {
		return "", fault.New(fault.Invalid, "%s is not a state of a customer.", s).Field("state").
			Hint("Use signed_up, trial, onboarded, active, past_due, paused or inactive.")
	}
	return state, nil
}

// Step records that a customer signed up or was onboarded, on a plan if that is
// known. A step happens once and its earliest reported time counts, with the
// plan told then; a later time changes nothing. The kinds of errors are
// NotFound and Invalid (a time in the future).
func Step(ctx context.Context, tx *db.Tx, prog id.Program, cus id.Customer, step StepKind, at time.Time, plan string) (Customer, error) {
	at = at.UTC().Truncate(time.Microsecond)
	if err := checkTime(tx, at); err != nil {
		return Customer{}, err
	}
	before, err := Lock(ctx, tx, prog, cus)
	if err != nil {
		return Customer{}, err
	}
	known, knownPlan, query := before.reached(step)
	switch {
	case query == "":
		return Customer{}, fault.New(fault.Invalid, "%s is not a step.", string(step)).Field("step")
	case known.IsZero() || at.Before(known):
	case at.After(known) || !names(plan, knownPlan):
		return before, nil
	}
	if _, err := tx.Exec(ctx, query, prog, cus, at, plan); err != nil {
		return Customer{}, err
	}
	state := stateOf[step]
	err = tx.Queue(ctx, `delete from customer_states where program_id = $1 and customer_id = $2 and state = $3 and source = $4`,
		prog, cus, state, SourceReferral)
	if err != nil {
		return Customer{}, err
	}
	return add(ctx, tx, prog, before, Change{At: at, State: state, Source: SourceReferral})
}

// stateOf is the state that a step brings.
var stateOf = map[StepKind]State{SignedUp: StateSignedUp, Onboarded: StateOnboarded}

// reached is what is known of a step, and the SQL that says otherwise.
func (c Customer) reached(step StepKind) (at time.Time, plan, query string) {
	switch step {
	case SignedUp:
		return c.SignedUpAt, c.SignedUpPlan, `update customers set signed_up_at = $3, signed_up_plan = $4 where program_id = $1 and customer_id = $2`
	case Onboarded:
		return c.OnboardedAt, c.OnboardedPlan, `update customers set onboarded_at = $3, onboarded_plan = $4 where program_id = $1 and customer_id = $2`
	}
	return time.Time{}, "", ""
}

// names reports whether a plan told for the same moment outweighs the one that
// is known: any outweighs none, and of two the first by name stays, whichever
// came first.
func names(plan, known string) bool { return plan != "" && (known == "" || plan < known) }

// PlanAt is the plan that a customer had chosen at a step: told with it, or
// with an earlier one; "" when it was not known yet.
func (c Customer) PlanAt(step StepKind) string {
	if step == SignedUp {
		return c.SignedUpPlan
	}
	if c.OnboardedPlan == "" && !c.SignedUpAt.IsZero() && !c.SignedUpAt.After(c.OnboardedAt) {
		return c.SignedUpPlan
	}
	return c.OnboardedPlan
}

// SetState records that a customer was in a state from a time on. News from
// the past is placed by its own time; the current state is what the whole
// history makes it. The kinds of errors are NotFound and Invalid.
func SetState(ctx context.Context, tx *db.Tx, prog id.Program, cus id.Customer, c Change) (Customer, error) {
	c.At = c.At.UTC().Truncate(time.Microsecond)
	if _, err := ParseState(string(c.State)); err != nil {
		return Customer{}, err
	}
	if err := checkTime(tx, c.At); err != nil {
		return Customer{}, err
	}
	before, err := Lock(ctx, tx, prog, cus)
	if err != nil {
		return Customer{}, err
	}
	return add(ctx, tx, prog, before, c)
}

// Paid records a payment above zero at its own time: the earliest is kept as
// the first, and the attribution of the customer closes with it. The kind of
// error is NotFound.
func Paid(ctx context.Context, tx *db.Tx, prog id.Program, cus id.Customer, at time.Time) error {
	n, err := tx.Exec(ctx, `update customers set first_paid_at =
			case when first_paid_at is null or first_paid_at > $3 then $3 else first_paid_at end
		where program_id = $1 and customer_id = $2`, prog, cus, at)
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "There is no customer %s.", string(cus))
	}
	return err
}

// Revive records that a payment above zero makes a customer active at its own
// time; settles is when the period began that it pays for, or zero when that
// is not known. Life says when it does not. The kind of error is NotFound.
func Revive(ctx context.Context, tx *db.Tx, prog id.Program, cus id.Customer, at, settles time.Time) (Customer, error) {
	before, err := Lock(ctx, tx, prog, cus)
	if err != nil {
		return Customer{}, err
	}
	return add(ctx, tx, prog, before, Change{At: at.UTC().Truncate(time.Microsecond), State: StateActive, Source: SourcePayment, Settles: settles})
}

// News is all that was ever said about a customer's state, in time order.
func News(ctx context.Context, r db.Reader, prog id.Program, cus id.Customer) ([]Change, error) {
	return db.All(ctx, r, scanChange, `select at, state, source, settles from customer_states
		where program_id = $1 and customer_id = $2 order by at, state, source`, prog, cus)
}

// StateAt is the state in which a customer was at a time, by all that is known
// now; "" before the first news.
func StateAt(ctx context.Context, r db.Reader, prog id.Program, cus id.Customer, at time.Time) (State, error) {
	news, err := News(ctx, r, prog, cus)
	return StateIn(news, at), err
}

func scanChange(r db.Row) (Change, error) {
	var c Change
	err := r.Scan(&c.At, &c.State, &c.Source, &c.Settles)
	return c, err
}

// add writes a piece of news and what it makes of the current state. Two
// payments of one moment are one piece: the later period decides.
func add(ctx context.Context, tx *db.Tx, prog id.Program, before Customer, c Change) (Customer, error) {
	_, err := tx.Exec(ctx, `insert into customer_states (program_id, customer_id, at, state, source, settles, recorded_at)
		values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (program_id, customer_id, at, state, source) do update set settles =
			case when customer_states.settles > excluded.settles then customer_states.settles
			     else excluded.settles end
		where customer_states.settles is not null`,
		prog, before.ID, c.At, c.State, c.Source, c.Settles, tx.Now())
	if err != nil {
		return Customer{}, err
	}
	news, err := News(ctx, tx, prog, before.ID)
	if err != nil {
		return Customer{}, err
	}
	last := Life(news)
	if len(last) == 0 {
		return Get(ctx, tx, prog, before.ID)
	}
	now := last[len(last)-1]
	cus, err := db.One(ctx, tx, scan, `update customers set state = $3, state_at = $4
		where program_id = $1 and customer_id = $2 returning `+columns, prog, before.ID, now.State, now.At)
	if err != nil || cus.State == before.State && cus.StateAt.Equal(before.StateAt) {
		return cus, err
	}
	return cus, outbox.Emit(ctx, tx, outbox.Event{
		Program: prog, Type: EventChanged, Version: 1, Subject: string(cus.ID),
		Payload: Changed{
			Customer: cus.ID, ExternalID: cus.ExternalID, Before: before.State, State: cus.State, At: cus.StateAt,
			Source: now.Source, PlanCode: cus.PlanCode,
		},
	})
}

func checkTime(tx *db.Tx, at time.Time) error {
	switch {
	case at.IsZero():
		return fault.New(fault.Invalid, "The time is missing.").Field("at")
	case at.After(tx.Now().Add(clockSkew)):
		return fault.New(fault.Invalid, "%s lies in the future.", at).Field("at").
			Hint("Send the time at which it happened, in UTC.")
	}
	return nil
}
