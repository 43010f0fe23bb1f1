package merchant

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

//go:embed pages
var pageFiles embed.FS

// pages are the templates by name, each within the frame.
var pages = parsePages("landing", "pricing", "signup", "account", "nobody", "missing")

func parsePages(names ...string) map[string]*template.Template {
	set := map[string]*template.Template{}
	for _, name := range names {
		set[name] = template.Must(template.New("frame.html").Funcs(template.FuncMap{
			"decimal": decimal,
			"day":     func(t time.Time) string { return t.UTC().Format("2 January 2006") },
			"clock":   func(t time.Time) string { return t.UTC().Format("15:04:05") },
			"plus":    func(a, b int) int { return a + b },
		}).ParseFS(pageFiles, "pages/frame.html", "pages/parts.html", "pages/"+name+".html"))
	}
	return set
}

// page is what the frame and every page know.
type page struct {
	Name     string
	Edge     string
	Via      string // a token from the address that links within the shop carry on
	Currency string
	SignedUp bool
	Plans    []plan
	Body     any
}

// To is an address within the shop, with the token of a visitor who has no cookie.
func (p page) To(path string) string {
	if p.Via == "" {
		return path
	}
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	return path + mark + viaParameter + "=" + url.QueryEscape(p.Via)
}

// render shows a page. It is made in memory first, so that a mistake in a template is an error page and
// not half a page.
func (s *shop) render(w http.ResponseWriter, r *http.Request, status int, name string, body any) {
	p := page{
		Name: name, Edge: s.Edge, Via: carriedToken(r), Currency: currency,
		SignedUp: name == "account" || s.accounts.of(r) != nil, Plans: plans, Body: body,
	}
	var out bytes.Buffer
	if err := pages[name].Execute(&out, p); err != nil {
		slog.ErrorContext(r.Context(), "page not made", "page", name, "error", err)
		http.Error(w, "This page cannot be shown. Please try again later.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // a browser that has gone needs no answer
}

func (s *shop) showLanding(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "landing", nil)
}

func (s *shop) showPricing(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "pricing", nil)
}

func (s *shop) showMissing(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusNotFound, "missing", nil)
}

// howLong says for how many payments a code counts; the script on the page says the same.
func howLong(payments int) string {
	switch payments {
	case 0:
		return "Taken off every month."
	case 1:
		return "Taken off the first month."
	}
	return fmt.Sprintf("Taken off the first %d months.", payments)
}

// DiscountNote is what the account page says about the code.
func (a *account) DiscountNote() string {
	switch {
	case a.Coupon == "":
		return ""
	case a.signUpCall().Outcome == waiting:
		return "The code " + a.Coupon + " has not been checked yet."
	case a.Discount.Granted && a.OffMinor() == 0:
		return "The code " + a.Discount.Coupon + " was for what is paid already."
	case a.Discount.Granted:
		return howLong(a.Discount.Payments)
	}
	return a.Discount.Sentence
}

// Told is a call's answer in words.
func (c *call) Told() string {
	switch c.Outcome {
	case waiting:
		return "Not told yet. It is sent again, with the same key and body, when this page is opened."
	case refused:
		return c.Problem.Detail
	}
	var ref referralAnswer
	if c.read(&ref); ref.Decision.Sentence != "" {
		return ref.Decision.Sentence
	}
	var com commissionsAnswer
	if c.read(&com); com.Commissions == nil {
		return ""
	}
	var parts []string
	for _, one := range com.Commissions {
		parts = append(parts, fmt.Sprintf("%s %s, %s", decimal(one.Amount), one.Currency, strings.ReplaceAll(one.State, "_", " ")))
	}
	if parts == nil {
		return "It earns nobody a commission."
	}
	return "Commission now: " + strings.Join(parts, "; ") + "."
}

// Sent is the body, for reading.
func (c *call) Sent() string { return indented(c.Body) }

// Answered is the answer, for reading.
func (c *call) Answered() string { return indented(c.Answer) }

// StatusText is the answer's status line.
func (c *call) StatusText() string {
	if c.Status == 0 {
		return "no answer"
	}
	return fmt.Sprintf("%d %s", c.Status, http.StatusText(c.Status))
}

func indented(text []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, bytes.TrimSpace(text), "", "  ") != nil {
		return string(text)
	}
	return out.String()
}

// NewestPayments are the paid months, the last one first.
func (a *account) NewestPayments() []*payment { return newest(a.Payments) }

// NewestCalls are what Tributary was told, the last first.
func (a *account) NewestCalls() []*call { return newest(a.Calls) }

func newest[T any](list []T) []T {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}
