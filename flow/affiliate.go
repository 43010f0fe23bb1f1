package flow

import (
	"context"

	"tributary.example/affiliate"
	"tributary.example/coupon"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/link"
	"tributary.example/person"
	"tributary.example/program"
)

// Application is what somebody hands in who wants to promote a program.
type Application struct {
	Name    string
	Email   string
	Website string
	Pitch   string
	Invited bool // the merchant entered it
}

// Apply enrols a person, who is made when new; a program that approves
// everybody does so at once. Kinds: Invalid, Conflict (enrolled already),
// Forbidden (no applications).
func Apply(ctx context.Context, tx *db.Tx, env Env, prog program.Program, a Application) (affiliate.Affiliate, error) {
	per, _, err := person.Ensure(ctx, tx, a.Name, a.Email)
	if err != nil {
		return affiliate.Affiliate{}, err
	}
	state := affiliate.Applied
	if a.Invited {
		state = affiliate.Invited
	}
	aff, err := affiliate.Apply(ctx, tx, prog, affiliate.Application{
		Person: per.ID, Name: a.Name, Website: a.Website, Pitch: a.Pitch, State: state,
	})
	if err != nil || a.Invited || prog.Applications != program.ApplyApprove {
		return aff, err
	}
	return Approve(ctx, tx, env, prog, aff.ID, "")
}

// Approve makes an affiliate active. The first time they get their default
// link and their code. Kinds: NotFound, Conflict.
func Approve(ctx context.Context, tx *db.Tx, env Env, prog program.Program, aff id.Affiliate, reason string) (affiliate.Affiliate, error) {
	a, err := SetAffiliateState(ctx, tx, env, prog, aff, affiliate.Active, reason)
	if err != nil {
		return a, err
	}
	links, err := link.OfAffiliate(ctx, tx, prog.ID, aff)
	if err != nil || len(links) > 0 {
		return a, err
	}
	if _, err := link.Create(ctx, tx, prog, link.New{Affiliate: aff, Name: a.Name, Default: true}); err != nil {
		return a, err
	}
	_, err = coupon.CreateSuggested(ctx, tx, prog, aff, a.Name)
	return a, err
}

// SetAffiliateState suspends, reinstates, bans, rejects or closes, with a
// reason that the affiliate may read. Kinds: NotFound, Conflict.
func SetAffiliateState(ctx context.Context, tx *db.Tx, _ Env, prog program.Program, aff id.Affiliate, next affiliate.State, reason string) (affiliate.Affiliate, error) {
	return affiliate.SetState(ctx, tx, prog.ID, aff, next, reason)
}
