// Package web is the dashboards: what merchants, affiliates and visitors see
// in a browser.
//
// Nouns: Env, Web, staff, member.
//
// Invariants:
//  1. A handler goes in this order: who, input, one call, render or redirect.
//  2. Every page works without JavaScript, and every form tells its mistakes
//     beside its fields, with what was typed kept.
//  3. A program is found by its slug and the reader's place in it; who has
//     none is told that there is nothing.
//  4. Texts are made here, by internal/text, in the reader's language and the
//     program's time zone; pages only show them.
//
// It owns no tables and contains no SQL.
package web

import (
	"log/slog"
	"net/http"
	"time"

	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/secret"
	"tributary.example/internal/serve"
	"tributary.example/payout"
	"tributary.example/web/static"
)

// Env is what the dashboards work with.
type Env struct {
	DB       *db.DB
	Clicks   *db.DB // the click store; the same as DB on PostgreSQL
	Root     secret.Root
	Flow     flow.Env
	Rail     payout.Rail // writes the file of a payout run
	Log      *slog.Logger
	URL      string // public address, without a slash at the end
	EdgePort string // ":8081", or "" for the usual ports; proposed for new link hosts

	MailFolder string // where mail is kept while no mail server is set, or ""
}

// Web is the dashboards.
type Web struct {
	Env
	signIns *serve.Limiter // per address
	joins   *serve.Limiter // per address
	guesses *serve.Limiter // of a password, per mailbox
	letters *serve.Limiter // with a sign-in link, per mailbox
}

// contentPolicy allows what we serve ourselves and nothing else; neither
// scripts nor styles in pages.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const (
	signInBurst = 10
	signInEvery = 6 * time.Second
	joinBurst   = 5
	joinEvery   = time.Minute
	guessBurst  = 20
	guessEvery  = time.Minute
	letterBurst = 5
	letterEvery = 5 * time.Minute
)

// New makes the dashboards' handler.
func New(env Env) http.Handler {
	s := &Web{
		Env:     env,
		signIns: serve.NewLimiter(signInBurst, signInEvery),
		joins:   serve.NewLimiter(joinBurst, joinEvery),
		guesses: serve.NewLimiter(guessBurst, guessEvery),
		letters: serve.NewLimiter(letterBurst, letterEvery),
	}
	mux := http.NewServeMux()
	for pattern, handle := range s.routes() {
		mux.Handle(pattern, s.page(handle))
	}
	mux.Handle("GET "+static.Prefix, static.Handler())
	mux.Handle("/", s.page(s.showNothing))
	return serve.Chain(mux, serve.Headers(contentPolicy), http.NewCrossOriginProtection().Handler)
}

// handler answers a request, or says why not.
type handler func(w http.ResponseWriter, r *http.Request) error

// page shows the handler's error: the one place where dashboards do.
func (s *Web) page(handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		w.Header().Set("Cache-Control", "no-store")
		err := legible(r)
		if err == nil {
			err = handle(w, r)
		}
		if err != nil {
			s.showError(w, r, err)
		}
	})
}

// maxForm is how many bytes a form may have: a payout run's approval carries
// the sum of each affiliate that was seen.
const maxForm = 1 << 20

// routes is every page and form that people who are not signed in may use;
// the staff's and the affiliates' are in their own lists.
func (s *Web) routes() map[string]handler {
	all := map[string]handler{
		"GET /{$}":             s.showHome,
		"GET /sign-in":         s.showSignIn,
		"POST /sign-in":        s.signIn,
		"POST /sign-in/link":   s.mailSignInLink,
		"POST /sign-out":       s.signOut,
		"GET /enter":           s.showEnter,
		"POST /enter":          s.enter,
		"GET /set-up":          s.showSetUp,
		"POST /set-up":         s.setUp,
		"GET /join/{program}":  s.showJoin,
		"POST /join/{program}": s.join,
		"GET /brand/{colour}":  s.showBrand,
	}
	for pattern, handle := range s.merchantRoutes() {
		all[pattern] = handle
	}
	for pattern, handle := range s.affiliateRoutes() {
		all[pattern] = handle
	}
	return all
}
