package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tributary.example/e2e/stage"
)

// play is the demo in one of the script's modes, with a browser before it. Link host and shop are two
// hosts of one site.
type play struct {
	*stage.Browser
	t                *testing.T
	server           *stage.Server
	link, shop, edge string
	key              string // a secret key of the program
}

func newPlay(t *testing.T, mode string) *play {
	t.Helper()
	server, err := stage.NewServer(binary(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Kill() })
	if err := server.Start("demo", "--no-history"); err != nil {
		t.Fatal(err)
	}
	p := &play{t: t, server: server}
	p.link = p.says(`Click the affiliate's link +(http://go\.shop\.localhost:\d+/\S+)`)
	p.shop = fmt.Sprintf("http://www.shop.localhost:%d", server.ShopPort)
	p.edge = fmt.Sprintf("http://go.shop.localhost:%d", server.EdgePort)
	p.makeKey(p.says(regexp.QuoteMeta("mara@fernwood.example") + ` +(\S+)`))
	p.api("PATCH", "/v1/program", `{"mode":"`+mode+`"}`)
	p.awaitMode(mode)
	p.Browser = stage.NewBrowser(t)
	return p
}

func (p *play) says(pattern string) string {
	p.t.Helper()
	match, err := p.server.Says(pattern)
	if err != nil {
		p.t.Fatal(err)
	}
	return match[1]
}

// makeKey makes a key in the dashboard, as the merchant does.
func (p *play) makeKey(password string) {
	p.t.Helper()
	owner := stage.NewVisitor("owner")
	form := url.Values{"email": {"mara@fernwood.example"}, "password": {password}}
	if _, err := owner.Submit(p.server.App()+"/sign-in", form); err != nil {
		p.t.Fatal(err)
	}
	made, err := owner.Submit(p.server.App()+"/p/fernwood/keys", url.Values{"name": {"Play"}, "kind": {"secret"}})
	if err != nil {
		p.t.Fatal(err)
	}
	if p.key = regexp.MustCompile(`trb_sk_live_[0-9A-Za-z_-]+`).FindString(made.Body); p.key == "" {
		p.t.Fatalf("no key on the page:\n%s", made.Text())
	}
}

func (p *play) api(method, path, body string) string {
	p.t.Helper()
	req, err := http.NewRequest(method, p.server.App()+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 400 {
		p.t.Fatalf("%s %s: status %d, %v\n%s", method, path, resp.StatusCode, err, text)
	}
	return string(text)
}

// awaitMode waits until the edge has heard of the mode; browsers keep the script for minutes.
func (p *play) awaitMode(mode string) {
	p.t.Helper()
	probe := stage.NewVisitor("probe")
	for deadline := time.Now().Add(20 * time.Second); ; {
		a, err := probe.Open(p.edge + "/t.js")
		if err == nil && strings.Contains(a.Body, "mode = '"+mode+"'") {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("the script never came to mode %s: %v", mode, err)
		}
	}
}

// token asks the script, and waits for the link host's answer.
func (p *play) token() string {
	p.t.Helper()
	return stage.Get(p.Browser, chromedp.Evaluate[string](`new Promise(done => tributary("token", done))`, chromedp.EvalAwaitPromise))
}

// consent tells the script what the visitor said.
func (p *play) consent(yes bool) {
	p.t.Helper()
	stage.Get(p.Browser, chromedp.Evaluate[bool](fmt.Sprintf(`tributary("consent", %v); true`, yes)))
}

// field is what the sign-up form would send.
func (p *play) field() string {
	p.t.Helper()
	return stage.Get(p.Browser, chromedp.Evaluate[string](`document.querySelector("[name=tributary_token]").value`))
}

func (p *play) wantToken(where string, want bool) string {
	p.t.Helper()
	token := p.token()
	if got := len(token) == 66; got != want || !got && token != "" {
		p.t.Errorf("%s: the script says %q", where, token)
	}
	return token
}

// stored is what the browser keeps of us for the shop: the program's cookie, and anything that scripts
// have put away.
func (p *play) stored() string {
	p.t.Helper()
	count := stage.Get(p.Browser, chromedp.Evaluate[int](`(async () =>
		localStorage.length + sessionStorage.length + (await indexedDB.databases()).length + (await caches.keys()).length)()`, chromedp.EvalAwaitPromise))
	if count != 0 {
		p.t.Errorf("scripts have put %d things away", count)
	}
	if c := p.Cookies(p.shop)["trb_fernwood"]; c != nil {
		return c.Value
	}
	return ""
}

// clean checks that the address bar shows no token.
func (p *play) clean() {
	p.t.Helper()
	if here := stage.Get(p.Browser, chromedp.Location()); strings.Contains(here, "via=") {
		p.t.Errorf("the address bar shows %s", here)
	}
}

// signUp fills the sign-up page that is open, and waits for the account.
func (p *play) signUp(name string) {
	p.t.Helper()
	p.Fill("#name", name)
	p.Fill("#email", strings.ToLower(name)+"@example.org")
	p.Press("#sign-up")
	p.Sees("Good to see you, " + name)
}

// referred are the customers who are somebody's referrals.
func (p *play) referred() int {
	p.t.Helper()
	return strings.Count(p.api("GET", "/v1/referrals", ""), `"since"`)
}

func (p *play) quiet() {
	p.t.Helper()
	if problems := p.Problems(); len(problems) > 0 {
		p.t.Errorf("pages complained: %q", problems)
	}
}

// TestScriptFull: the cookie remembers, on the server's side alone, and when a sign-up has cleared it the
// next person at the browser is nobody's referral.
func TestScriptFull(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "full")
	p.Open(p.link)
	token := p.wantToken("on the landing page", true)
	p.clean()
	if got := p.stored(); got != token {
		t.Errorf("the cookie holds %q, the script %q", got, token)
	}
	p.Open(p.shop + "/pricing")
	p.wantToken("on a later page", true)
	p.Open(p.shop + "/signup?plan=starter")
	if got := p.wantToken("on the sign-up page", true); p.field() != got || got != token {
		t.Errorf("the form holds %q, the script %q, want %q", p.field(), got, token)
	}
	p.signUp("Ann")
	if got := p.referred(); got != 1 {
		t.Fatalf("%d referrals after the first sign-up, want 1", got)
	}
	if got := p.stored(); got != "" {
		t.Errorf("the cookie outlives the sign-up: %q", got)
	}
	p.Open(p.shop + "/signup?plan=starter")
	p.wantToken("for the next person", false)
	if got := p.field(); got != "" {
		t.Errorf("the next person's form holds %q", got)
	}
	p.signUp("Bob")
	if got := p.referred(); got != 1 {
		t.Errorf("%d referrals after the second person's sign-up, want 1", got)
	}
	p.quiet()
}

