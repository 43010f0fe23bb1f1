package affiliate

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/program"
)

const (
	maxName  = 100
	maxPitch = 2000
	maxSite  = 300
)

// Application is what somebody hands in who wants to promote a program.
type Application struct {
	Person  id.Person
	Name    string
	Website string
	Pitch   string
	State   State // Applied, or Invited when the merchant enters it
}

// Apply enrols a person. The state is Applied or Invited; what follows is
// SetState's. Kinds: Invalid, Conflict (enrolled already), Forbidden (the
// program takes no applications).
func Apply(ctx context.Context, tx *db.Tx, prog program.Program, a Application) (Affiliate, error) {
	if prog.Applications == program.ApplyClosed && a.State != Invited {
		return Affiliate{}, fault.New(fault.Forbidden, "%s takes no applications at the moment.", prog.Name)
	}
	if err := a.clean(); err != nil {
		return Affiliate{}, err
	}
	group, err := program.DefaultGroup(ctx, tx, prog.ID)
	if err != nil {
		return Affiliate{}, err
	}
	aff := Affiliate{
		ID: id.New[id.Affiliate](tx.Now()), Person: a.Person, Group: group.ID, Name: a.Name, Website: a.Website, Pitch: a.Pitch,
		State: a.State, StateAt: tx.Now(), Version: 1, CreatedAt: tx.Now(),
	}
	made, err := tx.Exec(ctx, `
		insert into affiliates (program_id, affiliate_id, person_id, group_id, name, website, pitch, state, state_at, reason, agreed_at, version, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $11, $12) on conflict (program_id, person_id) do nothing`,
		prog.ID, aff.ID, aff.Person, aff.Group, aff.Name, aff.Website, aff.Pitch, aff.State, aff.StateAt, aff.AgreedAt, aff.Version, aff.CreatedAt)
	if err != nil {
		return Affiliate{}, fmt.Errorf("insert affiliate: %w", err)
	}
	if made == 0 {
		return Affiliate{}, fault.New(fault.Conflict, "This person is enrolled in %s already.", prog.Name).Field("email").
			Hint("Sign in with that e-mail address to see where the enrolment stands.")
	}
	if err := remember(ctx, tx, prog.ID, aff); err != nil {
		return Affiliate{}, err
	}
	return aff, audit.Write(ctx, tx, audit.Entry{Program: prog.ID, Action: "affiliate." + string(aff.State), Subject: string(aff.ID), After: summary(aff)})
}

func (a *Application) clean() error {
	var l fault.List
	a.Name, a.Website, a.Pitch = strings.TrimSpace(a.Name), strings.TrimSpace(a.Website), strings.TrimSpace(a.Pitch)
	if a.State == "" {
		a.State = Applied
	}
	if a.Name == "" || len(a.Name) > maxName {
		l.Add(fault.New(fault.Invalid, "Please tell your name, in at most %s characters.", maxName).Field("name"))
	}
	if len(a.Pitch) > maxPitch {
		l.Add(fault.New(fault.Invalid, "The text is longer than %s characters.", maxPitch).Field("pitch"))
	}
	if a.Website != "" {
		if !strings.Contains(a.Website, "://") {
			a.Website = "https://" + a.Website
		}
		u, err := url.Parse(a.Website)
		if err != nil || u.Host == "" || len(a.Website) > maxSite || u.Scheme != "https" && u.Scheme != "http" {
			l.Add(fault.New(fault.Invalid, "That is not the address of a website.").Field("website").Hint("Write something like https://example.com, or leave it empty."))
		}
	}
	return l.Err()
}

// remember writes the state into the history, tells the edge and emits the
// event of the state.
func remember(ctx context.Context, tx *db.Tx, prog id.Program, aff Affiliate) error {
	err := tx.Queue(ctx, `
		insert into affiliate_states (program_id, affiliate_id, at, state) values ($1, $2, $3, $4)
		on conflict (program_id, affiliate_id, at, state) do nothing`, prog, aff.ID, aff.StateAt, aff.State)
	if err != nil {
		return fmt.Errorf("insert state: %w", err)
	}
	if err := Publish(ctx, tx, prog, aff); err != nil {
		return err
	}
	return outbox.Emit(ctx, tx, outbox.Event{
		Program: prog, Type: eventOf(aff.State), Version: 1, Subject: string(aff.ID), Payload: Changed{Affiliate: aff},
	})
}

// moves says which state may follow which.
var moves = map[State][]State{
	Invited:   {Active, Rejected, Closed},
	Applied:   {Active, Rejected},
	Rejected:  {Active},
	Active:    {Suspended, Banned, Closed},
	Suspended: {Active, Banned, Closed},
	Banned:    {Active},
	Closed:    {Active},
}

// MayBecome reports whether a state may follow another.
func (s State) MayBecome(next State) bool {
	for _, m := range moves[s] {
		if m == next {
			return true
		}
	}
	return false
}

// SetState moves an affiliate to a state with a reason that the affiliate may
// read. Setting the state that it has already changes nothing. Kinds:
// NotFound, Conflict.
func SetState(ctx context.Context, tx *db.Tx, prog id.Program, aff id.Affiliate, next State, reason string) (Affiliate, error) {
	before, err := db.One(ctx, tx, scanAffiliate, `
		update affiliates set state = state where program_id = $1 and affiliate_id = $2
		returning affiliate_id, person_id, group_id, name, website, pitch, state, state_at, reason, agreed_at, version, created_at`, prog, aff)
	if errors.Is(err, db.ErrNoRow) {
		return before, fault.New(fault.NotFound, "There is no affiliate %s.", string(aff))
	}
	if err != nil || before.State == next {
		return before, err
	}
	if !before.State.MayBecome(next) {
		return before, fault.New(fault.Conflict, "An affiliate who is %s cannot become %s.", string(before.State), string(next)).
			Hint("Reload the page to see where the enrolment stands now.")
	}
	after := before
	after.State, after.StateAt, after.Reason, after.Version = next, tx.Now(), strings.TrimSpace(reason), before.Version+1
	_, err = tx.Exec(ctx, `
		update affiliates set state = $3, state_at = $4, reason = $5, version = $6 where program_id = $1 and affiliate_id = $2`,
		prog, aff, after.State, after.StateAt, after.Reason, after.Version)
	if err != nil {
		return before, fmt.Errorf("update affiliate: %w", err)
	}
	if err := remember(ctx, tx, prog, after); err != nil {
		return before, err
	}
	return after, audit.Write(ctx, tx, audit.Entry{
		Program: prog, Action: "affiliate." + string(next), Subject: string(aff), Before: summary(before), After: summary(after), Reason: after.Reason,
	})
}

// summary is what the audit log keeps: no names.
func summary(a Affiliate) map[string]string {
	return map[string]string{"state": string(a.State), "group": string(a.Group)}
}
