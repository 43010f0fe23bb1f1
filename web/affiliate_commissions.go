package web

import (
	"net/http"
	"slices"
	"strings"

	"tributary.example/commission"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/ledger"
	"tributary.example/money"
	"tributary.example/person"
	"tributary.example/program"
	"tributary.example/report"
	"tributary.example/web/affiliate"
	"tributary.example/web/part"
)

// ownTabs are the states of commissions that have a tab of their own.
var ownTabs = []commission.State{
	commission.StateHeld, commission.StateInReview, commission.StatePayable, commission.StateInPayout, commission.StatePaid, commission.StateReversed,
}

func (s *Web) showOwnCommissions(w http.ResponseWriter, r *http.Request, m member) error {
	loc, base := locale(m.Program), memberBase(m.Program)+"/commissions"
	state := commission.State(r.FormValue("state"))
	found, older, err := s.ownCommissionsIn(r, m, state, id.Commission(r.FormValue("after")))
	if err != nil {
		return err
	}
	balances, err := commission.Balances(r.Context(), s.DB, m.Program.ID, m.Affiliate.ID)
	if err != nil {
		return err
	}
	page := affiliate.CommissionsPage{
		Base: memberBase(m.Program), Unit: m.Program.Currency, Figures: moneyStats(m, balances),
		Tabs: stateTabs(loc, base, string(state), nil, ownTabs), Rows: s.commissionRows(loc, found),
	}
	if older != "" {
		page.Pager.Older = listPath(r, base, string(older))
	}
	page.Pager = pagerOf(r, loc, base, page.Pager.Older, len(page.Rows))
	if page.Frame, err = s.memberFrame(w, r, m, "Commissions", affiliate.Commissions); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, affiliate.CommissionsView(page))
}

// ownFound are an affiliate's commissions with their customers, masked.
type ownFound struct {
	unit  string
	list  []commission.Commission
	mails map[id.Customer]string
}

// ownCommissions is a page of an affiliate's commissions.
func (s *Web) ownCommissions(r *http.Request, m member, p commission.Page) (ownFound, error) {
	list, err := commission.OfAffiliate(r.Context(), s.DB, m.Program.ID, m.Affiliate.ID, p)
	if err != nil {
		return ownFound{}, err
	}
	return s.masked(r, m, list)
}

func (s *Web) masked(r *http.Request, m member, list []commission.Commission) (ownFound, error) {
	f := ownFound{unit: m.Program.Currency, list: list}
	if len(list) == 0 {
		return f, nil
	}
	var err error
	f.mails, err = report.Emails(r.Context(), s.DB, m.Program.ID, m.Affiliate.ID, list[len(list)-1].At, list[0].At)
	return f, err
}

// scanMost bounds how many commissions are looked at for a page of one state,
// which only the ledger knows: the list goes on where it stopped.
const (
	scanMost = 2000
	scanPage = 200
)

func (s *Web) ownCommissionsIn(r *http.Request, m member, state commission.State, before id.Commission) (ownFound, id.Commission, error) {
	var found []commission.Commission
	for seen := 0; seen < scanMost; {
		page, err := commission.OfAffiliate(r.Context(), s.DB, m.Program.ID, m.Affiliate.ID, commission.Page{Before: before, Limit: scanPage})
		if err != nil {
			return ownFound{}, "", err
		}
		for _, c := range page {
			if state == "" || c.State == state {
				found = append(found, c)
			}
		}
		if len(found) > pageSize {
			list, err := s.masked(r, m, found[:pageSize])
			return list, found[pageSize-1].ID, err
		}
		if len(page) < scanPage {
			before = ""
			break
		}
		before, seen = page[len(page)-1].ID, seen+len(page)
	}
	list, err := s.masked(r, m, found)
	return list, before, err
}

// commissionRows puts commissions into words.
func (s *Web) commissionRows(loc text.Locale, found ownFound) []affiliate.CommissionRow {
	var rows []affiliate.CommissionRow
	for _, c := range found.list {
		row := affiliate.CommissionRow{
			ID: string(c.ID), Cause: causeWords(c), Customer: maskedCustomer(c.Customer, found.mails[c.Customer]), State: string(c.State),
			When: loc.Date(c.At), Base: text.Unknown, Amount: figureIn(loc, c.TargetMinor, c.Currency, found.unit),
		}
		if c.Kind == program.TriggerPayment {
			row.Base = figureIn(loc, c.BaseMinor, c.Currency, found.unit)
		}
		if c.State == commission.StateHeld && s.DB.Now().Before(c.ReleaseAt) {
			row.Due = text.T(loc, text.S("until %s", text.Date(c.ReleaseAt)))
		}
		rows = append(rows, row)
	}
	return rows
}

// figureIn is an amount for a column that names its unit; another currency
// names itself.
func figureIn(loc text.Locale, minor int64, c money.Currency, unit string) string {
	if string(c) == unit {
		return loc.Figure(minor, unit)
	}
	return loc.Money(minor, string(c))
}

// maskedCustomer is how an affiliate tells a customer from others.
func maskedCustomer(cus id.Customer, mail string) string {
	if mail != "" {
		return person.MaskEmail(mail)
	}
	return "Customer …" + string(cus)[max(0, len(cus)-5):]
}

// causeWords says what a commission is for.
func causeWords(c commission.Commission) string {
	switch c.Kind {
	case program.TriggerSignup:
		return "Sign-up"
	case program.TriggerOnboarding:
		return "Onboarding"
	}
	var plans []string
	for _, share := range c.Input.Shares {
		for _, line := range share.Lines {
			if line.PlanCode != "" && !slices.Contains(plans, line.PlanCode) {
				plans = append(plans, line.PlanCode)
			}
		}
	}
	if len(plans) == 0 {
		return "Payment"
	}
	return text.S("Payment on %s", strings.Join(plans, ", ")).String()
}

