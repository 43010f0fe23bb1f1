package web

import (
	"net/http"
	"strings"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/commission"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/ledger"
	"tributary.example/payment"
	"tributary.example/program"
	"tributary.example/report"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

func (s *Web) showCommissions(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.See)
	if err != nil {
		return err
	}
	base := staffBase(p.Program) + "/commissions"
	ask := commission.Page{
		Affiliate: id.Affiliate(r.FormValue("affiliate")), Before: id.Commission(r.FormValue("after")), Limit: pageSize + 1,
	}
	review := r.FormValue("state") == report.OnlyReview
	if review {
		ask.Only = commission.OnlyReview
	}
	all, err := commission.List(r.Context(), s.DB, p.Program.ID, ask)
	if err != nil {
		return err
	}
	older := ""
	if len(all) > pageSize {
		all = all[:pageSize]
		older = listPath(r, base, string(all[pageSize-1].ID))
	}
	n := s.namerOf(r, p.Program)
	page := merchant.CommissionsPage{
		Base: staffBase(p.Program), Pager: pagerOf(r, n.loc, base, older, len(all)), Review: review,
		Tabs: []part.Tab{{Name: "All", Href: base, Here: !review}, {Name: "In review", Href: base + "?state=" + report.OnlyReview, Here: review}},
	}
	find := report.Finding{Program: p.Program.ID, Affiliate: ask.Affiliate, State: string(ask.Only)}
	if page.Rows, page.Unit, err = n.commissionRows(all, find); err != nil {
		return err
	}
	if page.Frame, err = s.staffFrame(w, r, p, "Commissions", merchant.Commissions); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, merchant.CommissionsView(page))
}

// commissionRows puts a page of commissions into words. All figures of one
// currency have it as the unit of their column; else each names its own.
func (n *namer) commissionRows(all []commission.Commission, find report.Finding) ([]merchant.CommissionRow, string, error) {
	if len(all) == 0 {
		return nil, n.prog.Currency, nil
	}
	from, to, unit := all[0].At, all[0].At, string(all[0].Currency)
	for _, c := range all {
		if c.At.Before(from) {
			from = c.At
		}
		if c.At.After(to) {
			to = c.At
		}
		if string(c.Currency) != unit {
			unit = ""
		}
	}
	names, err := report.CommissionNames(n.r.Context(), n.s.DB, find, from, to)
	if err != nil {
		return nil, "", err
	}
	show := n.loc.Money
	if unit != "" {
		show = n.loc.Figure
	}
	var rows []merchant.CommissionRow
	for _, c := range all {
		row := merchant.CommissionRow{
			ID: string(c.ID), Cause: causeName(c, names[c.ID].Payment), Customer: names[c.ID].Customer, Affiliate: names[c.ID].Affiliate,
			State: string(c.State), When: n.loc.Date(c.At), Amount: show(c.TargetMinor, string(c.Currency)), Due: dueWords(n.loc, c),
		}
		if c.Kind == program.TriggerPayment {
			row.Base = show(c.BaseMinor, string(c.Currency))
		}
		rows = append(rows, row)
	}
	return rows, unit, nil
}

// causeName is what a commission is for.
func causeName(c commission.Commission, payment string) string {
	switch c.Kind {
	case program.TriggerSignup:
		return "Sign-up"
	case program.TriggerOnboarding:
		return "Onboarding"
	}
	return "Payment " + payment
}

// dueWords says until when a commission is held, or why it is in review.
func dueWords(loc text.Locale, c commission.Commission) string {
	switch c.State {
	case commission.StateHeld:
		return text.T(loc, text.S("until %s", text.Date(c.ReleaseAt)))
	case commission.StateInReview:
		return text.T(loc, c.Review)
	}
	return ""
}

