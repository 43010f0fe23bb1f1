package track_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/click"
	"tributary.example/internal/db/dbtest"
	"tributary.example/program"
)

const origin = "https://www.shop.example"

type answer struct{ Token, Coupon string }

func (e *edge) visit(body map[string]any, headers ...string) (answer, *http.Response) {
	e.t.Helper()
	b, _ := json.Marshal(body)
	res := e.ask("POST", "/visit", string(b), append([]string{
		"Origin", origin, "Content-Type", "text/plain", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors", "Referer", origin + "/",
	}, headers...)...)
	var a answer
	if res.StatusCode == 200 {
		if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
			e.t.Fatal(err)
		}
	}
	return a, res
}

func TestLandingBySlug(t *testing.T) {
	t.Parallel()
	e := start(t, nil)
	a, res := e.visit(map[string]any{"via": "Jane", "page": origin + "/pricing?via=jane&sub2=b&utm_source=x", "from": "https://blog.example/p"})
	if len(a.Token) != click.TokenLength || a.Coupon != "JANE10" {
		t.Fatalf("got %+v", a)
	}
	if c := res.Cookies()[0]; c.Name != "trb_shop" || c.Value != a.Token || !c.HttpOnly || c.Domain != "shop.example" {
		t.Errorf("cookie %v", c)
	}
	if h := res.Header; h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Allow-Credentials") != "true" || h.Get("Vary") != "Origin" {
		t.Errorf("headers %v", h)
	}
	// The token itself, as after a redirect, makes no second click.
	again, res := e.visit(map[string]any{"via": a.Token, "page": origin + "/"})
	if again != a || len(res.Cookies()) != 1 {
		t.Errorf("again: got %+v", again)
	}
	clicks, _ := e.frames()
	if len(clicks) != 1 {
		t.Fatalf("%d clicks, want 1", len(clicks))
	}
	got := []string{clicks[0].Landing, clicks[0].Referrer, clicks[0].Subs["sub2"], clicks[0].UTM["utm_source"]}
	if diff := cmp.Diff(got, []string{"/pricing", "blog.example/p", "b", "x"}); diff != "" {
		t.Errorf("(got, want): %s", diff)
	}
}

