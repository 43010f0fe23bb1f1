package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"tributary.example/access"
	"tributary.example/api"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/secret"
	"tributary.example/payout"
	"tributary.example/payout/csv"
	"tributary.example/program"
)

var update = flag.Bool("update", false, "write the golden files")

// world is a database with two programs, and the API over it.
type world struct {
	*dbtest.DB
	handler       http.Handler
	env           api.Env
	shop, other   program.Program
	key, otherKey string // secret keys
	page          string // publishable key of shop
	transcript    *bytes.Buffer
	document      *huma.OpenAPI // what answers are compared with
}

func newWorld(t *testing.T, d *dbtest.DB) *world {
	t.Helper()
	root, err := secret.NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{DB: d, transcript: &bytes.Buffer{}}
	w.env = api.Env{DB: d.DB, Flow: flow.Env{Root: root}, Root: root, Rails: []payout.Rail{csv.Rail{}}, Log: slog.New(slog.NewTextHandler(testWriter{t}, nil))}
	w.handler = api.New(w.env)
	w.document = api.Document(w.env)
	d.Write(t, func(tx *db.Tx) error {
		w.shop, w.key = newProgram(t, tx, "fernwood", access.Secret)
		w.other, w.otherKey = newProgram(t, tx, "mossbank", access.Secret)
		w.page = newKey(t, tx, w.shop, access.NewKey{Kind: access.Publishable, Label: "page"})
		return nil
	})
	return w
}

