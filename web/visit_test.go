package web_test

import (
	"bytes"
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"tributary.example/access"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/payout/csv"
	"tributary.example/person"
	"tributary.example/program"
	"tributary.example/web"
)

// house is the dashboards over a database of their own, with one program.
type house struct {
	*dbtest.DB
	t       *testing.T
	handler http.Handler
	env     web.Env
	prog    program.Program
	errors  *bytes.Buffer // the log, from errors on
	inside  map[*guest]id.Person
}

// newHouse opens the dashboards; settings may be changed before the program is
// made.
func newHouse(t *testing.T, change ...func(*program.Settings)) *house {
	t.Helper()
	return houseOver(t, dbtest.OpenSQLite(t), change...)
}

// houseOver opens the dashboards over a database.
func houseOver(t *testing.T, d *dbtest.DB, change ...func(*program.Settings)) *house {
	t.Helper()
	root, err := secret.NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{DB: d, t: t, errors: &bytes.Buffer{}, inside: map[*guest]id.Person{}}
	h.env = web.Env{
		DB: d.DB, Clicks: d.Clicks, Root: root, Flow: flow.Env{Root: root}, Rail: csv.Rail{}, URL: "http://dash.localhost",
		Log: slog.New(slog.NewTextHandler(h.errors, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	h.handler = web.New(h.env)
	h.prog = h.program("shop", change...)
	t.Cleanup(func() {
		if h.errors.Len() > 0 {
			t.Errorf("pages failed:\n%s", h.errors)
		}
	})
	return h
}

// program makes a program with two plans that earns 20 % for life.
func (h *house) program(slug string, change ...func(*program.Settings)) (prog program.Program) {
	h.t.Helper()
	settings := program.DefaultSettings("The "+slug, "https://www."+slug+".example")
	settings.SuggestPPM, settings.SuggestPlans = 100_000, []string{"starter"}
	for _, c := range change {
		c(&settings)
	}
	h.Write(h.t, func(tx *db.Tx) (err error) {
		prog, err = program.Create(context.Background(), tx, program.New{
			Slug: slug, Currency: "EUR", LinkHost: "go." + slug + ".example", Settings: settings,
			Plans: []program.NewPlan{
				{Code: "starter", Name: "Starter", Currency: "EUR", PriceMinor: 1900, Period: program.Monthly},
				{Code: "pro", Name: "Pro", Currency: "EUR", PriceMinor: 4900, Period: program.Monthly},
			},
			Rules: []program.Rule{{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 200_000}, Duration: program.Duration{Kind: program.Lifetime}}},
		})
		return err
	})
	return prog
}

// guest is a browser: it keeps cookies and does not follow redirects.
type guest struct {
	*house
	cookies map[string]string
}

func (h *house) guest() *guest { return &guest{h, map[string]string{}} }

// signedIn is a guest with a session of a person.
func (h *house) signedIn(per id.Person) *guest {
	h.t.Helper()
	g := h.guest()
	h.inside[g] = per
	h.comeIn(g)
	return g
}

func (h *house) comeIn(g *guest) {
	h.t.Helper()
	h.Write(h.t, func(tx *db.Tx) error {
		_, token, err := access.StartSession(context.Background(), tx, h.inside[g], access.Device{Address: "192.0.2.1"})
		g.cookies[access.PlainSessionCookie] = token
		return err
	})
}

// later moves the clock; whoever was signed in is so afterwards, too.
func (h *house) later(by time.Duration) {
	h.t.Helper()
	h.Clock.Advance(by)
	for g := range h.inside {
		h.comeIn(g)
	}
}

func (h *house) person(name, mail string) (per person.Person) {
	h.t.Helper()
	h.Write(h.t, func(tx *db.Tx) (err error) {
		per, _, err = person.Ensure(context.Background(), tx, name, mail)
		return err
	})
	return per
}

// answer is what a guest got.
type answer struct {
	t      *testing.T
	Status int
	To     string // where a redirect leads
	Body   string
}

func (g *guest) get(path string) answer { return g.do(http.MethodGet, path, nil) }

// post sends a form of name and value pairs.
func (g *guest) post(path string, pairs ...string) answer {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return g.do(http.MethodPost, path, form)
}

func (g *guest) do(method, path string, form url.Values) answer {
	g.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range g.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		g.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(g.cookies, c.Name)
		}
	}
	return answer{g.t, w.Code, w.Header().Get("Location"), w.Body.String()}
}

