// Package outbox keeps what must reach the bus until the bus has it.
//
// Nouns: Event, Record, Message, Relay.
//
// Invariants:
//  1. A message exists if and only if the transaction of its fact was
//     committed.
//  2. A message is marked as sent only after the bus acknowledged it, so it is
//     published at least once, always under its own id, by which the bus drops
//     the second.
//  3. The events of one subject are numbered 1, 2, 3 … without a gap. They are
//     published in that order, save where relays overlap or a commit lags; the
//     number tells.
//
// It owns the tables outbox_messages and outbox_numbers. It knows neither the
// bus nor what an event means.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// Topic sorts messages by where the bus puts them.
type Topic string

// The topics.
const (
	TopicEvent     Topic = "event"     // to the stream of events
	TopicDirectory Topic = "directory" // to the key-value bucket that edges follow
)

// Event is something that happened, for webhooks, e-mails and live pages.
type Event struct {
	Program id.Program
	Type    string // such as "commission.earned"
	Version int    // of the payload's shape; 0 is 1
	Subject string // the id of the object it happened to
	Payload any    // complete at the time of the fact; stored as JSON
}

// Record is the newest state of something the edge knows.
type Record struct {
	Program id.Program
	Key     string // kind and id, such as "link.lnk_…"
	Version int64  // grows with each change of the thing; the edge ignores older ones
	Value   any    // stored as JSON
}

// Message is what the relay hands to the bus.
type Message struct {
	ID      id.Event // the bus's message id
	Program id.Program
	Topic   Topic
	Name    string // an event's type, or a directory record's key
	Subject string
	Number  int64 // an event's number for its subject, or a record's version
	Version int   // of the payload's shape
	At      time.Time
	Actor   db.Actor // kind and id only
	Payload json.RawMessage
	SentAt  time.Time // zero while unsent
}

const columns = `message_id, program_id, topic, name, subject, number, version, at, actor_kind, actor_id, payload, sent_at`

// Emit adds an event to the transaction and numbers it for its subject. The
// number's row is locked until the transaction ends, so that numbers have no
// gaps.
func Emit(ctx context.Context, tx *db.Tx, e Event) error {
	number, err := db.One(ctx, tx, db.Scalar[int64], `insert into outbox_numbers (program_id, subject, number)
		values ($1, $2, 1)
		on conflict (program_id, subject) do update set number = outbox_numbers.number + 1
		returning number`, e.Program, e.Subject)
	if err != nil {
		return fmt.Errorf("number %s of %s: %w", e.Type, e.Subject, err)
	}
	return add(ctx, tx, Message{
		Program: e.Program, Topic: TopicEvent, Name: e.Type, Subject: e.Subject,
		Number: number, Version: max(e.Version, 1),
	}, e.Payload)
}

// Direct adds a record of the edge's directory to the transaction.
func Direct(ctx context.Context, tx *db.Tx, rec Record) error {
	return add(ctx, tx, Message{
		Program: rec.Program, Topic: TopicDirectory, Name: rec.Key, Subject: rec.Key,
		Number: rec.Version, Version: 1,
	}, rec.Value)
}

func add(ctx context.Context, tx *db.Tx, m Message, payload any) error {
	b, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("payload of %s: %w", m.Name, err)
	}
	actor := tx.Actor()
	return tx.Queue(ctx, `insert into outbox_messages (`+columns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, null)`,
		id.New[id.Event](tx.Now()), m.Program, m.Topic, m.Name, m.Subject, m.Number, m.Version,
		tx.Now(), actor.Kind, actor.ID, string(b))
}

// maxPage bounds one page of a list.
const maxPage = 200

// Events is a page of a program's events, newest first: those before the given
// one, or the newest when it is "". A limit outside 1 to 200 is 200.
func Events(ctx context.Context, r db.Reader, prog id.Program, before id.Event, limit int) ([]Message, error) {
	if limit < 1 || limit > maxPage {
		limit = maxPage
	}
	return db.All(ctx, r, scan, `select `+columns+` from outbox_messages
		where program_id = $1 and topic = 'event' and ($2 = '' or message_id < $2)
		order by message_id desc limit $3`, prog, before, limit)
}

// Unsent counts the messages that wait, and says since when the oldest does;
// zero when none waits.
func Unsent(ctx context.Context, r db.Reader) (int64, time.Time, error) {
	type waiting struct {
		count int64
		since time.Time
	}
	w, err := db.One(ctx, r, func(row db.Row) (waiting, error) {
		var w waiting
		err := row.Scan(&w.count, &w.since)
		return w, err
	}, `select count(*), min(at) from outbox_messages where sent_at is null`)
	return w.count, w.since, err
}

// Sweep removes messages that were sent before a time, at most limit of them,
// and returns how many.
func Sweep(ctx context.Context, tx *db.Tx, before time.Time, limit int) (int64, error) {
	return tx.Exec(ctx, `delete from outbox_messages where (program_id, message_id) in (
		select program_id, message_id from outbox_messages where sent_at < $1 order by sent_at limit $2)`, before, limit)
}

func scan(row db.Row) (Message, error) {
	var m Message
	var payload string
	err := row.Scan(&m.ID, &m.Program, &m.Topic, &m.Name, &m.Subject, &m.Number, &m.Version,
		&m.At, &m.Actor.Kind, &m.Actor.ID, &payload, &m.SentAt)
	m.Payload = json.RawMessage(payload)
	return m, err
}
