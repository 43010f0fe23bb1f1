package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/money"
	"tributary.example/payout"
	"tributary.example/program"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

// showDraft shows what a run would pay: up to a day, or a stored draft.
func (s *Web) showDraft(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.RunPayouts)
	if err != nil {
		return err
	}
	if run := id.Run(r.FormValue("run")); run != "" {
		stored, err := payout.GetRun(r.Context(), s.DB, p.Program.ID, run)
		if err != nil {
			return err
		}
		if stored.State != payout.RunDraft {
			http.Redirect(w, r, staffBase(p.Program)+"/payouts/"+string(run), http.StatusSeeOther)
			return nil
		}
		return s.draftPage(w, r, p, draftAsk{run: run, cutOff: stored.CutOff})
	}
	in := inputOf(r, p.Program)
	ask := draftAsk{cutOff: cutOffOf(in.day("until"), s.DB.Now())}
	ask.bad, _ = wrongsOf(in.err(), "until")
	return s.draftPage(w, r, p, ask)
}

// draftAsk is which draft is wanted.
type draftAsk struct {
	run     id.Run // a stored one, or ""
	cutOff  time.Time
	changed []string // since it was seen, in sentences
	bad     wrongs
}

func (a draftAsk) status() int {
	if len(a.changed) > 0 {
		return http.StatusConflict
	}
	return a.bad.status()
}

// draftPage shows a draft as it is now, with what changed since it was seen.
func (s *Web) draftPage(w http.ResponseWriter, r *http.Request, p staff, ask draftAsk) error {
	loc, base := locale(p.Program), staffBase(p.Program)
	view, err := payout.Draft(r.Context(), s.DB, p.Program, ask.cutOff)
	if err != nil {
		return err
	}
	until := part.Field{Type: "date", Value: ask.cutOff.In(p.Program.Location()).Format(time.DateOnly)}
	page := merchant.DraftPage{
		Base: base, Run: string(ask.run), CutOff: ask.cutOff.UTC().Format(time.RFC3339Nano), Seen: seenText(view.Sums()), Changed: ask.changed,
		Until:   formOf(r, ask.bad).field("until", "Up to and with", until),
		Figures: draftStats(loc, p.Program, view), Discard: ask.run != "", Unit: oneCurrency(view),
	}
	if len(view.Shares) > 0 && access.Can(p.Role, access.ApprovePayouts) {
		page.Approve = text.T(loc, plural(int64(len(view.Shares)), text.S("Pay out 1 affiliate, %s", totals(loc, view.Totals())),
			text.S("Pay out %s affiliates, %s", len(view.Shares), totals(loc, view.Totals()))))
	}
	show := amountIn(loc, page.Unit)
	for _, share := range view.Shares {
		page.Paid = append(page.Paid, merchant.DraftRow{
			ID: string(share.Affiliate), Name: share.Name, Method: share.Shown, Lines: madeOf(loc, share.Lines), Amount: show(share.AmountMinor, string(share.Currency)),
		})
	}
	for _, out := range view.LeftOut {
		page.LeftOut = append(page.LeftOut, merchant.LeftOutRow{
			ID: string(out.Affiliate), Name: out.Name, Why: text.T(loc, out.Reason), Balance: show(out.AmountMinor, string(out.Currency)),
		})
	}
	if page.Frame, err = s.staffFrame(w, r, p, "Draft of a payout run", merchant.Payouts); err != nil {
		return err
	}
	page.Frame.Notices = append(page.Frame.Notices, ask.bad.notices...)
	return s.show(w, r, ask.status(), merchant.DraftView(page))
}

// oneCurrency is the currency of all rows, "" when there are several.
func oneCurrency(view payout.DraftView) string {
	unit := ""
	for _, c := range currencies(view) {
		if unit != "" && unit != string(c) {
			return ""
		}
		unit = string(c)
	}
	return unit
}

func currencies(view payout.DraftView) []money.Currency {
	var all []money.Currency
	for _, s := range view.Shares {
		all = append(all, s.Currency)
	}
	for _, o := range view.LeftOut {
		all = append(all, o.Currency)
	}
	return all
}

// amountIn shows figures of a column: bare when the column names the currency.
func amountIn(loc text.Locale, unit string) func(int64, string) string {
	if unit == "" {
		return loc.Money
	}
	return loc.Figure
}