func (s *Web) showCommission(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.See)
	if err != nil {
		return err
	}
	com, err := commission.Get(r.Context(), s.DB, p.Program.ID, id.Commission(r.PathValue("commission")))
	if err != nil {
		return err
	}
	n := s.namerOf(r, p.Program)
	names, err := report.CommissionNames(r.Context(), s.DB, report.Finding{Program: p.Program.ID, Affiliate: com.Affiliate}, com.At, com.At)
	if err != nil {
		return err
	}
	of := names[com.ID]
	page := merchant.CommissionPage{
		Base: staffBase(p.Program), ID: string(com.ID), Title: n.loc.Money(com.TargetMinor, string(com.Currency)) + " for " + of.Affiliate,
		State: string(com.State), Lines: n.receipt(com), Unit: string(com.Currency),
	}
	if page.Sentence, err = n.standing(com); err != nil {
		return err
	}
	if page.Facts, err = n.commissionFacts(com, of); err != nil {
		return err
	}
	if page.Movements, err = n.movements(com); err != nil {
		return err
	}
	if page.Frame, err = s.staffFrame(w, r, p, "Commission", merchant.Commissions); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, merchant.CommissionView(page))
}

// standing says why a commission stands as it does.
func (n *namer) standing(com commission.Commission) (string, error) {
	var why text.Sentence
	switch com.State {
	case commission.StateHeld:
		why = text.S("Held until %s; then it becomes payable by itself.", com.ReleaseAt)
	case commission.StatePayable:
		why = text.S("The hold is over. The next payout run can pay it.")
	case commission.StateInPayout:
		why = text.S("Part of an approved payout that is not settled yet.")
	case commission.StatePaid:
		why = text.S("Paid. A refund from now on is taken from later commissions.")
	case commission.StateReversed:
		why = text.S("Nothing is left of it: what it was for was given back, or does not count any more.")
	case commission.StateNone:
		why = text.S("It earns nothing; the calculation says why.")
	case commission.StateInReview:
		return n.review(com)
	}
	return text.T(n.loc, why), nil
}

// review says what holds a commission beyond its date.
func (n *namer) review(com commission.Commission) (string, error) {
	switch {
	case !com.Review.IsZero():
		return text.T(n.loc, com.Review), nil
	case com.Disputed:
		return "The customer disputes the payment. It stays held until that is decided.", nil
	}
	aff, err := affiliate.Get(n.r.Context(), n.s.DB, n.prog.ID, com.Affiliate)
	return text.T(n.loc, text.S("The affiliate is %s. It stays held until that changes.", part.StateWord(string(aff.State)))), err
}

// lessGivenBack explains a rule's figure that is smaller than the rate of what
// was paid.
const lessGivenBack = "less the part that was given back"

// receipt is the calculation as lines: what went in, each step, the sum.
func (n *namer) receipt(com commission.Commission) []part.Line {
	in, code := com.Input, string(com.Currency)
	var lines []part.Line
	if com.Kind == program.TriggerPayment && in.GrossMinor != 0 {
		lines = append(lines, part.Line{Name: "The customer paid", Figure: n.loc.Figure(in.GrossMinor, code)})
		if tax := in.GrossMinor - in.NetMinor; tax != 0 {
			lines = append(lines, part.Line{Name: "Tax in it", Figure: n.loc.Figure(-tax, code)})
		}
		if com.BaseMinor != in.NetMinor {
			lines = append(lines, part.Line{Name: "Given back, without tax", Figure: n.loc.Figure(com.BaseMinor-in.NetMinor, code)})
		}
		lines = append(lines, part.Line{Kind: part.LineStep, Name: "Base", Figure: n.loc.Figure(com.BaseMinor, code)})
	}
	for _, l := range com.Lines {
		line := part.Line{Name: text.T(n.loc, l.Sentence)}
		if l.Shown {
			line.Figure = n.loc.Figure(l.Minor, code)
			if com.BaseMinor != in.NetMinor {
				line.Note = lessGivenBack
			}
		}
		lines = append(lines, line)
	}
	return append(lines, part.Line{Kind: part.LineSum, Name: "Commission", Note: code, Figure: n.loc.Figure(com.TargetMinor, code)})
}