// TestTheScriptAsksWhatTheCookieHolds: the newest touch that counts, and
// nothing is stored or journalled by asking.
func TestTheScriptAsksWhatTheCookieHolds(t *testing.T) {
	t.Parallel()
	stranger := click.NewRing([]click.Key{{ID: 1, Serial: 1, Secret: []byte("stranger"), CreatedAt: dbtest.Epoch}})
	for _, mode := range []program.Mode{program.ModeFull, program.ModeConsent, program.ModeCookieless} {
		e := start(t, func(e *edge) { e.program.Mode = mode })
		mint := func(r *click.Ring, ago time.Duration) string {
			token, _, err := r.Mint(e.program.ID, e.link.ID, dbtest.Epoch.Add(-ago))
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		older, newer := mint(e.ring, 2*time.Hour), mint(e.ring, time.Hour)
		late, forged := mint(e.ring, 60*24*time.Hour), mint(stranger, time.Minute)
		for name, c := range map[string]struct{ via, cookie, want string }{
			"no cookie":                          {"", "", ""},
			"another program's":                  {"", "trb_other=" + newer, ""},
			"one":                                {"", "trb_shop=" + newer, newer},
			"the newest":                         {"", "trb_shop=" + older + "." + newer, newer},
			"the newest that counts":             {"", "trb_shop=" + late + "." + newer + "." + forged + ".rubbish", newer},
			"only such as do not count":          {"", "trb_shop=" + late + "." + forged, ""},
			"beside a name that there is not":    {"nobody", "trb_shop=" + newer, newer},
			"beside a token that does not count": {forged, "trb_shop=" + newer, newer},
		} {
			if mode == program.ModeCookieless {
				c.want = ""
			}
			a, res := e.visit(map[string]any{"via": c.via}, "Cookie", c.cookie)
			if a.Token != c.want || (a.Coupon == "") != (c.want == "") || len(res.Cookies()) != 0 {
				t.Errorf("%s, %s: got %+v and %v, want %q", mode, name, a, res.Cookies(), c.want)
			}
		}
		if clicks, _ := e.frames(); len(clicks) != 0 {
			t.Errorf("%s: %d clicks", mode, len(clicks))
		}
	}
}

func TestLandingRefused(t *testing.T) {
	t.Parallel()
	e := start(t, nil)
	foreign := click.NewRing([]click.Key{{ID: 1, Serial: 1, Secret: []byte("stranger"), CreatedAt: dbtest.Epoch}})
	forged, _, _ := foreign.Mint(e.program.ID, e.link.ID, dbtest.Epoch)
	old, _, _ := e.ring.Mint(e.program.ID, e.link.ID, dbtest.Epoch.Add(-60*24*time.Hour))
	for name, via := range map[string]string{
		"forged": forged, "out of its window": old, "unknown": "nobody", "rubbish": strings.Repeat("-", 66), "empty": "",
	} {
		if a, res := e.visit(map[string]any{"via": via, "page": origin}); a != (answer{}) || len(res.Cookies()) != 0 || res.StatusCode != 200 {
			t.Errorf("%s: got %+v, %v", name, a, res.Cookies())
		}
	}
	for _, from := range []string{"", "null", "https://evil.example", "http://www.shop.example", origin + ":444", "https://www.shop.example.evil.example"} {
		_, res := e.visit(map[string]any{"via": "jane", "page": origin}, "Origin", from)
		if res.StatusCode != 403 || res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("origin %q: got %d", from, res.StatusCode)
		}
	}
	if res := e.ask("POST", "/visit", "{", "Origin", origin); res.StatusCode != 400 {
		t.Errorf("broken JSON: got %d", res.StatusCode)
	}
	if res := e.ask("OPTIONS", "/visit", "", "Origin", origin); res.StatusCode != 204 || res.Header.Get("Access-Control-Allow-Methods") != "POST" {
		t.Errorf("preflight: got %d", res.StatusCode)
	}
	if clicks, _ := e.frames(); len(clicks) != 0 {
		t.Errorf("%d clicks", len(clicks))
	}
}

func TestLandingAsksForConsent(t *testing.T) {
	t.Parallel()
	e := start(t, func(e *edge) { e.program.Mode = program.ModeConsent })
	for _, tc := range []struct {
		name    string
		consent bool
		gpc     string
		cookies int
	}{
		{"not yet", false, "", 0}, {"given", true, "", 1}, {"given against the browser's setting", true, "1", 0},
	} {
		a, res := e.visit(map[string]any{"via": "jane", "page": origin, "consent": tc.consent}, "Sec-GPC", tc.gpc)
		if a.Token == "" || len(res.Cookies()) != tc.cookies {
			t.Errorf("%s: got %+v, %v", tc.name, a, res.Cookies())
		}
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	e := start(t, func(e *edge) { e.program.Mode, e.program.ViaName = program.ModeConsent, "friend" })
	res := e.get("/t.js")
	body := text(t, res)
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/javascript") || res.Header.Get("Cache-Control") == "" {
		t.Errorf("got %d, %v", res.StatusCode, res.Header)
	}
	for _, want := range []string{"mode = 'consent'", "name = 'friend'"} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(body, "\n//") || strings.HasPrefix(body, "//") {
		t.Error("comments are served")
	}
	for _, store := range []string{"Storage", "indexedDB", ".cookie", "caches"} {
		if strings.Contains(body, store) {
			t.Errorf("the script uses %s: only the link host's cookie outlives a page", store)
		}
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	z.Write([]byte(body))
	z.Close()
	if b.Len() >= 2000 {
		t.Errorf("script has %d bytes compressed, the limit is 2000", b.Len())
	}
	if res := e.get("/t.js", "Host", "unknown.example"); !strings.Contains(text(t, res), "mode = 'cookieless'") {
		t.Error("a host of no program serves a script that stores something")
	}
}
