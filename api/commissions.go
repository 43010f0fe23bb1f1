package api

import (
	"context"
	"time"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/commission"
	"tributary.example/internal/id"
	"tributary.example/ledger"
)

func (a API) commissionRoutes() {
	handle(a, get("/v1/commissions").as("listCommissions", access.ReadCommissions, "Commissions", "List commissions by their causes' time, the newest first"), a.listCommissions)
	handle(a, get("/v1/commissions/{id}").as("getCommission", access.ReadCommissions, "Commissions", "Read a commission with its calculation and every movement of its money"), a.getCommission)
}

type lineView struct {
	Text   string `json:"text"`
	Amount *int64 `json:"amount,omitempty" doc:"In minor units; the amounts sum to the commission. A line without one is a remark."`
}

type commissionView struct {
	ID          string         `json:"id"`
	AffiliateID string         `json:"affiliate_id"`
	CustomerID  string         `json:"customer" doc:"Our id of the customer (cus_…)."`
	ReferralID  string         `json:"referral_id"`
	PaymentID   string         `json:"payment,omitempty" doc:"Our id of the payment (pay_…); absent for a sign-up or onboarding."`
	Kind        string         `json:"kind" enum:"payment,signup,onboarding"`
	Level       int            `json:"level"`
	At          time.Time      `json:"at" doc:"When its cause happened."`
	Amount      int64          `json:"amount" doc:"What it comes to by all that is known now, in minor units."`
	Currency    string         `json:"currency"`
	Base        int64          `json:"base" doc:"What it is computed on: paid, without tax, after refunds."`
	State       string         `json:"state" enum:"none,held,in_review,payable,in_payout,paid,reversed"`
	ReleaseAt   time.Time      `json:"release_at" doc:"When its hold is over."`
	ReleasedAt  *time.Time     `json:"released_at,omitempty"`
	Review      string         `json:"review,omitempty" doc:"Why a person must look."`
	TermsID     string         `json:"terms_id"`
	Lines       []lineView     `json:"lines" doc:"The calculation."`
	Movements   []movementView `json:"movements,omitzero" doc:"Of one commission: every movement of its money."`
}

func viewCommission(c commission.Commission) commissionView {
	v := commissionView{
		ID: string(c.ID), AffiliateID: string(c.Affiliate), CustomerID: string(c.Customer), ReferralID: string(c.Referral),
		PaymentID: string(c.Payment), Kind: string(c.Kind), Level: c.Level, At: c.At, Amount: c.TargetMinor, Currency: string(c.Currency),
		Base: c.BaseMinor, State: string(c.State), ReleaseAt: c.ReleaseAt, ReleasedAt: known(c.ReleasedAt), Review: sentence(c.Review),
		TermsID: string(c.Terms), Lines: []lineView{},
	}
	for _, l := range c.Lines {
		line := lineView{Text: l.Sentence.String()}
		if l.Shown {
			line.Amount = &l.Minor
		}
		v.Lines = append(v.Lines, line)
	}
	return v
}

type listCommissionsIn struct {
	Page
	AffiliateID string `query:"affiliate_id"`
	State       string `query:"state" enum:"none,held,in_review,payable,in_payout,paid,reversed" doc:"States are read from the ledger: such a page may hold fewer than the limit and still name a next one."`
}

// maxSought bounds how many commissions one page of a state looks through.
const maxSought = 2000

func (a API) listCommissions(ctx context.Context, in *listCommissionsIn) (*found[list[commissionView]], error) {
	page := commission.Page{Limit: in.ask()}
	var err error
	if page.Before, err = afterID[id.Commission](in.Page); err != nil {
		return nil, err
	}
	if in.AffiliateID != "" {
		if page.Affiliate, err = fieldID[id.Affiliate](in.AffiliateID, "affiliate_id"); err != nil {
			return nil, err
		}
	}
	if in.State != "" {
		return show(a.commissionsIn(ctx, commission.State(in.State), page, in.Limit))
	}
	all, err := commission.List(ctx, a.DB, callerOf(ctx).prog.ID, page)
	return show(pageOf(all, in.Limit, func(c commission.Commission) string { return string(c.ID) }, viewCommission), err)
}

// commissionsIn looks page by page for those in one state.
func (a API) commissionsIn(ctx context.Context, state commission.State, page commission.Page, limit int) (list[commissionView], error) {
	out := list[commissionView]{Data: []commissionView{}}
	page.Limit = maxLimit
	for sought := 0; sought < maxSought; sought += maxLimit {
		all, err := commission.List(ctx, a.DB, callerOf(ctx).prog.ID, page)
		if err != nil {
			return out, err
		}
		for _, c := range all {
			if len(out.Data) == limit {
				out.Next = string(page.Before)
				return out, nil
			}
			page.Before = c.ID
			if c.State == state {
				out.Data = append(out.Data, viewCommission(c))
			}
		}
		if len(all) < maxLimit {
			return out, nil
		}
	}
	out.Next = string(page.Before)
	return out, nil
}

type movementView struct {
	At       time.Time `json:"at"`
	Kind     string    `json:"kind" doc:"What happened, such as earned or released."`
	Account  string    `json:"account"`
	Amount   int64     `json:"amount" doc:"In minor units: credit positive, debit negative."`
	Currency string    `json:"currency"`
	Reason   string    `json:"reason"`
	Actor    string    `json:"actor" doc:"Who acted: the id of a person or key, or the name of a timer."`
}

func viewMovement(l ledger.Leg) movementView {
	return movementView{
		At: l.At, Kind: l.Kind, Account: l.Account, Amount: l.Minor, Currency: string(l.Currency), Reason: sentence(l.Reason), Actor: l.ActorID,
	}
}

type commissionIn struct {
	ID string `path:"id"`
}

func (a API) getCommission(ctx context.Context, in *commissionIn) (*found[commissionView], error) {
	com, err := pathID[id.Commission](in.ID)
	if err != nil {
		return nil, err
	}
	prog := callerOf(ctx).prog.ID
	c, err := commission.Get(ctx, a.DB, prog, com)
	if err != nil {
		return nil, err
	}
	legs, err := ledger.ItemLegs(ctx, a.DB, prog, string(com))
	view := viewCommission(c)
	view.Movements = whole(legs, viewMovement).Data
	return show(view, err)
}

type balanceView struct {
	Currency string `json:"currency"`
	Held     int64  `json:"held"`
	Payable  int64  `json:"payable"`
	InPayout int64  `json:"in_payout"`
	Paid     int64  `json:"paid"`
	Clawback int64  `json:"clawback" doc:"What is owed after a reversal of something paid; it is netted against later earnings."`
}

func viewBalance(b commission.Balance) balanceView {
	return balanceView{
		Currency: string(b.Currency), Held: b.Held, Payable: b.Payable, InPayout: b.InPayout, Paid: b.Paid, Clawback: b.Clawback,
	}
}

func (a API) getBalances(ctx context.Context, in *affiliateIn) (*found[list[balanceView]], error) {
	aff, err := pathID[id.Affiliate](in.ID)
	if err != nil {
		return nil, err
	}
	prog := callerOf(ctx).prog.ID
	if _, err := affiliate.Get(ctx, a.DB, prog, aff); err != nil {
		return nil, err
	}
	all, err := commission.Balances(ctx, a.DB, prog, aff)
	return show(whole(all, viewBalance), err)
}
