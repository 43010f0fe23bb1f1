package track

import (
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/valyala/fasthttp"

	"tributary.example/click"
	"tributary.example/program"
)

// redirect sends a visitor through a link.
func (e *Edge) redirect(ctx *fasthttp.RequestCtx, path string) {
	if !ctx.IsGet() && !ctx.IsHead() {
		ctx.Response.Header.Set("Allow", "GET, HEAD")
		ctx.SetStatusCode(fasthttp.StatusMethodNotAllowed)
		return
	}
	host := hostOf(ctx)
	slug := strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"))
	f, ok := e.dir.byPath(host, slug)
	if !ok {
		e.count.Misses.Add(1)
		e.fallback(ctx, host)
		return
	}
	var a ask
	if len(ctx.URI().QueryString()) > 0 {
		a = asked(ctx.QueryArgs())
	}
	to := target(f, a.to)
	v := e.visit(ctx, f, a)
	v.Way, v.Landing = click.ByRedirect, to.EscapedPath()
	v.Referrer = view(ctx.Request.Header.Peek("Referer"))
	token, reason := e.record(v, f)
	if reason == click.Paused {
		e.fallback(ctx, host)
		return
	}
	if token != "" && f.program.Mode == program.ModeFull {
		e.setCookie(ctx, f, token)
	}
	e.sendTo(ctx, address(to, f, a, token))
}

func asked(args *fasthttp.Args) ask {
	var a ask
	for name, value := range args.All() {
		a.take(string(name), string(value))
	}
	return a
}

// view is a text of the request without a copy of it. It is good until the
// request is answered: what lives longer, such as a key of a map, is cloned.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// hostOf is the host that the browser asked for, without a default port.
func hostOf(ctx *fasthttp.RequestCtx) string {
	host := strings.ToLower(view(ctx.Host()))
	return strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80")
}

// purposes are the headers with which browsers say that they load ahead.
var purposes = []string{"Sec-Purpose", "Purpose", "X-Moz"}

// visit reads what a request says of its visitor.
func (e *Edge) visit(ctx *fasthttp.RequestCtx, f found, a ask) click.Visit {
	h := &ctx.Request.Header
	addr := e.client(ctx)
	v := click.Visit{
		At: e.o.Clock(), Method: view(ctx.Method()),
		FetchDest: view(h.Peek("Sec-Fetch-Dest")), FetchMode: view(h.Peek("Sec-Fetch-Mode")),
		Agent: view(h.UserAgent()), Language: view(h.Peek("Accept-Language")), Addr: addr,
		Subs: a.subs, UTM: a.utmMap(), QR: a.qr,
		Program: f.program.ID, Link: f.link.ID, Affiliate: f.link.Affiliate,
		LinkWorks: f.works, AffiliateCounts: f.counts,
	}
	for _, name := range purposes {
		if purpose := h.Peek(name); len(purpose) > 0 {
			v.Purposes = append(v.Purposes, view(purpose))
		}
	}
	if e.o.Country != nil {
		v.Country = e.o.Country(addr)
	}
	return v
}

func (e *Edge) client(ctx *fasthttp.RequestCtx) netip.Addr {
	remote, _ := netip.AddrFromSlice(ctx.RemoteIP())
	return e.o.Proxies.Client(remote, values(ctx, "X-Forwarded-For"), values(ctx, "Forwarded"))
}

func (e *Edge) secure(ctx *fasthttp.RequestCtx) bool {
	remote, _ := netip.AddrFromSlice(ctx.RemoteIP())
	return e.o.Proxies.Secure(remote, ctx.IsTLS(), values(ctx, "X-Forwarded-Proto"), values(ctx, "Forwarded"))
}

func values(ctx *fasthttp.RequestCtx, name string) []string {
	all := ctx.Request.Header.PeekAll(name)
	if len(all) == 0 {
		return nil
	}
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = view(v)
	}
	return out
}

