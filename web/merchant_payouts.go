package web

import (
	"net/http"
	"strings"
	"time"

	"tributary.example/access"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/money"
	"tributary.example/payout"
	"tributary.example/program"
	"tributary.example/report"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

func (s *Web) showPayouts(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.See)
	if err != nil {
		return err
	}
	loc, base := locale(p.Program), staffBase(p.Program)+"/payouts"
	runs, err := payout.Runs(r.Context(), s.DB, p.Program.ID, id.Run(r.FormValue("after")), pageSize+1)
	if err != nil {
		return err
	}
	older := ""
	if len(runs) > pageSize {
		runs = runs[:pageSize]
		older = listPath(r, base, string(runs[pageSize-1].ID))
	}
	page := merchant.PayoutsPage{
		Base: staffBase(p.Program), Drafts: access.Can(p.Role, access.RunPayouts), Pager: pagerOf(r, loc, base, older, len(runs)),
		Next: "Who is paid what, and when it left.",
	}
	if page.Figures, err = s.owedStats(r, p.Program); err != nil {
		return err
	}
	if page.Rows, err = s.runRows(r, p.Program, runs); err != nil {
		return err
	}
	if page.Frame, err = s.staffFrame(w, r, p, "Payouts", merchant.Payouts); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, merchant.PayoutsView(page))
}

// owedStats is what the program owes all affiliates, by currency, the
// program's own first.
func (s *Web) owedStats(r *http.Request, prog program.Program) ([]part.Stat, error) {
	loc := locale(prog)
	owed, err := report.OwedBy(r.Context(), s.DB, prog.ID)
	if err != nil {
		return nil, err
	}
	paid, err := report.PaidBy(r.Context(), s.DB, prog.ID, report.YearOf(s.DB.Now(), prog.Location()))
	if err != nil {
		return nil, err
	}
	all := []report.Owed{{Currency: prog.Currency}}
	for _, o := range owed {
		if o.Currency == prog.Currency {
			all[0] = o
		} else if o != (report.Owed{Currency: o.Currency}) {
			all = append(all, o)
		}
	}
	var stats []part.Stat
	for _, o := range all {
		for _, f := range []struct {
			label, note string
			minor       int64
		}{
			{"Payable", "", o.Payable}, {"Held", "until each hold is over", o.Held}, {"In payout", "approved, not settled", o.InPayout},
			{"Paid this year", "", paid[o.Currency]},
		} {
			stats = append(stats, part.Stat{Label: f.label, Figure: loc.Figure(f.minor, o.Currency), Unit: o.Currency, Note: f.note})
		}
	}
	return stats, nil
}

// totals sums payouts by currency, in words: "1,240.00 EUR and 20.00 USD".
func totals(loc text.Locale, all []money.Amount) string {
	var words []string
	for _, a := range all {
		words = append(words, loc.Money(a.Minor, string(a.Currency)))
	}
	if len(words) == 0 {
		return "0"
	}
	return strings.Join(words, " and ")
}

// sumsOf adds payouts by currency, in the order in which currencies come.
func sumsOf(pots []payout.Payout) []money.Amount {
	var sums []money.Amount
	at := map[money.Currency]int{}
	for _, pot := range pots {
		i, ok := at[pot.Currency]
		if !ok {
			i, at[pot.Currency] = len(sums), len(sums)
			sums = append(sums, money.Of(0, pot.Currency))
		}
		sums[i].Minor += pot.AmountMinor
	}
	return sums
}

func (s *Web) runRows(r *http.Request, prog program.Program, runs []payout.Run) ([]merchant.RunRow, error) {
	loc := locale(prog)
	var rows []merchant.RunRow
	for _, run := range runs {
		pots, err := payout.OfRun(r.Context(), s.DB, prog.ID, run.ID)
		if err != nil {
			return nil, err
		}
		row := merchant.RunRow{
			ID: string(run.ID), Name: runName(loc, run), State: string(run.State), Affiliates: loc.Int(int64(len(pots))), Amount: totals(loc, sumsOf(pots)),
		}
		if run.State == payout.RunDraft {
			row.Affiliates, row.Amount = loc.Int(int64(len(run.Seen))), totals(loc, sumsSeen(run.Seen))
		}
		if !run.ApprovedAt.IsZero() {
			row.When = loc.Date(run.ApprovedAt)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func sumsSeen(seen []payout.Sum) []money.Amount {
	var pots []payout.Payout
	for _, s := range seen {
		pots = append(pots, payout.Payout{Currency: s.Currency, AmountMinor: s.AmountMinor})
	}
	return sumsOf(pots)
}

func runName(loc text.Locale, run payout.Run) string {
	return text.T(loc, text.S("Run to %s", text.Date(run.CutOff)))
}

// cutOffOf is the end of a day in the program's zone, at most now; no day is
// now.
func cutOffOf(day, now time.Time) time.Time {
	if end := day.AddDate(0, 0, 1).Add(-time.Microsecond); !day.IsZero() && end.Before(now) {
		return end
	}
	return now
}
