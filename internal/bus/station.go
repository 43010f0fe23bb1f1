package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// station is one run of the server, and our connection to it.
type station struct {
	server *server.Server // nil when the server is somebody else's
	conn   *nats.Conn
	js     jetstream.JetStream
	life   context.Context // its cause says why the station ended
	end    context.CancelCauseFunc
}

// maxPayload is what one message may hold: a frame is at most half of it.
const maxPayload = 1 << 20

// startWait is how long the embedded server may take to open its journal.
const startWait = 30 * time.Second

// begin starts the embedded server, when there is one, and connects.
func (b *Bus) begin(ctx context.Context) (*station, error) {
	s := &station{}
	s.life, s.end = context.WithCancelCause(context.Background())
	if err := b.open(ctx, s); err != nil {
		s.close(err)
		return nil, err
	}
	return s, nil
}

func (b *Bus) open(ctx context.Context, s *station) error {
	options := []nats.Option{nats.Name("tributary"), nats.MaxReconnects(-1), nats.Timeout(5 * time.Second)}
	if b.o.URL == "" {
		if err := b.embed(s); err != nil {
			return err
		}
		options = append(options, nats.InProcessServer(s.server))
	}
	conn, err := nats.Connect(b.o.URL, options...)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	s.conn = conn
	if s.js, err = jetstream.New(conn); err != nil {
		return err
	}
	return s.prepare(ctx, b.o)
}

func (b *Bus) embed(s *station) error {
	if b.o.Dir == "" {
		return errors.New("neither a folder nor an address for the journal")
	}
	srv, err := server.NewServer(&server.Options{
		ServerName: "tributary",
		DontListen: true,
		JetStream:  true,
		StoreDir:   b.o.Dir,
		SyncAlways: b.o.SyncAlways,
		MaxPayload: maxPayload,
		NoSigs:     true,
		NoLog:      true,
		// The server guesses limits from free memory and disk; ours are per stream.
		JetStreamMaxMemory: 1 << 30,
		JetStreamMaxStore:  1 << 50,

		DisableJetStreamBanner: true,
	})
	if err != nil {
		return fmt.Errorf("embedded server: %w", err)
	}
	s.server = srv
	srv.SetLogger(listener{func(line string) { b.suspect(s, errors.New(line)) }}, false, false)
	go srv.Start()
	if !srv.ReadyForConnections(startWait) {
		return fmt.Errorf("embedded server was not ready after %s", startWait)
	}
	return nil
}

func (s *station) close(why error) {
	s.end(why)
	if s.conn != nil {
		s.conn.Close()
	}
	if s.server != nil {
		s.server.Shutdown()
		s.server.WaitForShutdown()
	}
}

// bound is a context that ends with the station too.
func (s *station) bound(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	bound, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.life, func() { cancel(context.Cause(s.life)) })
	return bound, func(why error) {
		stop()
		cancel(why)
	}
}

// listener hears in the embedded server's log that a stream can no longer be
// written: the publisher only sees that nobody answers.
type listener struct{ heard func(line string) }

// Errorf passes on what tells of writing.
func (l listener) Errorf(format string, v ...any) {
	if line := fmt.Sprintf(format, v...); strings.Contains(line, "write error") || strings.Contains(line, "failed to store") {
		l.heard(line)
	}
}

// Noticef drops the line.
func (listener) Noticef(string, ...any) {}

// Warnf drops the line.
func (listener) Warnf(string, ...any) {}

// Fatalf drops the line: what is fatal, Start reports.
func (listener) Fatalf(string, ...any) {}

// Debugf drops the line.
func (listener) Debugf(string, ...any) {}

// Tracef drops the line.
func (listener) Tracef(string, ...any) {}
