package web

import (
	"net/http"
	"strings"

	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/serve"
	"tributary.example/internal/text"
	"tributary.example/person"
	"tributary.example/program"
	"tributary.example/web/part"
	"tributary.example/web/public"
)

var joinFields = []string{"name", "email", "website", "pitch"}

func (s *Web) showJoin(w http.ResponseWriter, r *http.Request) error {
	prog, err := program.BySlug(r.Context(), s.DB, r.PathValue("program"))
	if err != nil {
		return err
	}
	return s.joinPage(w, r, http.StatusOK, prog, wrongs{})
}

func (s *Web) joinPage(w http.ResponseWriter, r *http.Request, status int, prog program.Program, bad wrongs) error {
	outer := part.Outer{
		Title: "Become an affiliate of " + prog.Name, Width: part.Split, Program: prog.Name,
		Home: "/join/" + prog.Slug, Brand: brandPath(prog.Accent), Notices: bad.notices,
	}
	if prog.Applications == program.ApplyClosed {
		return s.show(w, r, status, public.TellView(public.TellPage{
			Outer: part.Outer{Title: outer.Title, Program: prog.Name, Home: outer.Home, Brand: outer.Brand},
			Title: prog.Name + " takes no applications at the moment",
			Text:  "Come back later. Affiliates of the program sign in as always.", Words: "Sign in", Href: "/sign-in",
		}))
	}
	terms, err := program.TermsFor(r.Context(), s.DB, prog.ID, []program.Scope{prog.Scope()}, s.DB.Now())
	if err != nil {
		return err
	}
	f := formOf(r, bad)
	return s.show(w, r, status, public.JoinView(public.JoinPage{
		Outer: outer, Slug: prog.Slug, Program: prog.Name, Headline: headline(prog, terms),
		About: "Tell people about " + prog.Name + " with your own link and your own code. Whoever signs up through either is registered under you, and what they pay earns you a commission.",
		Offer: promises(prog, terms),
		Name:  f.field("name", "Name", part.Field{Auto: "name"}),
		Mail:  f.field("email", "E-mail", part.Field{Type: "email", Auto: "email"}),
		Site:  f.field("website", "Website or channel", part.Field{Optional: true, Hint: "https://", Auto: "url"}),
		Pitch: f.field("pitch", "How will you promote "+prog.Name+"?", part.Field{Lines: 3, Optional: true}),
	}))
}

func promises(prog program.Program, terms program.Terms) []public.Promise {
	loc := locale(prog)
	rates, d := paymentRates(loc, prog, terms)
	code := "People type it at sign-up; it needs no click."
	if prog.SuggestPPM > 0 {
		code = "The code gives your audience " + loc.Percent(prog.SuggestPPM) + " off"
		if len(prog.SuggestPlans) > 0 {
			code += " " + strings.Join(prog.SuggestPlans, ", ")
		}
		code += "."
	}
	return []public.Promise{
		{Icon: part.IconCommissions, Title: rates, Text: "Of what your customers really pay, " + whileText(d) + "."},
		{Icon: part.IconLinks, Title: "A link and a code", Text: text.S("The link counts for %s days after a click.", prog.WindowDays).String() + " " + code},
		{Icon: part.IconPayouts, Title: "Paid out from " + loc.Money(prog.MinimumMinor, prog.Currency), Text: holdText(prog.HoldDays)},
		{Icon: part.IconReferrals, Title: "Every figure explained", Text: "You see each sign-up, why it counted, and how each commission was calculated."},
	}
}

// holdText says when a commission is the affiliate's.
func holdText(days int) string {
	if days == 0 {
		return "Commissions are yours at once."
	}
	return text.S("Commissions are yours after a hold of %s days.", days).String()
}

// join takes an application: the person is made when new, and the program
// decides, or has decided by its setting.
func (s *Web) join(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	prog, err := program.BySlug(ctx, s.DB, r.PathValue("program"))
	if err != nil {
		return err
	}
	mail := r.FormValue("email")
	if err = s.limit(s.joins, r); err == nil {
		mail, err = person.ParseEmail(mail)
	}
	if err == nil {
		actor := db.Actor{Kind: db.ActorVisitor, Address: serve.ClientOf(r).String()}
		err = s.DB.Write(ctx, actor, func(tx *db.Tx) error {
			_, err := flow.Apply(ctx, tx, s.Flow, prog, flow.Application{
				Name: r.FormValue("name"), Email: mail, Website: r.FormValue("website"), Pitch: r.FormValue("pitch"),
			})
			return err
		})
	}
	// Whether an address is known is nobody's business: who has applied before
	// is told the same.
	if fault.Is(err, fault.Conflict) {
		err = nil
	}
	if bad, ok := wrongsOf(err, joinFields...); ok {
		return s.joinPage(w, r, http.StatusUnprocessableEntity, prog, bad)
	}
	if err != nil {
		return err
	}
	return s.joined(w, r, prog, mail)
}

func (s *Web) joined(w http.ResponseWriter, r *http.Request, prog program.Program, mail string) error {
	page := public.TellPage{
		Outer: part.Outer{Title: "Applied", Program: prog.Name, Home: "/join/" + prog.Slug, Brand: brandPath(prog.Accent)},
		Title: "Your application is in", Text: prog.Name + " looks at it. You get an e-mail at " + mail + " either way.",
		Steps: []part.Step{{Name: "Applied", Done: true}, {Name: "Approval", Here: true}, {Name: "Your link and code"}},
		Words: "Back to " + prog.Name, Href: prog.SiteURL,
	}
	if prog.Applications == program.ApplyApprove {
		page.Title, page.Text = "Welcome to "+prog.Name, "Your link and code are ready. The way in is in the e-mail that we sent to "+mail+"."
		page.Steps = []part.Step{{Name: "Applied", Done: true}, {Name: "Approval", Done: true}, {Name: "Your link and code", Here: true}}
	}
	return s.show(w, r, http.StatusOK, public.TellView(page))
}
