// Package serve runs HTTP servers: start, graceful stop, and what every request
// goes through before a surface sees it.
//
// Nouns: Server, Middleware, Proxies, Limiter, FolderLock.
//
// Invariants:
//  1. After the stop no new request begins, and those at work have the grace
//     time to end.
//  2. A client's address and scheme come from headers only when a trusted
//     proxy sent them, read from the right.
//  3. A panic in a handler ends its own request and nothing else, and tells
//     the visitor nothing.
//  4. Two processes never serve one data folder.
//
// It owns no tables and knows no page and no route.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	headerTime  = 10 * time.Second
	readTime    = 60 * time.Second
	writeTime   = 2 * time.Minute // of a whole answer; live updates move it on by http.ResponseController
	idleTime    = 120 * time.Second
	headerBytes = 64 << 10
)

// Server is a handler on a listener.
type Server struct {
	Name     string // for the log
	Listener net.Listener
	Handler  http.Handler
}

type stoppingKey struct{}

// Stopping is closed when the server that handles the request begins to stop:
// handlers that never end by themselves, such as live updates, end then. It is
// nil, which blocks for ever, outside of Run.
func Stopping(ctx context.Context) <-chan struct{} {
	c, _ := ctx.Value(stoppingKey{}).(chan struct{})
	return c
}

// Run serves until ctx ends or a server fails, then stops all of them, giving
// the requests at work the grace time. Its error is nil after a stop in which
// every request ended by itself.
func Run(ctx context.Context, log *slog.Logger, grace time.Duration, servers ...Server) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stopping := make(chan struct{})
	running := make([]*http.Server, 0, len(servers))
	ended := make(chan error, len(servers))
	for _, s := range servers {
		h := newServer(s, log, stopping)
		running = append(running, h)
		go func() {
			err := h.Serve(s.Listener)
			if errors.Is(err, http.ErrServerClosed) {
				ended <- nil
				return
			}
			ended <- fmt.Errorf("serve %s: %w", s.Name, err)
			cancel()
		}()
	}
	<-ctx.Done()
	close(stopping)
	err := stop(running, grace)
	for range servers {
		err = errors.Join(err, <-ended)
	}
	return err
}

func newServer(s Server, log *slog.Logger, stopping chan struct{}) *http.Server {
	return &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.Background(), stoppingKey{}, stopping)
		},
	}
}

func stop(running []*http.Server, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	errs := make(chan error, len(running))
	for _, h := range running {
		go func() {
			err := h.Shutdown(ctx)
			if err != nil {
				err = errors.Join(fmt.Errorf("requests were cut off after %s: %w", grace, err), h.Close())
			}
			errs <- err
		}()
	}
	var all []error
	for range running {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}
