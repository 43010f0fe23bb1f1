package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tributary.example/access"
	"tributary.example/customer"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/referral"
)

func (a API) referralRoutes() {
	handle(a, post("/v1/referrals").as("createReferral", access.WriteReferrals, "Referrals", "Report that a customer signed up or was onboarded").
		creates().repeats().saying("Once per customer and step, with whatever the visitor brought: the whole value of the cookie, the form's token, a code. "+
		"Evidence that proves nothing is kept and marked, and is never an error. The answer says who is credited, why, and which discount to give."), a.createReferral)
	handle(a, get("/v1/referrals").as("listReferrals", access.ReadReferrals, "Referrals", "List referrals, the newest first"), a.listReferrals)
	handle(a, get("/v1/referrals/{id}").as("getReferral", access.ReadReferrals, "Referrals", "Read a referral with every decision about its customer"), a.getReferral)
}

type createReferralIn struct {
	Once
	Body struct {
		CustomerID string    `json:"customer_id" maxLength:"200" doc:"Your own id of the customer."`
		Step       string    `json:"step,omitempty" enum:"signed_up,onboarded" default:"signed_up"`
		At         time.Time `json:"at,omitzero" doc:"When it happened; now when it is not sent."`
		Email      string    `json:"email,omitempty" maxLength:"254" doc:"Finds affiliates who refer themselves."`
		Plan       string    `json:"plan,omitempty" maxLength:"40" doc:"The plan's code, when one was chosen."`
		Tokens     []string  `json:"tokens,omitempty" maxItems:"20" doc:"Cookie values and form fields, as they came; each may hold several tokens."`
		Token      string    `json:"token,omitempty" doc:"The same, when there is one only."`
		Coupon     string    `json:"coupon,omitempty" maxLength:"100" doc:"The code as the customer typed it."`
		Quote      string    `json:"quote,omitempty" maxLength:"2000" doc:"The token of the quote that the customer has seen."`
	}
}

func (in *createReferralIn) step() flow.Step {
	b := in.Body
	s := flow.Step{
		Customer: customer.Seen{ExternalID: b.CustomerID, Email: b.Email, PlanCode: b.Plan},
		Kind:     customer.StepKind(b.Step), At: b.At, Tokens: b.Tokens, Code: b.Coupon, Quote: b.Quote,
	}
	if b.Token != "" {
		s.Tokens = append(s.Tokens, b.Token)
	}
	return s
}

type discountView struct {
	Granted       bool             `json:"granted" doc:"Give it on the chosen plan."`
	Reason        string           `json:"reason" enum:"ok,unknown,not_yet,paused,ended,own_code,existing_customer,plan_not_covered,used_up"`
	Sentence      string           `json:"sentence" doc:"For the customer to read."`
	Coupon        string           `json:"coupon" doc:"The code in its canonical form; empty when there is none such."`
	PercentPPM    int64            `json:"percent_ppm,omitempty" doc:"Parts per million: 100000 is 10 %."`
	Fixed         map[string]int64 `json:"fixed,omitempty" doc:"Minor units per currency."`
	Payments      int              `json:"payments" doc:"How many are discounted; 0 is always."`
	DiscountMinor int64            `json:"discount_minor,omitempty" doc:"What the quote promised, in minor units."`
	Currency      string           `json:"currency,omitempty" doc:"Of what the quote promised."`
}

func viewDiscount(d *flow.Discount) *discountView {
	if d == nil {
		return nil
	}
	off := d.Coupon.Discount
	v := &discountView{
		Granted: d.Granted, Reason: string(d.Reason), Sentence: sentence(d.Sentence), Coupon: string(d.Coupon.Canonical),
		PercentPPM: off.PercentPPM, Fixed: off.Fixed, Payments: off.Payments,
	}
	if q := d.Quoted; q != nil {
		v.DiscountMinor, v.Currency, v.Payments = q.DiscountMinor, string(q.Currency), q.Payments
	}
	return v
}

