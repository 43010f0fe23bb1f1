package web

import (
	"net/http"
	"net/url"
	"strings"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/commission"
	"tributary.example/flow"
	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/money"
	"tributary.example/person"
	"tributary.example/program"
	"tributary.example/report"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

// staffAffiliate finds the affiliate that the path names, for somebody of the
// staff who may do something.
func (s *Web) staffAffiliate(r *http.Request, need access.Permission) (staff, affiliate.Affiliate, error) {
	p, err := s.asStaff(r, need)
	if err != nil {
		return p, affiliate.Affiliate{}, err
	}
	aff, err := affiliate.Get(r.Context(), s.DB, p.Program.ID, id.Affiliate(r.PathValue("affiliate")))
	return p, aff, err
}

func affiliatePath(p program.Program, aff id.Affiliate) string {
	return staffBase(p) + "/affiliates/" + string(aff)
}

func (s *Web) showAffiliate(w http.ResponseWriter, r *http.Request) error {
	p, aff, err := s.staffAffiliate(r, access.See)
	if err != nil {
		return err
	}
	return s.affiliatePage(w, r, p, aff, question{})
}

// question is an act's question that came back with its mistakes; zero is
// none.
type question struct {
	act merchant.Act
	bad wrongs
}

// affiliatePage shows one affiliate, and the question that came back.
func (s *Web) affiliatePage(w http.ResponseWriter, r *http.Request, p staff, aff affiliate.Affiliate, back question) error {
	page := merchant.AffiliatePage{
		Base: staffBase(p.Program), ID: string(aff.ID), Name: aff.Name, State: string(aff.State), Pitch: aff.Pitch,
		About: text.T(locale(p.Program), stateSince(aff)), Next: s.awaited(aff), Wrong: back.act,
	}
	manage := access.Can(p.Role, access.ManageAffiliates)
	page.Approve = manage && (aff.State == affiliate.Applied || aff.State == affiliate.Invited || aff.State == affiliate.Rejected)
	page.Reject, page.Suspend, page.Reinstate = manage && offers(merchant.Reject, aff), manage && offers(merchant.Suspend, aff), manage && offers(merchant.Reinstate, aff)
	if back.act != "" {
		page.Reason = formOf(r, back.bad).field("reason", "Reason", part.Field{})
	}
	for _, fill := range []func(*http.Request, staff, affiliate.Affiliate, *merchant.AffiliatePage) error{
		s.fillBalances, s.fillShared, s.fillBrought, s.fillFacts, s.fillHistory,
	} {
		if err := fill(r, p, aff, &page); err != nil {
			return err
		}
	}
	var err error
	if page.Frame, err = s.staffFrame(w, r, p, aff.Name, merchant.Affiliates); err != nil {
		return err
	}
	page.Frame.Notices = append(page.Frame.Notices, back.bad.notices...)
	return s.show(w, r, back.bad.status(), merchant.AffiliateView(page))
}

func offers(act merchant.Act, aff affiliate.Affiliate) bool {
	for _, a := range affiliateActs {
		if a.act == act {
			return a.can(aff.State)
		}
	}
	return false
}

func stateSince(aff affiliate.Affiliate) text.Sentence {
	at := text.Date(aff.StateAt)
	switch aff.State {
	case affiliate.Applied:
		return text.S("Applied on %s", at)
	case affiliate.Invited:
		return text.S("Invited on %s", at)
	case affiliate.Rejected:
		if aff.Reason != "" {
			return text.S("Rejected on %s. %s", at, aff.Reason)
		}
		return text.S("Rejected on %s", at)
	}
	if aff.Reason != "" {
		return text.S("%s since %s. %s", capital(string(aff.State)), at, aff.Reason)
	}
	return text.S("%s since %s", capital(string(aff.State)), at)
}

// awaited says what happens next with somebody who is not active yet.
func (s *Web) awaited(aff affiliate.Affiliate) string {
	switch aff.State {
	case affiliate.Invited:
		words := "The invitation is an e-mail with a link that lets " + aff.Name + " in for 14 days; afterwards the sign-in page sends another. Once it is accepted, a link and a code are made. You can also approve now."
		if s.MailFolder != "" {
			words += " No mail server is set: the e-mail lies in " + s.MailFolder + " on the server, for you to hand on."
		}
		return words
	case affiliate.Applied:
		return "Approve, and " + aff.Name + " gets a link, a code and an e-mail that says so. Reject, and they read your reason."
	case affiliate.Rejected:
		return aff.Name + " may apply again, or you approve after all."
	}
	return ""
}

// wasActive reports whether there can be money and links.
func wasActive(aff affiliate.Affiliate) bool {
	return aff.State != affiliate.Applied && aff.State != affiliate.Invited && aff.State != affiliate.Rejected
}

func (s *Web) fillBalances(r *http.Request, p staff, aff affiliate.Affiliate, page *merchant.AffiliatePage) error {
	if !wasActive(aff) {
		return nil
	}
	loc := locale(p.Program)
	all, err := commission.Balances(r.Context(), s.DB, p.Program.ID, aff.ID)
	if err != nil {
		return err
	}
	held, payable := loc.Money(0, p.Program.Currency), loc.Money(0, p.Program.Currency)
	for i, b := range ownFirst(all, p.Program.Currency) {
		page.Balances = append(page.Balances, balanceStats(loc, b)...)
		if i == 0 {
			held, payable = loc.Money(b.Held, string(b.Currency)), loc.Money(b.Payable, string(b.Currency))
		}
	}
	page.HeldText = text.T(loc, text.S("Visitors are still sent on and codes still give their discount, but nothing counts. "+
		"New commissions stay held; %s held and %s payable are not paid out until you reinstate.", held, payable))
	return nil
}

// ownFirst puts the balance in a program's currency first, at zero when there
// is none.
func ownFirst(all []commission.Balance, currency string) []commission.Balance {
	list := []commission.Balance{{Currency: money.Currency(currency)}}
	for _, b := range all {
		if string(b.Currency) == currency {
			list[0] = b
			continue
		}
		list = append(list, b)
	}
	return list
}

func balanceStats(loc text.Locale, b commission.Balance) []part.Stat {
	code := string(b.Currency)
	stats := []part.Stat{
		{Label: "Held", Figure: loc.Figure(b.Held, code), Unit: code}, {Label: "Payable", Figure: loc.Figure(b.Payable, code), Unit: code},
		{Label: "In payout", Figure: loc.Figure(b.InPayout, code), Unit: code}, {Label: "Paid", Figure: loc.Figure(b.Paid, code), Unit: code},
	}
	if b.Clawback > 0 {
		stats = append(stats, part.Stat{Label: "Owed back", Figure: loc.Figure(b.Clawback, code), Unit: code, Note: "taken from the next commissions"})
	}
	return stats
}

func (s *Web) fillBrought(r *http.Request, p staff, aff affiliate.Affiliate, page *merchant.AffiliatePage) error {
	if !wasActive(aff) {
		return nil
	}
	brought, err := report.Referrals(r.Context(), s.DB, report.Finding{Program: p.Program.ID, Affiliate: aff.ID, Limit: latestCount})
	page.Referrals = referralRows(locale(p.Program), brought)
	return err
}

func (s *Web) fillFacts(r *http.Request, p staff, aff affiliate.Affiliate, page *merchant.AffiliatePage) error {
	per, err := person.Get(r.Context(), s.DB, aff.Person)
	if err != nil {
		return err
	}
	page.Facts = []part.Fact{{Name: "E-mail", Value: part.Words(per.Email)}}
	if aff.Website != "" {
		page.Facts = append(page.Facts, part.Fact{Name: "Website", Value: part.Link(hostOf(aff.Website), aff.Website)})
	}
	groups, err := program.Groups(r.Context(), s.DB, p.Program.ID)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if g.ID == aff.Group {
			page.Facts = append(page.Facts, part.Fact{Name: "Group", Value: part.Words(g.Name)})
		}
	}
	details, ok, err := affiliate.DetailsOf(r.Context(), s.DB, p.Program.ID, aff.ID)
	if err != nil {
		return err
	}
	paid := "No details given yet"
	if ok {
		paid = railWords(string(details.Rail), details.Shown)
	}
	if !access.Can(p.Role, access.SeePayoutDetails) && ok {
		paid = "Details are given"
	}
	page.Facts = append(page.Facts, part.Fact{Name: "Paid by", Value: part.Words(paid)}, part.Fact{Name: "Id", Value: part.Code(string(aff.ID))})
	return nil
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return u.Host + strings.TrimSuffix(u.Path, "/")
}

