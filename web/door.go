package web

import (
	"net/http"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/secret"
	"tributary.example/internal/serve"
	"tributary.example/internal/text"
	"tributary.example/notice"
	"tributary.example/person"
	"tributary.example/web/part"
	"tributary.example/web/public"
)

// showHome sends everybody to their work.
func (s *Web) showHome(w http.ResponseWriter, r *http.Request) error {
	p, err := s.who(r)
	if err != nil {
		return err
	}
	to, err := s.home(r, p.Person.ID)
	if err != nil {
		return err
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (s *Web) showSignIn(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.who(r); err == nil {
		http.Redirect(w, r, safeNext(r.FormValue("next")), http.StatusSeeOther)
		return nil
	}
	return s.signInPage(w, r, http.StatusOK, wrongs{})
}

func (s *Web) signInPage(w http.ResponseWriter, r *http.Request, status int, bad wrongs) error {
	return s.show(w, r, status, public.SignInView(public.SignInPage{
		Outer:    part.Outer{Title: "Sign in", Notices: bad.notices},
		Mail:     part.Field{Name: "email", Label: "E-mail", Type: "email", Auto: "username", Value: r.FormValue("email"), Error: bad.fields["email"]},
		Password: part.Field{Name: "password", Label: "Password", Type: "password", Auto: "current-password", Error: bad.fields["password"]},
		Next:     safeNext(r.FormValue("next")),
		Links:    true,
	}))
}

// signIn checks a password. Tries are limited per address, and per mailbox
// for who has many addresses; a link still lets its owner in.
func (s *Web) signIn(w http.ResponseWriter, r *http.Request) error {
	err := s.limit(s.signIns, r)
	if err == nil {
		err = s.turn(s.guesses, mailboxKey(r.FormValue("email")))
	}
	if err != nil {
		bad, _ := wrongsOf(err)
		return s.signInPage(w, r, http.StatusTooManyRequests, bad)
	}
	per, err := access.ByPassword(r.Context(), s.DB, r.FormValue("email"), r.FormValue("password"))
	if bad, ok := wrongsOf(err, "email", "password"); ok {
		return s.signInPage(w, r, http.StatusUnauthorized, bad)
	}
	if err != nil {
		return err
	}
	if err := s.startSession(w, r, per.ID); err != nil {
		return err
	}
	http.Redirect(w, r, safeNext(r.FormValue("next")), http.StatusSeeOther)
	return nil
}

func (s *Web) limit(l *serve.Limiter, r *http.Request) error {
	return s.turn(l, serve.LimitKey(serve.ClientOf(r)))
}

// turn takes a turn for a key, or says that there is none.
func (s *Web) turn(l *serve.Limiter, key string) error {
	ok, wait := l.Allow(key, s.DB.Now())
	if ok {
		return nil
	}
	return fault.New(fault.TooMany, "That was tried too often.").Hint("Try again in %s.", wait)
}

// mailboxKey is one key for all spellings of an address, and a short one for
// any length.
func mailboxKey(mail string) string { return secret.Hash(person.NormalEmail(mail)) }

// mailSignInLink mails a link to whoever has an account, and tells everybody
// the same.
func (s *Web) mailSignInLink(w http.ResponseWriter, r *http.Request) error {
	if err := s.limit(s.signIns, r); err != nil {
		bad, _ := wrongsOf(err)
		return s.signInPage(w, r, http.StatusTooManyRequests, bad)
	}
	mail, err := person.ParseEmail(r.FormValue("email"))
	if bad, ok := wrongsOf(err, "email"); ok {
		return s.signInPage(w, r, http.StatusUnprocessableEntity, bad)
	}
	if err != nil {
		return err
	}
	if ok, _ := s.letters.Allow(mailboxKey(mail), s.DB.Now()); ok {
		err = s.queueSignInLink(r, mail)
	}
	if err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, public.SentView(public.SentPage{
		Outer: part.Outer{Title: "Look into your mail"}, Mail: mail, Valid: text.English.Span(access.SignIn.Span()),
	}))
}

// queueSignInLink queues the letter. For who has no account it makes a link
// that nobody gets, so that the answer takes as long.
func (s *Web) queueSignInLink(r *http.Request, mail string) error {
	actor := db.Actor{Kind: db.ActorVisitor, Address: serve.ClientOf(r).String()}
	return s.DB.Write(r.Context(), actor, func(tx *db.Tx) error {
		per, known, err := person.LookupEmail(r.Context(), tx, mail)
		if err != nil {
			return err
		}
		token, err := access.MakeEntry(r.Context(), tx, access.Entry{Purpose: access.SignIn, Person: per.ID, Target: safeNext(r.FormValue("next"))})
		if err != nil || !known {
			return err
		}
		return notice.Queue(r.Context(), tx, s.Root, notice.Notice{
			Person: per.ID, Cause: secret.Hash(token), Facts: notice.SignIn{URL: s.URL + "/enter?token=" + token},
		})
	})
}

func (s *Web) signOut(w http.ResponseWriter, r *http.Request) error {
	p, err := s.who(r)
	if err == nil {
		err = s.DB.Write(r.Context(), p.actor(r), func(tx *db.Tx) error {
			return access.EndSession(r.Context(), tx, p.Person.ID, p.Session.ID)
		})
	}
	if err != nil && !fault.Is(err, fault.Unauthenticated) && !fault.Is(err, fault.NotFound) {
		return err
	}
	s.setSession(w, r, "", -1)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}

// showEnter shows what a one-time link is for. Only the button uses it up,
// because mail programs open links by themselves.
func (s *Web) showEnter(w http.ResponseWriter, r *http.Request) error {
	entry, err := s.entryOf(r)
	if err != nil {
		return err
	}
	return s.enterPage(w, r, http.StatusOK, entry, wrongs{})
}

// entryOf looks at the one-time link that the request brings. That of the
// first set-up lets nobody in here. Who has a password keeps it: a second
// program's invitation is a way in, and sets nothing.
func (s *Web) entryOf(r *http.Request) (access.Entry, error) {
	entry, err := access.LookEntry(r.Context(), s.DB, r.FormValue("token"))
	if err == nil && entry.Person == "" {
		err = fault.New(fault.Unauthenticated, "This link is for nobody.")
	}
	if err != nil {
		return entry, linkOver(err)
	}
	has, err := access.HasPassword(r.Context(), s.DB, entry.Person)
	if has && entry.Purpose == access.Invite {
		entry.Purpose = access.SignIn
	}
	return entry, err
}

// linkOver keeps an ended link from sending its reader to the sign-in page
// and back.
func linkOver(err error) error {
	if !fault.Is(err, fault.Unauthenticated) {
		return err
	}
	return fault.New(fault.NotFound, "This link was used already, or its time is over.").Hint("Ask for another one on the sign-in page.")
}

func (s *Web) enterPage(w http.ResponseWriter, r *http.Request, status int, entry access.Entry, bad wrongs) error {
	per, err := person.Get(r.Context(), s.DB, entry.Person)
	if err != nil {
		return err
	}
	page := public.EnterPage{
		Outer: part.Outer{Title: "Sign in", Notices: bad.notices}, Title: "Sign in as " + per.Email,
		Text: "One click and you are in.", Action: "/enter", Token: r.FormValue("token"), Words: "Sign in",
	}
	if entry.Purpose == access.Invite {
		page.Title, page.Text, page.Words = "Welcome, "+per.Name, "Choose a password, and your dashboard is ready.", "Go to my dashboard"
		page.Fields = []part.Field{passwordField(bad)}
	}
	return s.show(w, r, status, public.EnterView(page))
}

func passwordField(bad wrongs) part.Field {
	return part.Field{
		Name: "password", Label: "Password", Type: "password", Auto: "new-password",
		Help: "At least 10 characters. A few words are better than one with signs.", Error: bad.fields["password"],
	}
}

// enter uses a one-time link up and signs its person in; an invitation sets
// the password first.
func (s *Web) enter(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	entry, err := s.entryOf(r)
	if err != nil {
		return err
	}
	var hash access.Hash
	if entry.Purpose == access.Invite {
		hash, err = access.HashPassword(ctx, r.FormValue("password"))
		if bad, ok := wrongsOf(err, "password"); ok {
			return s.enterPage(w, r, http.StatusUnprocessableEntity, entry, bad)
		}
		if err != nil {
			return err
		}
	}
	actor := db.Actor{Kind: db.ActorPerson, ID: string(entry.Person), Address: serve.ClientOf(r).String()}
	err = s.DB.Write(ctx, actor, func(tx *db.Tx) error {
		if _, err := access.UseEntry(ctx, tx, r.FormValue("token")); err != nil || hash == "" {
			return err
		}
		return access.PutPassword(ctx, tx, entry.Person, hash, "")
	})
	if err != nil {
		return linkOver(err)
	}
	if err := s.startSession(w, r, entry.Person); err != nil {
		return err
	}
	http.Redirect(w, r, safeNext(entry.Target), http.StatusSeeOther)
	return nil
}

// showBrand is the style sheet of a program's own colour. The address names
// the colour, so it may be kept for good.
func (s *Web) showBrand(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("colour")
	colour, ok := part.ParseColour("#" + cut(name, 6))
	if !ok || name != cut(name, 6)+".css" {
		return fault.New(fault.NotFound, "This address leads nowhere.")
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, err := w.Write([]byte(part.BrandSheet(colour)))
	return err
}

// brandPath is the address of the style sheet of a colour; "" for the house's
// own.
func brandPath(accent string) string {
	if accent == "" {
		return ""
	}
	return "/brand/" + accent[1:] + ".css"
}
