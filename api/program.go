package api

import (
	"context"
	"net/http"
	"time"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/program"
)

func (a API) programRoutes() {
	handle(a, get("/v1/program").as("getProgram", access.ReadPrograms, "Program", "Read the program's settings"), a.getProgram)
	handle(a, patch("/v1/program").as("updateProgram", access.WritePrograms, "Program", "Change some of the program's settings").
		saying("What is not sent stays as it is."), a.updateProgram)
	handle(a, get("/v1/program/policy").as("getPolicy", access.ReadPrograms, "Program", "Read the policy in force"), a.getPolicy)
	handle(a, put("/v1/program/policy").as("setPolicy", access.WritePrograms, "Program", "Write the next version of the policy").
		saying("It holds for decisions from now on; decisions taken stay as they are."), a.setPolicy)
	handle(a, get("/v1/plans").as("listPlans", access.ReadPrograms, "Program", "List the plans that are sold"), a.listPlans)
	handle(a, post("/v1/plans").as("putPlan", access.WritePrograms, "Program", "Create a plan, or change the one of that code"), a.putPlan)
	handle(a, get("/v1/terms").as("listTerms", access.ReadPrograms, "Program", "List all versions of all terms, the newest first"), a.listTerms)
	handle(a, post("/v1/terms").as("createTerms", access.WritePrograms, "Program", "Write the next version of terms").creates().
		saying("Terms are never edited. A referral keeps the terms of its sign-up, unless the program's binding is follow."), a.createTerms)
}

type programView struct {
	ID             string    `json:"id"`
	Slug           string    `json:"slug"`
	Side           string    `json:"side" enum:"live,test"`
	TwinID         string    `json:"twin_id" doc:"The program's other side."`
	Name           string    `json:"name"`
	SiteURL        string    `json:"site_url"`
	LinkHost       string    `json:"link_host"`
	Cookie         string    `json:"cookie" doc:"The cookie whose whole value you pass on as tokens."`
	Currency       string    `json:"currency"`
	Zone           string    `json:"zone"`
	Mode           string    `json:"mode" enum:"full,consent,cookieless"`
	ViaName        string    `json:"via_name"`
	WindowDays     int       `json:"window_days"`
	HoldDays       int       `json:"hold_days"`
	Minimum        int64     `json:"minimum" doc:"Of a payout, in minor units of currency."`
	Binding        string    `json:"binding" enum:"keep,follow"`
	LapseAfterDays int       `json:"lapse_after_days"`
	Applications   string    `json:"applications" enum:"review,approve,closed"`
	FallbackURL    string    `json:"fallback_url"`
	SuggestPPM     int64     `json:"suggest_percent_ppm"`
	SuggestPlans   []string  `json:"suggest_plans"`
	Accent         string    `json:"accent"`
	BooksStart     time.Time `json:"books_start"`
	CreatedAt      time.Time `json:"created_at"`
}

func viewProgram(p program.Program) programView {
	v := programView{
		ID: string(p.ID), Slug: p.Slug, Side: string(p.Side), TwinID: string(p.Twin), Name: p.Name, SiteURL: p.SiteURL,
		LinkHost: p.LinkHost, Cookie: p.CookieName(), Currency: p.Currency, Zone: p.Zone, Mode: string(p.Mode), ViaName: p.ViaName,
		WindowDays: p.WindowDays, HoldDays: p.HoldDays, Minimum: p.MinimumMinor, Binding: string(p.Binding),
		LapseAfterDays: p.LapseAfterDays, Applications: string(p.Applications), FallbackURL: p.FallbackURL,
		SuggestPPM: p.SuggestPPM, SuggestPlans: p.SuggestPlans, Accent: p.Accent, BooksStart: p.BooksStart, CreatedAt: p.CreatedAt,
	}
	if v.SuggestPlans == nil {
		v.SuggestPlans = []string{}
	}
	return v
}

func (a API) getProgram(ctx context.Context, _ *struct{}) (*found[programView], error) {
	return show(viewProgram(callerOf(ctx).prog), nil)
}