func (s *Web) showOwnCommission(w http.ResponseWriter, r *http.Request, m member) error {
	loc := locale(m.Program)
	c, err := s.ownCommission(r, m)
	if err != nil {
		return err
	}
	found, err := s.masked(r, m, []commission.Commission{c})
	if err != nil {
		return err
	}
	legs, err := ledger.ItemLegs(r.Context(), s.DB, m.Program.ID, string(c.ID))
	if err != nil {
		return err
	}
	base, who := memberBase(m.Program), maskedCustomer(c.Customer, found.mails[c.Customer])
	page := affiliate.CommissionPage{
		Base: base, Title: loc.Money(c.TargetMinor, string(c.Currency)), State: string(c.State), Sentence: s.commissionSentence(loc, c),
		Lines: receiptLines(loc, c), History: movedMoments(loc, legs, string(m.Affiliate.ID)),
		Facts: []part.Fact{
			{Name: "For", Value: part.Words(causeWords(c))},
			{Name: "Customer", Value: part.Link(who, base+"/referrals/"+string(c.Referral))},
			{Name: "Happened", Value: part.Words(loc.Time(c.At))},
			{Name: "Hold", Value: part.Words(text.T(loc, text.S("until %s", text.Date(c.ReleaseAt))))},
		},
	}
	if page.Frame, err = s.memberFrame(w, r, m, "Commission", affiliate.Commissions); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, affiliate.CommissionView(page))
}

// ownCommission is the commission of the path when it is the affiliate's own.
// Kinds: NotFound.
func (s *Web) ownCommission(r *http.Request, m member) (commission.Commission, error) {
	c, err := commission.Get(r.Context(), s.DB, m.Program.ID, id.Commission(r.PathValue("commission")))
	if err == nil && c.Affiliate != m.Affiliate.ID {
		err = fault.New(fault.NotFound, "There is no commission %s.", r.PathValue("commission"))
	}
	return c, err
}

// commissionSentence says where a commission stands and what happens next.
func (s *Web) commissionSentence(loc text.Locale, c commission.Commission) string {
	switch c.State {
	case commission.StateHeld:
		if s.DB.Now().Before(c.ReleaseAt) {
			return text.T(loc, text.S("Held until %s; then it becomes payable by itself.", text.Date(c.ReleaseAt)))
		}
		return "The hold is over; it becomes payable within minutes."
	case commission.StateInReview:
		if c.Disputed {
			return "The customer disputes the payment. It is held until that is decided."
		}
		if !c.Review.IsZero() {
			return text.T(loc, text.S("In review: %s", text.T(loc, c.Review)))
		}
		return "In review while you are suspended."
	case commission.StatePayable:
		return "Payable with the next payout."
	case commission.StateInPayout:
		return "In a payout that is on its way."
	case commission.StatePaid:
		return "Paid out."
	case commission.StateReversed:
		return "Taken back in full; the history says why."
	}
	return "Nothing was earned; the calculation says why."
}

// receiptLines is a calculation as a receipt: what was paid, what it is taken
// of, each rule's part, remarks and the sum.
func receiptLines(loc text.Locale, c commission.Commission) []part.Line {
	show := func(minor int64) string { return loc.Money(minor, string(c.Currency)) }
	var lines []part.Line
	if c.Kind == program.TriggerPayment {
		lines = append(lines, part.Line{Name: "Payment", Note: "without tax", Figure: show(c.Input.NetMinor)})
		if back := c.Input.NetMinor - c.BaseMinor; back != 0 {
			lines = append(lines, part.Line{Name: "Given back", Note: "refunds and lost disputes, their part without tax", Figure: show(-back)})
		}
		lines = append(lines, part.Line{Kind: part.LineStep, Name: "Base", Figure: show(c.BaseMinor)})
	}
	for _, l := range c.Lines {
		line := part.Line{Name: text.T(loc, l.Sentence)}
		if l.Shown {
			line.Figure = show(l.Minor)
		}
		if l.Shown && c.BaseMinor != c.Input.NetMinor {
			line.Note = lessGivenBack
		}
		lines = append(lines, line)
	}
	return append(lines, part.Line{Kind: part.LineSum, Name: "Commission", Figure: show(c.TargetMinor)})
}

// movedWords is why a leg was written, as the leg's own thing would tell it:
// what a later commission repays was this one's debt, not its hold.
func movedWords(loc text.Locale, l ledger.Leg) string {
	if a, _ := commission.AccountNamed(l.Account); a == commission.Clawback && l.Kind == commission.KindReleased && !strings.HasPrefix(l.Reference, l.Item+":") {
		return text.T(loc, text.S("A later commission repaid %s that was owed from this one.", money.Of(max(l.Minor, -l.Minor), l.Currency)))
	}
	return text.T(loc, l.Reason)
}

// movedMoments is what happened to somebody's money in one thing's postings,
// the newest first.
func movedMoments(loc text.Locale, legs []ledger.Leg, owner string) []part.Moment {
	var list []part.Moment
	var last id.Posting
	for _, l := range legs {
		if l.Owner != owner || l.Posting == last {
			continue
		}
		last = l.Posting
		list = append(list, part.Moment{Verdict: part.Event, Title: movedWords(loc, l), When: loc.Time(l.At)})
	}
	slices.Reverse(list)
	return list
}
