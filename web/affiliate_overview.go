package web

import (
	"net/http"

	"tributary.example/commission"
	"tributary.example/coupon"
	"tributary.example/internal/text"
	"tributary.example/link"
	"tributary.example/money"
	"tributary.example/report"
	"tributary.example/web/affiliate"
	"tributary.example/web/part"
)

// showOwnOverview is money first, then the ways to earn it; who is not active
// reads why instead.
func (s *Web) showOwnOverview(w http.ResponseWriter, r *http.Request, m member) error {
	if st, ok := standingOf(m); ok {
		return s.showStanding(w, r, m, st)
	}
	base, loc := memberBase(m.Program), locale(m.Program)
	f, err := s.figuresOf(r, base, m.Program, m.Affiliate.ID)
	if err != nil {
		return err
	}
	balances, err := commission.Balances(r.Context(), s.DB, m.Program.ID, m.Affiliate.ID)
	if err != nil {
		return err
	}
	page := affiliate.OverviewPage{
		Base: base, Unit: m.Program.Currency, Periods: f.periods(), Measure: f.stats(), Chart: f.chart(), Funnel: f.funnel(),
		Money: moneyStats(m, balances),
	}
	if page.Next, err = s.nextPayout(r, m, balances); err != nil {
		return err
	}
	if page.Link, page.Code, err = s.shareOf(r, m); err != nil {
		return err
	}
	page.Link.Shown, page.Code.Shown = true, true
	found, err := s.ownCommissions(r, m, commission.Page{Limit: latestCount})
	if err != nil {
		return err
	}
	page.Latest = s.commissionRows(loc, found)
	if page.Frame, err = s.memberFrame(w, r, m, "Overview", affiliate.Overview); err != nil {
		return err
	}
	if err := s.announce(r, m, &page.Frame); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, affiliate.OverviewView(page))
}

// showStanding tells somebody who is not active where the enrolment stands.
func (s *Web) showStanding(w http.ResponseWriter, r *http.Request, m member, st standing) error {
	loc := locale(m.Program)
	page := affiliate.StatePage{
		Base: memberBase(m.Program), Title: text.T(loc, st.Title), State: string(m.Affiliate.State), Text: text.T(loc, st.Text),
		Steps: st.Steps, Reason: m.Affiliate.Reason,
	}
	if m.invited() {
		page.Accept = "Accept the invitation"
	}
	var err error
	if page.Frame, err = s.memberFrame(w, r, m, page.Title, affiliate.Overview); err != nil {
		return err
	}
	if st.Bare {
		page.Frame.Places = page.Frame.Places[:1] // the others are empty
		return s.show(w, r, http.StatusOK, affiliate.StateView(page))
	}
	balances, err := commission.Balances(r.Context(), s.DB, m.Program.ID, m.Affiliate.ID)
	if err != nil {
		return err
	}
	page.Money = moneyStats(m, balances)
	return s.show(w, r, http.StatusOK, affiliate.StateView(page))
}

// inCurrency is the balance in the program's currency, which is shown even
// when it is zero, and those in others.
func inCurrency(m member, balances []commission.Balance) (own commission.Balance, others []commission.Balance) {
	own.Currency = money.Currency(m.Program.Currency)
	for _, b := range balances {
		if b.Currency == own.Currency {
			own = b
			continue
		}
		others = append(others, b)
	}
	return own, others
}

// moneyStats is what an affiliate has earned, by where it stands. Currencies
// are never added.
func moneyStats(m member, balances []commission.Balance) []part.Stat {
	loc := locale(m.Program)
	own, others := inCurrency(m, balances)
	stat := func(label string, minor int64, note text.Sentence) part.Stat {
		return part.Stat{Label: label, Figure: loc.Figure(minor, string(own.Currency)), Unit: string(own.Currency), Note: text.T(loc, note)}
	}
	list := []part.Stat{
		stat("Payable", own.Payable, text.S("in the next payout from %s", money.Of(m.Program.MinimumMinor, own.Currency))),
		stat("Held", own.Held, holdNote(m)),
		stat("In payout", own.InPayout, text.S("on its way to you")),
		stat("Paid", own.Paid, text.S("since the beginning")),
	}
	if own.Clawback > 0 {
		list = append(list, stat("Owed back", own.Clawback, text.S("taken from what you earn next")))
	}
	for _, b := range others {
		code := string(b.Currency)
		list = append(list, part.Stat{
			Label: text.T(loc, text.S("Payable in %s", code)), Figure: loc.Figure(b.Payable, code), Unit: code,
			Note: text.T(loc, text.S("%s held, %s paid", money.Of(b.Held, b.Currency), money.Of(b.Paid, b.Currency))),
		})
	}
	return list
}

// holdNote says when what is held becomes payable.
func holdNote(m member) text.Sentence {
	if m.Program.HoldDays == 0 {
		return text.S("payable soon after the payment")
	}
	return text.S("payable %s days after the payment", m.Program.HoldDays)
}

// funnel is the way from clicks to customers.
func (f figures) funnel() []part.FunnelStep {
	t := f.now.Total
	return []part.FunnelStep{
		{Name: "Clicks", Count: t.Clicks, Text: f.loc.Int(t.Clicks)},
		{Name: "Sign-ups", Count: t.Signups, Text: f.loc.Int(t.Signups), Rate: f.share(t.Signups, t.Clicks, "%s of clicks")},
		{Name: "Customers", Count: t.Customers, Text: f.loc.Int(t.Customers), Rate: f.share(t.Customers, t.Signups, "%s of sign-ups")},
	}
}

// share is n of whole as a percentage with one decimal. Codes need no click,
// so there may be more sign-ups than clicks: then there is no share.
func (f figures) share(n, whole int64, key string) string {
	if whole <= 0 || n > whole {
		return ""
	}
	return text.T(f.loc, text.S(key, text.Percent((n*1000+whole/2)/whole*1000)))
}

// shareOf is the link and the code that an affiliate shares first.
func (s *Web) shareOf(r *http.Request, m member) (lnk, code part.CopyField, err error) {
	links, err := link.OfAffiliate(r.Context(), s.DB, m.Program.ID, m.Affiliate.ID)
	if err != nil {
		return lnk, code, err
	}
	for _, l := range links {
		if l.State == link.Active {
			lnk = part.CopyField{ID: "link", Label: "Your link", Value: l.URL()}
			break
		}
	}
	coupons, err := coupon.OfAffiliate(r.Context(), s.DB, m.Program.ID, m.Affiliate.ID)
	for _, c := range coupons {
		if c.State == coupon.Active && (c.EndsAt.IsZero() || s.DB.Now().Before(c.EndsAt)) {
			code = part.CopyField{ID: "code", Label: "Your code", Value: c.Code}
			break
		}
	}
	return lnk, code, err
}

// ownAsk asks for the figures of an affiliate in a period.
func ownAsk(m member, period report.Period) report.Ask {
	return report.Ask{Program: m.Program.ID, Affiliate: m.Affiliate.ID, Currency: m.Program.Currency, Period: period}
}
