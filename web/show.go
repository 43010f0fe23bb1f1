package web

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/a-h/templ"

	"tributary.example/internal/fault"
	"tributary.example/internal/serve"
	"tributary.example/internal/text"
	"tributary.example/web/part"
	"tributary.example/web/public"
)

// show renders a page whole before its first byte is sent, so that a failure
// never ends in half a page.
func (s *Web) show(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(r.Context(), &b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the reader may have gone
	return nil
}

// statuses is each kind of fault as an HTTP status, and what the page calls it.
var statuses = map[fault.Kind]struct {
	status int
	title  string
}{
	fault.Invalid:         {http.StatusUnprocessableEntity, "This did not work"},
	fault.Unauthenticated: {http.StatusUnauthorized, "Sign in first"},
	fault.Forbidden:       {http.StatusForbidden, "Not for you to do"},
	fault.NotFound:        {http.StatusNotFound, "There is nothing here"},
	fault.Conflict:        {http.StatusConflict, "This does not fit any more"},
	fault.TooMany:         {http.StatusTooManyRequests, "Too many tries"},
	fault.Unavailable:     {http.StatusServiceUnavailable, "Not possible at the moment"},
	fault.Internal:        {http.StatusInternalServerError, "Something went wrong on our side"},
}

// showError turns an error into a page. Who is not signed in is sent to the
// sign-in page and back afterwards.
func (s *Web) showError(w http.ResponseWriter, r *http.Request, err error) {
	f, ok := fault.As(err)
	if ok && f.Kind == fault.Unauthenticated && r.Method == http.MethodGet {
		http.Redirect(w, r, signInPath(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	if !ok || f.Kind == fault.Internal {
		s.Log.Error("page failed", "method", r.Method, "path", r.URL.Path, "request", serve.RequestOf(r.Context()), "err", err)
		f = fault.New(fault.Internal, "The page could not be made. Nothing was half done.").
			Hint("Try again in a moment. If it stays, tell the person who runs this server the number below.")
	}
	kind := statuses[f.Kind]
	page := public.ErrorPage{
		Outer: part.Outer{Title: kind.title}, Status: strconv.Itoa(kind.status), Title: kind.title,
		Text: text.T(text.English, f.Sentence), Hint: text.T(text.English, f.Advice),
		Words: "Go to the start", Href: "/", Request: string(serve.RequestOf(r.Context())),
	}
	if err := s.show(w, r, kind.status, public.ErrorView(page)); err != nil {
		s.Log.Error("error page failed", "err", err)
	}
}

func (s *Web) showNothing(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "This address leads nowhere.").Hint("Check it, or begin at the start.")
}

// wrongs are the mistakes of a form: by field, and those of the whole.
type wrongs struct {
	fields  map[string]string
	notices []part.Notice
}

// wrongsOf splits a fault that the reader can mend into what stands beside
// the fields and what stands above them. ok is false for every other error.
// known are the form's fields.
func wrongsOf(err error, known ...string) (wrongs, bool) {
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.Invalid && f.Kind != fault.Conflict && f.Kind != fault.TooMany && f.Kind != fault.Forbidden && f.Kind != fault.Unauthenticated {
		return wrongs{}, false
	}
	w := wrongs{fields: map[string]string{}}
	for _, e := range append([]*fault.Error{f}, f.Also...) {
		sentence, advice := text.T(text.English, e.Sentence), text.T(text.English, e.Advice)
		if contains(known, e.About) {
			if advice != "" {
				sentence += " " + advice
			}
			w.fields[e.About] = sentence
			continue
		}
		w.notices = append(w.notices, part.Notice{Tint: part.Bad, Text: sentence, Hint: advice})
	}
	return w, true
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}
