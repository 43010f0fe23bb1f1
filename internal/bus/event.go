package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
)

// Event is a fact as it travels in the stream Events.
type Event struct {
	ID        id.Event        `json:"id"`
	Program   id.Program      `json:"program"`
	Type      string          `json:"type"`
	Subject   string          `json:"subject"` // the id of the object it is about
	Number    int64           `json:"number"`  // counts per object, from 1
	Version   int             `json:"version"` // of the payload's shape
	At        time.Time       `json:"at"`
	ActorKind db.ActorKind    `json:"actor_kind"`
	ActorID   string          `json:"actor_id"`
	Payload   json.RawMessage `json:"payload"`
}

// Deliver takes a message of the outbox to its place: an event to the stream,
// a record to the directory. It returns after the bus has it on disk, and may
// be repeated.
func (b *Bus) Deliver(ctx context.Context, m outbox.Message) error {
	if m.Topic == outbox.TopicDirectory {
		return b.PutNewer(ctx, Directory, m.Name, m.Payload)
	}
	data, err := json.Marshal(Event{
		ID: m.ID, Program: m.Program, Type: m.Name, Subject: m.Subject, Number: m.Number, Version: m.Version,
		At: m.At, ActorKind: m.Actor.Kind, ActorID: m.Actor.ID, Payload: m.Payload,
	})
	if err != nil {
		return fmt.Errorf("event %s: %w", m.ID, err)
	}
	return b.Publish(ctx, Message{Subject: EventSubject + string(m.Program) + "." + m.Name, ID: string(m.ID), Data: data})
}

// ReadEvent reads an event from a message of the stream Events.
func ReadEvent(m Delivered) (Event, error) {
	var e Event
	if err := json.Unmarshal(m.Data, &e); err != nil {
		return Event{}, fmt.Errorf("event at sequence %d: %w", m.Sequence, err)
	}
	return e, nil
}
