package web

import (
	"net/http"
	"net/url"
	"strings"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/serve"
	"tributary.example/internal/text"
	"tributary.example/person"
	"tributary.example/program"
)

// reader is somebody signed in.
type reader struct {
	Person  person.Person
	Session access.Session
}

// actor is the reader as who acts in a transaction.
func (p reader) actor(r *http.Request) db.Actor {
	return db.Actor{Kind: db.ActorPerson, ID: string(p.Person.ID), Address: serve.ClientOf(r).String()}
}

// staff is a reader at a place in a program's staff.
type staff struct {
	reader
	Program program.Program
	Role    access.Role
}

// member is a reader as an affiliate of a program.
type member struct {
	reader
	Program   program.Program
	Affiliate affiliate.Affiliate
}

// locale is how texts are shown in a program: its time zone.
func locale(p program.Program) text.Locale { return text.English.In(p.Location()) }

func signInPath(next string) string { return "/sign-in?next=" + url.QueryEscape(next) }

// safeNext is a path of this host to go to after signing in; anything else is
// the start.
func safeNext(next string) string {
	if access.OwnPath(next) {
		return next
	}
	return "/"
}

// secure reports whether the browser speaks https. The public address says so
// even when the proxy in front is not trusted to.
func (s *Web) secure(r *http.Request) bool {
	return serve.SecureOf(r) || strings.HasPrefix(s.URL, "https://")
}

func (s *Web) cookieName(r *http.Request) string {
	if s.secure(r) {
		return access.SessionCookie
	}
	return access.PlainSessionCookie
}

// who finds the reader of a request. Kinds: Unauthenticated.
func (s *Web) who(r *http.Request) (reader, error) {
	cookie, err := r.Cookie(s.cookieName(r))
	if err != nil {
		return reader{}, fault.New(fault.Unauthenticated, "You are not signed in.").Hint("Sign in and come back to this page.")
	}
	session, err := access.SessionOf(r.Context(), s.DB, cookie.Value)
	if err != nil {
		return reader{}, err
	}
	per, err := person.Get(r.Context(), s.DB, session.Person)
	return reader{Person: per, Session: session}, err
}

// asStaff finds the reader's place in the staff of the program that the path
// names, and checks that it allows something. Kinds: Unauthenticated,
// NotFound (also when the reader has no place there), Forbidden.
func (s *Web) asStaff(r *http.Request, need access.Permission) (staff, error) {
	p, err := s.who(r)
	if err != nil {
		return staff{}, err
	}
	prog, err := program.BySlug(r.Context(), s.DB, r.PathValue("program"))
	if err != nil {
		return staff{}, err
	}
	role, ok, err := access.RoleOf(r.Context(), s.DB, prog.ID, p.Person.ID)
	if err != nil {
		return staff{}, err
	}
	if !ok {
		return staff{}, fault.New(fault.NotFound, "There is no program %s.", prog.Slug)
	}
	if !access.Can(role, need) {
		return staff{}, fault.New(fault.Forbidden, "Your role in %s, %s, does not include this.", prog.Name, string(role)).
			Hint("Ask an owner of the program.")
	}
	return staff{reader: p, Program: prog, Role: role}, nil
}

// asMember finds the reader's enrolment in the program that the path names.
// Kinds: Unauthenticated, NotFound.
func (s *Web) asMember(r *http.Request) (member, error) {
	p, err := s.who(r)
	if err != nil {
		return member{}, err
	}
	prog, err := program.BySlug(r.Context(), s.DB, r.PathValue("program"))
	if err != nil {
		return member{}, err
	}
	aff, ok, err := affiliate.OfPerson(r.Context(), s.DB, prog.ID, p.Person.ID)
	if err != nil {
		return member{}, err
	}
	if !ok {
		return member{}, fault.New(fault.NotFound, "There is no program %s.", prog.Slug)
	}
	return member{reader: p, Program: prog, Affiliate: aff}, nil
}

// startSession signs a person in on this device.
func (s *Web) startSession(w http.ResponseWriter, r *http.Request, per id.Person) error {
	device := access.Device{Address: serve.ClientOf(r).String(), Agent: cut(r.UserAgent(), maxAgent)}
	actor := db.Actor{Kind: db.ActorPerson, ID: string(per), Address: device.Address}
	var token string
	err := s.DB.Write(r.Context(), actor, func(tx *db.Tx) (err error) {
		_, token, err = access.StartSession(r.Context(), tx, per, device)
		return err
	})
	if err != nil {
		return err
	}
	s.setSession(w, r, token, int(access.SessionLongest.Seconds()))
	return nil
}

const maxAgent = 300

func cut(s string, n int) string { return s[:min(n, len(s))] }

func (s *Web) setSession(w http.ResponseWriter, r *http.Request, token string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(r), Value: token, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
	})
}

// home is where a reader's work is: a program as staff, else as an affiliate.
// Live sides come before test sides.
func (s *Web) home(r *http.Request, per id.Person) (string, error) {
	places, err := access.ProgramsOf(r.Context(), s.DB, per)
	if err != nil {
		return "", err
	}
	var programs []id.Program
	for _, p := range places {
		programs = append(programs, p.Program)
	}
	if slug, err := s.firstSlug(r, programs); err != nil || slug != "" {
		return "/p/" + slug, err
	}
	if programs, err = affiliate.ProgramsOf(r.Context(), s.DB, per); err != nil {
		return "", err
	}
	slug, err := s.firstSlug(r, programs)
	if err == nil && slug == "" {
		err = fault.New(fault.NotFound, "Your account belongs to no program.").Hint("Ask the program for an invitation.")
	}
	return "/a/" + slug, err
}

func (s *Web) firstSlug(r *http.Request, programs []id.Program) (string, error) {
	slug := ""
	for _, one := range programs {
		p, err := program.Get(r.Context(), s.DB, one)
		if err != nil {
			return "", err
		}
		if p.Side == program.Live {
			return p.Slug, nil
		}
		slug = p.Slug
	}
	return slug, nil
}