func newProgram(t *testing.T, tx *db.Tx, slug string, kind access.KeyKind) (program.Program, string) {
	t.Helper()
	prog, err := program.Create(t.Context(), tx, program.New{
		Slug: slug, Currency: "EUR", LinkHost: "go." + slug + ".example", Settings: program.DefaultSettings(slug, "https://www."+slug+".example"),
		Plans: []program.NewPlan{
			{Code: "starter", Name: "Starter", PriceMinor: 1900, Period: program.Monthly},
			{Code: "pro", Name: "Pro", PriceMinor: 4900, Period: program.Monthly},
		},
		Rules: []program.Rule{{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 300_000}, Duration: program.Duration{Kind: program.Lifetime}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return prog, newKey(t, tx, prog, access.NewKey{Kind: kind, Label: "server"})
}

func newKey(t *testing.T, tx *db.Tx, prog program.Program, n access.NewKey) string {
	t.Helper()
	_, text, err := access.CreateKey(t.Context(), tx, prog, n)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// reply is an answer, with its body as it came and read.
type reply struct {
	status int
	header http.Header
	body   string
	json   any
}

// at picks a value by a path such as data.0.id; "" when there is none.
func (r reply) at(path string) string {
	v := r.json
	for part := range strings.SplitSeq(path, ".") {
		switch here := v.(type) {
		case map[string]any:
			v = here[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(here) {
				return ""
			}
			v = here[i]
		default:
			return ""
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

type header struct{ name, value string }

// call makes a request with the shop's secret key, unless a header says
// otherwise, notes it and compares the answer with the document.
func (w *world) call(t *testing.T, method, path, body string, headers ...header) reply {
	t.Helper()
	r := w.send(method, path, body, headers...)
	if method != http.MethodGet {
		w.Clock.Advance(time.Second) // ids of one moment have no order
	}
	w.note(method, path, body, r)
	w.documented(t, method, path, r)
	return r
}

// send makes a request and reads the answer.
func (w *world) send(method, path, body string, headers ...header) reply {
	req := httptest.NewRequestWithContext(context.Background(), method, "https://api.example"+path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+w.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		req.Header.Set(h.name, h.value)
		if h.value == "" {
			req.Header.Del(h.name)
		}
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, req)
	r := reply{status: rec.Code, header: rec.Header(), body: rec.Body.String()}
	dec := json.NewDecoder(strings.NewReader(r.body))
	dec.UseNumber()
	_ = dec.Decode(&r.json) // what is not JSON has no values
	return r
}

// documented compares an answer with what openapi.json says of it.
func (w *world) documented(t *testing.T, method, path string, r reply) {
	t.Helper()
	path, _, _ = strings.Cut(path, "?")
	for pattern, item := range w.document.Paths {
		op := map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch}[method]
		exact := !strings.Contains(pattern, "{") && pattern != path
		if op == nil || exact || !regexp.MustCompile("^"+placeholder.ReplaceAllString(pattern, "[^/]+")+"$").MatchString(path) {
			continue
		}
		answers, ok := op.Responses[strconv.Itoa(r.status)]
		if r.status >= 400 {
			answers, ok = op.Responses["4XX"]
		}
		if !ok {
			t.Errorf("%s %s: status %d is not in the document", method, path, r.status)
			return
		}
		kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
		if kind == "text/csv" {
			return
		}
		var body any
		if err := json.Unmarshal([]byte(r.body), &body); err != nil {
			t.Errorf("%s %s: %v", method, path, err)
		}
		var res huma.ValidateResult
		huma.Validate(w.document.Components.Schemas, answers.Content[kind].Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, body, &res)
		for _, err := range res.Errors {
			t.Errorf("%s %s: the answer is not as documented: %v\n%s", method, path, err, r.body)
		}
		return
	}
}

// ok is call, for what must succeed with a status.
func (w *world) ok(t *testing.T, status int, method, path, body string, headers ...header) reply {
	t.Helper()
	r := w.call(t, method, path, body, headers...)
	if r.status != status {
		t.Fatalf("%s %s: got status %d, want %d\n%s", method, path, r.status, status, r.body)
	}
	return r
}

// refused is call, for what must be refused with a status about a field,
// without a row more or less in any table.
func (w *world) refused(t *testing.T, status int, field, method, path, body string, headers ...header) reply {
	t.Helper()
	before := w.rows(t)
	r := w.call(t, method, path, body, headers...)
	if r.status != status || r.at("field") != field {
		t.Errorf("%s %s %s: got status %d about %q, want %d about %q\n%s", method, path, shorten(body), r.status, r.at("field"), status, field, r.body)
	}
	if got, want := r.header.Get("Content-Type"), "application/problem+json"; got != want {
		t.Errorf("%s %s: got content type %q, want %q", method, path, got, want)
	}
	if r.at("detail") == "" || r.at("request_id") == "" || r.at("title") == "" {
		t.Errorf("%s %s: the problem lacks words: %s", method, path, r.body)
	}
	if diff := cmp.Diff(before, w.rows(t)); diff != "" {
		t.Errorf("%s %s: refused, and rows changed (-before +after):\n%s", method, path, diff)
	}
	return r
}

// rows counts the rows of every table.
func (w *world) rows(t *testing.T) map[string]int {
	t.Helper()
	query := `select name from sqlite_master where type = 'table'`
	if w.Dialect() == db.Postgres {
		query = `select tablename from pg_tables where schemaname = 'public'`
	}
	tables, err := db.All(t.Context(), w.DB.DB, db.Scalar[string], query)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, table := range tables {
		n, err := db.One(t.Context(), w.DB.DB, db.Scalar[int], `select count(*) from "`+table+`"`)
		if err != nil {
			t.Fatal(err)
		}
		counts[table] = n
	}
	return counts
}

// note writes the exchange down for golden.
func (w *world) note(method, path, body string, r reply) {
	fmt.Fprintf(w.transcript, "%s %s\n", method, path)
	if body != "" {
		fmt.Fprintf(w.transcript, "%s\n", shorten(body))
	}
	fmt.Fprintf(w.transcript, "→ %d %s\n", r.status, http.StatusText(r.status))
	shown := r.body
	if strings.Contains(r.header.Get("Content-Type"), "json") {
		var out bytes.Buffer
		if json.Indent(&out, []byte(r.body), "", "  ") == nil {
			shown = out.String()
		}
	}
	fmt.Fprintf(w.transcript, "%s\n\n", strings.TrimSpace(shown))
}

var (
	ids    = regexp.MustCompile(`\b([a-z]{3})_[0-9a-hjkmnp-tv-z]{26}\b`)
	quotes = regexp.MustCompile(`q1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+`)
	tokens = regexp.MustCompile(`\b[A-Za-z0-9_-]{66}\b`)
)

// golden compares what was exchanged with the file of that name. Ids are
// numbered by their first appearance.
func (w *world) golden(t *testing.T, name string) {
	t.Helper()
	seen, count := map[string]string{}, map[string]int{}
	got := ids.ReplaceAllStringFunc(w.transcript.String(), func(id string) string {
		if seen[id] == "" {
			count[id[:3]]++
			seen[id] = fmt.Sprintf("%s_%d", id[:3], count[id[:3]])
		}
		return seen[id]
	})
	got = tokens.ReplaceAllString(quotes.ReplaceAllString(got, "<quote>"), "<token>")
	compare(t, name, got)
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (write it with -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got; write it with -update):\n%s", path, diff)
	}
}

func shorten(s string) string {
	if len(s) > 400 {
		return s[:400] + "…"
	}
	return s
}

func as(key string) header { return header{"Authorization", "Bearer " + key} }

type testWriter struct{ t *testing.T }

// Write shows the log of a failing test.
func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}