// is checks the status, and that a page of ours is a sound document.
func (a answer) is(status int) answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Errorf("status %d, want %d; leads to %q\n%s", a.Status, status, a.To, a.words())
	}
	if strings.HasPrefix(a.Body, "<!DOCTYPE html>") || strings.HasPrefix(a.Body, "<!doctype html>") {
		for _, fault := range judge([]byte(a.Body)) {
			a.t.Error(fault)
		}
	}
	return a
}

// leads checks that it is a redirect after a form, to an address.
func (a answer) leads(to string) answer {
	a.t.Helper()
	a.is(http.StatusSeeOther)
	if a.To != to {
		a.t.Errorf("leads to %q, want %q", a.To, to)
	}
	return a
}

// has checks that a reader finds each text on the page.
func (a answer) has(texts ...string) answer {
	a.t.Helper()
	for _, want := range texts {
		if !strings.Contains(a.words(), want) && !strings.Contains(html.UnescapeString(a.Body), want) {
			a.t.Errorf("%q is missing in:\n%s", want, a.words())
		}
	}
	return a
}

// lacks checks that none of the texts is anywhere in the page.
func (a answer) lacks(texts ...string) answer {
	a.t.Helper()
	for _, not := range texts {
		if strings.Contains(html.UnescapeString(a.Body), not) {
			a.t.Errorf("%q is on the page:\n%s", not, a.words())
		}
	}
	return a
}

var (
	tags   = regexp.MustCompile(`(?s)<head>.*?</head>|<[^>]*>`)
	spaces = regexp.MustCompile(`\s+`)
)

// words is what a reader reads.
func (a answer) words() string {
	return spaces.ReplaceAllString(html.UnescapeString(tags.ReplaceAllString(a.Body, " ")), " ")
}

// crossSite posts as a form on another site does.
func (g *guest) crossSite(path string) answer {
	g.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	for name, value := range g.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	return answer{g.t, w.Code, w.Header().Get("Location"), w.Body.String()}
}

var (
	hrefs   = regexp.MustCompile(`<a[^>]* href="([^"]*)"`)
	actions = regexp.MustCompile(`<form[^>]* method="post"[^>]* action="([^"]*)"|<form[^>]* action="([^"]*)"[^>]* method="post"`)
)

// walk follows every link of ours from a page on, and sends every form empty:
// it may be refused, but somebody must answer. Who signs out comes in again.
func (g *guest) walk(path string, here, seen, forms map[string]bool) {
	g.t.Helper()
	if here[path] {
		return
	}
	here[path], seen[path] = true, true
	a := g.get(path)
	if a.Status == http.StatusSeeOther {
		g.walk(a.To, here, seen, forms)
		return
	}
	a.is(http.StatusOK)
	for _, m := range actions.FindAllStringSubmatch(a.Body, -1) {
		to := html.UnescapeString(m[1] + m[2])
		if forms[to] {
			continue
		}
		forms[to] = true
		if got := g.post(to).Status; got == http.StatusNotFound || got == http.StatusMethodNotAllowed || got >= 500 {
			g.t.Errorf("the form to %s on %s got %d", to, path, got)
		}
		g.comeIn(g)
	}
	for _, m := range hrefs.FindAllStringSubmatch(a.Body, -1) {
		if to := html.UnescapeString(m[1]); strings.HasPrefix(to, "/") {
			g.walk(to, here, seen, forms)
		}
	}
}
