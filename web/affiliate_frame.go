package web

import (
	"net/http"

	"tributary.example/internal/text"
	"tributary.example/program"
	"tributary.example/report"
	"tributary.example/web/affiliate"
	"tributary.example/web/part"
)

// memberFlashes is what the affiliates' forms confirm.
var memberFlashes = map[flash]string{
	"joined":        "You are in. Your link and your code are ready.",
	"own-link-made": "The link is ready. Copy it and share it.",
	"own-paused":    "The link is paused. Visitors are sent to the program's own page, and nothing counts.",
	"own-resumed":   "The link works again.",
	"own-details":   "Your payout details are saved.",
}

// memberBase is where the pages of an affiliate begin.
func memberBase(p program.Program) string { return "/a/" + p.Slug }

// memberFrame is what stands around every page of an affiliate.
func (s *Web) memberFrame(w http.ResponseWriter, r *http.Request, m member, title string, here affiliate.Place) (part.Frame, error) {
	f := part.Frame{
		Title: title, Program: m.Program.Name, Person: m.Person.Name, Mail: m.Person.Email, SignOut: "/sign-out",
		Side: part.Side(m.Program.Side), Brand: brandPath(m.Program.Accent), Places: affiliate.Places(memberBase(m.Program), here),
		Notices: takeFlash(w, r),
	}
	if here != affiliate.Overview {
		f.Notices = append(f.Notices, stateNotices(m)...)
	}
	programs, err := s.programsOf(r, m.Person.ID)
	for _, p := range programs {
		name := p.Name
		if p.Side == program.Test {
			name = text.S("%s, test side", p.Name).String()
		}
		f.Programs = append(f.Programs, part.Choice{Name: name, Href: memberBase(p), Here: p.ID == m.Program.ID})
	}
	return f, err
}

// sources are the databases that the figures come from.
func (s *Web) sources() report.Sources { return report.Sources{Books: s.DB, Clicks: s.Clicks} }
