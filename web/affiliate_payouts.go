package web

import (
	"net/http"
	"time"

	"tributary.example/commission"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/money"
	"tributary.example/payout"
	"tributary.example/program"
	"tributary.example/report"
	"tributary.example/web/affiliate"
	"tributary.example/web/part"
)

func (s *Web) showOwnPayouts(w http.ResponseWriter, r *http.Request, m member) error {
	loc, base := locale(m.Program), memberBase(m.Program)+"/payouts"
	payouts, err := payout.OfAffiliate(r.Context(), s.DB, m.Program.ID, m.Affiliate.ID, id.Payout(r.FormValue("after")), pageSize+1)
	if err != nil {
		return err
	}
	page := affiliate.PayoutsPage{Base: memberBase(m.Program), Unit: m.Program.Currency}
	if len(payouts) > pageSize {
		payouts = payouts[:pageSize]
		page.Pager.Older = listPath(r, base, string(payouts[pageSize-1].ID))
	}
	page.Pager = pagerOf(r, loc, base, page.Pager.Older, len(payouts))
	for _, p := range payouts {
		page.Rows = append(page.Rows, affiliate.PayoutRow{
			ID: string(p.ID), Name: payoutName(loc, p), State: string(p.State), When: loc.Date(payoutTime(p)), Ref: p.Reference,
			Amount: figureIn(loc, p.AmountMinor, p.Currency, page.Unit),
		})
	}
	look, err := payout.Outlook(r.Context(), s.DB, m.Program, m.Affiliate.ID, s.DB.Now())
	if err != nil {
		return err
	}
	stored, ok, err := s.detailsOf(r, m)
	if err != nil {
		return err
	}
	if ok {
		page.Method = stored
	}
	page.Next, page.Why = expected(m, look, ok)
	balances, err := commission.Balances(r.Context(), s.DB, m.Program.ID, m.Affiliate.ID)
	if err != nil {
		return err
	}
	page.Balance = moneyStats(m, balances)[1:] // what is payable stands in front
	if page.Frame, err = s.memberFrame(w, r, m, "Payouts", affiliate.Payouts); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, affiliate.PayoutsView(page))
}

// expected is what the next run would pay in the program's currency, and why
// it would pay nothing.
func expected(m member, look payout.DraftView, details bool) (part.Stat, string) {
	loc, code := locale(m.Program), money.Currency(m.Program.Currency)
	next := part.Stat{Label: "Next payout", Figure: loc.Figure(0, string(code)), Unit: string(code), Note: "with the program's next run"}
	for _, share := range look.Shares {
		if share.Currency == code {
			next.Figure = loc.Figure(share.AmountMinor, string(code))
		}
	}
	for _, out := range look.LeftOut {
		if !details {
			return next, text.T(loc, text.S("%s is payable, but you have not said where to pay. Add your payout details.", money.Of(out.AmountMinor, out.Currency)))
		}
		if m.active() {
			return next, text.T(loc, text.S("The next run would leave you out. %s It stays yours and stands in a later run.", text.T(loc, out.Reason)))
		}
	}
	return next, ""
}

// nextPayout says in a sentence what comes next.
func (s *Web) nextPayout(r *http.Request, m member, balances []commission.Balance) (string, error) {
	loc := locale(m.Program)
	own, _ := inCurrency(m, balances)
	look, err := payout.Outlook(r.Context(), s.DB, m.Program, m.Affiliate.ID, s.DB.Now())
	if err != nil {
		return "", err
	}
	for _, share := range look.Shares {
		if share.Currency == own.Currency {
			return text.T(loc, text.S("Your next payout is %s so far.", money.Of(share.AmountMinor, share.Currency))), nil
		}
	}
	_, details, err := s.detailsOf(r, m)
	switch {
	case err != nil:
		return "", err
	case own.Payable > 0 && !details:
		return text.T(loc, text.S("%s is payable. Add your payout details, so that it can reach you.", money.Of(own.Payable, own.Currency))), nil
	case own.Payable > 0:
		return text.T(loc, text.S("%s is payable; payouts begin at %s.", money.Of(own.Payable, own.Currency), ownAmount(m, m.Program.MinimumMinor))), nil
	case own.InPayout > 0:
		return text.T(loc, text.S("%s is on its way to you.", money.Of(own.InPayout, own.Currency))), nil
	case own.Held > 0:
		return text.T(loc, text.S("%s is held and becomes payable by itself.", money.Of(own.Held, own.Currency))), nil
	}
	return "Share your link or your code; what your customers pay earns you a commission.", nil
}

