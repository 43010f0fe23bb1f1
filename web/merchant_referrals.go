package web

import (
	"net/http"
	"strings"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/program"
	"tributary.example/referral"
	"tributary.example/report"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

// referralTabs are the states that have a tab of their own.
var referralTabs = []string{
	string(referral.StateStanding), string(referral.StateEnded), string(referral.StateVoid), string(referral.StateLost), report.Refused,
}

func (s *Web) showReferrals(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.See)
	if err != nil {
		return err
	}
	loc, base := locale(p.Program), staffBase(p.Program)+"/referrals"
	find := report.Finding{
		Program: p.Program.ID, State: r.FormValue("state"), Affiliate: id.Affiliate(r.FormValue("affiliate")), Text: r.FormValue("q"),
		Before: r.FormValue("after"), Limit: pageSize + 1,
	}
	rows, err := report.Referrals(r.Context(), s.DB, find)
	if err != nil {
		return err
	}
	page := merchant.ReferralsPage{Base: staffBase(p.Program), Query: find.Text, Tabs: stateTabs(loc, base, find.State, nil, referralTabs)}
	if find.Affiliate != "" {
		aff, err := affiliate.Get(r.Context(), s.DB, p.Program.ID, find.Affiliate)
		if err != nil {
			return err
		}
		page.Of, page.OfHref = aff.Name, affiliatePath(p.Program, aff.ID)
		page.Tabs = nil
	}
	older := ""
	if len(rows) > pageSize {
		rows = rows[:pageSize]
		older = listPath(r, base, rows[pageSize-1].Cursor())
	}
	page.Rows, page.Pager = referralRows(loc, rows), pagerOf(r, loc, base, older, len(rows))
	if page.Frame, err = s.staffFrame(w, r, p, "Referrals", merchant.Referrals); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, merchant.ReferralsView(page))
}

// policyWords is a policy in one line.
func policyWords(loc text.Locale, p program.Policy) string {
	credit := map[program.Credit]string{
		program.CouponFirst: "Codes come first", program.LinkFirst: "Links come first",
		program.CouponIfInvolved: "Codes come first if their owner also has a click",
	}[p.Credit]
	touch := map[program.Touch]string{program.LastTouch: "the last click counts", program.FirstTouch: "the first click counts"}[p.Touch]
	return text.T(loc, text.S("%s, %s. Policy version %s.", credit, touch, p.Version))
}

// verdicts is what became of evidence, as the timeline shows it.
var verdicts = map[referral.Verdict]part.Verdict{
	referral.VerdictWon: part.Won, referral.VerdictAgrees: part.Agrees, referral.VerdictLost: part.Behind,
	referral.VerdictSetAside: part.Behind, referral.VerdictRefused: part.Lost,
}

// evidence is a decision's candidates in time order, each with its reason.
func (n *namer) evidence(candidates []referral.Candidate) ([]part.Moment, error) {
	var list []part.Moment
	for _, c := range candidates {
		title, err := n.touch(c.Evidence)
		if err != nil {
			return nil, err
		}
		m := part.Moment{Verdict: verdicts[c.Verdict], Title: title, When: n.loc.Time(c.Evidence.At), Why: text.T(n.loc, c.Reason)}
		detail := []string{"Handed in " + stepWords[c.Evidence.Step]}
		if c.Evidence.Landing != "" {
			detail = append(detail, "landed on "+c.Evidence.Landing)
		}
		// What could not be read has a hash for a source, which tells a person nothing.
		if c.Evidence.Kind == referral.ByClick && c.Evidence.Link != "" {
			detail = append(detail, c.Evidence.Source)
		}
		m.Detail = strings.Join(detail, ", ")
		list = append(list, m)
	}
	return list, nil
}
