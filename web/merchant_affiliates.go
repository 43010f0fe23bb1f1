package web

import (
	"net/http"
	"net/url"
	"slices"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/text"
	"tributary.example/person"
	"tributary.example/report"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

// pageSize is how many rows a list shows at once.
const pageSize = 50

// affiliateTabs are the states that have a tab of their own.
var affiliateTabs = []affiliate.State{
	affiliate.Applied, affiliate.Invited, affiliate.Active, affiliate.Suspended, affiliate.Rejected, affiliate.Banned, affiliate.Closed,
}

func (s *Web) showAffiliates(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.See)
	if err != nil {
		return err
	}
	loc, base := locale(p.Program), staffBase(p.Program)+"/affiliates"
	find := report.Finding{
		Program: p.Program.ID, Currency: p.Program.Currency, State: r.FormValue("state"), Text: r.FormValue("q"),
		Before: r.FormValue("after"), Limit: pageSize + 1,
	}
	rows, err := report.Affiliates(r.Context(), report.Sources{Books: s.DB, Clicks: s.Clicks}, find)
	if err != nil {
		return err
	}
	counts, err := report.AffiliatesByState(r.Context(), s.DB, p.Program.ID)
	if err != nil {
		return err
	}
	page := merchant.AffiliatesPage{
		Base: staffBase(p.Program), Query: find.Text, Unit: p.Program.Currency, ApplyLink: s.URL + "/join/" + p.Program.Slug,
		Tabs: stateTabs(loc, base, find.State, counts, affiliateTabs), Invite: access.Can(p.Role, access.ManageAffiliates),
	}
	if len(rows) > pageSize {
		rows = rows[:pageSize]
		page.Pager.Older = listPath(r, base, string(rows[pageSize-1].Affiliate))
	}
	page.Pager = pagerOf(r, loc, base, page.Pager.Older, len(rows))
	for _, a := range rows {
		page.Rows = append(page.Rows, merchant.AffiliateRow{
			ID: string(a.Affiliate), Name: a.Name, Mail: a.Email, State: a.State, Since: loc.Date(a.StateAt), Clicks: loc.Int(a.Clicks),
			Customers: loc.Int(a.Customers), Revenue: loc.Figure(a.Revenue, p.Program.Currency), Earned: loc.Figure(a.Earned, p.Program.Currency),
		})
	}
	if page.Frame, err = s.staffFrame(w, r, p, "Affiliates", merchant.Affiliates); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, merchant.AffiliatesView(page))
}

// stateTabs is a tab for all and one for each state that occurs, or is chosen.
// Without counts every state has its tab.
func stateTabs[S ~string](loc text.Locale, base, here string, counts report.Counts, states []S) []part.Tab {
	tabs := []part.Tab{{Name: "All", Href: base, Here: here == ""}}
	if counts != nil {
		tabs[0].Count = loc.Int(counts.All())
	}
	for _, state := range states {
		n := counts[string(state)]
		if counts != nil && n == 0 && string(state) != here {
			continue
		}
		tab := part.Tab{Name: capital(part.StateWord(string(state))), Href: base + "?state=" + string(state), Here: string(state) == here}
		if counts != nil {
			tab.Count = loc.Int(n)
		}
		tabs = append(tabs, tab)
	}
	return tabs
}

// capital begins an English word of ours with a capital letter.
func capital(word string) string {
	if word == "" || word[0] < 'a' || word[0] > 'z' {
		return word
	}
	return string(word[0]-'a'+'A') + word[1:]
}

// listPath is the same list from a row on.
func listPath(r *http.Request, base, after string) string {
	q := url.Values{}
	for _, name := range []string{"state", "affiliate", "q"} {
		if v := r.FormValue(name); v != "" {
			q.Set(name, v)
		}
	}
	if after != "" {
		q.Set("after", after)
	}
	if len(q) == 0 {
		return base
	}
	return base + "?" + q.Encode()
}

// pagerOf leads on to older rows, and back to the newest.
func pagerOf(r *http.Request, loc text.Locale, base, older string, shown int) part.Pager {
	p := part.Pager{Older: older, Shown: text.T(loc, text.S("%s shown, newest first", shown))}
	if r.FormValue("after") != "" {
		p.Newer = listPath(r, base, "")
	}
	return p
}

var inviteFields = []string{"name", "email"}

func (s *Web) showInvite(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.ManageAffiliates)
	if err != nil {
		return err
	}
	return s.invitePage(w, r, p, wrongs{})
}

func (s *Web) invitePage(w http.ResponseWriter, r *http.Request, p staff, bad wrongs) error {
	frame, err := s.staffFrame(w, r, p, "Invite an affiliate", merchant.Affiliates)
	if err != nil {
		return err
	}
	frame.Notices = append(frame.Notices, bad.notices...)
	f := formOf(r, bad)
	return s.show(w, r, bad.status(), merchant.InviteView(merchant.InvitePage{
		Frame: frame, Base: staffBase(p.Program),
		Name: f.field("name", "Name", part.Field{Auto: "off"}),
		Mail: f.field("email", "E-mail", part.Field{Type: "email", Auto: "off", Help: "They get a link that lets them in. When they accept, or when you approve them before, they are active, with a link and a code."}),
	}))
}

// invite enters somebody who has not applied.
func (s *Web) invite(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.ManageAffiliates)
	if err != nil {
		return err
	}
	var aff affiliate.Affiliate
	mail, err := person.ParseEmail(r.FormValue("email"))
	if err == nil {
		err = s.act(r, p.reader, func(tx *db.Tx) (err error) {
			aff, err = flow.Apply(r.Context(), tx, s.Flow, p.Program, flow.Application{Name: r.FormValue("name"), Email: mail, Invited: true})
			return err
		})
	}
	if bad, ok := wrongsOf(err, inviteFields...); ok {
		return s.invitePage(w, r, p, bad)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, staffBase(p.Program)+"/affiliates/"+string(aff.ID), "invited")
}

// affiliateAct is one of the acts that ask for a reason.
type affiliateAct struct {
	act    merchant.Act
	from   []affiliate.State // on the page of affiliates in these states
	to     affiliate.State
	needed bool // the reason must be given
	flash  flash
}

var affiliateActs = []affiliateAct{
	{merchant.Reject, []affiliate.State{affiliate.Applied}, affiliate.Rejected, true, "rejected"},
	{merchant.Suspend, []affiliate.State{affiliate.Active}, affiliate.Suspended, true, "suspended"},
	{merchant.Reinstate, []affiliate.State{affiliate.Suspended, affiliate.Banned, affiliate.Closed}, affiliate.Active, false, "reinstated"},
}

// can reports whether an affiliate's page offers the act.
func (a affiliateAct) can(state affiliate.State) bool { return slices.Contains(a.from, state) }
