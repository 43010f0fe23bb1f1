package serve

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"tributary.example/internal/id"
)

// Middleware wraps a handler.
type Middleware func(http.Handler) http.Handler

// Chain puts middlewares around a handler, the first outermost.
func Chain(h http.Handler, around ...Middleware) http.Handler {
	for i := len(around) - 1; i >= 0; i-- {
		h = around[i](h)
	}
	return h
}

type requestKey struct{}

// RequestID gives each request an id of its own, shown in the answer's
// X-Request-Id, so that a visitor can quote what the operator can find.
func RequestID(clock func() time.Time) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			req := id.New[id.Request](clock())
			w.Header().Set("X-Request-Id", string(req))
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, req)))
		})
	}
}

// RequestOf is the request's id, or "" outside of RequestID.
func RequestOf(ctx context.Context) id.Request {
	req, _ := ctx.Value(requestKey{}).(id.Request)
	return req
}

// Recover turns a panic into a log entry and, when nothing was written yet,
// the answer that internal writes; nil is a bare 500.
func Recover(log *slog.Logger, internal http.HandlerFunc) Middleware {
	if internal == nil {
		internal = func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		}
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := &recorder{ResponseWriter: w}
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				if v == http.ErrAbortHandler {
					panic(v)
				}
				log.ErrorContext(r.Context(), "handler panicked", "request", RequestOf(r.Context()),
					"method", r.Method, "path", loggedPath(r.URL.Path), "panic", v, "stack", string(debug.Stack()))
				if rec.status != 0 {
					panic(http.ErrAbortHandler) // the visitor must not take half an answer for a whole
				}
				internal(w, r)
			}()
			next.ServeHTTP(rec, r)
		})
	}
}

// AccessLog writes one line per request. Of the path it writes no query: that
// may hold tokens.
func AccessLog(log *slog.Logger, clock func() time.Time) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := clock()
			rec := &recorder{ResponseWriter: w}
			defer func() {
				if rec.status == 0 {
					rec.status = http.StatusOK
				}
				log.InfoContext(r.Context(), "request", "request", RequestOf(r.Context()), "method", r.Method,
					"host", r.Host, "path", loggedPath(r.URL.Path), "status", rec.status, "bytes", rec.bytes, "took", clock().Sub(start))
			}()
			next.ServeHTTP(rec, r)
		})
	}
}

// longToken is the least length of a path segment that is taken for a secret:
// entry links carry a random token of 43 characters there.
const longToken = 40

// loggedPath hides segments that may be one-time secrets, and those that may
// be e-mail addresses: some merchants' own ids of customers are.
func loggedPath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		switch {
		case strings.Contains(s, "@"):
			segments[i] = "…@…"
		case len(s) >= longToken:
			segments[i] = strings.ToValidUTF8(s[:4], "") + "…"
		}
	}
	return strings.Join(segments, "/")
}

// Headers sets what every page should say: no sniffing, no framing, no
// referrer beyond the origin, and the given content policy. Over https it adds
// strict transport security. A handler may overwrite them.
func Headers(contentPolicy string) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("X-Frame-Options", "DENY")
			h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
			if contentPolicy != "" {
				h.Set("Content-Security-Policy", contentPolicy)
			}
			if SecureOf(r) {
				h.Set("Strict-Transport-Security", "max-age=31536000")
			}
			next.ServeHTTP(w, r)
		})
	}
}

// recorder keeps what an answer was.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader keeps the first final status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController flush and set deadlines.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