// railWords names a way to be paid with its masked account.
func railWords(rail, shown string) string {
	names := map[string]string{string(affiliate.RailBank): "Bank transfer", string(affiliate.RailPayPal): "PayPal", string(affiliate.RailManual): "As agreed"}
	name, ok := names[rail]
	if !ok {
		name = rail
	}
	if shown == "" || rail == string(affiliate.RailManual) {
		return name
	}
	return name + ", " + shown
}

// history is the words for what the audit log tells of an affiliate.
var affiliateHistory = map[string]string{
	"affiliate.applied": "Applied", "affiliate.invited": "Invited", "affiliate.rejected": "Rejected", "affiliate.active": "Made active",
	"affiliate.suspended": "Suspended", "affiliate.banned": "Banned", "affiliate.closed": "Closed", "affiliate.details_changed": "Payout details changed",
}

func (s *Web) fillHistory(r *http.Request, p staff, aff affiliate.Affiliate, page *merchant.AffiliatePage) error {
	entries, err := audit.ForSubject(r.Context(), s.DB, p.Program.ID, string(aff.ID))
	if err != nil {
		return err
	}
	loc := locale(p.Program)
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		title, ok := affiliateHistory[e.Action]
		if !ok {
			continue
		}
		who, err := s.actorName(r, e.Actor)
		if err != nil {
			return err
		}
		page.History = append(page.History, part.Moment{Verdict: part.Event, Title: title, When: loc.Time(e.At), Why: e.Reason, Detail: "by " + who})
	}
	return nil
}

