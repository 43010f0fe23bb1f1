package api

import (
	"context"
	"mime"
	"net/http"
	"slices"
	"time"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/money"
	"tributary.example/payout"
)

func (a API) payoutRoutes() {
	const tag = "Payouts"
	handle(a, get("/v1/payout-runs").as("listRuns", access.ReadPayouts, tag, "List payout runs, the newest first"), a.listRuns)
	handle(a, post("/v1/payout-runs").as("createRun", access.WritePayouts, tag, "Open a payout run as a draft").creates().
		saying("A draft posts nothing: it shows who would be paid, who is left out, and why."), a.createRun)
	handle(a, get("/v1/payout-runs/{id}").as("getRun", access.ReadPayouts, tag, "Read a run: what the books say now for a draft, its payouts afterwards"), a.getRun)
	handle(a, post("/v1/payout-runs/{id}/approve").as("approveRun", access.WritePayouts, tag, "Approve a run").
		saying("The books are read again; when they say something else than was seen, the run is refused and says what changed. "+
			"Without lines what the draft showed when it was opened counts as seen."), a.approveRun)
	handle(a, post("/v1/payout-runs/{id}/send").as("sendRun", access.WritePayouts, tag, "Hand an approved run to a rail").
		saying("It settles nothing: only a result does."), a.sendRun)
	handle(a, post("/v1/payout-runs/{id}/cancel").as("cancelRun", access.WritePayouts, tag, "Give up a run that was not sent"), a.cancelRun)
	handle(a, get("/v1/payout-runs/{id}/file").as("getRunFile", access.WritePayouts, tag, "Download the rail's file of a run that was sent").
		saying("It holds the affiliates' whole payout details, so the key needs payouts:write."), a.getRunFile)
	handle(a, get("/v1/payouts").as("listPayouts", access.ReadPayouts, tag, "List payouts, the newest first"), a.listPayouts)
	handle(a, get("/v1/payouts/{id}").as("getPayout", access.ReadPayouts, tag, "Read a payout with its lines"), a.getPayout)
	handle(a, post("/v1/payouts/{id}/settle").as("settlePayout", access.WritePayouts, tag, "Record that a payout has arrived"), a.settlePayout)
	handle(a, post("/v1/payouts/{id}/fail").as("failPayout", access.WritePayouts, tag, "Record that a payout did not arrive, or came back: its amount is payable again"), a.failPayout)
}

type runView struct {
	ID         string        `json:"id"`
	CutOff     time.Time     `json:"cut_off" doc:"Releases up to this time are in it."`
	State      string        `json:"state" enum:"draft,approved,sent,done,cancelled"`
	CreatedAt  time.Time     `json:"created_at"`
	ApprovedAt *time.Time    `json:"approved_at,omitempty"`
	ApprovedBy string        `json:"approved_by,omitempty"`
	Lines      []shareView   `json:"lines,omitzero" doc:"Of one draft: who would be paid now."`
	LeftOut    []leftOutView `json:"left_out,omitzero" doc:"Of one draft: who would not, and why."`
	Totals     []totalView   `json:"totals,omitzero" doc:"Of one draft."`
	Payouts    []payoutView  `json:"payouts,omitzero" doc:"Of one run that was approved."`
}

func viewRun(r payout.Run) runView {
	return runView{
		ID: string(r.ID), CutOff: r.CutOff, State: string(r.State), CreatedAt: r.CreatedAt, ApprovedAt: known(r.ApprovedAt), ApprovedBy: r.ApprovedBy,
	}
}

type sumView struct {
	AffiliateID string `json:"affiliate_id"`
	Currency    string `json:"currency"`
	Amount      int64  `json:"amount" doc:"In minor units."`
}

type shareView struct {
	AffiliateID string `json:"affiliate_id"`
	Name        string `json:"name"`
	Currency    string `json:"currency"`
	Amount      int64  `json:"amount" doc:"In minor units."`
	Details     string `json:"details" doc:"The payout details, masked."`
}