type updateProgramIn struct {
	Once
	Body struct {
		Name           *string   `json:"name,omitempty"`
		SiteURL        *string   `json:"site_url,omitempty"`
		Zone           *string   `json:"zone,omitempty"`
		Mode           *string   `json:"mode,omitempty" enum:"full,consent,cookieless"`
		ViaName        *string   `json:"via_name,omitempty"`
		WindowDays     *int      `json:"window_days,omitempty"`
		HoldDays       *int      `json:"hold_days,omitempty"`
		Minimum        *int64    `json:"minimum,omitempty"`
		Binding        *string   `json:"binding,omitempty" enum:"keep,follow"`
		LapseAfterDays *int      `json:"lapse_after_days,omitempty"`
		Applications   *string   `json:"applications,omitempty" enum:"review,approve,closed"`
		FallbackURL    *string   `json:"fallback_url,omitempty"`
		SuggestPPM     *int64    `json:"suggest_percent_ppm,omitempty"`
		SuggestPlans   *[]string `json:"suggest_plans,omitempty"`
		Accent         *string   `json:"accent,omitempty"`
	}
}

func (in *updateProgramIn) apply(s *program.Settings) {
	b := in.Body
	set(&s.Name, b.Name)
	set(&s.SiteURL, b.SiteURL)
	set(&s.Zone, b.Zone)
	setWord(&s.Mode, b.Mode)
	set(&s.ViaName, b.ViaName)
	set(&s.WindowDays, b.WindowDays)
	set(&s.HoldDays, b.HoldDays)
	set(&s.MinimumMinor, b.Minimum)
	setWord(&s.Binding, b.Binding)
	set(&s.LapseAfterDays, b.LapseAfterDays)
	setWord(&s.Applications, b.Applications)
	set(&s.FallbackURL, b.FallbackURL)
	set(&s.SuggestPPM, b.SuggestPPM)
	set(&s.SuggestPlans, b.SuggestPlans)
	set(&s.Accent, b.Accent)
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func setWord[T ~string](to *T, from *string) {
	if from != nil {
		*to = T(*from)
	}
}

func (a API) updateProgram(ctx context.Context, in *updateProgramIn) (*answer[programView], error) {
	prog := callerOf(ctx).prog.ID
	return write(ctx, a, func(tx *db.Tx) (programView, int, error) {
		now, err := program.Get(ctx, tx, prog)
		if err != nil {
			return programView{}, 0, err
		}
		in.apply(&now.Settings)
		after, err := program.Update(ctx, tx, prog, now.Settings)
		return viewProgram(after), http.StatusOK, err
	})
}

type policyView struct {
	Version        int       `json:"version"`
	StartsAt       time.Time `json:"starts_at"`
	Credit         string    `json:"credit" enum:"coupon_first,link_first,coupon_if_involved"`
	Touch          string    `json:"touch" enum:"last_touch,first_touch"`
	NewSignupsOnly bool      `json:"new_signups_only"`
	CheckoutPaths  []string  `json:"checkout_paths"`
}

func viewPolicy(p program.Policy) policyView {
	return policyView{
		Version: p.Version, StartsAt: p.StartsAt, Credit: string(p.Credit), Touch: string(p.Touch),
		NewSignupsOnly: p.NewSignupsOnly, CheckoutPaths: append([]string{}, p.CheckoutPaths...),
	}
}

func (a API) getPolicy(ctx context.Context, _ *struct{}) (*found[policyView], error) {
	p, err := program.PolicyAt(ctx, a.DB, callerOf(ctx).prog.ID, a.DB.Now())
	return show(viewPolicy(p), err)
}

type setPolicyIn struct {
	Once
	Body struct {
		Credit         string   `json:"credit" enum:"coupon_first,link_first,coupon_if_involved" doc:"Who wins when a link and a code of different affiliates disagree."`
		Touch          string   `json:"touch" enum:"last_touch,first_touch" doc:"Which of several clicks wins."`
		NewSignupsOnly bool     `json:"new_signups_only,omitempty" doc:"An earlier sign-up stops later touches."`
		CheckoutPaths  []string `json:"checkout_paths,omitempty" maxItems:"50" doc:"Paths on which a click does not win over an older one."`
	}
}

func (a API) setPolicy(ctx context.Context, in *setPolicyIn) (*answer[policyView], error) {
	next := program.Policy{
		Credit: program.Credit(in.Body.Credit), Touch: program.Touch(in.Body.Touch),
		NewSignupsOnly: in.Body.NewSignupsOnly, CheckoutPaths: in.Body.CheckoutPaths,
	}
	return write(ctx, a, func(tx *db.Tx) (policyView, int, error) {
		p, err := program.SetPolicy(ctx, tx, callerOf(ctx).prog.ID, next)
		return viewPolicy(p), http.StatusOK, err
	})
}
