// Package track is the edge: it takes a visitor through a tracking link to the
// merchant's page, and the click into the journal.
//
// Nouns: Edge, directory, journal, target.
//
// Invariants:
//  1. It touches no database: it needs the bus and the root key, and serves
//     while everything else is down.
//  2. A visitor is sent on only to a host that the program verified.
//  3. A redirect is answered after its click is in the journal, or after 25 ms;
//     then the click is counted as late and its token carries it.
//  4. Whatever is dropped is counted under its reason, and sent on.
//  5. Nothing but tokens is believed of a browser, and nothing but tokens is
//     put into a cookie.
//
// It owns no tables.
package track

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"tributary.example/click"
	"tributary.example/internal/bus"
	"tributary.example/internal/secret"
	"tributary.example/internal/serve"
)

// Options say what an edge works with.
type Options struct {
	Bus     *bus.Bus
	Root    secret.Root
	Clock   func() time.Time // nil is time.Now
	Log     *slog.Logger     // nil is the default
	Proxies serve.Proxies    // whose forwarded addresses are believed
	Blocked []netip.Prefix   // networks whose clicks do not count
	Lists   click.Lists      // nil is click.BuiltIn
	// Country names an address's country; nil knows none.
	Country func(netip.Addr) string
	// AckWait is how long a redirect waits for the journal; 0 is 25 ms.
	AckWait time.Duration
}

const ackWait = 25 * time.Millisecond

// Counters count since the start.
type Counters struct {
	Clicks           atomic.Int64 // journalled, repeats among them
	Drops            atomic.Int64 // hits that minted nothing
	Misses           atomic.Int64 // addresses that are no link
	Landings         atomic.Int64 // told by the script
	RedirectsUnacked atomic.Int64 // sent on before the journal answered
	ClicksLost       atomic.Int64 // given up after five minutes, or refused for want of memory
	DropsLost        atomic.Int64 // hits whose counts were refused for want of memory
	Unminted         atomic.Int64 // clicks without a key to sign with
}

// Edge is the server of tracking links.
type Edge struct {
	o       Options
	dir     *directory
	journal *journal
	repeats *click.Repeats
	count   Counters
	server  *fasthttp.Server
	script  []byte
}

// The limits of a connection. The merchant's own cookies come along.
const (
	connections  = 16 << 10 // beyond these a visitor is told to come again; each may hold a read buffer
	readBuffer   = 32 << 10
	maxBody      = 8 << 10
	readTimeout  = 10 * time.Second
	writeTimeout = 10 * time.Second
	idleTimeout  = time.Minute
	workerIdle   = 10 * time.Second
	stopTimeout  = 10 * time.Second
)

// New makes an edge; Run starts it.
func New(o Options) *Edge {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Lists == nil {
		o.Lists = click.BuiltIn
	}
	o.Lists = click.Remember(o.Lists)
	if o.AckWait == 0 {
		o.AckWait = ackWait
	}
	e := &Edge{o: o, dir: newDirectory(o.Root), repeats: click.NewRepeats(), script: squeeze(scriptSource)}
	e.journal = newJournal(o.Bus.Publish, &e.count, o.Log)
	e.server = &fasthttp.Server{
		Handler:               e.handle,
		Name:                  "",
		NoDefaultServerHeader: true,
		Concurrency:           connections,
		MaxIdleWorkerDuration: workerIdle,
		ReadBufferSize:        readBuffer,
		MaxRequestBodySize:    maxBody,
		ReduceMemoryUsage:     true,
		ReadTimeout:           readTimeout,
		WriteTimeout:          writeTimeout,
		IdleTimeout:           idleTimeout,
		CloseOnShutdown:       true,
		Logger:                quiet{},
	}
	return e
}

// Counters are the edge's counters.
func (e *Edge) Counters() *Counters { return &e.count }

// Run loads the directory, serves the listener until ctx ends, then finishes
// the requests at work and hands what it kept to the journal.
func (e *Edge) Run(ctx context.Context, ln net.Listener) error {
	defer ln.Close()
	following, stopFollowing := context.WithCancel(ctx)
	defer stopFollowing()
	if err := e.dir.follow(following, e.o.Bus, e.o.Log); err != nil {
		return fmt.Errorf("load directory: %w", err)
	}
	go e.journal.tick(following)
	ended := make(chan error, 1)
	go func() { ended <- e.server.Serve(ln) }()
	select {
	case err := <-ended:
		return fmt.Errorf("edge: %w", err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := e.server.ShutdownWithContext(stopping); err != nil {
		e.o.Log.Warn("edge connections cut", "err", err)
	}
	return e.journal.close(stopping)
}

// handle is every route of the edge.
func (e *Edge) handle(ctx *fasthttp.RequestCtx) {
	switch path := view(ctx.Path()); path {
	case "/t.js":
		e.serveScript(ctx)
	case "/visit":
		e.landing(ctx)
	case "/healthz":
		e.health(ctx)
	case "/robots.txt":
		plain(ctx, "User-agent: *\nDisallow: /\n")
	default:
		e.redirect(ctx, path)
	}
}

func (e *Edge) health(ctx *fasthttp.RequestCtx) {
	if err := e.o.Bus.Healthy(); err != nil {
		ctx.SetStatusCode(fasthttp.StatusServiceUnavailable)
		plain(ctx, err.Error()+"\n")
		return
	}
	plain(ctx, "ok\n")
}

// quiet drops the library's own log: broken connections are a visitor's
// everyday business.
type quiet struct{}

// Printf drops the line.
func (quiet) Printf(string, ...any) {}
