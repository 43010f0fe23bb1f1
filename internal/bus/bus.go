// Package bus carries clicks, events and the edge's directory between the
// server's parts, over a NATS JetStream server that it runs in the process or
// finds at an address.
//
// Nouns: Bus, Message, Delivered, Stream, Bucket, Position, Notice.
//
// Invariants:
//  1. What Publish has acknowledged is on disk (SyncAlways) and is delivered to
//     each consumer, in order, at least once.
//  2. Two messages with one id within ten minutes are one message.
//  3. A consumer's position moves by compare-and-set in the transaction of what
//     it wrote, and belongs to the stream of one creation time.
//  4. A bucket never replaces a record by an older version of it.
//  5. Nothing leaves the click journal but by Trim, up to where every reader
//     has stored; a full journal refuses, and counts what it refuses.
//  6. An embedded server that can no longer write is started again as soon as
//     its folder takes data; what was acknowledged is still there.
//
// It owns the table positions. It knows no business word: what the messages
// mean is the business of those who send and read them.
package bus

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
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
	// Told, when set, hears when the embedded server stalls and when it has
	// been started again. It must not wait for the bus.
	Told func(Notice)
}

// Bus is a connection to JetStream, with the streams and buckets in place.
type Bus struct {
	o     Options
	count Counters

	now      atomic.Pointer[station] // replaced when the server is started again
	suspects chan suspect
	stalled  atomic.Pointer[Notice] // nil while the server writes
	stop     context.CancelFunc
	stopped  chan struct{} // closed when nobody guards any more
}

// Counters count since the start.
type Counters struct {
	Refused  atomic.Int64 // messages that a full journal did not take
	Stalls   atomic.Int64 // times that the embedded server could not write
	Restarts atomic.Int64 // times that it was started again
}

// Counters are the bus's counters.
func (b *Bus) Counters() *Counters { return &b.count }

// Start opens the bus and makes what is missing of its streams and buckets.
func Start(ctx context.Context, o Options) (*Bus, error) {
	b := &Bus{o: o, suspects: make(chan suspect, 1), stopped: make(chan struct{})}
	s, err := b.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("start bus: %w", err)
	}
	b.now.Store(s)
	guarding, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stop = stop
	go b.guard(guarding)
	return b, nil
}

// Close ends the connection and the embedded server, in that order, and waits
// for it.
func (b *Bus) Close() {
	b.stop()
	<-b.stopped
	b.now.Load().close(errClosed)
}

var errClosed = errors.New("the bus is closed")

// Healthy says what is wrong with the connection or with the embedded server,
// or nil.
func (b *Bus) Healthy() error {
	if n := b.stalled.Load(); n != nil {
		return fmt.Errorf("journal does not take clicks: %w", n.Cause)
	}
	if !b.now.Load().conn.IsConnected() {
		return errors.New("bus is not connected")
	}
	return nil
}
