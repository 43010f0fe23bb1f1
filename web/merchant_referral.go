package web

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"tributary.example/access"
	"tributary.example/commission"
	"tributary.example/customer"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/payment"
	"tributary.example/program"
	"tributary.example/referral"
	"tributary.example/report"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

// showReferral shows one referral with its decision; a customer's id shows the
// decision that credited nobody.
func (s *Web) showReferral(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.See)
	if err != nil {
		return err
	}
	cus, ref, err := s.findReferral(r, p.Program)
	if err != nil {
		return err
	}
	page := merchant.ReferralPage{
		Base: staffBase(p.Program), ID: r.PathValue("referral"), Customer: cus.ExternalID, State: report.Refused, Unit: p.Program.Currency,
		Sentence: "Nobody is credited.", None: noCommission(cus, ref),
	}
	n := s.namerOf(r, p.Program)
	if ref != nil {
		page.State = stateShown(*ref, s.DB.Now())
	}
	for _, fill := range []func(*namer, customer.Customer, *referral.Referral, *merchant.ReferralPage) error{
		fillDecision, fillReferralFacts, fillLife, fillCommissions,
	} {
		if err := fill(n, cus, ref, &page); err != nil {
			return err
		}
	}
	if page.Frame, err = s.staffFrame(w, r, p, cus.ExternalID, merchant.Referrals); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, merchant.ReferralView(page))
}

func (s *Web) findReferral(r *http.Request, prog program.Program) (customer.Customer, *referral.Referral, error) {
	name := r.PathValue("referral")
	if cus, err := id.Parse[id.Customer](name); err == nil {
		c, err := customer.Get(r.Context(), s.DB, prog.ID, cus)
		return c, nil, err
	}
	ref, err := referral.Get(r.Context(), s.DB, prog.ID, id.Referral(name))
	if err != nil {
		return customer.Customer{}, nil, err
	}
	c, err := customer.Get(r.Context(), s.DB, prog.ID, ref.Customer)
	return c, &ref, err
}

func stateShown(ref referral.Referral, now time.Time) string {
	if ref.State == referral.StateStanding && !ref.LapsedAt.IsZero() && !ref.LapsedAt.After(now) {
		return report.Lapsed
	}
	return string(ref.State)
}

// fillDecision shows the newest version of the decision, and those before it.
func fillDecision(n *namer, cus customer.Customer, _ *referral.Referral, page *merchant.ReferralPage) error {
	versions, err := referral.Decisions(n.r.Context(), n.s.DB, n.prog.ID, cus.ID)
	if err != nil || len(versions) == 0 {
		return err
	}
	last := versions[len(versions)-1]
	page.Sentence, page.Policy = text.T(n.loc, last.Decision.Sentence), policyWords(n.loc, last.Decision.Policy)
	for i := len(versions) - 2; i >= 0; i-- {
		v := versions[i]
		because := "Nobody was credited then."
		if v.Step != "" {
			because = "Decided " + stepWords[v.Step] + "."
		}
		page.Earlier = append(page.Earlier, merchant.Decision{When: n.loc.Time(v.At), Sentence: text.T(n.loc, v.Decision.Sentence), Because: because})
	}
	page.Evidence, err = n.evidence(last.Decision.Candidates)
	return err
}

// noCommission says why there is no commission, should there be none.
func noCommission(cus customer.Customer, ref *referral.Referral) string {
	switch {
	case cus.FirstPaidAt.IsZero():
		return "This customer has not paid yet."
	case ref == nil:
		return "This customer has paid. Nobody is credited, so nobody earned."
	}
	return "This customer has paid, at times when nobody earned by it."
}

func fillReferralFacts(n *namer, cus customer.Customer, ref *referral.Referral, page *merchant.ReferralPage) error {
	fact := func(name, value string) {
		if value != "" {
			page.Facts = append(page.Facts, part.Fact{Name: name, Value: part.Words(value)})
		}
	}
	if ref != nil {
		name, err := n.affiliate(ref.Affiliate)
		if err != nil {
			return err
		}
		page.Facts = append(page.Facts, part.Fact{Name: "Affiliate", Value: part.Link(name, affiliatePath(n.prog, ref.Affiliate))})
		fact("Since", n.loc.Time(ref.Since))
		if !ref.Until.IsZero() {
			fact("Until", n.loc.Time(ref.Until))
		}
		if !ref.LapsedAt.IsZero() {
			fact("Lapses", n.loc.Date(ref.LapsedAt))
		}
		if !ref.Reason.IsZero() {
			fact("Why it does not stand", text.T(n.loc, ref.Reason))
		}
	}
	fact("E-mail", cus.Email)
	fact("Plan", cus.PlanCode)
	closed := "Open until the first payment"
	if !cus.FirstPaidAt.IsZero() {
		closed = "Closed by the first payment"
	}
	fact("Attribution", closed)
	page.Facts = append(page.Facts, part.Fact{Name: "Id", Value: part.Code(page.ID)})
	return nil
}

// fillLife shows the customer's states, payments and refunds, the newest
// first.
func fillLife(n *namer, cus customer.Customer, _ *referral.Referral, page *merchant.ReferralPage) error {
	news, err := customer.News(n.r.Context(), n.s.DB, n.prog.ID, cus.ID)
	if err != nil {
		return err
	}
	type moment struct {
		at   time.Time
		rank int
		part.Moment
	}
	var life []moment
	add := func(at time.Time, rank int, title, detail string) {
		life = append(life, moment{at, rank, part.Moment{Verdict: part.Event, Title: title, When: n.loc.Time(at), Detail: detail}})
	}
	for _, c := range customer.Life(news) {
		add(c.At, 0, capital(part.StateWord(string(c.State))), "")
	}
	pays, err := payment.OfCustomer(n.r.Context(), n.s.DB, n.prog.ID, cus.ID)
	if err != nil {
		return err
	}
	for _, pay := range pays {
		add(pay.At, 1, "Paid "+n.loc.Money(pay.AmountMinor, string(pay.Currency)), paidDetail(n.loc, pay))
		if pay.RefundedMinor == 0 {
			continue
		}
		refunds, err := payment.Refunds(n.r.Context(), n.s.DB, n.prog.ID, pay.ID)
		if err != nil {
			return err
		}
		for _, f := range refunds {
			add(f.At, 2, "Got back "+n.loc.Money(f.AmountMinor, string(pay.Currency)), "of "+pay.ExternalID)
		}
	}
	slices.SortStableFunc(life, func(a, b moment) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(b.rank, a.rank)) })
	for _, m := range life {
		page.Life = append(page.Life, m.Moment)
	}
	return nil
}

func fillCommissions(n *namer, cus customer.Customer, _ *referral.Referral, page *merchant.ReferralPage) error {
	all, err := commission.List(n.r.Context(), n.s.DB, n.prog.ID, commission.Page{Customer: cus.ID, Limit: pageSize})
	if err != nil || len(all) == 0 {
		return err
	}
	page.Commissions, page.Unit, err = n.commissionRows(all, report.Finding{Program: n.prog.ID})
	return err
}

// paidDetail names a payment, and the tax that makes it more than its base.
func paidDetail(loc text.Locale, pay payment.Payment) string {
	if pay.TaxMinor == 0 {
		return pay.ExternalID
	}
	return pay.ExternalID + ", with " + loc.Money(pay.TaxMinor, string(pay.Currency)) + " tax in it"
}
