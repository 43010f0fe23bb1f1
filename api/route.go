package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"tributary.example/access"
)

// route is one call: where it is, which scope it needs, and what it says in
// the documentation.
type route struct {
	method, path string
	name         string // the operation's id
	scope        access.Scope
	tag, summary string
	about        string
	status       int  // of success; 0 is 200
	again        bool // success is 200 when it is no news
}

func get(path string) route   { return route{method: http.MethodGet, path: path} }
func post(path string) route  { return route{method: http.MethodPost, path: path} }
func put(path string) route   { return route{method: http.MethodPut, path: path} }
func patch(path string) route { return route{method: http.MethodPatch, path: path} }

func (r route) as(name string, scope access.Scope, tag, summary string) route {
	r.name, r.scope, r.tag, r.summary = name, scope, tag, summary
	return r
}

func (r route) saying(about string) route { r.about = about; return r }

func (r route) creates() route { r.status = http.StatusCreated; return r }

// repeats is for what the caller's own id makes once: 201 the first time, 200
// afterwards.
func (r route) repeats() route { r.again = true; return r }

// handle opens a route: its door, then its handler, whose errors become
// problems.
func handle[I, O any](a API, r route, handler func(context.Context, *I) (*O, error)) {
	security := []map[string][]string{{"secretKey": {}}}
	if r.scope == access.Quote {
		security = append(security, map[string][]string{"publishableKey": {}})
	}
	huma.Register(a.huma, huma.Operation{
		OperationID: r.name, Method: r.method, Path: r.path, Tags: []string{r.tag}, Summary: r.summary,
		Description: r.about, DefaultStatus: r.status, Security: security,
		MaxBodyBytes: -1, // the door has read it
		Middlewares:  huma.Middlewares{a.door(r)},
		Errors:       nil, // one default: a Problem
	}, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, a.refusal(ctx, err)
		}
		return out, nil
	})
	a.finish(r)
}

// finish adds to the documentation what the library does not.
func (a API) finish(r route) {
	item := a.huma.OpenAPI().Paths[r.path]
	op := map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch,
	}[r.method]
	refused := *op.Responses["default"]
	refused.Description = "The request is refused and nothing was written; the problem says why and what to do."
	op.Responses["4XX"] = &refused
	op.Responses["default"].Description = "Something went wrong on our side; nothing was written."
	if r.again {
		same := *op.Responses["201"]
		same.Description = "It was reported before; nothing changed."
		op.Responses["200"] = &same
	}
}
