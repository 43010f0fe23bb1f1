// Package api is the JSON API under /v1: what a merchant's own server calls.
//
// Nouns: API, Env, Problem, route; one file per resource.
//
// Invariants:
//  1. Every call but that for openapi.json carries a key, and the key's scopes
//     say which calls it may make; the table is each route's own line.
//  2. A call sees and changes the key's program and no other: another
//     program's ids are not found.
//  3. A write is one transaction under the caller's Idempotency-Key. What is
//     refused has written nothing, and says what is wrong and what to do.
//  4. openapi.json is made from the types that answer; a golden file shows
//     every change of it.
//
// It owns no tables and decides nothing about credit or money: it reads input
// into domain types, makes one call, and shows the result.
package api

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/secret"
	"tributary.example/internal/serve"
	"tributary.example/payout"
)

// Env is what the API needs from the process it runs in.
type Env struct {
	DB    *db.DB
	Flow  flow.Env
	Root  secret.Root
	Rails []payout.Rail // by which runs may be sent; the first is the default
	Log   *slog.Logger  // nil: the default one
}

// API holds the handlers.
type API struct {
	Env
	huma   huma.API
	limits limits
	now    func() time.Time // of the limits, which count real seconds
}

const version = "1"

// New is the handler of everything under /v1/. Around it belong the request's
// id and the client's address (package serve); without the first it makes its
// own.
func New(env Env) http.Handler {
	mux, a := build(env)
	mux.HandleFunc("GET /v1/openapi.json", serveDocument(a.huma.OpenAPI()))
	internal := func(w http.ResponseWriter, r *http.Request) { problemOf(r.Context(), errInternal).write(w) }
	return serve.Chain(mux, a.named, common, serve.Recover(a.Log, internal))
}

func build(env Env) (*http.ServeMux, API) {
	if env.Log == nil {
		env.Log = slog.Default()
	}
	mux := http.NewServeMux()
	a := API{Env: env, limits: newLimits(), now: time.Now}
	config := huma.DefaultConfig("Tributary", version)
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.CreateHooks = nil // it would add a $schema to every answer
	config.DocsPath, config.OpenAPIPath, config.SchemasPath = "", "", ""
	plain := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: readJSON}
	config.Formats = map[string]huma.Format{"application/json": plain, "json": plain}
	config.RejectUnknownQueryParameters = true
	describe(config.OpenAPI)
	a.huma = humago.New(mux, config)
	a.routes()
	mux.HandleFunc("OPTIONS /v1/coupons/quote", preflight)
	mux.HandleFunc("/v1/", notHere(mux))
	return mux, a
}

// routes is every call there is, in the order of the documentation.
func (a API) routes() {
	a.referralRoutes()
	a.paymentRoutes()
	a.customerRoutes()
	a.couponRoutes()
	a.linkRoutes()
	a.affiliateRoutes()
	a.commissionRoutes()
	a.payoutRoutes()
	a.programRoutes()
}

// named gives the request an id when nobody around has.
func (a API) named(next http.Handler) http.Handler {
	own := serve.RequestID(a.DB.Now)(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if serve.RequestOf(r.Context()) == "" {
			own.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// common sets what every answer says: it is for this caller and this moment.
func common(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.URL.Path == quotePath {
			allowPages(w)
		}
		next.ServeHTTP(w, r)
	})
}

const quotePath = "/v1/coupons/quote"

// allowPages lets scripts of any page call: a publishable key is all they
// have, and no cookie is ever looked at.
func allowPages(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
}

func preflight(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Methods", "POST")
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	w.Header().Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

var errNoKey = fault.New(fault.Unauthenticated, "The request carries no key.").
	Hint("Send a key of this program as: Authorization: Bearer trb_sk_…")
