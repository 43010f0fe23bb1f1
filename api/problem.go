package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tributary.example/internal/fault"
	"tributary.example/internal/once"
	"tributary.example/internal/serve"
	"tributary.example/internal/text"
)

// Problem is the answer to a request that is refused (RFC 9457).
type Problem struct {
	Type      string         `json:"type" doc:"Always about:blank: the title says which kind of problem it is." example:"about:blank"`
	Title     string         `json:"title" doc:"The kind of problem in words." example:"Invalid"`
	Status    int            `json:"status" doc:"The HTTP status." example:"422"`
	Detail    string         `json:"detail" doc:"What is wrong, as a sentence for people." example:"This program has no plan premium."`
	Hint      string         `json:"hint,omitempty" doc:"What to do about it." example:"Its plans are: starter, pro."`
	Field     string         `json:"field,omitempty" doc:"The input's field that it is about." example:"plan"`
	Errors    []FieldProblem `json:"errors,omitempty" doc:"Every fault of the input, when there are several."`
	RequestID string         `json:"request_id,omitempty" doc:"Tell it to the operator, who finds everything under it." example:"req_01kk000000000000000000000"`

	headers http.Header
}

// FieldProblem is one of several faults of an input.
type FieldProblem struct {
	Field  string `json:"field,omitempty" doc:"The field, as a path such as lines[0].amount."`
	Detail string `json:"detail" doc:"What is wrong with it."`
	Hint   string `json:"hint,omitempty" doc:"What to do about it."`
}

const problemType = "application/problem+json"

// Error is the sentence.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are headers that go with the answer, such as Retry-After.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType is that of problems.
func (p *Problem) ContentType(string) string { return problemType }

// shown says how each kind of fault is answered.
var shown = map[fault.Kind]struct {
	status int
	title  string
}{
	fault.Invalid:         {http.StatusUnprocessableEntity, "Invalid"},
	fault.Unauthenticated: {http.StatusUnauthorized, "Unauthenticated"},
	fault.Forbidden:       {http.StatusForbidden, "Forbidden"},
	fault.NotFound:        {http.StatusNotFound, "Not found"},
	fault.Conflict:        {http.StatusConflict, "Conflict"},
	fault.TooMany:         {http.StatusTooManyRequests, "Too many requests"},
	fault.Unavailable:     {http.StatusServiceUnavailable, "Unavailable"},
	fault.Internal:        {http.StatusInternalServerError, "Internal error"},
}

var errInternal = fault.New(fault.Internal, "Something went wrong on our side.").
	Hint("Try again; if it stays, tell the operator the request id.")

// refusal is the one place where an error becomes an answer. What is no fault
// is logged, and the caller sees the request id only.
func (a API) refusal(ctx context.Context, err error) *Problem {
	var done *Problem
	if errors.As(err, &done) {
		return done
	}
	f, ok := fault.As(err)
	if !ok || f.Kind == fault.Internal {
		if ctx.Err() == nil {
			a.Log.ErrorContext(ctx, "request failed", "request", serve.RequestOf(ctx), "error", err)
		}
		f = errInternal
	}
	p := problemOf(ctx, f)
	if errors.Is(err, once.ErrWaiting) {
		p.retryAfter(once.RetryAfter)
	}
	return p
}

func problemOf(ctx context.Context, f *fault.Error) *Problem {
	as := shown[f.Kind]
	p := &Problem{
		Type: "about:blank", Title: as.title, Status: as.status, Detail: f.Sentence.String(), Hint: sentence(f.Advice),
		Field: f.About, RequestID: string(serve.RequestOf(ctx)),
	}
	if len(f.Also) == 0 {
		return p
	}
	for _, each := range append([]*fault.Error{f}, f.Also...) {
		p.Errors = append(p.Errors, FieldProblem{each.About, each.Sentence.String(), sentence(each.Advice)})
	}
	return p
}

// withStatus answers with a more telling status than the kind's own.
func (p *Problem) withStatus(status int, title string) *Problem {
	p.Status, p.Title = status, title
	return p
}

func (p *Problem) retryAfter(wait time.Duration) {
	if p.headers == nil {
		p.headers = http.Header{}
	}
	seconds := int64((wait + time.Second - 1) / time.Second)
	p.headers.Set("Retry-After", strconv.FormatInt(max(seconds, 1), 10))
}

// write answers outside of a handler: at the door, for unknown paths, after a
// panic.
func (p *Problem) write(w http.ResponseWriter) {
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="tributary"`)
	}
	w.WriteHeader(p.Status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(p) // the visitor is gone: nobody is left to tell
}

func sentence(s text.Sentence) string {
	if s.IsZero() {
		return ""
	}
	return s.String()
}

// notHere answers a path or method that there is not.
func notHere(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); strings.HasPrefix(pattern, method+" ") {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			problemOf(r.Context(), fault.New(fault.NotFound, "There is no %s in this API.", r.URL.Path).
				Hint("The paths are in /v1/openapi.json.")).write(w)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		problemOf(r.Context(), fault.New(fault.Invalid, "%s does not take %s.", r.URL.Path, r.Method).
			Hint("It takes %s.", strings.Join(allowed, ", "))).
			withStatus(http.StatusMethodNotAllowed, "Method not allowed").write(w)
	}
}