// actorName says who acted.
func (s *Web) actorName(r *http.Request, a db.Actor) (string, error) {
	switch a.Kind {
	case db.ActorPerson:
		per, err := person.Get(r.Context(), s.DB, id.Person(a.ID))
		if fault.Is(err, fault.NotFound) {
			return "somebody who was removed since", nil
		}
		return per.Name, err
	case db.ActorKey:
		return "your server", nil
	case db.ActorTimer:
		return "Tributary itself", nil
	case db.ActorVisitor:
		return "the applicant", nil
	case db.ActorProvider:
		return "the payment provider", nil
	case db.ActorCommand:
		return "the command line", nil
	}
	return string(a.Kind), nil
}

func (s *Web) approveAffiliate(w http.ResponseWriter, r *http.Request) error {
	p, aff, err := s.staffAffiliate(r, access.ManageAffiliates)
	if err != nil {
		return err
	}
	err = s.act(r, p.reader, func(tx *db.Tx) error {
		_, err := flow.Approve(r.Context(), tx, s.Flow, p.Program, aff.ID, "")
		return err
	})
	if err != nil {
		return err
	}
	return s.done(w, r, affiliatePath(p.Program, aff.ID), "approved")
}

// affiliateActOf answers the form of one of the acts that ask for a reason.
func (s *Web) affiliateActOf(a affiliateAct) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, aff, err := s.staffAffiliate(r, access.ManageAffiliates)
		if err != nil {
			return err
		}
		reason := strings.TrimSpace(r.FormValue("reason"))
		err = checkReason(reason, a.needed)
		if err == nil {
			err = s.act(r, p.reader, func(tx *db.Tx) error {
				_, err := flow.SetAffiliateState(r.Context(), tx, s.Flow, p.Program, aff.ID, a.to, reason)
				return err
			})
		}
		if bad, ok := wrongsOf(err, "reason"); ok {
			return s.affiliatePage(w, r, p, aff, question{a.act, bad})
		}
		if err != nil {
			return err
		}
		return s.done(w, r, affiliatePath(p.Program, aff.ID), a.flash)
	}
}

const longestReason = 500

func checkReason(reason string, needed bool) error {
	switch {
	case needed && reason == "":
		return fault.New(fault.Invalid, "Say why, in a sentence that the affiliate may read.").Field("reason")
	case len(reason) > longestReason:
		return fault.New(fault.Invalid, "The reason is longer than %s characters.", longestReason).Field("reason")
	}
	return nil
}