func draftStats(loc text.Locale, prog program.Program, view payout.DraftView) []part.Stat {
	amounts := view.Totals()
	if len(amounts) == 0 {
		amounts = []money.Amount{money.Of(0, money.Currency(prog.Currency))}
	}
	stats := []part.Stat{{Label: "Affiliates", Figure: loc.Int(int64(len(view.Shares)))}}
	for _, a := range amounts {
		stats = append(stats, part.Stat{Label: "Will be paid", Figure: loc.Figure(a.Minor, string(a.Currency)), Unit: string(a.Currency)})
	}
	return append(stats, part.Stat{Label: "Left out", Figure: loc.Int(int64(len(view.LeftOut)))})
}

// madeOf counts the movements of a share: "14 commissions, 1 reversal".
func madeOf(loc text.Locale, lines []payout.Line) string {
	items, less := map[string]bool{}, 0
	for _, l := range lines {
		items[l.Item] = true
		if l.Minor < 0 {
			less++
		}
	}
	words := []string{text.T(loc, plural(int64(len(items)), text.S("1 commission"), text.S("%s commissions", len(items))))}
	if less > 0 {
		words = append(words, text.T(loc, plural(int64(less), text.S("1 deduction"), text.S("%s deductions", less))))
	}
	return strings.Join(words, ", ")
}

// seenText carries the sums that a person saw through the form:
// "aff_… EUR 1240" with semicolons between them.
func seenText(sums []payout.Sum) string {
	var all []string
	for _, s := range sums {
		all = append(all, string(s.Affiliate)+" "+string(s.Currency)+" "+strconv.FormatInt(s.AmountMinor, 10))
	}
	return strings.Join(all, ";")
}

func parseSeen(s string) ([]payout.Sum, error) {
	var sums []payout.Sum
	for _, one := range strings.FieldsFunc(s, func(r rune) bool { return r == ';' }) {
		f := strings.Fields(one)
		if len(f) != 3 {
			return nil, fault.New(fault.Invalid, "The draft that you saw cannot be read any more.").Hint("Open it again.")
		}
		minor, err := strconv.ParseInt(f[2], 10, 64)
		if err != nil {
			return nil, fault.New(fault.Invalid, "The draft that you saw cannot be read any more.").Hint("Open it again.")
		}
		sums = append(sums, payout.Sum{Affiliate: id.Affiliate(f[0]), Currency: money.Currency(f[1]), AmountMinor: minor})
	}
	return sums, nil
}

// approveRun pays what was seen, if the books still say the same.
func (s *Web) approveRun(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.ApprovePayouts)
	if err != nil {
		return err
	}
	ask := draftAsk{run: id.Run(r.FormValue("run"))}
	seen, err := parseSeen(r.FormValue("seen"))
	if err != nil {
		return err
	}
	if ask.cutOff, err = time.Parse(time.RFC3339Nano, r.FormValue("cut_off")); err != nil {
		return fault.New(fault.Invalid, "The draft that you saw cannot be read any more.").Hint("Open it again.")
	}
	var run payout.Run
	err = s.act(r, p.reader, func(tx *db.Tx) (err error) {
		run.ID = ask.run
		if run.ID == "" {
			if run, err = payout.Open(r.Context(), tx, p.Program, ask.cutOff); err != nil {
				return err
			}
		}
		run, _, err = payout.Approve(r.Context(), tx, p.Program, run.ID, seen)
		return err
	})
	if f, ok := fault.As(err); ok && (f.Kind == fault.Conflict || f.Kind == fault.Invalid) {
		return s.draftAgain(w, r, p, ask, f)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, staffBase(p.Program)+"/payouts/"+string(run.ID), "run-approved")
}

// draftAgain shows the draft as it is now and what is different.
func (s *Web) draftAgain(w http.ResponseWriter, r *http.Request, p staff, ask draftAsk, f *fault.Error) error {
	if ask.run != "" {
		stored, err := payout.GetRun(r.Context(), s.DB, p.Program.ID, ask.run)
		if err != nil || stored.State != payout.RunDraft {
			return f
		}
		ask.cutOff = stored.CutOff
	}
	for _, e := range append([]*fault.Error{f}, f.Also...) {
		ask.changed = append(ask.changed, text.T(locale(p.Program), e.Sentence))
	}
	return s.draftPage(w, r, p, ask)
}
