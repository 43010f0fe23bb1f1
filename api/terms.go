package api

import (
	"context"
	"net/http"
	"time"

	"tributary.example/affiliate"
	"tributary.example/coupon"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/link"
	"tributary.example/program"
)

type rateView struct {
	PercentPPM int64            `json:"percent_ppm,omitempty" doc:"Parts per million of the base: 200000 is 20 %." minimum:"0" maximum:"1000000"`
	Fixed      map[string]int64 `json:"fixed,omitempty" doc:"Minor units per currency, such as {\"EUR\": 500}."`
}

type durationView struct {
	Kind string `json:"kind" enum:"lifetime,months,payments"`
	N    int    `json:"n,omitempty" doc:"How many months from the first payment, or how many payments."`
}

type ruleView struct {
	Trigger      string           `json:"trigger" enum:"payment,signup,onboarding"`
	Plans        []string         `json:"plans,omitempty" doc:"Plan codes; none covers every plan and lines without one."`
	Rate         rateView         `json:"rate"`
	First        *rateView        `json:"first,omitempty" doc:"Of the first payment, when it differs."`
	Duration     *durationView    `json:"duration,omitempty" doc:"For life when it is not sent."`
	Cap          map[string]int64 `json:"cap,omitempty" doc:"At most this much per customer and currency."`
	Minimum      map[string]int64 `json:"minimum,omitempty" doc:"Payments below it earn nothing."`
	AfterPayment bool             `json:"after_payment,omitempty" doc:"Of a sign-up or onboarding: waits for the first payment."`
}

type scopeView struct {
	Kind string `json:"kind" enum:"program,group,affiliate,link,coupon"`
	ID   string `json:"id,omitempty" doc:"The thing's id; not needed for the program."`
}

type termsView struct {
	ID        string     `json:"id"`
	Scope     scopeView  `json:"scope"`
	Version   int        `json:"version"`
	StartsAt  time.Time  `json:"starts_at"`
	Rules     []ruleView `json:"rules"`
	Note      string     `json:"note,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
}

func viewTerms(t program.Terms) termsView {
	v := termsView{
		ID: string(t.ID), Scope: scopeView{string(t.Scope.Kind), t.Scope.ID}, Version: t.Version, StartsAt: t.StartsAt,
		Rules: []ruleView{}, Note: t.Note, CreatedAt: t.CreatedAt,
	}
	for _, r := range t.Rules {
		v.Rules = append(v.Rules, viewRule(r))
	}
	return v
}

func viewRule(r program.Rule) ruleView {
	v := ruleView{
		Trigger: string(r.Trigger), Plans: r.Plans, Rate: rateView{r.Rate.PPM, r.Rate.Fixed},
		Duration: &durationView{string(r.Duration.Kind), r.Duration.N}, Cap: r.CapMinor, Minimum: r.MinimumMinor, AfterPayment: r.AfterPayment,
	}
	if r.Duration.Kind == "" {
		v.Duration.Kind = string(program.Lifetime)
	}
	if r.First != nil {
		v.First = &rateView{r.First.PPM, r.First.Fixed}
	}
	return v
}

func (v ruleView) rule() program.Rule {
	r := program.Rule{
		Trigger: program.Trigger(v.Trigger), Plans: v.Plans, Rate: program.Rate{PPM: v.Rate.PercentPPM, Fixed: v.Rate.Fixed},
		Duration: program.Duration{Kind: program.Lifetime}, CapMinor: v.Cap, MinimumMinor: v.Minimum, AfterPayment: v.AfterPayment,
	}
	if v.Duration != nil {
		r.Duration = program.Duration{Kind: program.DurationKind(v.Duration.Kind), N: v.Duration.N}
	}
	if v.First != nil {
		r.First = &program.Rate{PPM: v.First.PercentPPM, Fixed: v.First.Fixed}
	}
	return r
}

func (a API) listTerms(ctx context.Context, _ *struct{}) (*found[list[termsView]], error) {
	all, err := program.ListTerms(ctx, a.DB, callerOf(ctx).prog.ID)
	return show(whole(all, viewTerms), err)
}

type createTermsIn struct {
	Once
	Body struct {
		Scope    *scopeView `json:"scope,omitempty" doc:"The program when it is not sent. The most specific terms win: coupon, link, affiliate, group, program."`
		StartsAt time.Time  `json:"starts_at,omitzero" doc:"Now when it is not sent; not in the past."`
		Rules    []ruleView `json:"rules" minItems:"1" maxItems:"50"`
		Note     string     `json:"note,omitempty" maxLength:"500"`
	}
}

func (a API) createTerms(ctx context.Context, in *createTermsIn) (*answer[termsView], error) {
	prog := callerOf(ctx).prog
	next := program.Terms{Scope: prog.Scope(), StartsAt: in.Body.StartsAt, Note: in.Body.Note}
	if s := in.Body.Scope; s != nil && s.Kind != string(program.ScopeProgram) {
		next.Scope = program.Scope{Kind: program.ScopeKind(s.Kind), ID: s.ID}
	}
	for _, r := range in.Body.Rules {
		next.Rules = append(next.Rules, r.rule())
	}
	return write(ctx, a, func(tx *db.Tx) (termsView, int, error) {
		if err := scopeExists(ctx, tx, prog.ID, next.Scope); err != nil {
			return termsView{}, 0, err
		}
		if err := plansExist(ctx, tx, prog.ID, next.Rules); err != nil {
			return termsView{}, 0, err
		}
		t, err := program.PutTerms(ctx, tx, prog.ID, next)
		return viewTerms(t), http.StatusCreated, err
	})
}

// scopeExists asks the room that owns a thing whether the program has it.
func scopeExists(ctx context.Context, tx *db.Tx, prog id.Program, s program.Scope) error {
	var err error
	switch s.Kind {
	case program.ScopeAffiliate:
		_, err = affiliate.Get(ctx, tx, prog, id.Affiliate(s.ID))
	case program.ScopeLink:
		_, err = link.Get(ctx, tx, prog, id.Link(s.ID))
	case program.ScopeCoupon:
		_, err = coupon.Get(ctx, tx, prog, id.Coupon(s.ID))
	case program.ScopeGroup:
		err = groupExists(ctx, tx, prog, id.Group(s.ID))
	}
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.Invalid, "There is no %s %s that terms could belong to.", string(s.Kind), s.ID).Field("scope.id")
	}
	return err
}

func groupExists(ctx context.Context, tx *db.Tx, prog id.Program, group id.Group) error {
	groups, err := program.Groups(ctx, tx, prog)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if g.ID == group {
			return nil
		}
	}
	return fault.New(fault.NotFound, "There is no group %s.", string(group))
}

// plansExist refuses a rule for a plan that nobody can buy: a typing error
// would silently earn nothing.
func plansExist(ctx context.Context, tx *db.Tx, prog id.Program, rules []program.Rule) error {
	for _, r := range rules {
		for i, code := range r.Plans {
			plan, err := program.PlanByCode(ctx, tx, prog, code)
			if f, ok := fault.As(err); ok {
				return f.Field("rules")
			}
			if err != nil {
				return err
			}
			r.Plans[i] = plan.Code
		}
	}
	return nil
}