// ownAmount is an amount in the program's currency, for a sentence.
func ownAmount(m member, minor int64) money.Amount {
	return money.Of(minor, money.Currency(m.Program.Currency))
}

func payoutName(loc text.Locale, p payout.Payout) string {
	return text.T(loc, text.S("Payout of %s", text.Date(p.CreatedAt)))
}

// payoutTime is when a payout came to where it stands.
func payoutTime(p payout.Payout) (at time.Time) {
	at = p.CreatedAt
	if !p.SentAt.IsZero() {
		at = p.SentAt
	}
	if !p.SettledAt.IsZero() {
		at = p.SettledAt
	}
	return at
}

func (s *Web) showOwnPayout(w http.ResponseWriter, r *http.Request, m member) error {
	p, err := payout.Get(r.Context(), s.DB, m.Program.ID, id.Payout(r.PathValue("payout")))
	if err == nil && p.Affiliate != m.Affiliate.ID {
		err = fault.New(fault.NotFound, "There is no payout %s.", r.PathValue("payout"))
	}
	if err != nil {
		return err
	}
	loc, code := locale(m.Program), string(p.Currency)
	lines, err := payout.Lines(r.Context(), s.DB, m.Program.ID, p.ID)
	if err != nil {
		return err
	}
	items, err := report.PaidItems(r.Context(), s.DB, m.Program.ID, p.ID)
	if err != nil {
		return err
	}
	page := affiliate.PayoutPage{
		Base: memberBase(m.Program), Title: payoutName(loc, p), State: string(p.State), Sentence: payoutSentence(loc, p),
		Facts: payoutFacts(loc, p), Sum: loc.Figure(p.AmountMinor, code), Unit: code,
	}
	for _, l := range lines {
		line := affiliate.PayoutLine{What: lineWords(l), When: loc.Date(l.At), Amount: loc.Figure(l.Minor, code)}
		if item, ok := items[l.Item]; ok {
			line.ID, line.Customer = item.Item, maskedCustomer(item.Customer, item.Email)
			line.What += triggerWords[program.Trigger(item.Trigger)]
		}
		page.Lines = append(page.Lines, line)
	}
	if page.Frame, err = s.memberFrame(w, r, m, page.Title, affiliate.Payouts); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, affiliate.PayoutView(page))
}

var triggerWords = map[program.Trigger]string{
	program.TriggerPayment: ", payment", program.TriggerSignup: ", sign-up", program.TriggerOnboarding: ", onboarding",
}

// lineWords says what a movement on payable was, by the kind of its posting.
func lineWords(l payout.Line) string {
	switch l.Kind {
	case commission.KindReleased:
		return "Commission released"
	case "earned":
		return "Commission raised"
	case "reversed":
		return "Taken back"
	case "disputed":
		return "Held for a dispute"
	case commission.KindRepaid:
		return "Repaid what was owed"
	case "payout_failed":
		return "From a payout that came back"
	case "payout_cancelled":
		return "From a payout that was cancelled"
	}
	return "Adjusted"
}

func payoutSentence(loc text.Locale, p payout.Payout) string {
	switch p.State {
	case payout.Approved:
		return "Approved, and about to be sent."
	case payout.Sent:
		return text.T(loc, text.S("Sent on %s; it should arrive within a few days.", text.Date(p.SentAt)))
	case payout.Settled:
		return text.T(loc, text.S("Paid on %s.", text.Date(p.SettledAt)))
	case payout.Failed:
		return text.T(loc, text.S("It did not arrive: %s The amount is payable again.", sentenceEnd(p.Reference)))
	case payout.Cancelled:
		return "Cancelled before it was sent. The amount is payable again."
	}
	return ""
}

// sentenceEnd ends a reason that somebody typed like a sentence.
func sentenceEnd(s string) string {
	if s == "" || s[len(s)-1] == '.' {
		return s
	}
	return s + "."
}

func payoutFacts(loc text.Locale, p payout.Payout) []part.Fact {
	facts := []part.Fact{{Name: "Paid to", Value: part.Words(p.Shown)}, {Name: "Approved", Value: part.Words(loc.Time(p.CreatedAt))}}
	if !p.SentAt.IsZero() {
		facts = append(facts, part.Fact{Name: "Sent", Value: part.Words(loc.Time(p.SentAt))})
	}
	if p.State == payout.Settled {
		facts = append(facts, part.Fact{Name: "Arrived", Value: part.Words(loc.Time(p.SettledAt))}, part.Fact{Name: "Reference", Value: part.Words(p.Reference)})
	}
	return facts
}