// TestScriptWithoutRedirect: ?via=slug on the shop's own page gets the same cookie from the link host.
func TestScriptWithoutRedirect(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "full")
	_, slug, _ := strings.Cut(strings.TrimPrefix(p.link, "http://"), "/")
	p.Open(p.shop + "/?via=" + slug)
	token := p.wantToken("on the landing page", true)
	p.clean()
	checkCookie(t, p.Cookies(p.shop)["trb_fernwood"])
	if got := p.stored(); got != token {
		t.Errorf("the cookie holds %q, the script %q", got, token)
	}
	p.Open(p.shop + "/signup?plan=starter")
	p.wantToken("on the sign-up page", true)
	p.signUp("Ann")
	if got := p.referred(); got != 1 {
		t.Errorf("%d referrals, want 1", got)
	}
	p.quiet()
}

// TestScriptConsent: until the visitor agrees nothing is stored, and a refusal or Global Privacy Control
// is not agreement.
func TestScriptConsent(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "consent")
	nothing := func(when string) {
		t.Helper()
		if got := p.stored(); got != "" {
			t.Errorf("%s: the cookie holds %q", when, got)
		}
		if all := p.Cookies(p.edge); len(all) != 0 {
			t.Errorf("%s: the link host has %d cookies", when, len(all))
		}
	}
	p.Open(p.link)
	p.wantToken("before the answer", true)
	p.clean()
	nothing("before the answer")
	p.consent(false)
	p.wantToken("after the refusal", true)
	nothing("after the refusal")
	p.Open(p.shop + "/signup?plan=starter")
	p.wantToken("on a later page after the refusal", false)
	if got := p.field(); got != "" {
		t.Errorf("the form holds %q after the refusal", got)
	}

	p.Open(p.link)
	stage.Get(p.Browser, chromedp.Evaluate[bool](`Object.defineProperty(navigator, "globalPrivacyControl", {value: true}); true`))
	p.consent(true)
	p.wantToken("against the browser's own setting", true)
	nothing("against the browser's own setting")

	p.Open(p.link)
	p.consent(true)
	token := p.wantToken("after consent", true)
	if got := p.stored(); got != token {
		t.Errorf("after consent the cookie holds %q, the script %q", got, token)
	}
	checkCookie(t, p.Cookies(p.shop)["trb_fernwood"])
	p.Open(p.shop + "/signup?plan=starter")
	p.wantToken("on a later page that has not heard of consent", false)
	p.consent(true)
	if got := p.wantToken("on a later page", true); got != token || p.field() != token {
		t.Errorf("the form holds %q, the script %q, want %q", p.field(), got, token)
	}
	p.signUp("Ann")
	if got := p.referred(); got != 1 {
		t.Errorf("%d referrals, want 1", got)
	}
	nothing("after the sign-up")
	p.quiet()
}

// TestScriptCookieless: the token travels in addresses and forms only, and consent changes nothing.
func TestScriptCookieless(t *testing.T) {
	t.Parallel()
	p := newPlay(t, "cookieless")
	p.Open(p.link)
	token := p.wantToken("on the landing page", true)
	p.clean()
	p.consent(true)
	p.wantToken("after a consent that nobody asked for", true)
	if got := p.stored() + fmt.Sprint(len(p.Cookies(p.edge))); got != "0" {
		t.Errorf("something is stored: %q", got)
	}
	p.Press(`a[href*="/signup"]`) // the shop's own links carry it on
	if got := p.wantToken("on the sign-up page", true); got != token || p.field() != token {
		t.Errorf("the form holds %q, the script %q, want %q", p.field(), got, token)
	}
	p.clean()
	p.signUp("Ann")
	if got := p.referred(); got != 1 {
		t.Errorf("%d referrals, want 1", got)
	}
	p.Open(p.shop + "/signup?plan=starter")
	p.wantToken("for the next person", false)
	if got := p.stored(); got != "" {
		t.Errorf("the cookie holds %q", got)
	}
	p.quiet()
}
