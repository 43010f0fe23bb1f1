package api

import (
	"context"
	"net/http"
	"time"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/link"
)

func (a API) linkRoutes() {
	handle(a, get("/v1/links").as("listLinks", access.ReadLinks, "Links", "List links, the newest first"), a.listLinks)
	handle(a, post("/v1/links").as("createLink", access.WriteLinks, "Links", "Create a tracking link").creates(), a.createLink)
	handle(a, get("/v1/links/{id}").as("getLink", access.ReadLinks, "Links", "Read a link"), a.getLink)
	handle(a, post("/v1/links/{id}/pause").as("pauseLink", access.WriteLinks, "Links", "Send visitors to the fallback page and count nothing"), a.setLink(link.Paused))
	handle(a, post("/v1/links/{id}/resume").as("resumeLink", access.WriteLinks, "Links", "Let a paused link work again"), a.setLink(link.Active))
	handle(a, post("/v1/links/{id}/retire").as("retireLink", access.WriteLinks, "Links", "End a link for good; its slug is never given to somebody else"), a.setLink(link.Retired))
}

type linkView struct {
	ID          string    `json:"id"`
	AffiliateID string    `json:"affiliate_id"`
	URL         string    `json:"url" doc:"What the affiliate shares."`
	Host        string    `json:"host"`
	Slug        string    `json:"slug"`
	Destination string    `json:"destination" doc:"Empty: the program's site."`
	Label       string    `json:"label"`
	CouponID    string    `json:"coupon_id,omitempty"`
	State       string    `json:"state" enum:"active,paused,retired"`
	Default     bool      `json:"default"`
	CreatedAt   time.Time `json:"created_at"`
}

func viewLink(l link.Link) linkView {
	return linkView{
		ID: string(l.ID), AffiliateID: string(l.Affiliate), URL: l.URL(), Host: l.Host, Slug: string(l.Slug), Destination: l.Destination,
		Label: l.Label, CouponID: string(l.Coupon), State: string(l.State), Default: l.Default, CreatedAt: l.CreatedAt,
	}
}

type listLinksIn struct {
	Page
	AffiliateID string `query:"affiliate_id" doc:"Only this affiliate's, the default one first, on one page."`
}

func (a API) listLinks(ctx context.Context, in *listLinksIn) (*found[list[linkView]], error) {
	prog := callerOf(ctx).prog.ID
	if in.AffiliateID != "" {
		aff, err := fieldID[id.Affiliate](in.AffiliateID, "affiliate_id")
		if err != nil {
			return nil, err
		}
		all, err := link.OfAffiliate(ctx, a.DB, prog, aff)
		return show(whole(all, viewLink), err)
	}
	before, err := afterID[id.Link](in.Page)
	if err != nil {
		return nil, err
	}
	all, err := link.List(ctx, a.DB, prog, before, in.ask())
	return show(pageOf(all, in.Limit, func(l link.Link) string { return string(l.ID) }, viewLink), err)
}

type createLinkIn struct {
	Once
	Body struct {
		AffiliateID string `json:"affiliate_id"`
		Slug        string `json:"slug,omitempty" doc:"3 to 64 letters, digits, hyphens and underscores; a free one is made from the affiliate's name when it is not sent."`
		Destination string `json:"destination,omitempty" doc:"A path on the program's site, or an https address on a verified host."`
		Label       string `json:"label,omitempty" maxLength:"100"`
	}
}

func (a API) createLink(ctx context.Context, in *createLinkIn) (*answer[linkView], error) {
	prog := callerOf(ctx).prog
	owner, err := fieldID[id.Affiliate](in.Body.AffiliateID, "affiliate_id")
	if err != nil {
		return nil, err
	}
	return write(ctx, a, func(tx *db.Tx) (linkView, int, error) {
		aff, err := affiliate.Get(ctx, tx, prog.ID, owner)
		if err != nil {
			return linkView{}, 0, err
		}
		if err := link.CheckOwner(aff); err != nil {
			return linkView{}, 0, err
		}
		lnk, err := link.Create(ctx, tx, prog, link.New{
			Affiliate: aff.ID, Slug: in.Body.Slug, Name: aff.Name, Destination: in.Body.Destination, Label: in.Body.Label,
		})
		return viewLink(lnk), http.StatusCreated, err
	})
}

type linkIn struct {
	ID string `path:"id"`
}

func (a API) getLink(ctx context.Context, in *linkIn) (*found[linkView], error) {
	lnk, err := pathID[id.Link](in.ID)
	if err != nil {
		return nil, err
	}
	l, err := link.Get(ctx, a.DB, callerOf(ctx).prog.ID, lnk)
	return show(viewLink(l), err)
}

type setLinkIn struct {
	Once
	ID string `path:"id"`
}

func (a API) setLink(state link.State) func(context.Context, *setLinkIn) (*answer[linkView], error) {
	return func(ctx context.Context, in *setLinkIn) (*answer[linkView], error) {
		lnk, err := pathID[id.Link](in.ID)
		if err != nil {
			return nil, err
		}
		return write(ctx, a, func(tx *db.Tx) (linkView, int, error) {
			l, err := link.SetState(ctx, tx, callerOf(ctx).prog.ID, lnk, state)
			return viewLink(l), http.StatusOK, err
		})
	}
}
