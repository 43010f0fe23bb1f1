package api

import (
	"context"
	"time"

	"tributary.example/affiliate"
	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/referral"
)

type referralView struct {
	ID            string     `json:"id"`
	CustomerID    string     `json:"customer_id" doc:"Your own id."`
	AffiliateID   string     `json:"affiliate_id"`
	AffiliateName string     `json:"affiliate_name"`
	Kind          string     `json:"kind" enum:"link,coupon,claim" doc:"What decided."`
	LinkID        string     `json:"link_id,omitempty"`
	CouponID      string     `json:"coupon_id,omitempty"`
	State         string     `json:"state" enum:"standing,ended,void,lost"`
	Since         time.Time  `json:"since" doc:"Payments from here on earn."`
	Until         *time.Time `json:"until,omitempty"`
	LapsedAt      *time.Time `json:"lapsed_at,omitempty" doc:"Payments after it earn nothing."`
	Reason        string     `json:"reason,omitempty" doc:"Why it does not stand."`
	CreatedAt     time.Time  `json:"created_at"`
}

// names finds whom referrals are about, each once.
type names struct {
	r          db.Reader
	prog       id.Program
	affiliates map[id.Affiliate]string
	customers  map[id.Customer]string
}

func (a API) names(ctx context.Context, r db.Reader) *names {
	return &names{r, callerOf(ctx).prog.ID, map[id.Affiliate]string{}, map[id.Customer]string{}}
}

func (n *names) referral(ctx context.Context, ref referral.Referral) (referralView, error) {
	if _, ok := n.affiliates[ref.Affiliate]; !ok {
		aff, err := affiliate.Get(ctx, n.r, n.prog, ref.Affiliate)
		if err != nil {
			return referralView{}, err
		}
		n.affiliates[ref.Affiliate] = aff.Name
	}
	if _, ok := n.customers[ref.Customer]; !ok {
		cus, err := customer.Get(ctx, n.r, n.prog, ref.Customer)
		if err != nil {
			return referralView{}, err
		}
		n.customers[ref.Customer] = cus.ExternalID
	}
	return referralView{
		ID: string(ref.ID), CustomerID: n.customers[ref.Customer], AffiliateID: string(ref.Affiliate), AffiliateName: n.affiliates[ref.Affiliate],
		Kind: string(ref.Kind), LinkID: string(ref.Link), CouponID: string(ref.Coupon), State: string(ref.State), Since: ref.Since,
		Until: known(ref.Until), LapsedAt: known(ref.LapsedAt), Reason: sentence(ref.Reason), CreatedAt: ref.CreatedAt,
	}, nil
}

type policyBrief struct {
	Version int    `json:"version"`
	Credit  string `json:"credit" enum:"coupon_first,link_first,coupon_if_involved"`
	Touch   string `json:"touch" enum:"last_touch,first_touch"`
}

type candidateView struct {
	Kind        string    `json:"kind" enum:"click,coupon,claim"`
	Source      string    `json:"source" doc:"The click's id, the code, or a hash of what could not be read."`
	Step        string    `json:"step" enum:"signed_up,onboarded,payment" doc:"With which step it was handed in."`
	At          time.Time `json:"at" doc:"When the link was clicked or the code typed."`
	AffiliateID string    `json:"affiliate_id,omitempty"`
	LinkID      string    `json:"link_id,omitempty"`
	CouponID    string    `json:"coupon_id,omitempty"`
	Verdict     string    `json:"verdict" enum:"won,agrees,lost,set_aside,refused"`
	Reason      string    `json:"reason"`
}

type decisionView struct {
	Version     int             `json:"version" doc:"Counts the decisions about this customer."`
	At          time.Time       `json:"at"`
	AffiliateID *string         `json:"affiliate_id" nullable:"true" doc:"null: nobody is credited."`
	Sentence    string          `json:"sentence"`
	Policy      policyBrief     `json:"policy"`
	Candidates  []candidateView `json:"candidates" doc:"All evidence in time order."`
}

func viewDecision(version int, d referral.Decision) decisionView {
	v := decisionView{
		Version: version, At: d.At, Sentence: sentence(d.Sentence), Candidates: whole(d.Candidates, viewCandidate).Data,
		Policy: policyBrief{d.Policy.Version, string(d.Policy.Credit), string(d.Policy.Touch)},
	}
	if d.Affiliate != "" {
		v.AffiliateID = (*string)(&d.Affiliate)
	}
	return v
}

func viewCandidate(c referral.Candidate) candidateView {
	e := c.Evidence
	return candidateView{
		Kind: string(e.Kind), Source: e.Source, Step: string(e.Step), At: e.At, AffiliateID: string(e.Affiliate), LinkID: string(e.Link),
		CouponID: string(e.Coupon), Verdict: string(c.Verdict), Reason: sentence(c.Reason),
	}
}
