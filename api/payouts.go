package api

import (
	"context"
	"net/http"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/payout"
)

type payoutView struct {
	ID          string       `json:"id"`
	RunID       string       `json:"run_id"`
	AffiliateID string       `json:"affiliate_id"`
	Currency    string       `json:"currency"`
	Amount      int64        `json:"amount" doc:"In minor units."`
	State       string       `json:"state" enum:"approved,sent,settled,failed,cancelled"`
	Rail        string       `json:"rail,omitempty"`
	Details     string       `json:"details" doc:"The payout details, masked."`
	Reference   string       `json:"reference,omitempty" doc:"The rail's, once settled; of a failed one, why."`
	CreatedAt   time.Time    `json:"created_at"`
	SentAt      *time.Time   `json:"sent_at,omitempty"`
	SettledAt   *time.Time   `json:"settled_at,omitempty"`
	Lines       []payoutLine `json:"lines,omitzero" doc:"Of one payout: the movements that it pays."`
}

func viewPayout(p payout.Payout) payoutView {
	return payoutView{
		ID: string(p.ID), RunID: string(p.Run), AffiliateID: string(p.Affiliate), Currency: string(p.Currency), Amount: p.AmountMinor,
		State: string(p.State), Rail: string(p.Rail), Details: p.Shown, Reference: p.Reference, CreatedAt: p.CreatedAt,
		SentAt: known(p.SentAt), SettledAt: known(p.SettledAt),
	}
}

type listPayoutsIn struct {
	Page
	AffiliateID string `query:"affiliate_id"`
}

func (a API) listPayouts(ctx context.Context, in *listPayoutsIn) (*found[list[payoutView]], error) {
	prog := callerOf(ctx).prog.ID
	before, err := afterID[id.Payout](in.Page)
	if err != nil {
		return nil, err
	}
	var all []payout.Payout
	if in.AffiliateID == "" {
		all, err = payout.List(ctx, a.DB, prog, before, in.ask())
	} else {
		aff, bad := fieldID[id.Affiliate](in.AffiliateID, "affiliate_id")
		if bad != nil {
			return nil, bad
		}
		all, err = payout.OfAffiliate(ctx, a.DB, prog, aff, before, in.ask())
	}
	return show(pageOf(all, in.Limit, func(p payout.Payout) string { return string(p.ID) }, viewPayout), err)
}

type payoutLine struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind" doc:"What moved it, such as released or reversed."`
	Item   string    `json:"item" doc:"The commission's id."`
	Amount int64     `json:"amount" doc:"In minor units; the lines sum to the payout."`
}

type payoutIn struct {
	ID string `path:"id"`
}

func (a API) getPayout(ctx context.Context, in *payoutIn) (*found[payoutView], error) {
	pot, err := pathID[id.Payout](in.ID)
	if err != nil {
		return nil, err
	}
	prog := callerOf(ctx).prog.ID
	p, err := payout.Get(ctx, a.DB, prog, pot)
	if err != nil {
		return nil, err
	}
	lines, err := payout.Lines(ctx, a.DB, prog, pot)
	view := viewPayout(p)
	view.Lines = whole(lines, func(l payout.Line) payoutLine { return payoutLine{l.At, l.Kind, l.Item, l.Minor} }).Data
	return show(view, err)
}

type settlePayoutIn struct {
	Once
	ID   string `path:"id"`
	Body struct {
		Reference string `json:"reference" maxLength:"200" doc:"What the bank calls this transfer."`
	}
}

func (a API) settlePayout(ctx context.Context, in *settlePayoutIn) (*answer[payoutView], error) {
	return a.movePayout(ctx, in.ID, func(tx *db.Tx, pot id.Payout) (payout.Payout, error) {
		return payout.Settle(ctx, tx, callerOf(ctx).prog.ID, pot, in.Body.Reference)
	})
}

type failPayoutIn struct {
	Once
	ID   string `path:"id"`
	Body struct {
		Reason string `json:"reason" maxLength:"200" doc:"Why; the affiliate may read it."`
	}
}

func (a API) failPayout(ctx context.Context, in *failPayoutIn) (*answer[payoutView], error) {
	return a.movePayout(ctx, in.ID, func(tx *db.Tx, pot id.Payout) (payout.Payout, error) {
		return payout.Fail(ctx, tx, callerOf(ctx).prog.ID, pot, in.Body.Reason)
	})
}

// movePayout runs a use case on one payout.
func (a API) movePayout(ctx context.Context, text string, move func(*db.Tx, id.Payout) (payout.Payout, error)) (*answer[payoutView], error) {
	pot, err := pathID[id.Payout](text)
	if err != nil {
		return nil, err
	}
	return write(ctx, a, func(tx *db.Tx) (payoutView, int, error) {
		p, err := move(tx, pot)
		return viewPayout(p), http.StatusOK, err
	})
}
