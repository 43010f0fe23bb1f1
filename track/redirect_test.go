package track_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/affiliate"
	"tributary.example/click"
	"tributary.example/internal/db/dbtest"
	"tributary.example/link"
	"tributary.example/program"
)

func TestRedirect(t *testing.T) {
	t.Parallel()
	e := start(t, nil)
	res := e.get("/Jane?utm_source=mail&sub1=a&sub9=b&qr=1&gclid=x")
	got := map[string]string{}
	for _, h := range []string{"Cache-Control", "Referrer-Policy", "X-Robots-Tag", "Server"} {
		got[h] = res.Header.Get(h)
	}
	want := map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "strict-origin-when-cross-origin", "X-Robots-Tag": "noindex", "Server": ""}
	if diff := cmp.Diff(got, want); diff != "" || res.StatusCode != 302 {
		t.Errorf("%d, headers (got, want): %s", res.StatusCode, diff)
	}
	u, token := location(t, res)
	if want := "https://www.shop.example/start?x=1&utm_source=mail&utm_medium=aff-jane&via=" + token; u.String() != want {
		t.Errorf("got %s, want %s", u, want)
	}
	tok, err := click.ParseToken(token)
	if err != nil || tok.Link != e.link.ID || !tok.At.Equal(dbtest.Epoch) || e.ring.Verify(tok, e.program.ID, dbtest.Epoch) != click.Proven {
		t.Errorf("token %+v, %v", tok, err)
	}
	cookie := res.Cookies()[0]
	cookie.Raw = ""
	wantCookie := &http.Cookie{
		Name: "trb_shop", Value: token, Path: "/", Domain: "shop.example", MaxAge: 60 * 86400, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	}
	if diff := cmp.Diff(cookie, wantCookie); diff != "" {
		t.Errorf("cookie (got, want): %s", diff)
	}

	clicks, _ := e.frames()
	wantClick := click.Click{
		ID: tok.Click, At: dbtest.Epoch, Program: e.program.ID, Link: e.link.ID, Affiliate: e.affiliate.ID, Day: 20514,
		Visitor: clicks[0].Visitor, Network: "203.0.113.0/24", Country: "AT", Device: "desktop", Browser: "Firefox", OS: "Linux",
		Language: "de-AT", Referrer: "blog.example/post", Landing: "/start", Agent: firefox,
		Subs: map[string]string{"sub1": "a"}, UTM: map[string]string{"utm_source": "mail"}, QR: true, Lists: click.BuiltIn.Version(),
	}
	if diff := cmp.Diff(clicks, []click.Click{wantClick}); diff != "" || len(clicks[0].Visitor) != 22 {
		t.Errorf("journal (got, want): %s", diff)
	}
	if n := e.edge.Counters().RedirectsUnacked.Load(); n != 0 {
		t.Errorf("%d redirects were not acknowledged", n)
	}
}

func TestCookieGrows(t *testing.T) {
	t.Parallel()
	e := start(t, nil)
	_, first := location(t, e.get("/jane"))
	e.clock.Advance(time.Minute)
	res := e.get("/jane", "Cookie", "session=1; trb_shop="+first+"; trb_other=x", "X-Forwarded-Proto", "")
	_, second := location(t, res)
	cookie := res.Cookies()[0]
	if cookie.Value != second || first == second || cookie.Secure {
		t.Errorf("got %v after %s", cookie, first)
	}
}

func TestWhereItLeads(t *testing.T) {
	t.Parallel()
	e := start(t, func(e *edge) { e.program.FallbackURL = "https://www.shop.example/gone" })
	const home = "https://www.shop.example/start?x=1"
	for to, want := range map[string]string{
		"/pricing?a=1#top":               "https://www.shop.example/pricing?a=1#top",
		"https://docs.shop.example/x":    "https://docs.shop.example/x",
		"https://DOCS.shop.example/x":    "https://docs.shop.example/x",
		"https://evil.example/":          home,
		"//evil.example/":                home,
		"/\\evil.example/":               home,
		"https:/\\evil.example":          home,
		"/\t/evil.example":               home,
		"http://www.shop.example/":       home,
		"https://www.shop.example@evil/": home,
		"https://x@www.shop.example/":    home,
		"https://www.shop.example:444/":  home,
		"javascript:alert(1)":            home,
		"pricing":                        home,
		"?via=x":                         home,
		"/p?via=stranger&utm_medium=own": "https://www.shop.example/p?utm_medium=own",
	} {
		u, token := location(t, e.get("/jane?to="+urlEscape(to)))
		q := u.Query()
		if len(token) != click.TokenLength || (q.Get("utm_medium") != "aff-jane" && !strings.Contains(want, "utm_medium")) {
			t.Errorf("%s: token or template missing in %s", to, u)
		}
		got := u.String()
		got = strings.Replace(got, "utm_medium=aff-jane&", "", 1)
		got = strings.Replace(strings.Replace(got, "&via="+token, "", 1), "?via="+token, "", 1)
		if got != want {
			t.Errorf("%s: got %s, want %s", to, got, want)
		}
	}
	for _, path := range []string{"/", "/nobody", "/jane/x", "/%2e%2e/jane%00"} {
		if res := e.get(path); res.StatusCode != 302 || res.Header.Get("Location") != "https://www.shop.example/gone" || len(res.Cookies()) != 0 {
			t.Errorf("%s: got %d %s", path, res.StatusCode, res.Header.Get("Location"))
		}
	}
	if res := e.get("/jane", "Host", "go.other.example"); res.StatusCode != 404 || !strings.Contains(text(t, res), "does not work") {
		t.Errorf("another host: got %d", res.StatusCode)
	}
	if res := e.ask("POST", "/jane", ""); res.StatusCode != 405 || res.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: got %d", res.StatusCode)
	}
}

