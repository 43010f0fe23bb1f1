package track

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"

	"tributary.example/click"
	"tributary.example/program"
)

// told is what our script tells of a page that was opened with a link's name
// or token in its address. Without either it asks what the cookie holds.
type told struct {
	Via     string `json:"via"`
	Page    string `json:"page"` // the page's address
	From    string `json:"from"` // its referrer
	Consent bool   `json:"consent"`
}

// answer is what the script gets: nothing when there is no such link.
type answer struct {
	Token  string `json:"token,omitempty"`
	Coupon string `json:"coupon,omitempty"`
}

// landing records a visit to the merchant's own page, or gives the cookie for
// a token that came in its address. It is open to pages on verified hosts
// only.
func (e *Edge) landing(ctx *fasthttp.RequestCtx) {
	origin := string(ctx.Request.Header.Peek("Origin"))
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.Response.Header.Set("Vary", "Origin")
	s, ok := e.dir.ofHost(hostOf(ctx))
	if !ok || !s.origin(origin) {
		ctx.SetStatusCode(fasthttp.StatusForbidden)
		plain(ctx, "This page is not on a verified host of the program.\n")
		return
	}
	h := &ctx.Response.Header
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	switch {
	case ctx.IsOptions():
		h.Set("Access-Control-Allow-Methods", "POST")
		h.Set("Access-Control-Allow-Headers", "content-type")
		ctx.SetStatusCode(fasthttp.StatusNoContent)
		return
	case !ctx.IsPost():
		h.Set("Allow", "POST, OPTIONS")
		ctx.SetStatusCode(fasthttp.StatusMethodNotAllowed)
		return
	}
	var t told
	if err := json.Unmarshal(ctx.PostBody(), &t); err != nil {
		ctx.SetStatusCode(fasthttp.StatusBadRequest)
		plain(ctx, "The body is not JSON.\n")
		return
	}
	body, err := json.Marshal(e.land(ctx, s, t))
	if err != nil {
		panic(err) // two strings
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(body)
}

// origin reports whether a page of that origin may tell of landings.
func (s *site) origin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Path == "" && s.verified(u)
}

func (e *Edge) land(ctx *fasthttp.RequestCtx, s *site, t told) answer {
	var f found
	var out answer
	switch {
	case t.Via == "":
	case len(t.Via) == click.TokenLength:
		e.count.Landings.Add(1)
		f, out.Token = e.proven(s, t.Via)
	default:
		e.count.Landings.Add(1)
		f, out.Token = e.byScript(ctx, s, t)
	}
	if out.Token == "" {
		return e.remembered(ctx, s)
	}
	out.Coupon = f.link.Coupon
	refused := string(ctx.Request.Header.Peek("Sec-GPC")) == "1"
	if s.Mode == program.ModeFull || (s.Mode == program.ModeConsent && t.Consent && !refused) {
		e.setCookie(ctx, f, out.Token)
	}
	return out
}

// proven is the link of a token that the program signed and whose window is
// open; it makes no second click.
func (e *Edge) proven(s *site, token string) (found, string) {
	t, err := click.ParseToken(token)
	if err != nil {
		return found{}, ""
	}
	f, ok := e.dir.byID(t.Link)
	now := e.o.Clock()
	if !ok || f.program.ID != s.ID || e.dir.keys().Verify(t, s.ID, now) != click.Proven || !click.Eligible(t.At, now, s.window()) {
		return found{}, ""
	}
	return f, token
}

// remembered is the newest touch in the program's cookie that still counts.
// The page's script cannot read the cookie itself.
func (e *Edge) remembered(ctx *fasthttp.RequestCtx, s *site) answer {
	if s.Mode == program.ModeCookieless {
		return answer{}
	}
	touches := click.Touches(string(ctx.Request.Header.Cookie(s.CookieName)))
	for i := len(touches) - 1; i >= 0; i-- {
		if f, token := e.proven(s, touches[i]); token != "" {
			return answer{Token: token, Coupon: f.link.Coupon}
		}
	}
	return answer{}
}

// byScript makes a click of a page opened with a link's name.
func (e *Edge) byScript(ctx *fasthttp.RequestCtx, s *site, t told) (found, string) {
	f, ok := e.dir.byPath(hostOf(ctx), strings.ToLower(t.Via))
	page, err := url.Parse(t.Page)
	if !ok || f.program.ID != s.ID || err != nil {
		return found{}, ""
	}
	var a ask
	for name, all := range page.Query() {
		a.take(name, all[0])
	}
	v := e.visit(ctx, f, a)
	v.Way, v.Landing, v.Referrer = click.ByLanding, page.EscapedPath(), t.From
	token, _ := e.record(v, f)
	return f, token
}
