package bus

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ErrAnew is Consume's error when the stream is no longer the one that it
// began to read: made anew, or fallen back behind what was read.
var ErrAnew = errors.New("the stream is another one now")

// lookEvery is how often a consumer looks whether its stream is still the same.
const lookEvery = time.Second

// Consume hands each message of a stream from a sequence on to fn, in order,
// and goes on with new ones until ctx ends (its error is then nil), fn fails,
// the embedded server is started again, or the stream is another one
// (ErrAnew): the caller begins again. more says that a further message is here
// already, so that fn may gather a batch. Sequences that the stream no longer
// has are passed over: fn sees it from the sequence numbers.
func (b *Bus) Consume(ctx context.Context, s Stream, from uint64, fn func(m Delivered, more bool) error) error {
	st := b.now.Load()
	reading, cancel := st.bound(ctx)
	defer cancel(nil)
	err := st.consume(reading, cancel, s, from, fn)
	switch {
	case ctx.Err() != nil:
		return nil
	case reading.Err() != nil:
		return fmt.Errorf("consume %s: %w", s, context.Cause(reading))
	}
	return err
}

func (st *station) consume(ctx context.Context, cancel context.CancelCauseFunc, s Stream, from uint64, fn func(Delivered, bool) error) error {
	c, err := st.js.OrderedConsumer(ctx, string(s), jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   max(1, from),
	})
	if err != nil {
		return fmt.Errorf("consume %s: %w", s, err)
	}
	messages, err := c.Messages()
	if err != nil {
		return fmt.Errorf("consume %s: %w", s, err)
	}
	defer messages.Stop()
	var seen atomic.Uint64
	info, err := st.info(ctx, s)
	if err != nil {
		return err
	}
	go st.look(ctx, cancel, s, info.Created, &seen)
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("consume %s: %w", s, err)
		}
		d, pending, err := delivered(msg)
		if err != nil {
			return err
		}
		seen.Store(d.Sequence)
		if err := fn(d, pending > 0); err != nil {
			return err
		}
	}
}

// look ends a reading whose stream was made anew, or ends before what was read
// of it: the library would wait there for a sequence to come again.
func (st *station) look(ctx context.Context, cancel context.CancelCauseFunc, s Stream, created time.Time, seen *atomic.Uint64) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		read := seen.Load()
		info, err := st.info(ctx, s)
		gone := errors.Is(err, jetstream.ErrStreamNotFound)
		if gone || err == nil && (!info.Created.Equal(created) || info.Last < read) {
			cancel(ErrAnew)
			return
		}
	}
}

func delivered(msg jetstream.Msg) (Delivered, uint64, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return Delivered{}, 0, fmt.Errorf("message on %s: %w", msg.Subject(), err)
	}
	return Delivered{
		Message:  message(msg.Subject(), msg.Headers(), msg.Data()),
		Sequence: meta.Sequence.Stream,
		At:       meta.Timestamp.UTC(),
	}, meta.NumPending, nil
}

func message(subject string, header nats.Header, data []byte) Message {
	m := Message{Subject: subject, Data: data, Header: map[string]string{}}
	for k, v := range header {
		switch {
		case len(v) == 0:
		case k == nats.MsgIdHdr:
			m.ID = v[0]
		default:
			m.Header[k] = v[0]
		}
	}
	return m
}
