package web

import (
	"net/http"
	"strings"

	"tributary.example/commission"
	"tributary.example/customer"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/link"
	"tributary.example/referral"
	"tributary.example/report"
	"tributary.example/web/affiliate"
	"tributary.example/web/part"
)

// broughtTabs are the states of referrals that have a tab of their own.
var broughtTabs = []referral.State{referral.StateStanding, referral.StateLost, referral.StateEnded, referral.StateVoid}

func (s *Web) showOwnReferrals(w http.ResponseWriter, r *http.Request, m member) error {
	loc, base := locale(m.Program), memberBase(m.Program)+"/referrals"
	found, err := report.OwnReferrals(r.Context(), s.DB, report.Finding{
		Program: m.Program.ID, Affiliate: m.Affiliate.ID, State: r.FormValue("state"), Before: r.FormValue("after"), Limit: pageSize + 1,
	})
	if err != nil {
		return err
	}
	page := affiliate.ReferralsPage{Base: memberBase(m.Program), Tabs: stateTabs(loc, base, r.FormValue("state"), nil, broughtTabs)}
	if len(found) > pageSize {
		found = found[:pageSize]
		page.Pager.Older = listPath(r, base, found[pageSize-1].Cursor())
	}
	page.Pager = pagerOf(r, loc, base, page.Pager.Older, len(found))
	for _, b := range found {
		row, err := s.ownRow(r, m, b)
		if err != nil {
			return err
		}
		page.Rows = append(page.Rows, row)
	}
	if page.Frame, err = s.memberFrame(w, r, m, "Referrals", affiliate.Referrals); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, affiliate.ReferralsView(page))
}

// ownRow puts one referral into words, and why it stands or does not. How a
// customer goes on who is not theirs is nothing that an affiliate reads.
func (s *Web) ownRow(r *http.Request, m member, b report.Brought) (affiliate.ReferralRow, error) {
	loc := locale(m.Program)
	row := affiliate.ReferralRow{
		ID: string(b.Referral), Customer: maskedCustomer(b.Customer, b.Email), By: through(b), State: b.State, When: loc.Date(b.At),
	}
	d, err := s.ownDecision(r, m, b.Customer)
	if err != nil {
		return row, err
	}
	if b.Referral == "" {
		row.ID, row.State, row.Sentence = string(b.Customer), missedState(m.Affiliate.ID, d), text.T(loc, toldTo(m.Affiliate.ID, d))
		return row, nil
	}
	ref, err := referral.Get(r.Context(), s.DB, m.Program.ID, b.Referral)
	row.Sentence = text.T(loc, ownSentence(m.Affiliate.ID, ref, d))
	if ref.State == referral.StateStanding {
		row.Life = b.Life
	}
	return row, err
}

// missedState tells evidence that was outranked from evidence that did not
// count at all.
func missedState(aff id.Affiliate, d referral.Decision) string {
	for _, c := range d.Candidates {
		if c.Evidence.Affiliate == aff && c.Verdict != referral.VerdictRefused {
			return string(referral.StateLost)
		}
	}
	return report.Refused
}

// ownDecision is the newest decision about a customer.
func (s *Web) ownDecision(r *http.Request, m member, cus id.Customer) (referral.Decision, error) {
	all, err := referral.Decisions(r.Context(), s.DB, m.Program.ID, cus)
	if err != nil || len(all) == 0 {
		return referral.Decision{}, err
	}
	return all[len(all)-1].Decision, nil
}

// toldTo is a decision in a sentence that names no other affiliate: to the
// winner why, to anybody else what became of their own piece.
func toldTo(aff id.Affiliate, d referral.Decision) text.Sentence {
	if d.Affiliate == aff {
		return d.Told
	}
	var told text.Sentence
	for _, c := range d.Candidates {
		if c.Evidence.Affiliate == aff && (told.IsZero() || c.Verdict == referral.VerdictLost) {
			told = c.Told
		}
	}
	return told
}

// ownMoments is the evidence of a decision as one affiliate may see it: their
// own pieces with what became of them, and others' that counted, without a
// name.
func (s *Web) ownMoments(r *http.Request, m member, d referral.Decision) ([]part.Moment, error) {
	loc := locale(m.Program)
	var list []part.Moment
	for _, c := range d.Candidates {
		counts := c.Verdict == referral.VerdictWon || c.Verdict == referral.VerdictAgrees
		moment := part.Moment{Verdict: part.Lost, When: loc.Time(c.Evidence.At)}
		if counts {
			moment.Verdict = part.Won
		}
		switch {
		case c.Evidence.Affiliate == m.Affiliate.ID:
			title, err := s.ownPiece(r, m, c.Evidence)
			if err != nil {
				return nil, err
			}
			moment.Title, moment.Why, moment.Detail = title, text.T(loc, c.Told), c.Evidence.Landing
		case counts || c.Verdict == referral.VerdictLost:
			moment.Title = othersPieces[c.Evidence.Kind]
		default:
			continue // whatever it was, it is nobody's business here
		}
		list = append(list, moment)
	}
	return list, nil
}

