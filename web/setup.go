package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/serve"
	"tributary.example/link"
	"tributary.example/person"
	"tributary.example/program"
	"tributary.example/web/part"
	"tributary.example/web/public"
)

var setUpFields = []string{"name", "email", "password", "program", "slug", "site_url", "link_host", "currency", "zone", "percent", "mode"}

func (s *Web) showSetUp(w http.ResponseWriter, r *http.Request) error {
	entry, err := access.LookEntry(r.Context(), s.DB, r.FormValue("token"))
	if err != nil || entry.Purpose != access.SetUp {
		return setUpOver(err)
	}
	return s.setUpPage(w, r, http.StatusOK, wrongs{})
}

func setUpOver(err error) error {
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		return err
	}
	return fault.New(fault.NotFound, "This set-up link was used already, or its time is over.").
		Hint("Start the server again to get another one, or sign in.")
}

func (s *Web) setUpPage(w http.ResponseWriter, r *http.Request, status int, bad wrongs) error {
	f := formOf(r, bad)
	host := "go.your-shop.com"
	if s.EdgePort != "" {
		host = "go.localhost" + s.EdgePort
	}
	page := public.SetUpPage{
		Outer: part.Outer{Title: "Set up", Width: part.Wide, Notices: bad.notices}, Token: r.FormValue("token"),
		Name:     f.field("name", "Your name", part.Field{Auto: "name"}),
		Mail:     f.field("email", "Your e-mail", part.Field{Type: "email", Auto: "username"}),
		Password: passwordField(bad),
		Program:  f.field("program", "Program name", part.Field{Help: "Your product's name; affiliates and their audiences read it."}),
		Slug:     f.field("slug", "Short name", part.Field{Code: true, Hint: "your-shop", Help: "Used in addresses and in the cookie's name."}),
		Site:     f.field("site_url", "Your site", part.Field{Type: "url", Hint: "https://your-shop.com", Help: "Where tracking links lead."}),
		LinkHost: f.field("link_host", "Link host", part.Field{Code: true, Value: host, Help: "A host under your own domain that points to this server's edge: then the cookie is first-party."}),
		Currency: f.field("currency", "Currency", part.Field{Code: true, Value: "EUR", Help: "Three letters, such as EUR or USD"}),
		Zone:     f.field("zone", "Time zone", part.Field{Code: true, Value: "UTC", Help: "Such as Europe/Vienna or UTC"}),
		Percent:  f.field("percent", "Affiliates earn", part.Field{Value: "20", After: "% of each payment, for life", Mode: "decimal"}),
		Mode:     f.field("mode", "How clicks are remembered", modeField()),
	}
	return s.show(w, r, status, public.SetUpView(page))
}

// modeField is the choice of what a click may store, with the law in one
// sentence.
func modeField() part.Field {
	return part.Field{
		Value: string(program.ModeFull), Help: "Affiliate cookies need consent in the EU; codes need no storage.",
		Options: []part.Option{
			{Value: string(program.ModeFull), Name: "At once", About: "The link sets a first-party cookie."},
			{Value: string(program.ModeConsent), Name: "After consent", About: "Nothing is stored until your page says that the visitor agreed."},
			{Value: string(program.ModeCookieless), Name: "Without cookies", About: "The token travels in the address and in forms only."},
		},
	}
}

// setUp makes the owner and the first program, in one transaction, and signs
// the owner in.
func (s *Web) setUp(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	entry, err := access.LookEntry(ctx, s.DB, r.FormValue("token"))
	if err != nil || entry.Purpose != access.SetUp {
		return setUpOver(err)
	}
	var owner id.Person
	prog, err := s.firstProgram(ctx, r, &owner)
	if bad, ok := wrongsOf(err, setUpFields...); ok {
		return s.setUpPage(w, r, http.StatusUnprocessableEntity, bad)
	}
	if err != nil {
		return err
	}
	if err := s.startSession(w, r, owner); err != nil {
		return err
	}
	http.Redirect(w, r, "/p/"+prog.Slug, http.StatusSeeOther)
	return nil
}

func (s *Web) firstProgram(ctx context.Context, r *http.Request, owner *id.Person) (prog program.Program, err error) {
	var l fault.List
	mail, err := person.ParseEmail(r.FormValue("email"))
	if err := l.Check(err); err != nil {
		return prog, err
	}
	hash, err := access.HashPassword(ctx, r.FormValue("password"))
	if err := l.Check(err); err != nil {
		return prog, err
	}
	n, err := s.newProgram(r)
	if err := l.Check(err); err != nil {
		return prog, err
	}
	if err := l.Check(asProgramField(n.Check())); err != nil {
		return prog, err
	}
	if err := l.Err(); err != nil {
		return prog, err
	}
	actor := db.Actor{Kind: db.ActorVisitor, ID: "set-up", Address: serve.ClientOf(r).String()}
	err = s.DB.Write(ctx, actor, func(tx *db.Tx) error {
		if _, err := access.UseEntry(ctx, tx, r.FormValue("token")); err != nil {
			return setUpOver(err)
		}
		per, _, err := person.Ensure(ctx, tx, r.FormValue("name"), mail)
		if err != nil {
			return err
		}
		*owner = per.ID
		if err := access.PutPassword(ctx, tx, per.ID, hash, ""); err != nil {
			return err
		}
		if prog, err = program.Create(ctx, tx, n); err != nil {
			return err
		}
		for _, side := range []id.Program{prog.ID, prog.Twin} {
			if err := access.PutStaff(ctx, tx, side, per.ID, access.Owner); err != nil {
				return err
			}
		}
		return nil
	})
	return prog, err
}

// asProgramField marks the program's name, where the form's "name" is the
// owner's.
func asProgramField(err error) error {
	f, ok := fault.As(err)
	if !ok {
		return err
	}
	for _, e := range append([]*fault.Error{f}, f.Also...) {
		if e.About == "name" {
			e.Field("program")
		}
	}
	return err
}

// newProgram reads the form's half that is about the program.
func (s *Web) newProgram(r *http.Request) (program.New, error) {
	site := strings.TrimSuffix(strings.TrimSpace(r.FormValue("site_url")), "/")
	settings := program.DefaultSettings(strings.TrimSpace(r.FormValue("program")), site)
	settings.Zone = strings.TrimSpace(r.FormValue("zone"))
	settings.Mode = program.Mode(r.FormValue("mode"))
	n := program.New{
		Slug: r.FormValue("slug"), Currency: strings.ToUpper(strings.TrimSpace(r.FormValue("currency"))),
		LinkHost: r.FormValue("link_host"), Settings: settings,
	}
	if n.Slug == "" {
		n.Slug = string(link.SlugOf(settings.Name))
	}
	ppm, err := program.ParsePercent(r.FormValue("percent"))
	if err != nil {
		if f, ok := fault.As(err); ok {
			f.Field("percent")
		}
		return n, err
	}
	n.Rules = []program.Rule{{
		Trigger: program.TriggerPayment, Rate: program.Rate{PPM: ppm}, Duration: program.Duration{Kind: program.Lifetime},
	}}
	if u, err := url.Parse(site); err == nil && r.FormValue("link_host") == "" {
		n.LinkHost = "go." + u.Host
	}
	return n, nil
}
