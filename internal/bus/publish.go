package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

// ErrFull is Publish's error when the click journal holds what it may and
// nothing may be removed.
var ErrFull = errors.New("the journal is full")

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
	s, asked := b.now.Load(), time.Now()
	waiting, cancel := s.bound(ctx)
	defer cancel(nil)
	_, err := s.js.PublishMsg(waiting, msg, options...)
	switch {
	case err == nil:
		return nil
	case full(err):
		b.count.Refused.Add(1)
		err = ErrFull
	case errors.Is(err, jetstream.ErrNoStreamResponse), time.Since(asked) > stallAfter:
		b.suspect(s, err)
	}
	return fmt.Errorf("publish %s: %w", m.Subject, err)
}

// full tells a refusal for want of room from other failures of a store, which
// have the same number.
func full(err error) bool {
	var refused *jetstream.APIError
	return errors.As(err, &refused) && strings.Contains(refused.Description, "maximum bytes exceeded")
}
