package api

import (
	"context"
	"net/http"
	"time"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/person"
)

func (a API) affiliateRoutes() {
	const tag = "Affiliates"
	handle(a, get("/v1/affiliates").as("listAffiliates", access.ReadAffiliates, tag, "List affiliates, the newest first"), a.listAffiliates)
	handle(a, post("/v1/affiliates").as("createAffiliate", access.WriteAffiliates, tag, "Enrol somebody").creates().
		saying("An active affiliate gets a link and a code at once; an invited one when approved."), a.createAffiliate)
	handle(a, get("/v1/affiliates/{id}").as("getAffiliate", access.ReadAffiliates, tag, "Read an affiliate"), a.getAffiliate)
	handle(a, post("/v1/affiliates/{id}/approve").as("approveAffiliate", access.WriteAffiliates, tag, "Approve an application; a link and a code are made"), a.approveAffiliate)
	handle(a, post("/v1/affiliates/{id}/reject").as("rejectAffiliate", access.WriteAffiliates, tag, "Reject an application"), a.setAffiliate(affiliate.Rejected))
	handle(a, post("/v1/affiliates/{id}/suspend").as("suspendAffiliate", access.WriteAffiliates, tag, "Suspend: no touch counts, nothing is released or paid"), a.setAffiliate(affiliate.Suspended))
	handle(a, post("/v1/affiliates/{id}/reinstate").as("reinstateAffiliate", access.WriteAffiliates, tag, "Make a suspended, banned or closed affiliate active again"), a.reinstateAffiliate)
	handle(a, post("/v1/affiliates/{id}/ban").as("banAffiliate", access.WriteAffiliates, tag, "Ban: codes give nothing, payments from now on earn nothing"), a.setAffiliate(affiliate.Banned))
	handle(a, get("/v1/affiliates/{id}/balances").as("getBalances", access.ReadCommissions, tag, "Read what an affiliate earned, by currency and by where it stands"), a.getBalances)
}

type affiliateView struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Email     string    `json:"email"`
	Website   string    `json:"website"`
	Pitch     string    `json:"pitch,omitempty" doc:"What they wrote when applying."`
	GroupID   string    `json:"group_id"`
	State     string    `json:"state" enum:"invited,applied,rejected,active,suspended,banned,closed"`
	StateAt   time.Time `json:"state_at"`
	Reason    string    `json:"reason,omitempty" doc:"Of the state, as the affiliate may read it."`
	CreatedAt time.Time `json:"created_at"`
}

func viewAffiliate(ctx context.Context, r db.Reader, aff affiliate.Affiliate) (affiliateView, error) {
	per, err := person.Get(ctx, r, aff.Person)
	return affiliateView{
		ID: string(aff.ID), Name: aff.Name, Email: per.Email, Website: aff.Website, Pitch: aff.Pitch, GroupID: string(aff.Group),
		State: string(aff.State), StateAt: aff.StateAt, Reason: aff.Reason, CreatedAt: aff.CreatedAt,
	}, err
}

type listAffiliatesIn struct {
	Page
	State string `query:"state" enum:"invited,applied,rejected,active,suspended,banned,closed"`
}

func (a API) listAffiliates(ctx context.Context, in *listAffiliatesIn) (*found[list[affiliateView]], error) {
	before, err := afterID[id.Affiliate](in.Page)
	if err != nil {
		return nil, err
	}
	all, err := affiliate.List(ctx, a.DB, callerOf(ctx).prog.ID, affiliate.State(in.State), before, in.ask())
	if err != nil {
		return nil, err
	}
	var failed error
	page := pageOf(all, in.Limit, func(v affiliate.Affiliate) string { return string(v.ID) }, func(v affiliate.Affiliate) affiliateView {
		view, err := viewAffiliate(ctx, a.DB, v)
		if err != nil {
			failed = err
		}
		return view
	})
	return show(page, failed)
}

type createAffiliateIn struct {
	Once
	Body struct {
		Name    string `json:"name" maxLength:"100"`
		Email   string `json:"email" maxLength:"254"`
		Website string `json:"website,omitempty" maxLength:"300"`
		State   string `json:"state,omitempty" enum:"invited,active" default:"invited"`
	}
}