type referralAnswer struct {
	Customer customerView  `json:"customer"`
	Referral *referralView `json:"referral" doc:"The one that stands; null when nobody is credited."`
	Decision *decisionView `json:"decision" doc:"null when there is nothing to weigh."`
	Discount *discountView `json:"discount" doc:"null when no code was handed in."`
}

// TransformSchema says that these may be null, which the library cannot say of
// named types.
func (referralAnswer) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	for _, name := range []string{"referral", "decision", "discount"} {
		p := s.Properties[name]
		s.Properties[name] = &huma.Schema{Description: p.Description, AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
	}
	return s
}

func (a API) viewStepped(ctx context.Context, r db.Reader, s flow.Stepped) (referralAnswer, error) {
	out := referralAnswer{Customer: viewCustomer(s.Customer), Discount: viewDiscount(s.Discount)}
	if s.Outcome.Version > 0 {
		d := viewDecision(s.Outcome.Version, s.Outcome.Decision)
		out.Decision = &d
	}
	if s.Outcome.Referral == nil {
		return out, nil
	}
	ref, err := a.names(ctx, r).referral(ctx, *s.Outcome.Referral)
	out.Referral = &ref
	return out, err
}

func (a API) createReferral(ctx context.Context, in *createReferralIn) (*answer[referralAnswer], error) {
	prog, step := callerOf(ctx).prog, in.step()
	return write(ctx, a, func(tx *db.Tx) (referralAnswer, int, error) {
		stepped, err := flow.SignUp(ctx, tx, a.Flow, prog, step)
		if err != nil {
			return referralAnswer{}, 0, err
		}
		out, err := a.viewStepped(ctx, tx, stepped)
		return out, created(stepped.New), err
	})
}

type listReferralsIn struct {
	Page
	AffiliateID string `query:"affiliate_id"`
	State       string `query:"state" enum:"standing,ended,void,lost" doc:"Not together with affiliate_id."`
}

func (a API) listReferrals(ctx context.Context, in *listReferralsIn) (*found[list[referralView]], error) {
	prog := callerOf(ctx).prog.ID
	before, err := afterID[id.Referral](in.Page)
	if err != nil {
		return nil, err
	}
	var all []referral.Referral
	if in.AffiliateID == "" {
		all, err = referral.List(ctx, a.DB, prog, referral.State(in.State), before, in.ask())
	} else {
		if in.State != "" {
			return nil, fault.New(fault.Invalid, "A list is of one affiliate or of one state, not both.").Field("state").Hint("Leave one of them out.")
		}
		aff, bad := fieldID[id.Affiliate](in.AffiliateID, "affiliate_id")
		if bad != nil {
			return nil, bad
		}
		all, err = referral.OfAffiliate(ctx, a.DB, prog, aff, before, in.ask())
	}
	if err != nil {
		return nil, err
	}
	n := a.names(ctx, a.DB)
	page := pageOf(all, in.Limit, func(r referral.Referral) string { return string(r.ID) }, func(r referral.Referral) referralView {
		view, bad := n.referral(ctx, r)
		if bad != nil {
			err = bad
		}
		return view
	})
	return show(page, err)
}

type referralIn struct {
	ID string `path:"id"`
}

type referralDetail struct {
	Referral  referralView   `json:"referral"`
	Decisions []decisionView `json:"decisions" doc:"Every version of the decision about the customer, the oldest first."`
}

func (a API) getReferral(ctx context.Context, in *referralIn) (*found[referralDetail], error) {
	ref, err := pathID[id.Referral](in.ID)
	if err != nil {
		return nil, err
	}
	prog := callerOf(ctx).prog.ID
	r, err := referral.Get(ctx, a.DB, prog, ref)
	if err != nil {
		return nil, err
	}
	view, err := a.names(ctx, a.DB).referral(ctx, r)
	if err != nil {
		return nil, err
	}
	versions, err := referral.Decisions(ctx, a.DB, prog, r.Customer)
	return show(referralDetail{view, whole(versions, func(v referral.Recorded) decisionView { return viewDecision(v.Version, v.Decision) }).Data}, err)
}
