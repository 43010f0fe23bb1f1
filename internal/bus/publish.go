package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Message is what is published: once, when it is given an id.
type Message struct {
	Subject string
	ID      string // duplicates within ten minutes are dropped; "" is never one
	Header  map[string]string
	Data    []byte
}

// Delivered is a message that comes out of a stream.
type Delivered struct {
	Message
	Sequence uint64
	At       time.Time // when the stream took it
}

// Publish sends a message and waits until its stream has stored it. A context
// without a deadline waits five seconds.
func (b *Bus) Publish(ctx context.Context, m Message) error {
	msg := nats.NewMsg(m.Subject)
	msg.Data = m.Data
	for k, v := range m.Header {
		msg.Header[k] = []string{v}
	}
	options := []jetstream.PublishOpt{jetstream.WithRetryAttempts(0)}
	if m.ID != "" {
		options = append(options, jetstream.WithMsgID(m.ID))
	}
	if _, err := b.js.PublishMsg(ctx, msg, options...); err != nil {
		return fmt.Errorf("publish %s: %w", m.Subject, err)
	}
	return nil
}

// Consume hands each message of a stream from a sequence on to fn, in order,
// and goes on with new ones until ctx ends (its error is then nil) or fn
// fails. more says that a further message is here already, so that fn may
// gather a batch. Sequences that the stream no longer has are passed over: fn
// sees it from the sequence numbers.
func (b *Bus) Consume(ctx context.Context, s Stream, from uint64, fn func(m Delivered, more bool) error) error {
	c, err := b.js.OrderedConsumer(ctx, string(s), jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:   max(1, from),
	})
	if err != nil {
		return ended(ctx, fmt.Errorf("consume %s: %w", s, err))
	}
	messages, err := c.Messages()
	if err != nil {
		return ended(ctx, fmt.Errorf("consume %s: %w", s, err))
	}
	defer messages.Stop()
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return ended(ctx, fmt.Errorf("consume %s: %w", s, err))
		}
		d, pending, err := delivered(msg)
		if err != nil {
			return err
		}
		if err := fn(d, pending > 0); err != nil {
			return err
		}
	}
}

// ended hides the error of a context that has ended: that is how it stops.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func delivered(msg jetstream.Msg) (Delivered, uint64, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return Delivered{}, 0, fmt.Errorf("message on %s: %w", msg.Subject(), err)
	}
	d := Delivered{
		Message:  Message{Subject: msg.Subject(), Data: msg.Data(), Header: map[string]string{}},
		Sequence: meta.Sequence.Stream,
		At:       meta.Timestamp.UTC(),
	}
	for k, v := range msg.Headers() {
		if len(v) == 0 {
			continue
		}
		if k == nats.MsgIdHdr {
			d.ID = v[0]
			continue
		}
		d.Header[k] = v[0]
	}
	return d, meta.NumPending, nil
}
