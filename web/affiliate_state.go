package web

import (
	"net/http"

	"tributary.example/affiliate"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/program"
	"tributary.example/web/part"
)

// standing is how an enrolment that is not active is explained to its owner.
type standing struct {
	Title text.Sentence
	Text  text.Sentence
	Steps []part.Step
	Bare  bool // there is nothing to see besides
}

var toApproval = []part.Step{{Name: "Applied", Done: true}, {Name: "Approval", Here: true}, {Name: "Your link and code"}}

// standingOf explains a state; ok is false for active.
func standingOf(m member) (st standing, ok bool) {
	name := m.Program.Name
	switch m.Affiliate.State {
	case affiliate.Applied:
		return standing{
			Title: text.S("Your application is in"), Steps: toApproval, Bare: true,
			Text: text.S("%s looks at it. You get an e-mail either way, and this page becomes your dashboard.", name),
		}, true
	case affiliate.Invited:
		return standing{
			Title: text.S("%s invites you", name), Bare: true,
			Text:  text.S("Accept, and you get a link and a code of your own. Whoever signs up through either is registered under you."),
			Steps: []part.Step{{Name: "Invited", Done: true}, {Name: "Your answer", Here: true}, {Name: "Your link and code"}},
		}, true
	case affiliate.Rejected:
		return standing{
			Title: text.S("Your application was not accepted"), Bare: true,
			Text: text.S("%s decided so on %s.", name, text.Date(m.Affiliate.StateAt)),
		}, true
	case affiliate.Suspended:
		return standing{
			Title: text.S("You are suspended"),
			Text:  text.S("Since %s clicks and codes of yours count nothing and nothing is paid out. What your customers pay is still earned, and held until %s decides.", text.Date(m.Affiliate.StateAt), name),
		}, true
	case affiliate.Banned:
		return standing{
			Title: text.S("You are banned"),
			Text:  text.S("Since %s your links and codes work no more and payments earn nothing. %s decides about what is held or payable, and the reason will stand here.", text.Date(m.Affiliate.StateAt), name),
		}, true
	case affiliate.Closed:
		return standing{
			Title: text.S("Your account is closed"),
			Text:  text.S("Since %s nothing new is earned. What is payable is paid with the next payout, whatever the minimum.", text.Date(m.Affiliate.StateAt)),
		}, true
	}
	return standing{}, false
}

// invited reports whether the affiliate may accept an invitation.
func (m member) invited() bool { return m.Affiliate.State == affiliate.Invited }

// active reports whether the affiliate may make links.
func (m member) active() bool { return m.Affiliate.State == affiliate.Active }

// stateNotices tells on every page of somebody who is not active what that
// means.
func stateNotices(m member) []part.Notice {
	st, ok := standingOf(m)
	if !ok {
		return nil
	}
	loc := locale(m.Program)
	n := part.Notice{Tint: part.Wait, Text: text.T(loc, st.Title) + ". " + text.T(loc, st.Text)}
	if m.Affiliate.Reason != "" {
		n.Hint = text.T(loc, text.S("The reason: %s", m.Affiliate.Reason))
	}
	return []part.Notice{n}
}

// programsOf are the programs in which a person is enrolled.
func (s *Web) programsOf(r *http.Request, per id.Person) ([]program.Program, error) {
	ids, err := affiliate.ProgramsOf(r.Context(), s.DB, per)
	if err != nil {
		return nil, err
	}
	var list []program.Program
	for _, one := range ids {
		p, err := program.Get(r.Context(), s.DB, one)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// acceptInvitation makes an invited affiliate active, with link and code.
func (s *Web) acceptInvitation(w http.ResponseWriter, r *http.Request) error {
	m, err := s.asMember(r)
	if err != nil {
		return err
	}
	if m.active() { // the button was pressed twice
		return s.done(w, r, memberBase(m.Program), "joined")
	}
	err = s.act(r, m.reader, func(tx *db.Tx) error {
		// Setting the state it has already changes nothing, locks the row and
		// refuses everybody who is not invited any more.
		if _, err := flow.SetAffiliateState(r.Context(), tx, s.Flow, m.Program, m.Affiliate.ID, affiliate.Invited, ""); err != nil {
			return err
		}
		_, err := flow.Approve(r.Context(), tx, s.Flow, m.Program, m.Affiliate.ID, "")
		return err
	})
	if err != nil {
		return err
	}
	return s.done(w, r, memberBase(m.Program), "joined")
}
