// Package merchant is Fernwood, a small shop that sells plant care by the month, and the example of
// how any shop works with Tributary.
//
// Start reading in tributary.go: it holds all that a shop needs, three calls and the cookie. Its nouns
// are the plan, the account (a customer of the shop), the payment with its refunds, and the call (what
// Tributary is told, written down before it is sent).
//
//  1. It is an ordinary client: it knows the public API, the two keys, the cookie and t.js, and
//     imports no room of the server.
//  2. A call is kept until it is answered, and repeated with the same ids and the same body.
//  3. A customer never waits for, or fails because of, Tributary: only a price that depends on a code
//     waits until the code has been redeemed.
//  4. The tracking cookie is cleared only after the sign-up has been accepted.
//
// It owns no table: accounts live in memory and end with the process.
package merchant

import (
	"embed"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config is what the shop needs to know. All addresses are without a slash at the end.
type Config struct {
	API            string           // where Tributary's API is, for the shop's server and for its customers' browsers
	Edge           string           // the host of the tracking links, which serves t.js
	SecretKey      string           // trb_sk_…: for the server only
	PublishableKey string           // trb_pk_…: may only quote codes; browsers see it
	Program        string           // the program's slug, which names the cookie
	Site           string           // where customers reach the shop
	Now            func() time.Time // nil is the clock of the machine
}

//go:embed static
var static embed.FS

// shop is the running site.
type shop struct {
	Config
	accounts  *accounts
	tributary tributary
}

// New makes the shop. It keeps its accounts in memory, so that each New is a new, empty shop.
func New(c Config) http.Handler {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.API, c.Edge = strings.TrimSuffix(c.API, "/"), strings.TrimSuffix(c.Edge, "/")
	s := &shop{Config: c, accounts: newAccounts(), tributary: newTributary(c)}
	files, _ := fs.Sub(static, "static") // the folder is embedded, so it is there

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showLanding)
	mux.HandleFunc("GET /pricing", s.showPricing)
	mux.HandleFunc("GET /signup", s.showSignup)
	mux.HandleFunc("POST /quote", s.quoteCoupon)
	mux.HandleFunc("POST /signup", s.signUp)
	mux.HandleFunc("GET /account", s.showAccount)
	mux.HandleFunc("POST /pay", s.withAccount(s.pay))
	mux.HandleFunc("POST /refund", s.withAccount(s.refund))
	mux.HandleFunc("POST /inactive", s.withAccount(s.leave))
	mux.HandleFunc("POST /return", s.withAccount(s.comeBack))
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(files)))
	mux.HandleFunc("/", s.showMissing)
	return s.guard(http.NewCrossOriginProtection().Handler(mux))
}

// maxForm is how many bytes a form may have.
const maxForm = 64 << 10

// guard sets what every answer carries: pages are never cached, since a cached page would carry
// somebody else's referral, and scripts come from the shop and from the links' host only.
func (s *shop) guard(next http.Handler) http.Handler {
	policy := "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; " +
		"script-src 'self' " + origin(s.Edge) + "; connect-src 'self' " + origin(s.API) + " " + origin(s.Edge)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Cache-Control", "no-store")
		if strings.HasPrefix(r.URL.Path, "/static/") {
			h.Set("Cache-Control", "public, max-age=300")
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next.ServeHTTP(w, r)
	})
}

// origin is the scheme and host of an address.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
