package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/serve"
	"tributary.example/link"
	"tributary.example/web"
)

// away are targets that a browser takes for another host, or that are none.
var away = []string{
	"https://evil.example", "//evil.example", `/\evil.example`, `\/evil.example`, "/\t/evil.example", "\t//evil.example", "/\n/evil.example",
	"/\r/evil.example", "javascript:alert(1)", "evil", "/" + strings.Repeat("a", 3000),
}

func TestNothingLeadsAwayAfterSigningIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	per := h.owner("mara@shop.example")
	in := h.signedIn(per.ID)
	for i, next := range away {
		query := "/sign-in?next=" + url.QueryEscape(next)
		in.get(query).leads("/")
		h.guest().from(i, "/sign-in", "email", "mara@shop.example", "password", goodPassword, "next", next).leads("/")
	}
}

// TestASignInLinkNeverTellsWhoHasAnAccount sends what a form of ours would not.
func TestASignInLinkNeverTellsWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.owner("mara@shop.example")
	for i, next := range away {
		known := h.guest().from(2*i, "/sign-in/link", "email", "mara@shop.example", "next", next).is(http.StatusOK)
		unknown := h.guest().from(2*i+1, "/sign-in/link", "email", "none@shop.example", "next", next).is(http.StatusOK)
		if a, b := known.words(), strings.ReplaceAll(unknown.words(), "none@", "mara@"); a != b {
			t.Errorf("%q: the answers differ:\n%s\n%s", next, a, b)
		}
	}
}

// from posts a form from an address of its own.
func (g *guest) from(n int, path string, pairs ...string) answer {
	g.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = fmt.Sprintf("10.1.%d.%d:4711", n/250, n%250+1)
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	return answer{g.t, w.Code, w.Header().Get("Location"), w.Body.String()}
}

func TestAMailboxIsGuardedFromManyAddresses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.owner("mara@shop.example")
	for n := range 22 {
		want := http.StatusUnauthorized
		if n >= 20 {
			want = http.StatusTooManyRequests
		}
		h.guest().from(n, "/sign-in", "email", fmt.Sprintf("Mara+%d@shop.example", n), "password", "wrong wrong wrong").is(want)
	}
	h.guest().from(50, "/sign-in", "email", "omar@shop.example", "password", "wrong wrong wrong").is(http.StatusUnauthorized)
	for n := range 8 {
		h.guest().from(100+n, "/sign-in/link", "email", "mara@shop.example").is(http.StatusOK)
	}
	letters, err := db.One(context.Background(), h.DB.DB, db.Scalar[int], `select count(*) from notices`)
	if err != nil || letters != 5 {
		t.Errorf("%d letters wait for one mailbox, want 5; error %v", letters, err)
	}
}

// TestTheSetUpLinkLetsNobodyElseIn keeps it whole, too.
func TestTheSetUpLinkLetsNobodyElseIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.entry(access.Entry{Purpose: access.SetUp})
	h.guest().get("/enter?token=" + token).is(http.StatusNotFound)
	h.guest().post("/enter", "token", token).is(http.StatusNotFound)
	h.guest().get("/set-up?token=" + token).is(http.StatusOK)
	per := h.person("Jane", "jane@example.org")
	for _, purpose := range []access.Purpose{access.SignIn, access.Invite} {
		other := h.entry(access.Entry{Purpose: purpose, Person: per.ID})
		h.guest().get("/set-up?token=" + other).is(http.StatusNotFound)
		h.guest().post("/set-up", setUpForm(other)...).is(http.StatusNotFound)
	}
}

// TestASecondInvitationSetsNoPassword: it is a way in like any other link.
func TestASecondInvitationSetsNoPassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	per := h.person("Jane Doe", "jane@example.org")
	first := h.entry(access.Entry{Purpose: access.Invite, Person: per.ID, Target: "/a/shop"})
	second := h.entry(access.Entry{Purpose: access.Invite, Person: per.ID, Target: "/a/other"})
	h.guest().post("/enter", "token", first, "password", goodPassword).leads("/a/shop")
	h.guest().get("/enter?token=" + second).is(http.StatusOK).has("Sign in as jane@example.org").lacks(`name="password"`)
	h.guest().post("/enter", "token", second, "password", "another one of mine").leads("/a/other")
	h.guest().post("/sign-in", "email", "jane@example.org", "password", "another one of mine").is(http.StatusUnauthorized)
	h.guest().post("/sign-in", "email", "jane@example.org", "password", goodPassword).leads("/")
}

