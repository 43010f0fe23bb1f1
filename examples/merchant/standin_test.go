package merchant

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// standin answers like Tributary where these tests look, and remembers what it was told. The real
// server and this shop meet in the stories and browser tests.
type standin struct {
	mu     sync.Mutex
	down   bool // answers 503 to everything
	told   []told
	answer map[string]reply // by path; overrides the usual answer
}

type told struct {
	Path, Key, Auth string
	Body            map[string]any
}

type reply struct {
	status int
	body   string
}

func (s *standin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, _ := io.ReadAll(r.Body)
	t := told{Path: r.URL.Path, Key: r.Header.Get("Idempotency-Key"), Auth: r.Header.Get("Authorization")}
	_ = json.Unmarshal(text, &t.Body)
	s.told = append(s.told, t)
	if s.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	re, ok := s.answer[r.URL.Path]
	if !ok {
		re = usual(t)
	}
	w.WriteHeader(re.status)
	_, _ = io.WriteString(w, re.body)
}

// usual knows JANE10: ten percent off starter, for the first two months.
func usual(t told) reply {
	switch {
	case t.Path == "/v1/coupons/quote":
		return usualQuote(t)
	case t.Path == "/v1/referrals":
		body := `{"referral":{"affiliate_name":"Jane"},"decision":{"sentence":"JANE10 was typed at sign-up."},"discount":%s}`
		discount := "null"
		if t.Body["coupon"] == "JANE10" && t.Body["plan"] == "starter" {
			discount = `{"granted":true,"coupon":"JANE10","percent_ppm":100000,"payments":2,"discount_minor":190,"currency":"EUR"}`
		}
		return reply{http.StatusCreated, fmt.Sprintf(body, discount)}
	case strings.HasSuffix(t.Path, "/state"):
		return reply{http.StatusOK, `{"customer_id":"x"}`}
	}
	return reply{http.StatusCreated, `{"commissions":[{"amount":513,"currency":"EUR","state":"in_review"}]}`}
}

func usualQuote(t told) reply {
	switch {
	case t.Body["code"] != "JANE10":
		return reply{http.StatusOK, `{"valid":false,"reason":"unknown","sentence":"There is no such code."}`}
	case t.Body["plan"] != "starter":
		return reply{http.StatusOK, `{"valid":true,"discounted":false,"sentence":"JANE10 takes nothing off pro.","quote":"q-pro"}`}
	}
	return reply{http.StatusOK, `{"valid":true,"discounted":true,"code":"JANE-10","discount":190,"due":1710,"currency":"EUR","payments":2,"quote":"q-starter"}`}
}

// calls are what one path was told, in order.
func (s *standin) calls(path string) []told {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.told), func(t told) bool { return t.Path != path })
}

func (s *standin) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// visit is a browser in the shop.
type visit struct {
	t      *testing.T
	api    *standin
	site   string
	client *http.Client
	jar    *cookiejar.Jar
}

const tokenA = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// enter opens a shop of its own, with a clock that stands still.
func enter(t *testing.T) *visit {
	t.Helper()
	api := &standin{answer: map[string]reply{}}
	apiServer := httptest.NewServer(api)
	t.Cleanup(apiServer.Close)
	site := httptest.NewServer(New(Config{
		API: apiServer.URL, Edge: "http://go.shop.localhost:8081", SecretKey: "trb_sk_test_1", PublishableKey: "trb_pk_test_1",
		Program: "fernwood", Site: "http://www.shop.localhost:8082",
		Now: func() time.Time { return time.Date(2030, 3, 1, 9, 0, 0, 0, time.UTC) },
	}))
	t.Cleanup(site.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visit{t: t, api: api, site: site.URL, client: &http.Client{Jar: jar, Transport: ownTransport()}, jar: jar}
}

// ownTransport keeps a test's connections apart: a closing test server closes all idle ones of the
// default transport.
func ownTransport() *http.Transport { return http.DefaultTransport.(*http.Transport).Clone() }

// answer is what came back, redirects followed.
type answer struct {
	status int
	path   string
	text   string
}

func (v *visit) get(path string) answer {
	v.t.Helper()
	return v.read(v.client.Get(v.site + path))
}

func (v *visit) post(path string, fields ...string) answer {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.read(v.client.PostForm(v.site+path, form))
}

func (v *visit) read(resp *http.Response, err error) answer {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Request.URL.Path, string(body)}
}

// sees ends the test unless the page shows all texts.
func (v *visit) sees(a answer, texts ...string) {
	v.t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.text, text) {
			v.t.Fatalf("the page at %s does not show %q:\n%s", a.path, text, a.text)
		}
	}
}

// cookies are the browser's cookies of the shop.
func (v *visit) cookies() map[string]string {
	u, _ := url.Parse(v.site)
	all := map[string]string{}
	for _, c := range v.jar.Cookies(u) {
		all[c.Name] = c.Value
	}
	return all
}

// clicked gives the browser the cookie of a tracking link.
func (v *visit) clicked(value string) {
	u, _ := url.Parse(v.site)
	v.jar.SetCookies(u, []*http.Cookie{{Name: "trb_fernwood", Value: value, Path: "/"}})
}

// signUp sends the form for starter, with other fields where they are given.
func (v *visit) signUp(more ...string) answer {
	v.t.Helper()
	fields := map[string]string{"name": "Ada", "email": "ada@example.com", "plan": "starter"}
	for i := 0; i < len(more); i += 2 {
		fields[more[i]] = more[i+1]
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		list = append(list, name, fields[name])
	}
	return v.post("/signup", list...)
}