func (a API) createAffiliate(ctx context.Context, in *createAffiliateIn) (*answer[affiliateView], error) {
	prog := callerOf(ctx).prog
	application := flow.Application{Name: in.Body.Name, Email: in.Body.Email, Website: in.Body.Website, Invited: true}
	return write(ctx, a, func(tx *db.Tx) (affiliateView, int, error) {
		aff, err := flow.Apply(ctx, tx, a.Flow, prog, application)
		if err == nil && in.Body.State == string(affiliate.Active) {
			aff, err = flow.Approve(ctx, tx, a.Flow, prog, aff.ID, "")
		}
		if err != nil {
			return affiliateView{}, 0, err
		}
		view, err := viewAffiliate(ctx, tx, aff)
		return view, http.StatusCreated, err
	})
}

type affiliateIn struct {
	ID string `path:"id"`
}

func (a API) getAffiliate(ctx context.Context, in *affiliateIn) (*found[affiliateView], error) {
	aff, err := pathID[id.Affiliate](in.ID)
	if err != nil {
		return nil, err
	}
	v, err := affiliate.Get(ctx, a.DB, callerOf(ctx).prog.ID, aff)
	if err != nil {
		return nil, err
	}
	return show(viewAffiliate(ctx, a.DB, v))
}

type setAffiliateIn struct {
	Once
	ID   string      `path:"id"`
	Body *reasonBody `required:"false"`
}

type reasonBody struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"As the affiliate may read it."`
}

func (in *setAffiliateIn) reason() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Reason
}

// moveAffiliate runs a use case on one affiliate.
func (a API) moveAffiliate(ctx context.Context, in *setAffiliateIn, move func(*db.Tx, id.Affiliate) (affiliate.Affiliate, error)) (*answer[affiliateView], error) {
	aff, err := pathID[id.Affiliate](in.ID)
	if err != nil {
		return nil, err
	}
	return write(ctx, a, func(tx *db.Tx) (affiliateView, int, error) {
		after, err := move(tx, aff)
		if err != nil {
			return affiliateView{}, 0, err
		}
		view, err := viewAffiliate(ctx, tx, after)
		return view, http.StatusOK, err
	})
}

func (a API) approveAffiliate(ctx context.Context, in *setAffiliateIn) (*answer[affiliateView], error) {
	return a.moveAffiliate(ctx, in, func(tx *db.Tx, aff id.Affiliate) (affiliate.Affiliate, error) {
		return flow.Approve(ctx, tx, a.Flow, callerOf(ctx).prog, aff, in.reason())
	})
}

func (a API) setAffiliate(state affiliate.State) func(context.Context, *setAffiliateIn) (*answer[affiliateView], error) {
	return func(ctx context.Context, in *setAffiliateIn) (*answer[affiliateView], error) {
		return a.moveAffiliate(ctx, in, func(tx *db.Tx, aff id.Affiliate) (affiliate.Affiliate, error) {
			return flow.SetAffiliateState(ctx, tx, a.Flow, callerOf(ctx).prog, aff, state, in.reason())
		})
	}
}

// reinstateAffiliate is for those who were active before: others are approved.
func (a API) reinstateAffiliate(ctx context.Context, in *setAffiliateIn) (*answer[affiliateView], error) {
	prog := callerOf(ctx).prog
	return a.moveAffiliate(ctx, in, func(tx *db.Tx, aff id.Affiliate) (affiliate.Affiliate, error) {
		now, err := affiliate.Get(ctx, tx, prog.ID, aff)
		if err != nil {
			return now, err
		}
		switch now.State {
		case affiliate.Invited, affiliate.Applied, affiliate.Rejected:
			return now, fault.New(fault.Conflict, "An affiliate who is %s cannot be reinstated.", string(now.State)).Hint("Approve the application instead.")
		}
		return flow.SetAffiliateState(ctx, tx, a.Flow, prog, aff, affiliate.Active, in.reason())
	})
}
