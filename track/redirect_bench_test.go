package track

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"tributary.example/affiliate"
	"tributary.example/click"
	"tributary.example/internal/bus"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/internal/serve"
	"tributary.example/link"
	"tributary.example/program"
)

// BenchmarkRedirect is one click without network, bus and disk: what the edge
// itself costs. Each comes from another address, through a trusted proxy.
func BenchmarkRedirect(b *testing.B) {
	e := benchEdge(b)
	var req fasthttp.Request
	for name, value := range map[string]string{
		"User-Agent":      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
		"Accept-Language": "de-AT,de;q=0.9", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site",
		"Referer": "https://blog.example/posts/what-i-use", "Accept": "text/html", "Accept-Encoding": "gzip", "Upgrade-Insecure-Requests": "1",
	} {
		req.Header.Set(name, value)
	}
	req.SetRequestURI("/jane")
	req.Header.SetHost("go.shop.example")
	var ctx fasthttp.RequestCtx
	ctx.Init(&req, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
	addr := netip.MustParseAddr("9.0.0.0")
	var text []byte
	b.ReportAllocs()
	for b.Loop() {
		addr = addr.Next()
		text = addr.AppendTo(text[:0])
		ctx.Request.Header.SetBytesV("X-Forwarded-For", text)
		ctx.Response.Reset()
		e.handle(&ctx)
	}
	if ctx.Response.StatusCode() != 302 || e.count.Drops.Load() != 0 {
		b.Fatalf("answered %d, dropped %d", ctx.Response.StatusCode(), e.count.Drops.Load())
	}
}

// benchEdge is an edge whose journal takes each frame at once.
func benchEdge(b *testing.B) *Edge {
	proxies, err := serve.ParseProxies([]string{"127.0.0.1"})
	if err != nil {
		b.Fatal(err)
	}
	root, err := secret.NewRoot([]byte(strings.Repeat("k", 32)))
	if err != nil {
		b.Fatal(err)
	}
	e := New(Options{Bus: &bus.Bus{}, Root: root, Proxies: proxies, Log: slog.New(slog.DiscardHandler)})
	e.journal = newJournal(func(context.Context, bus.Message) error { return nil }, &e.count, e.o.Log)
	at := time.Now()
	prog := program.Record{
		ID: id.New[id.Program](at), SiteURL: "https://www.shop.example/", Hosts: []string{"go.shop.example"}, Mode: program.ModeFull,
		ViaName: "via", CookieName: "trb_shop", WindowDays: 60, Version: 1,
	}
	aff := affiliate.Record{ID: id.New[id.Affiliate](at), Program: prog.ID, State: affiliate.Active, Version: 1}
	lnk := link.Record{ID: id.New[id.Link](at), Program: prog.ID, Affiliate: aff.ID, Host: "go.shop.example", Slug: "jane", State: link.Active, Version: 1}
	for key, record := range map[string]any{
		program.KeyPrefix + string(prog.ID): prog, affiliate.KeyPrefix + string(aff.ID): aff, link.KeyPrefix + string(lnk.ID): lnk,
	} {
		value, err := json.Marshal(record)
		if err != nil {
			b.Fatal(err)
		}
		if err := e.dir.record(bus.Change{Key: key, Value: value}); err != nil {
			b.Fatal(err)
		}
	}
	e.dir.ring = click.NewRing([]click.Key{{ID: 1, Serial: 1, Secret: []byte("master"), CreatedAt: at}})
	e.dir.salts[prog.ID] = []click.Salt{click.Salt{
		Program: prog.ID, StartsAt: at.Add(-time.Hour), EndsAt: at.Add(24 * time.Hour), Secret: []byte(fmt.Sprint("salt")),
	}.Ready()}
	return e
}