var othersPieces = map[referral.EvidenceKind]string{
	referral.ByClick: "Another affiliate's link", referral.ByCoupon: "Another affiliate's code", referral.ByClaim: "Another affiliate's claim",
}

// ownPiece names a piece of evidence of the affiliate's own.
func (s *Web) ownPiece(r *http.Request, m member, e referral.Evidence) (string, error) {
	switch e.Kind {
	case referral.ByCoupon:
		return text.S("Your code %s", e.Source).String(), nil
	case referral.ByClaim:
		return "Your claim", nil
	}
	lnk, err := link.Get(r.Context(), s.DB, m.Program.ID, e.Link)
	return text.S("Your link %s", lnk.Host+"/"+string(lnk.Slug)).String(), err
}

func (s *Web) showOwnReferral(w http.ResponseWriter, r *http.Request, m member) error {
	if strings.HasPrefix(r.PathValue("referral"), "cus_") {
		return s.showMissed(w, r, m, id.Customer(r.PathValue("referral")))
	}
	ref, err := referral.Get(r.Context(), s.DB, m.Program.ID, id.Referral(r.PathValue("referral")))
	if err == nil && ref.Affiliate != m.Affiliate.ID {
		err = fault.New(fault.NotFound, "There is no referral %s.", r.PathValue("referral"))
	}
	if err != nil {
		return err
	}
	cus, err := customer.Get(r.Context(), s.DB, m.Program.ID, ref.Customer)
	if err != nil {
		return err
	}
	loc := locale(m.Program)
	page := affiliate.ReferralPage{
		Base: memberBase(m.Program), Customer: maskedCustomer(cus.ID, cus.Email), State: string(ref.State), Unit: m.Program.Currency,
		Facts: customerFacts(loc, cus, ref),
	}
	d, err := s.ownDecision(r, m, cus.ID)
	if err != nil {
		return err
	}
	if page.Evidence, err = s.ownMoments(r, m, d); err != nil {
		return err
	}
	page.Sentence = text.T(loc, ownSentence(m.Affiliate.ID, ref, d))
	found, err := s.ownOfCustomer(r, m, cus.ID)
	if err != nil {
		return err
	}
	page.Commissions = s.commissionRows(loc, found)
	if page.Frame, err = s.memberFrame(w, r, m, "Referral", affiliate.Referrals); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, affiliate.ReferralView(page))
}

// showMissed shows why a customer whom the affiliate's link or code was
// weighed for never became theirs. Kinds: NotFound.
func (s *Web) showMissed(w http.ResponseWriter, r *http.Request, m member, cus id.Customer) error {
	d, err := s.ownDecision(r, m, cus)
	if err != nil {
		return err
	}
	told := toldTo(m.Affiliate.ID, d)
	if d.Affiliate == m.Affiliate.ID || told.IsZero() {
		return fault.New(fault.NotFound, "There is no referral %s.", string(cus))
	}
	c, err := customer.Get(r.Context(), s.DB, m.Program.ID, cus)
	if err != nil {
		return err
	}
	loc := locale(m.Program)
	page := affiliate.ReferralPage{
		Base: memberBase(m.Program), Customer: maskedCustomer(c.ID, c.Email), State: missedState(m.Affiliate.ID, d), Sentence: text.T(loc, told),
		Facts: []part.Fact{{Name: "Decided", Value: part.Words(loc.Time(d.At))}}, Missed: true,
	}
	if page.Evidence, err = s.ownMoments(r, m, d); err != nil {
		return err
	}
	if page.Frame, err = s.memberFrame(w, r, m, "Referral", affiliate.Referrals); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, affiliate.ReferralView(page))
}

// ownSentence is why a referral stands, or why it does not.
func ownSentence(aff id.Affiliate, ref referral.Referral, d referral.Decision) text.Sentence {
	if !ref.Reason.IsZero() {
		return ref.Reason
	}
	return toldTo(aff, d)
}

// ownOfCustomer are the commissions that one customer earned this affiliate.
func (s *Web) ownOfCustomer(r *http.Request, m member, cus id.Customer) (ownFound, error) {
	return s.ownCommissions(r, m, commission.Page{Customer: cus, Limit: pageSize})
}

// customerFacts is what an affiliate may know of a customer.
func customerFacts(loc text.Locale, cus customer.Customer, ref referral.Referral) []part.Fact {
	facts := []part.Fact{{Name: "Customer is", Value: part.Badge(string(cus.State))}}
	add := func(name, value string) { facts = append(facts, part.Fact{Name: name, Value: part.Words(value)}) }
	if cus.PlanCode != "" {
		add("Plan", cus.PlanCode)
	}
	add("Registered", loc.Time(ref.Since))
	if !cus.FirstPaidAt.IsZero() {
		add("First paid", loc.Date(cus.FirstPaidAt))
	}
	if !ref.Until.IsZero() {
		add("Ended", loc.Time(ref.Until))
	}
	return facts
}
