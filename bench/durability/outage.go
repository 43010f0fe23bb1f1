package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// The clicks before the database goes away and after it is back.
const aroundOutage = 3 * time.Second

// outage takes the database away from under a server, for as long as o says,
// while visitors go on clicking.
func outage(ctx context.Context, o options) error {
	address := os.Getenv("TRIBUTARY_TEST_POSTGRES")
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return errors.New("TRIBUTARY_TEST_POSTGRES must be the address of an empty PostgreSQL database")
	}
	p, err := newPlace(o.binary)
	if err != nil {
		return err
	}
	defer os.RemoveAll(p.dir)
	way, err := newWay(u.Host)
	if err != nil {
		return err
	}
	defer way.close()
	u.Host = way.address()
	s, err := p.start(ctx, nil, "--database", u.String())
	if err != nil {
		return err
	}
	defer s.kill()
	var t tally
	if t.acked, err = p.through(ctx, s, way, o); err != nil {
		return err
	}
	return p.afterOutage(ctx, s, address, &t)
}

// through lets visitors click before, during and after the outage. A request
// without an answer is an error: nobody may be refused.
func (p place) through(ctx context.Context, s *server, w *way, o options) ([]id.Click, error) {
	var from atomic.Uint32
	from.Store(firstVisitor)
	v := newVisitors(s, &from, 1<<40)
	if err := v.wait(ctx); err != nil {
		return nil, err
	}
	clicking, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{})
	go func() {
		v.run(clicking, o.visitors)
		close(done)
	}()
	time.Sleep(aroundOutage)
	before := v.count()
	w.shut()
	time.Sleep(o.outage)
	during := v.count() - before
	w.open()
	time.Sleep(aroundOutage)
	v.left.Store(0) // the visitors end when their last clicks are answered
	<-done
	fmt.Printf("%d clicks before, %d in the %s without a database, %d after\n", before, during, o.outage, v.count()-before-during)
	if during == 0 || v.cut > 0 {
		return nil, fmt.Errorf("%d clicks without a database, %d requests without an answer", during, v.cut)
	}
	return v.acked, errors.Join(v.odd, ctx.Err())
}

// afterOutage waits for the store and compares.
func (p place) afterOutage(ctx context.Context, s *server, address string, t *tally) error {
	d, err := db.Open(ctx, db.Options{URL: address})
	if err != nil {
		return err
	}
	defer d.Close()
	// What is acknowledged is in the journal when the server has ended; until
	// then the journal is the server's.
	if err := settled(ctx, d, len(t.acked)); err != nil {
		return err
	}
	if err := s.stop(); err != nil {
		return err
	}
	if _, err := p.readJournal(ctx, t); err != nil {
		return err
	}
	if err := t.readStore(ctx, d); err != nil {
		return err
	}
	return t.report()
}

// settled waits until the store has that many clicks.
func settled(ctx context.Context, d *db.DB, n int) error {
	ctx, cancel := context.WithTimeout(ctx, drainWait)
	defer cancel()
	for {
		rows, _, err := db.Lookup(ctx, d, db.Scalar[int64], `select count(*) from clicks`)
		if err != nil {
			return err
		}
		if rows >= int64(n) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the store has %d of %d clicks: %w", rows, n, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// way is the way to a database, which can be shut.
type way struct {
	to       string
	listener net.Listener

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]bool
}

func newWay(to string) (*way, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &way{to: to, listener: l, conns: map[net.Conn]bool{}}
	go w.serve()
	return w, nil
}

func (w *way) address() string { return w.listener.Addr().String() }

func (w *way) close() {
	w.listener.Close()
	w.shut()
}

func (w *way) serve() {
	for {
		in, err := w.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", w.to)
		if err != nil || !w.keep(in, out) {
			in.Close()
			continue
		}
		for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
			go func() {
				_, _ = io.Copy(pair[0], pair[1])
				in.Close()
				out.Close()
			}()
		}
	}
}

// keep notes connections, unless the way is shut.
func (w *way) keep(conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		if w.closed {
			c.Close()
			continue
		}
		w.conns[c] = true
	}
	return !w.closed
}

// shut cuts every connection and lets none through.
func (w *way) shut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for c := range w.conns {
		c.Close()
	}
	clear(w.conns)
}

func (w *way) open() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = false
}
