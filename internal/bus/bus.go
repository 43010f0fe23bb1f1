// Package bus carries clicks, events and the edge's directory between the
// server's parts, over a NATS JetStream server that it runs in the process or
// finds at an address.
//
// Nouns: Bus, Message, Delivered, Stream, Bucket, Position.
//
// Invariants:
//  1. What Publish has acknowledged is on disk (SyncAlways) and is delivered to
//     each consumer, in order, at least once.
//  2. Two messages with one id within ten minutes are one message.
//  3. A consumer's position moves by compare-and-set in the transaction of what
//     it wrote, and belongs to the stream of one creation time.
//  4. A bucket never replaces a record by an older version of it.
//
// It owns the table positions. It knows no business word: what the messages
// mean is the business of those who send and read them.
package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Options say where the bus runs.
type Options struct {
	// Dir is the folder of the embedded server's journal.
	Dir string
	// URL is the address of a NATS server with JetStream; "" runs one in the
	// process, which nobody else can reach.
	URL string
	// SyncAlways makes the embedded server answer a publish only after the
	// message is on disk; without it, every two seconds.
	SyncAlways bool
	// Replicas of each stream and bucket; 0 is 1. Only for a cluster.
	Replicas int
	// MaxJournalBytes bounds the click journal; 0 is no bound but its age.
	MaxJournalBytes int64
}

// Bus is a connection to JetStream, with the streams and buckets in place.
type Bus struct {
	server *server.Server // nil when the server is somebody else's
	conn   *nats.Conn
	js     jetstream.JetStream
}

// maxPayload is what one message may hold: a frame is at most half of it.
const maxPayload = 1 << 20

// startWait is how long the embedded server may take to open its journal.
const startWait = 30 * time.Second

// Start opens the bus and makes what is missing of its streams and buckets.
func Start(ctx context.Context, o Options) (*Bus, error) {
	b := &Bus{}
	if err := b.open(ctx, o); err != nil {
		b.Close()
		return nil, fmt.Errorf("start bus: %w", err)
	}
	return b, nil
}

func (b *Bus) open(ctx context.Context, o Options) error {
	options := []nats.Option{nats.Name("tributary"), nats.MaxReconnects(-1), nats.Timeout(5 * time.Second)}
	if o.URL == "" {
		if err := b.embed(o); err != nil {
			return err
		}
		options = append(options, nats.InProcessServer(b.server))
	}
	conn, err := nats.Connect(o.URL, options...)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	b.conn = conn
	if b.js, err = jetstream.New(conn); err != nil {
		return err
	}
	return b.prepare(ctx, o)
}

func (b *Bus) embed(o Options) error {
	if o.Dir == "" {
		return errors.New("neither a folder nor an address for the journal")
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "tributary",
		DontListen: true,
		JetStream:  true,
		StoreDir:   o.Dir,
		SyncAlways: o.SyncAlways,
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
	b.server = s
	go s.Start()
	if !s.ReadyForConnections(startWait) {
		return fmt.Errorf("embedded server was not ready after %s", startWait)
	}
	return nil
}

// Close ends the connection and the embedded server, in that order, and waits
// for it.
func (b *Bus) Close() {
	if b.conn != nil {
		b.conn.Close()
	}
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
}

// Healthy says what is wrong with the connection, or nil.
func (b *Bus) Healthy() error {
	if !b.conn.IsConnected() {
		return errors.New("bus is not connected")
	}
	return nil
}