type leftOutView struct {
	AffiliateID string `json:"affiliate_id"`
	Name        string `json:"name"`
	Currency    string `json:"currency"`
	Amount      int64  `json:"amount" doc:"What would be paid, in minor units."`
	Reason      string `json:"reason"`
}

type totalView struct {
	Currency string `json:"currency"`
	Amount   int64  `json:"amount" doc:"In minor units."`
}

// detail shows a draft as the books say now, and any other run by its payouts.
func (a API) detail(ctx context.Context, r db.Reader, run payout.Run) (runView, error) {
	d, prog := viewRun(run), callerOf(ctx).prog
	if run.State != payout.RunDraft {
		pots, err := payout.OfRun(ctx, r, prog.ID, run.ID)
		d.Payouts = whole(pots, viewPayout).Data
		return d, err
	}
	draft, err := payout.Draft(ctx, r, prog, run.CutOff)
	d.Lines = whole(draft.Shares, func(s payout.Share) shareView {
		return shareView{string(s.Affiliate), s.Name, string(s.Currency), s.AmountMinor, s.Shown}
	}).Data
	d.LeftOut = whole(draft.LeftOut, func(s payout.LeftOut) leftOutView {
		return leftOutView{string(s.Affiliate), s.Name, string(s.Currency), s.AmountMinor, sentence(s.Reason)}
	}).Data
	d.Totals = whole(draft.Totals(), func(t money.Amount) totalView { return totalView{string(t.Currency), t.Minor} }).Data
	return d, err
}

func (a API) listRuns(ctx context.Context, in *struct{ Page }) (*found[list[runView]], error) {
	before, err := afterID[id.Run](in.Page)
	if err != nil {
		return nil, err
	}
	all, err := payout.Runs(ctx, a.DB, callerOf(ctx).prog.ID, before, in.ask())
	return show(pageOf(all, in.Limit, func(r payout.Run) string { return string(r.ID) }, viewRun), err)
}

type createRunIn struct {
	Once
	Body *struct {
		CutOff time.Time `json:"cut_off,omitzero" doc:"Now when it is not sent; not in the future."`
	} `required:"false"`
}

func (a API) createRun(ctx context.Context, in *createRunIn) (*answer[runView], error) {
	return write(ctx, a, func(tx *db.Tx) (runView, int, error) {
		cutOff := tx.Now()
		if in.Body != nil && !in.Body.CutOff.IsZero() {
			cutOff = in.Body.CutOff
		}
		run, err := payout.Open(ctx, tx, callerOf(ctx).prog, cutOff)
		if err != nil {
			return runView{}, 0, err
		}
		d, err := a.detail(ctx, tx, run)
		return d, http.StatusCreated, err
	})
}

type runIn struct {
	ID string `path:"id"`
}

func (a API) getRun(ctx context.Context, in *runIn) (*found[runView], error) {
	run, err := pathID[id.Run](in.ID)
	if err != nil {
		return nil, err
	}
	v, err := payout.GetRun(ctx, a.DB, callerOf(ctx).prog.ID, run)
	if err != nil {
		return nil, err
	}
	return show(a.detail(ctx, a.DB, v))
}

// moveRun runs a use case on one run.
func (a API) moveRun(ctx context.Context, text string, move func(*db.Tx, payout.Run) error) (*answer[runView], error) {
	run, err := pathID[id.Run](text)
	if err != nil {
		return nil, err
	}
	prog := callerOf(ctx).prog.ID
	return write(ctx, a, func(tx *db.Tx) (runView, int, error) {
		v, err := payout.GetRun(ctx, tx, prog, run)
		if err != nil {
			return runView{}, 0, err
		}
		if err := move(tx, v); err != nil {
			return runView{}, 0, err
		}
		if v, err = payout.GetRun(ctx, tx, prog, run); err != nil {
			return runView{}, 0, err
		}
		d, err := a.detail(ctx, tx, v)
		return d, http.StatusOK, err
	})
}

