package web

import (
	"net/http"

	"tributary.example/access"
	"tributary.example/internal/text"
	"tributary.example/money"
	"tributary.example/program"
	"tributary.example/report"
	"tributary.example/web/merchant"
)

const (
	bestCount   = 5
	latestCount = 5
)

func (s *Web) showOverview(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.See)
	if err != nil {
		return err
	}
	base := staffBase(p.Program)
	f, err := s.figuresOf(r, base, p.Program, "")
	if err != nil {
		return err
	}
	page := merchant.OverviewPage{
		Base: base, Periods: f.periods(), Measure: f.stats(), Chart: f.chart(), Unit: p.Program.Currency,
	}
	if page.Best, err = s.best(r, p, f.now.Period); err != nil {
		return err
	}
	brought, err := report.Referrals(r.Context(), s.DB, report.Finding{Program: p.Program.ID, Limit: latestCount})
	if err != nil {
		return err
	}
	page.Latest = referralRows(locale(p.Program), brought)
	if page.Tasks, err = s.tasks(r, p); err != nil {
		return err
	}
	if page.Setup, err = s.setupSteps(r, p); err != nil {
		return err
	}
	if page.Frame, err = s.staffFrame(w, r, p, "Overview", merchant.Overview); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, merchant.OverviewView(page))
}

func (s *Web) best(r *http.Request, p staff, period report.Period) ([]merchant.AffiliateRow, error) {
	loc := locale(p.Program)
	ask := report.Ask{Program: p.Program.ID, Currency: p.Program.Currency, Period: period}
	ranked, err := report.TopAffiliates(r.Context(), s.DB, ask, bestCount)
	var rows []merchant.AffiliateRow
	for _, a := range ranked {
		rows = append(rows, merchant.AffiliateRow{
			ID: string(a.Affiliate), Name: a.Name, Customers: loc.Int(a.Customers), Revenue: loc.Figure(a.Revenue, p.Program.Currency),
		})
	}
	return rows, err
}

// tasks is what waits for somebody of the staff, with the way to it.
func (s *Web) tasks(r *http.Request, p staff) ([]merchant.Task, error) {
	base, loc := staffBase(p.Program), locale(p.Program)
	waiting, err := report.WaitingFor(r.Context(), s.DB, p.Program.ID)
	if err != nil {
		return nil, err
	}
	var list []merchant.Task
	add := func(n int64, one, many text.Sentence, words, href string) {
		if n > 0 {
			list = append(list, merchant.Task{Text: text.T(loc, plural(n, one, many)), Words: words, Href: base + href})
		}
	}
	owed, err := report.OwedBy(r.Context(), s.DB, p.Program.ID)
	if err != nil {
		return nil, err
	}
	add(waiting.Applications, text.S("One person has applied."), text.S("%s people have applied.", waiting.Applications),
		"Look at applications", "/affiliates?state=applied")
	add(waiting.Reviews, text.S("One commission is in review."), text.S("%s commissions are in review.", waiting.Reviews),
		"Review", "/commissions?state=review")
	add(waiting.Runs, text.S("One payout run is approved and not settled."), text.S("%s payout runs are approved and not settled.", waiting.Runs),
		"Finish", "/payouts")
	if due := payableWords(loc, owed); due != "" && access.Can(p.Role, access.RunPayouts) {
		list = append(list, merchant.Task{
			Text: due, About: "A draft says who can be paid now, and why others wait.", Words: "Draft a payout run", Href: base + "/payouts/draft",
		})
	}
	return list, nil
}

// payableWords says what is payable in all currencies, "" for nothing.
func payableWords(loc text.Locale, owed []report.Owed) string {
	var sums []money.Amount
	for _, o := range owed {
		if o.Payable > 0 {
			sums = append(sums, money.Of(o.Payable, money.Currency(o.Currency)))
		}
	}
	if len(sums) == 0 {
		return ""
	}
	return text.T(loc, text.S("%s are payable.", totals(loc, sums)))
}

func plural(n int64, one, many text.Sentence) text.Sentence {
	if n == 1 {
		return one
	}
	return many
}

// setupSteps is the way to the first commission; nil when it was gone, which
// codes can do without a click.
func (s *Web) setupSteps(r *http.Request, p staff) ([]merchant.SetupStep, error) {
	base := staffBase(p.Program)
	sources := report.Sources{Books: s.DB, Clicks: s.Clicks}
	h, err := report.Progress(r.Context(), sources, p.Program.ID)
	if err != nil || h.Approved && h.SignedUp && h.Paid {
		return nil, err
	}
	terms, err := program.TermsFor(r.Context(), s.DB, p.Program.ID, []program.Scope{p.Program.Scope()}, s.DB.Now())
	if err != nil {
		return nil, err
	}
	return []merchant.SetupStep{
		{Name: "Program created", Done: true},
		{Name: "Terms in force: " + headline(p.Program, terms), Done: true},
		{Name: "First affiliate", Done: h.Approved, About: "Share the application page, or invite somebody.", Words: "Invite an affiliate", Href: base + "/affiliates/new"},
		{Name: "First click", Done: h.Clicked, About: "Open a link of an affiliate in a browser.", Words: "See affiliates", Href: base + "/affiliates"},
		{Name: "First sign-up", Done: h.SignedUp, About: "Your server reports it with one call.", Words: "Make an API key", Href: base + "/keys"},
		{Name: "First payment", Done: h.Paid, About: "Your server reports it with one call."},
	}, nil
}

// referralRows puts referrals into words.
func referralRows(loc text.Locale, all []report.Brought) []merchant.ReferralRow {
	var rows []merchant.ReferralRow
	for _, b := range all {
		row := merchant.ReferralRow{
			ID: string(b.Referral), Customer: b.ExternalID, Mail: b.Email, Affiliate: b.Name, By: through(b),
			Plan: b.Plan, State: b.State, Life: b.Life, When: loc.Time(b.At),
		}
		if b.Referral == "" {
			row.ID = string(b.Customer)
		}
		rows = append(rows, row)
	}
	return rows
}

func through(b report.Brought) string {
	switch {
	case b.ByLink && b.ByCoupon:
		return "link and code"
	case b.ByLink:
		return "link"
	case b.ByCoupon:
		return "code"
	}
	return ""
}