// record judges a visit, mints its token and hands the click to the journal.
// The token is "" when the visit mints none.
func (e *Edge) record(v click.Visit, f found) (string, click.Reason) {
	w := click.World{Lists: e.o.Lists, Blocked: e.o.Blocked, Salt: e.dir.salt(f.program, v.At), Repeats: e.repeats}
	verdict := click.Judge(v, w)
	if !verdict.Reason.Mints() {
		e.count.Drops.Add(1)
		e.journal.drop(click.Drop{
			Program: v.Program, Link: v.Link, Affiliate: v.Affiliate, Reason: verdict.Reason, Minute: v.At.Unix() / 60,
		})
		return "", verdict.Reason
	}
	token, clk, err := e.dir.keys().Mint(v.Program, v.Link, v.At)
	if err != nil {
		e.count.Unminted.Add(1)
		e.o.Log.Error("click not minted", "link", v.Link, "err", err)
		return "", verdict.Reason
	}
	e.count.Clicks.Add(1)
	e.await(e.journal.add(v.Click(verdict, clk, w)))
	return token, verdict.Reason
}

// await waits for the journal's answer, but not for long.
func (e *Edge) await(acked <-chan struct{}) {
	timer := timers.Get().(*time.Timer)
	timer.Reset(e.o.AckWait)
	select {
	case <-acked:
	case <-timer.C:
		e.count.RedirectsUnacked.Add(1)
	}
	timer.Stop()
	timers.Put(timer)
}

// timers are stopped timers: a redirect needs one for a moment only.
var timers = sync.Pool{New: func() any {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}}

// cookieAttributes are what the cookies of a program say on a host of its
// links, except for what depends on the request.
func cookieAttributes(host string, s *site) string {
	text := "; Path=/; Max-Age=" + strconv.Itoa(int(click.CookieAge(s.window())/time.Second)) + "; HttpOnly; SameSite=Lax"
	if domain := click.CookieDomain(host, s.home.Host); domain != "" {
		text += "; Domain=" + domain
	}
	return text
}

// setCookie adds the token to the visitor's touches. It may replace a cookie
// of ours only: its name is the program's own.
func (e *Edge) setCookie(ctx *fasthttp.RequestCtx, f found, token string) {
	name := f.program.CookieName
	if held := ctx.Request.Header.Cookie(name); len(held) > 0 {
		token = click.AddTouch(string(held), token)
	}
	cookie := append(make([]byte, 0, 256), name...)
	cookie = append(append(append(cookie, '='), token...), f.cookie...)
	if e.secure(ctx) {
		cookie = append(cookie, "; Secure"...)
	}
	ctx.Response.Header.AddBytesV("Set-Cookie", cookie)
}

func (e *Edge) sendTo(ctx *fasthttp.RequestCtx, address string) {
	h := &ctx.Response.Header
	h.Set("Location", address)
	for _, pair := range redirectHeaders {
		h.SetCanonical(pair[0], pair[1])
	}
	ctx.SetStatusCode(fasthttp.StatusFound)
}

// redirectHeaders are the same in each redirect; their names are spelt as they
// are sent.
var redirectHeaders = [][2][]byte{
	{[]byte("Cache-Control"), []byte("no-store")},
	{[]byte("Referrer-Policy"), []byte("strict-origin-when-cross-origin")},
	{[]byte("X-Robots-Tag"), []byte("noindex")},
}

// fallback answers for a link that does not work: the program's own page for
// that, or a plain one.
func (e *Edge) fallback(ctx *fasthttp.RequestCtx, host string) {
	if s, ok := e.dir.ofHost(host); ok && s.FallbackURL != "" {
		e.sendTo(ctx, s.FallbackURL)
		return
	}
	h := &ctx.Response.Header
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	ctx.SetContentType("text/html; charset=utf-8")
	ctx.SetStatusCode(fasthttp.StatusNotFound)
	ctx.SetBodyString(notFoundPage)
}

func plain(ctx *fasthttp.RequestCtx, text string) {
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetBodyString(text)
}

// notFoundPage carries no name and no picture: it stands on any merchant's
// host.
const notFoundPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>This link does not work</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1.5rem}h1{font-size:1.4rem}</style>
</head><body><h1>This link does not work</h1>
<p>It may have been mistyped, or it is no longer in use. Please ask whoever gave it to you for the present one.</p>
</body></html>
`
