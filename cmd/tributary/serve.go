package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"tributary.example/access"
	"tributary.example/api"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/serve"
	"tributary.example/payout"
	"tributary.example/payout/csv"
	"tributary.example/payout/manual"
	"tributary.example/program"
	"tributary.example/web"
)

// grace is how long requests at work may take to end at a stop.
const grace = 10 * time.Second

type serveCommand struct{ serveConfig }

// Run serves until it is interrupted.
func (c serveCommand) Run(ctx context.Context) error {
	in, err := c.open(ctx)
	if err != nil {
		return err
	}
	err = in.serve(ctx, c.serveConfig, nil, func(ctx context.Context) error { return in.greet(ctx, c.serveConfig) })
	if closed := in.Close(); err == nil {
		err = closed
	}
	return err
}

// open checks the settings and opens databases and bus.
func (c serveConfig) open(ctx context.Context) (*installation, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	clock, err := c.clock()
	if err != nil {
		return nil, err
	}
	in, err := openBooks(ctx, c.config, db.Options{Clock: clock})
	if err != nil {
		return nil, err
	}
	if err := in.openBus(ctx); err != nil {
		_ = in.Close()
		return nil, err
	}
	return in, nil
}

// serve runs every part until ctx ends or one of them fails: the edge and the
// workers in the background, dashboards and API in front, and extra servers
// such as the demo's shop. ready is called when all of it listens.
func (in *installation) serve(ctx context.Context, c serveConfig, extra []serve.Server, ready func(context.Context) error) error {
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return listenFault("TRIBUTARY_LISTEN", c.Listen, err)
	}
	handler, err := in.handler(c)
	if err != nil {
		return err
	}
	front := append([]serve.Server{{Name: "app", Listener: listener, Handler: handler}}, extra...)
	edge, err := in.edge(ctx, c)
	if err != nil {
		return err
	}
	workers, err := in.workers(c)
	if err != nil {
		return err
	}
	parts := append(workers, edge, func(ctx context.Context) error {
		return serve.Run(ctx, in.log, grace, front...)
	})
	return together(ctx, append(parts, func(ctx context.Context) error {
		if err := ready(ctx); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})...)
}

// together runs parts until all have ended; the first that fails ends the
// others, and its error is returned.
func together(ctx context.Context, parts ...func(context.Context) error) error {
	asked := ctx
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ended := make(chan error)
	for _, part := range parts {
		go func() { ended <- part(ctx) }()
	}
	var first error
	for range parts {
		err := <-ended
		if asked.Err() != nil && errors.Is(err, context.Canceled) {
			continue // it had only begun when it was asked to end
		}
		if err != nil && first == nil {
			first = err
			stop(err)
		}
	}
	return first
}

// handler is dashboards and API behind what every request goes through.
func (in *installation) handler(c serveConfig) (http.Handler, error) {
	proxies, err := serve.ParseProxies(c.TrustedProxies)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(c.publicURL(), "https://") && len(proxies) == 0 {
		in.log.Warn("no proxy is trusted: all visitors seem to come from one address, and share one limit of sign-ins",
			"url", c.publicURL(), "set", "TRIBUTARY_TRUSTED_PROXIES")
	}
	env := in.useCases()
	mux := http.NewServeMux()
	mux.Handle("/v1/", api.New(api.Env{DB: in.books, Root: in.root, Flow: env, Rails: rails(), Log: in.log}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", in.showReady)
	mux.Handle("/", web.New(web.Env{
		DB: in.books, Clicks: in.clicks, Root: in.root, Flow: env, Rail: rails()[0], Log: in.log,
		URL: c.publicURL(), EdgePort: c.edgePort(), MailFolder: c.unsentMail(),
	}))
	return serve.Chain(mux, serve.RequestID(in.books.Now), proxies.Middleware,
		serve.AccessLog(in.log, time.Now), serve.Recover(in.log, nil)), nil
}

// useCases is what use cases need here: on PostgreSQL the clicks are in the
// transaction's own database, on SQLite in a file beside.
func (in *installation) useCases() flow.Env {
	return flow.Env{Root: in.root, Clicks: func(tx *db.Tx) db.Reader {
		if in.clicks == in.books {
			return tx
		}
		return in.clicks
	}}
}

// rails are the ways to pay out that this binary knows; the first is the usual
// one.
func rails() []payout.Rail { return []payout.Rail{csv.Rail{}, manual.Rail{}} }

// showReady answers 200 when database and bus do.
func (in *installation) showReady(w http.ResponseWriter, r *http.Request) {
	for name, check := range map[string]func() error{
		"database": func() error { return in.books.Ping(r.Context()) },
		"bus":      in.bus.Healthy,
	} {
		if err := check(); err != nil {
			in.log.Error("not ready", "part", name, "err", err)
			http.Error(w, name+" does not answer", http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprintln(w, "ready")
}

// greet prints where everything is and, as long as there is no program, the
// one-time link that makes the owner and the first one.
func (in *installation) greet(ctx context.Context, c serveConfig) error {
	say("Tributary is running. Stop it with Ctrl-C.")
	say("  Dashboards and API  %s", c.publicURL())
	say("  Tracking links      http://%s", c.EdgeListen)
	say("  Data                %s", in.whereabouts())
	say("  Mail                %s", c.mailsTo())
	programs, err := program.List(ctx, in.books)
	if err != nil || len(programs) > 0 {
		return err
	}
	var token string
	err = in.books.Write(ctx, db.Command("serve"), func(tx *db.Tx) (err error) {
		token, err = access.MakeEntry(ctx, tx, access.Entry{Purpose: access.SetUp})
		return err
	})
	if err != nil {
		return err
	}
	say("")
	say("Make the owner and the first program here; the link works once, for %s hours:", fmt.Sprint(int(access.SetUp.Span().Hours())))
	say("  %s/set-up?token=%s", c.publicURL(), token)
	return nil
}

func (in *installation) whereabouts() string {
	if in.Database != "" {
		return "PostgreSQL, journal in " + in.Data
	}
	return in.Data
}

// say prints one line of fact; logs go to standard error.
func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }
