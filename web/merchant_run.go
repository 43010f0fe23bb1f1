package web

import (
	"context"
	"net/http"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/payout"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

func runPath(p staff, run id.Run) string {
	return staffBase(p.Program) + "/payouts/" + string(run)
}

// closing is a run with its payouts.
type closing struct {
	payout.Run
	pots []payout.Payout
}

// staffRun finds the run that the path names.
func (s *Web) staffRun(r *http.Request, need access.Permission) (staff, closing, error) {
	var run closing
	p, err := s.asStaff(r, need)
	if err != nil {
		return p, run, err
	}
	if run.Run, err = payout.GetRun(r.Context(), s.DB, p.Program.ID, id.Run(r.PathValue("run"))); err != nil {
		return p, run, err
	}
	run.pots, err = payout.OfRun(r.Context(), s.DB, p.Program.ID, run.ID)
	return p, run, err
}

func (s *Web) showRun(w http.ResponseWriter, r *http.Request) error {
	p, run, err := s.staffRun(r, access.See)
	if err != nil {
		return err
	}
	if run.State == payout.RunDraft {
		http.Redirect(w, r, staffBase(p.Program)+"/payouts/draft?run="+string(run.ID), http.StatusSeeOther)
		return nil
	}
	return s.runPage(w, r, p, run, merchant.Failing{})
}

func (s *Web) runPage(w http.ResponseWriter, r *http.Request, p staff, run closing, wrong merchant.Failing) error {
	n := s.namerOf(r, p.Program)
	may := access.Can(p.Role, access.RunPayouts)
	sent := countOf(run.pots, payout.Sent)
	page := merchant.RunPage{
		Base: staffBase(p.Program), ID: string(run.ID), Name: runName(n.loc, run.Run), State: string(run.State), Steps: runSteps(run.Run),
		Total: totals(n.loc, sumsOf(run.pots)), Unit: unitOf(run.pots), Wrong: wrong,
		File: access.Can(p.Role, access.SeePayoutDetails) && run.State != payout.RunCancelled,
		Send: may && run.State == payout.RunApproved, Cancel: may && run.State == payout.RunApproved,
	}
	if may && sent > 0 {
		page.Settle = text.T(n.loc, plural(int64(sent), text.S("Mark 1 payout as settled"), text.S("Mark %s payouts as settled", sent)))
	}
	var err error
	if page.About, err = s.approvedBy(r, n, run.Run); err != nil {
		return err
	}
	page.Figures = runStats(n.loc, run.pots)
	show := amountIn(n.loc, page.Unit)
	for _, pot := range run.pots {
		name, err := n.affiliate(pot.Affiliate)
		if err != nil {
			return err
		}
		page.Payouts = append(page.Payouts, merchant.PayoutRow{
			ID: string(pot.ID), Affiliate: name, Method: pot.Shown, State: string(pot.State), Ref: pot.Reference,
			Amount: show(pot.AmountMinor, string(pot.Currency)), Whole: n.loc.Money(pot.AmountMinor, string(pot.Currency)),
			Settle: may && pot.State == payout.Sent, Fail: may && (pot.State == payout.Sent || pot.State == payout.Settled),
		})
	}
	if page.Frame, err = s.staffFrame(w, r, p, page.Name, merchant.Payouts); err != nil {
		return err
	}
	status := http.StatusOK
	if wrong.Error != "" {
		status = http.StatusUnprocessableEntity
	}
	return s.show(w, r, status, merchant.RunView(page))
}

func countOf(pots []payout.Payout, state payout.State) int {
	n := 0
	for _, pot := range pots {
		if pot.State == state {
			n++
		}
	}
	return n
}

// unitOf is the currency of all payouts, "" when there are several.
func unitOf(pots []payout.Payout) string {
	sums := sumsOf(pots)
	if len(sums) != 1 {
		return ""
	}
	return string(sums[0].Currency)
}

func (s *Web) approvedBy(r *http.Request, n *namer, run payout.Run) (string, error) {
	who, err := s.actorName(r, db.Actor{Kind: actorKind(run.ApprovedBy), ID: run.ApprovedBy})
	if run.ApprovedAt.IsZero() {
		return "Never approved.", nil
	}
	return text.T(n.loc, text.S("Approved on %s by %s", run.ApprovedAt, who)), err
}

// actorKind reads from an id alone whether a person or a key acted.
func actorKind(who string) db.ActorKind {
	switch {
	case who == "":
		return db.ActorTimer
	case isID[id.Person](who):
		return db.ActorPerson
	case isID[id.Key](who):
		return db.ActorKey
	}
	return db.ActorCommand
}

func isID[K id.Typed](s string) bool {
	_, err := id.Parse[K](s)
	return err == nil
}

// runSteps is how far a run is.
func runSteps(run payout.Run) []part.Step {
	if run.State == payout.RunCancelled {
		return []part.Step{{Name: "Drafted", Done: true}, {Name: "Cancelled", Here: true}}
	}
	at := map[payout.RunState]int{payout.RunDraft: 0, payout.RunApproved: 1, payout.RunSent: 2, payout.RunDone: 3}[run.State]
	var steps []part.Step
	for i, name := range []string{"Drafted", "Approved", "Sent", "Settled"} {
		steps = append(steps, part.Step{Name: name, Done: i <= at, Here: i == at+1})
	}
	return steps
}

func runStats(loc text.Locale, pots []payout.Payout) []part.Stat {
	var stats []part.Stat
	settled := map[string]int64{}
	for _, pot := range pots {
		if pot.State == payout.Settled {
			settled[string(pot.Currency)] += pot.AmountMinor
		}
	}
	for _, sum := range sumsOf(pots) {
		code := string(sum.Currency)
		stats = append(stats, part.Stat{Label: "In this run", Figure: loc.Figure(sum.Minor, code), Unit: code},
			part.Stat{Label: "Settled", Figure: loc.Figure(settled[code], code), Unit: code})
	}
	stats = append(stats, part.Stat{Label: "Payouts", Figure: loc.Int(int64(len(pots)))})
	if failed := countOf(pots, payout.Failed); failed > 0 {
		stats = append(stats, part.Stat{Label: "Failed", Figure: loc.Int(int64(failed))})
	}
	return stats
}

// sendRun marks a run as handed to the bank.
func (s *Web) sendRun(w http.ResponseWriter, r *http.Request) error {
	p, run, err := s.staffRun(r, access.RunPayouts)
	if err != nil {
		return err
	}
	err = s.act(r, p.reader, func(tx *db.Tx) error {
		_, err := payout.Send(r.Context(), tx, p.Program.ID, run.ID, s.Rail.Name())
		return err
	})
	if err != nil {
		return err
	}
	return s.done(w, r, runPath(p, run.ID), "run-sent")
}

func (s *Web) cancelRun(w http.ResponseWriter, r *http.Request) error {
	p, run, err := s.staffRun(r, access.RunPayouts)
	if err != nil {
		return err
	}
	err = s.act(r, p.reader, func(tx *db.Tx) error {
		_, err := payout.Cancel(r.Context(), tx, p.Program.ID, run.ID)
		return err
	})
	if err != nil {
		return err
	}
	if run.State == payout.RunDraft {
		return s.done(w, r, staffBase(p.Program)+"/payouts", "draft-discarded")
	}
	return s.done(w, r, runPath(p, run.ID), "run-cancelled")
}

// showFile is the file for the bank, of what is approved or sent.
func (s *Web) showFile(w http.ResponseWriter, r *http.Request) error {
	p, run, err := s.staffRun(r, access.SeePayoutDetails)
	if err != nil {
		return err
	}
	var rail payout.RailName
	if len(run.pots) > 0 {
		rail = run.pots[0].Rail // "" until it is sent
	}
	list, err := payout.Instructions(r.Context(), s.DB, s.Root, p.Program.ID, run.ID, rail)
	if err != nil {
		return err
	}
	file, err := s.Rail.File(run.Run, list)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", file.ContentType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+file.Name+`"`)
	_, err = w.Write(file.Content)
	return err
}

// settleRun settles every payout of a run that was sent, with one reference.
func (s *Web) settleRun(w http.ResponseWriter, r *http.Request) error {
	p, run, err := s.staffRun(r, access.RunPayouts)
	if err != nil {
		return err
	}
	reference := r.FormValue("reference")
	err = s.act(r, p.reader, func(tx *db.Tx) error {
		for _, pot := range run.pots {
			if pot.State != payout.Sent {
				continue
			}
			if _, err := payout.Settle(r.Context(), tx, p.Program.ID, pot.ID, reference); err != nil {
				return err
			}
		}
		return nil
	})
	if bad, ok := wrongsOf(err, "reference"); ok && bad.fields["reference"] != "" {
		return s.runPage(w, r, p, run, merchant.Failing{Act: "settle", Value: reference, Error: bad.fields["reference"]})
	}
	if err != nil {
		return err
	}
	return s.done(w, r, runPath(p, run.ID), "run-settled")
}

// endOf is a use case that ends a payout: settled, or failed.
type endOf func(ctx context.Context, tx *db.Tx, prog id.Program, pot id.Payout, words string) (payout.Payout, error)

// endPayout answers the forms about one payout, with the field of their words.
func (s *Web) endPayout(act, field string, f flash, end endOf) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, run, err := s.staffRun(r, access.RunPayouts)
		if err != nil {
			return err
		}
		pot, err := payout.Get(r.Context(), s.DB, p.Program.ID, id.Payout(r.PathValue("payout")))
		if err != nil {
			return err
		}
		if pot.Run != run.ID {
			return s.showNothing(w, r)
		}
		words := r.FormValue(field)
		err = s.act(r, p.reader, func(tx *db.Tx) error {
			_, err := end(r.Context(), tx, p.Program.ID, pot.ID, words)
			return err
		})
		if bad, ok := wrongsOf(err, field); ok && bad.fields[field] != "" {
			wrong := merchant.Failing{Payout: string(pot.ID), Act: act, Value: words, Error: bad.fields[field]}
			return s.runPage(w, r, p, run, wrong)
		}
		if err != nil {
			return err
		}
		return s.done(w, r, runPath(p, run.ID), f)
	}
}