type approveRunIn struct {
	Once
	ID   string `path:"id"`
	Body *struct {
		Lines []sumView `json:"lines,omitempty" maxItems:"10000" doc:"What you have seen and approve."`
	} `required:"false"`
}

func (a API) approveRun(ctx context.Context, in *approveRunIn) (*answer[runView], error) {
	var seen []payout.Sum
	if in.Body != nil {
		for _, l := range in.Body.Lines {
			seen = append(seen, payout.Sum{Affiliate: id.Affiliate(l.AffiliateID), Currency: money.Currency(l.Currency), AmountMinor: l.Amount})
		}
	}
	return a.moveRun(ctx, in.ID, func(tx *db.Tx, run payout.Run) error {
		if seen == nil {
			seen = run.Seen
		}
		_, _, err := payout.Approve(ctx, tx, callerOf(ctx).prog, run.ID, seen)
		return err
	})
}

type sendRunIn struct {
	Once
	ID   string `path:"id"`
	Body *struct {
		Rail string `json:"rail,omitempty" doc:"The first rail of the installation when it is not sent."`
	} `required:"false"`
}

func (a API) sendRun(ctx context.Context, in *sendRunIn) (*answer[runView], error) {
	name := ""
	if in.Body != nil {
		name = in.Body.Rail
	}
	rail, err := a.rail(payout.RailName(name))
	if err != nil {
		return nil, err
	}
	return a.moveRun(ctx, in.ID, func(tx *db.Tx, run payout.Run) error {
		_, err := payout.Send(ctx, tx, callerOf(ctx).prog.ID, run.ID, rail.Name())
		return err
	})
}

// rail finds a rail by its name; "" is the first.
func (a API) rail(name payout.RailName) (payout.Rail, error) {
	i := slices.IndexFunc(a.Rails, func(r payout.Rail) bool { return name == "" || r.Name() == name })
	if i < 0 {
		return nil, fault.New(fault.Invalid, "There is no rail %s.", string(name)).Field("rail").Hint("Leave it out for the usual one.")
	}
	return a.Rails[i], nil
}

type cancelRunIn struct {
	Once
	ID string `path:"id"`
}

func (a API) cancelRun(ctx context.Context, in *cancelRunIn) (*answer[runView], error) {
	return a.moveRun(ctx, in.ID, func(tx *db.Tx, run payout.Run) error {
		_, err := payout.Cancel(ctx, tx, callerOf(ctx).prog.ID, run.ID)
		return err
	})
}

type fileOut struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (a API) getRunFile(ctx context.Context, in *runIn) (*fileOut, error) {
	runID, err := pathID[id.Run](in.ID)
	if err != nil {
		return nil, err
	}
	prog := callerOf(ctx).prog.ID
	run, err := payout.GetRun(ctx, a.DB, prog, runID)
	if err != nil {
		return nil, err
	}
	pots, err := payout.OfRun(ctx, a.DB, prog, runID)
	if err != nil {
		return nil, err
	}
	if len(pots) == 0 || pots[0].Rail == "" {
		return nil, fault.New(fault.Conflict, "This payout run is %s: there is no file yet.", string(run.State)).Hint("Send it first.")
	}
	rail, err := a.rail(pots[0].Rail)
	if err != nil {
		return nil, err
	}
	list, err := payout.Instructions(ctx, a.DB, a.Root, prog, runID, rail.Name())
	if err != nil {
		return nil, err
	}
	file, err := rail.File(run, list)
	if err == nil && len(file.Content) == 0 {
		err = fault.New(fault.NotFound, "The rail %s has no file: a person pays each payout.", string(rail.Name()))
	}
	return &fileOut{file.ContentType, mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}), file.Content}, err
}
