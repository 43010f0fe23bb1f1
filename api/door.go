package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/once"
	"tributary.example/internal/serve"
	"tributary.example/program"
)

// maxBody is the largest body that is read, in bytes.
const maxBody = 256 << 10

// caller is who came through the door, with the request as it came.
type caller struct {
	key     access.Key
	prog    program.Program
	actor   db.Actor
	request once.Request
}

type callerKey struct{}

// callerOf is the caller of a handler; every handler has one.
func callerOf(ctx context.Context) caller {
	c, ok := ctx.Value(callerKey{}).(caller)
	if !ok {
		panic("api: a handler without a door")
	}
	return c
}

// door lets a request in that carries a key with the route's scope, is not too
// frequent and not too large.
func (a API) door(r route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		req, w := humago.Unwrap(ctx)
		c, err := a.admit(req, r)
		if err == nil {
			c.request.Body, err = a.readBody(w, req)
		}
		if err != nil {
			a.refusal(ctx.Context(), err).write(w)
			return
		}
		next(huma.WithValue(ctx, callerKey{}, c))
	}
}

func (a API) admit(req *http.Request, r route) (caller, error) {
	address := serve.ClientOf(req)
	scheme, text, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || text == "" {
		return caller{}, errNoKey
	}
	key, err := access.Authenticate(req.Context(), a.DB, strings.TrimSpace(text))
	if fault.Is(err, fault.Unauthenticated) {
		if ok, wait := a.limits.unknown.Allow(serve.LimitKey(address), a.now()); !ok {
			return caller{}, tooMany(req.Context(), wait)
		}
	}
	if err != nil {
		return caller{}, err
	}
	if !key.Can(r.scope) {
		return caller{}, forbidden(key, r)
	}
	if ok, wait := a.limits.call(key, address, a.now()); !ok {
		return caller{}, tooMany(req.Context(), wait)
	}
	prog, err := program.Get(req.Context(), a.DB, key.Program)
	if err != nil {
		return caller{}, err
	}
	return caller{
		key: key, prog: prog, actor: key.Actor(address.String()),
		request: once.Request{Program: prog.ID, Caller: string(key.ID), Key: req.Header.Get("Idempotency-Key")},
	}, nil
}

func forbidden(key access.Key, r route) error {
	if key.Kind == access.Publishable {
		return fault.New(fault.Forbidden, "A publishable key may only quote coupons.").
			Hint("Make this call from your server, with a secret key.")
	}
	return fault.New(fault.Forbidden, "This key may not do that: it lacks the scope %s.", string(r.scope)).
		Hint("Use a key with that scope, or make one in the dashboard.")
}

// readBody reads the whole body once, for the handler and for telling two
// requests apart.
func (a API) readBody(w http.ResponseWriter, req *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		f := fault.New(fault.Invalid, "The body is larger than %s bytes.", maxBody).Hint("Send fewer things at once.")
		return nil, problemOf(req.Context(), f).withStatus(http.StatusRequestEntityTooLarge, "Too large")
	}
	if err != nil {
		f := fault.New(fault.Invalid, "The body ended too early.").Hint("Send it again, whole.")
		return nil, problemOf(req.Context(), f).withStatus(http.StatusBadRequest, "Bad request")
	}
	if holdsNUL(body) {
		return nil, fault.New(fault.Invalid, "A text holds the character U+0000, which cannot be stored.").Hint("Leave it out.")
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	request := append([]byte(req.Method+" "+req.URL.RequestURI()+"\n"), body...)
	return request, nil
}

// holdsNUL finds the escape of U+0000 in JSON: an odd number of backslashes
// before u0000. Bare it is not JSON at all.
func holdsNUL(body []byte) bool {
	const escape = `u0000`
	for from := 0; ; {
		i := bytes.Index(body[from:], []byte(escape))
		if i < 0 {
			return false
		}
		before := body[:from+i]
		slashes := len(before) - len(bytes.TrimRight(before, `\`))
		if slashes%2 == 1 {
			return true
		}
		from += i + len(escape)
	}
}