func (n *namer) commissionFacts(com commission.Commission, of report.Names) ([]part.Fact, error) {
	base := staffBase(n.prog)
	facts := []part.Fact{
		{Name: "For", Value: part.Words(causeName(com, of.Payment))},
		{Name: "Affiliate", Value: part.Link(of.Affiliate, affiliatePath(n.prog, com.Affiliate))},
		{Name: "Referral", Value: part.Link(of.Customer, base+"/referrals/"+string(com.Referral))},
		{Name: "When", Value: part.Words(n.loc.Time(com.At))},
		{Name: "Held until", Value: part.Words(n.loc.Time(com.ReleaseAt))},
	}
	if !com.ReleasedAt.IsZero() {
		facts = append(facts, part.Fact{Name: "Payable since", Value: part.Words(n.loc.Time(com.ReleasedAt))})
	}
	if com.Disputed {
		facts = append(facts, part.Fact{Name: "Dispute", Value: part.Words(string(payment.DisputeOpen))})
	}
	if com.Terms != "" {
		terms, err := program.TermsByID(n.r.Context(), n.s.DB, n.prog.ID, com.Terms)
		if err != nil {
			return nil, err
		}
		facts = append(facts, part.Fact{Name: "Terms", Value: part.Link(text.T(n.loc, text.S("Version %s", terms.Version)), base+"/settings/terms")})
	}
	return append(facts, part.Fact{Name: "Id", Value: part.Code(string(com.ID))}), nil
}

// accountWords names the ledger's accounts for people.
func accountWords(name string) string {
	switch a, _ := commission.AccountNamed(name); a {
	case commission.Held:
		return "held"
	case commission.Payable:
		return "payable"
	case commission.InPayout:
		return "in payout"
	case commission.Clawback:
		return "owed by the affiliate"
	case commission.Expense:
		return "expense"
	case commission.Bonus:
		return "bonus"
	}
	if rail, ok := strings.CutPrefix(name, "clearing:"); ok {
		return "on its way (" + rail + ")"
	}
	if rail, ok := strings.CutPrefix(name, "cash:"); ok {
		return "paid (" + rail + ")"
	}
	return name
}

// movements pairs the legs of each posting: from where, to where.
func (n *namer) movements(com commission.Commission) ([]merchant.Movement, error) {
	legs, err := ledger.ItemLegs(n.r.Context(), n.s.DB, n.prog.ID, string(com.ID))
	if err != nil {
		return nil, err
	}
	var list []merchant.Movement
	for from := 0; from < len(legs); {
		to := from
		for to < len(legs) && legs[to].Posting == legs[from].Posting {
			to++
		}
		who, err := n.s.actorName(n.r, db.Actor{Kind: legs[from].ActorKind, ID: legs[from].ActorID})
		if err != nil {
			return nil, err
		}
		for _, m := range paired(legs[from:to]) {
			list = append(list, merchant.Movement{
				When: n.loc.Time(m.leg.At), What: movedWords(n.loc, m.leg), From: accountWords(m.from), To: accountWords(m.to),
				Amount: n.loc.Figure(m.minor, string(m.leg.Currency)), Ref: string(m.leg.Posting), Who: who,
			})
		}
		from = to
	}
	return list, nil
}

type pair struct {
	leg      ledger.Leg
	from, to string
	minor    int64
}

// paired matches debits with credits of one posting, the first with the first;
// what an item has no counterpart for stands against another item.
func paired(legs []ledger.Leg) []pair {
	var debits, credits []ledger.Leg
	for _, l := range legs {
		if l.Minor < 0 {
			debits = append(debits, l)
			continue
		}
		credits = append(credits, l)
	}
	var list []pair
	for len(debits) > 0 && len(credits) > 0 {
		minor := min(-debits[0].Minor, credits[0].Minor)
		list = append(list, pair{debits[0], debits[0].Account, credits[0].Account, minor})
		debits[0].Minor += minor
		credits[0].Minor -= minor
		if debits[0].Minor == 0 {
			debits = debits[1:]
		}
		if credits[0].Minor == 0 {
			credits = credits[1:]
		}
	}
	for _, l := range debits {
		list = append(list, pair{l, l.Account, "another commission", -l.Minor})
	}
	for _, l := range credits {
		list = append(list, pair{l, "another commission", l.Account, l.Minor})
	}
	return list
}