// TestAnAffiliateCannotFillTheEdge makes links without end.
func TestAnAffiliateCannotFillTheEdge(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane := h.promoter("Jane Doe", "jane@example.org")
	h.Write(t, func(tx *db.Tx) error {
		for n := range 498 {
			if _, err := link.Create(context.Background(), tx, h.prog, link.New{Affiliate: jane.aff.ID, Slug: fmt.Sprintf("jane-%d", n)}); err != nil {
				return err
			}
		}
		return nil
	})
	jane.post("/a/shop/links", "slug", "the-last").leads("/a/shop/links")
	jane.post("/a/shop/links", "slug", "one-more").is(http.StatusUnprocessableEntity).has("You have 500 links already.")
}

// TestIllegibleInputIsRefused sends what PostgreSQL would choke on.
func TestIllegibleInputIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		h := houseOver(t, d)
		owner := h.colleague(access.Owner)
		for _, bad := range []string{"a\x00b", "a\xffb"} {
			q := url.QueryEscape(bad)
			h.guest().get("/join/" + url.PathEscape(bad)).is(http.StatusNotFound)
			h.guest().post("/sign-in", "email", bad, "password", bad).is(http.StatusUnprocessableEntity)
			h.guest().post("/sign-in/link", "email", "jane@example.org", "next", "/"+bad).is(http.StatusUnprocessableEntity)
			h.guest().post("/join/shop", "name", bad, "email", "jane@example.org").is(http.StatusUnprocessableEntity)
			h.guest().get("/enter?token=" + q).is(http.StatusUnprocessableEntity)
			owner.get("/p/shop/affiliates?q=" + q).is(http.StatusUnprocessableEntity)
			owner.get("/p/shop/affiliates?after=" + q).is(http.StatusUnprocessableEntity)
			owner.get("/p/shop/affiliates/" + url.PathEscape(bad)).is(http.StatusNotFound)
		}
	})
}

// TestTheSessionsCookie is new at each sign-in, and as strict as browsers know.
func TestTheSessionsCookie(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.owner("mara@shop.example")
	proxies, err := serve.ParseProxies([]string{"192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	public := h.env
	public.URL = "https://dash.example"
	for name, c := range map[string]struct {
		handler http.Handler
		proto   string
		secure  bool
	}{
		"plain":                          {h.handler, "", false},
		"a stranger's word":              {h.handler, "https", false},
		"a trusted proxy's word":         {proxies.Middleware(h.handler), "https", true},
		"a trusted proxy, plain outside": {proxies.Middleware(h.handler), "http", false},
		"the public address is https":    {web.New(public), "", true},
	} {
		form := url.Values{"email": {"mara@shop.example"}, "password": {goodPassword}}
		r := httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-Proto", c.proto)
		const planted = "planted-by-somebody-else"
		for _, cookie := range []string{access.SessionCookie, access.PlainSessionCookie} {
			r.AddCookie(&http.Cookie{Name: cookie, Value: planted})
		}
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, r)
		want := &http.Cookie{Name: access.PlainSessionCookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.secure}
		if c.secure {
			want.Name = access.SessionCookie
		}
		set := w.Result().Cookies()
		if len(set) != 1 {
			t.Errorf("%s: %d cookies, status %d", name, len(set), w.Code)
			continue
		}
		got := set[0]
		if got.Value == planted || len(got.Value) != 43 || got.MaxAge <= 0 {
			t.Errorf("%s: value %q for %d seconds", name, got.Value, got.MaxAge)
		}
		if got.Name != want.Name || got.Path != "/" || got.Domain != "" || !got.HttpOnly || got.Secure != want.Secure || got.SameSite != want.SameSite {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// TestNoFormOfAnotherSiteIsTaken asks every route that is posted to, however
// the browser says where it comes from.
func TestNoFormOfAnotherSiteIsTaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	for _, route := range web.Patterns(h.env) {
		method, path, _ := strings.Cut(route, " ")
		if method != http.MethodPost {
			continue
		}
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			r := httptest.NewRequest(method, strings.NewReplacer("{program}", "shop", "{", "", "}", "").Replace(path), nil)
			r.Header.Set(name, value)
			for cookie, token := range owner.cookies {
				r.AddCookie(&http.Cookie{Name: cookie, Value: token})
			}
			w := httptest.NewRecorder()
			h.handler.ServeHTTP(w, r)
			if w.Code != http.StatusForbidden {
				t.Errorf("%s with %s: %s got %d, want 403", route, name, value, w.Code)
			}
		}
	}
}