func urlEscape(s string) string {
	return strings.NewReplacer("%", "%25", "&", "%26", "#", "%23", "\\", "%5C", "\t", "%09", "?", "%3F", "@", "%40").Replace(s)
}

// TestDropsAreSentOn follows one hit of each kind to its answer and count.
func TestDropsAreSentOn(t *testing.T) {
	t.Parallel()
	for reason, headers := range map[click.Reason][]string{
		click.Prefetch:      {"Sec-Purpose", "prefetch;prerender"},
		click.NotNavigation: {"Sec-Fetch-Dest", "image"},
		click.Bot:           {"User-Agent", "curl/8.5"},
		click.Preview:       {"User-Agent", "WhatsApp/2.23"},
		click.Head:          nil,
	} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			e := start(t, nil)
			method := "GET"
			if reason == click.Head {
				method = "HEAD"
			}
			for range 2 {
				res := e.ask(method, "/jane", "", headers...)
				if u, token := location(t, res); token != "" || u.Host != "www.shop.example" || len(res.Cookies()) != 0 {
					t.Errorf("got %s and %v", u, res.Cookies())
				}
			}
			e.wantDrops(nil, click.Drop{Reason: reason, Hits: 2})
		})
	}
}

func (e *edge) wantDrops(wantClicks []click.Reason, want ...click.Drop) {
	e.t.Helper()
	for i := range want {
		want[i].Program, want[i].Link, want[i].Affiliate, want[i].Minute = e.program.ID, e.link.ID, e.affiliate.ID, dbtest.Epoch.Unix()/60
	}
	clicks, drops := e.frames()
	if diff := cmp.Diff(drops, want); diff != "" {
		e.t.Errorf("drops (got, want): %s", diff)
	}
	var reasons []click.Reason
	for _, c := range clicks {
		reasons = append(reasons, c.Reason)
	}
	if diff := cmp.Diff(reasons, wantClicks); diff != "" {
		e.t.Errorf("clicks (got, want): %s", diff)
	}
}

func TestRepeatAndBlockedNetworkKeepTheirToken(t *testing.T) {
	t.Parallel()
	e := start(t, nil)
	for _, headers := range [][]string{nil, nil, {"X-Forwarded-For", "203.0.113.1, 198.51.100.7"}} {
		if _, token := location(t, e.get("/jane", headers...)); token == "" {
			t.Error("no token")
		}
	}
	e.wantDrops([]click.Reason{click.Counted, click.Repeat, click.BlockedNet})
}

func TestPausedAndSuspended(t *testing.T) {
	t.Parallel()
	t.Run("paused", func(t *testing.T) {
		t.Parallel()
		e := start(t, func(e *edge) { e.link.State = link.Paused; e.program.FallbackURL = "https://www.shop.example/gone" })
		if u, _ := location(t, e.get("/jane")); u.String() != "https://www.shop.example/gone" {
			t.Errorf("got %s", u)
		}
		e.wantDrops(nil, click.Drop{Reason: click.Paused, Hits: 1})
	})
	t.Run("suspended", func(t *testing.T) {
		t.Parallel()
		e := start(t, func(e *edge) { e.affiliate.State = affiliate.Suspended })
		res := e.get("/jane")
		if u, token := location(t, res); u.Path != "/start" || token != "" || len(res.Cookies()) != 0 {
			t.Errorf("got %s", u)
		}
		e.wantDrops(nil, click.Drop{Reason: click.Suspended, Hits: 1})
	})
}

func TestModesWithoutCookie(t *testing.T) {
	t.Parallel()
	for _, mode := range []program.Mode{program.ModeConsent, program.ModeCookieless} {
		e := start(t, func(e *edge) { e.program.Mode = mode })
		res := e.get("/jane")
		if _, token := location(t, res); token == "" || len(res.Cookies()) != 0 {
			t.Errorf("%s: token %q, cookies %v", mode, token, res.Cookies())
		}
	}
}

// TestDirectoryIsFollowed changes records under a running edge.
func TestDirectoryIsFollowed(t *testing.T) {
	t.Parallel()
	e := start(t, nil)
	e.link.Slug, e.link.Version = "janet", 3
	e.publish()
	await(t, func() bool { return e.get("/janet").StatusCode == 302 })
	if res := e.get("/jane"); res.StatusCode != 404 {
		t.Errorf("the former slug: got %d", res.StatusCode)
	}
	// Older news changes nothing; the program's change shows that it was read.
	e.link.Slug, e.link.Version = "jane", 2
	e.publish()
	e.program.SiteURL, e.program.Version = "https://docs.shop.example/", 2
	e.publish()
	await(t, func() bool { u, _ := location(t, e.get("/janet")); return u.Host == "docs.shop.example" })
	if res := e.get("/jane"); res.StatusCode != 404 {
		t.Errorf("an older record was taken: got %d", res.StatusCode)
	}
}

// await asks until it is so; the time is only there to fail.
func await(t *testing.T, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !so(); {
		if time.Now().After(deadline) {
			t.Fatal("it did not come to pass")
		}
	}
}

func TestBigForeignCookies(t *testing.T) {
	t.Parallel()
	e := start(t, nil)
	if res := e.get("/jane", "Cookie", "a="+strings.Repeat("x", 5<<10)); res.StatusCode != 302 {
		t.Errorf("got %d", res.StatusCode)
	}
	if res := e.get("/healthz"); res.StatusCode != 200 {
		t.Errorf("health: got %d", res.StatusCode)
	}
}
