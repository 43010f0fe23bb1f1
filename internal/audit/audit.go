// Package audit keeps who changed what, when, from where, from what to what,
// and why.
//
// Nouns: Entry, Recorded.
//
// Invariants:
//  1. An entry is written in the transaction of the change it tells of: either
//     both happened or neither.
//  2. Who acts is the transaction's actor; a caller cannot name another.
//  3. Entries are never changed or removed; the database refuses it.
//  4. Of an address only the network is kept: /24 or /48.
//
// It owns the table audit_entries and knows no business word: action and
// subject are opaque to it.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// Entry is one change. Before and After are stored as JSON; nil is nothing.
// They hold ids, states and figures, never names or secrets.
type Entry struct {
	Program id.Program // "" when it concerns the installation
	Action  string     // room and verb, such as "affiliate.approved"
	Subject string     // the id it is about
	Before  any
	After   any
	Reason  string // in the words of who acted, or ""
}

// Recorded is an entry as it was written.
type Recorded struct {
	ID      id.Entry
	Program id.Program
	At      time.Time
	Actor   db.Actor // the address is a network
	Action  string
	Subject string
	Before  string // JSON, or ""
	After   string // JSON, or ""
	Reason  string
}

// maxPage bounds one page of a list.
const maxPage = 200

const columns = `entry_id, program_id, at, actor_kind, actor_id, address, action, subject, before, after, reason`

// Write records a change in its transaction.
func Write(ctx context.Context, tx *db.Tx, e Entry) error {
	before, err := encode(e.Before)
	if err != nil {
		return fmt.Errorf("audit %s: before: %w", e.Action, err)
	}
	after, err := encode(e.After)
	if err != nil {
		return fmt.Errorf("audit %s: after: %w", e.Action, err)
	}
	actor := tx.Actor()
	return tx.Queue(ctx, `insert into audit_entries (`+columns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		id.New[id.Entry](tx.Now()), e.Program, tx.Now(), actor.Kind, actor.ID, network(actor.Address),
		e.Action, e.Subject, before, after, e.Reason)
}

// ForSubject lists all that happened to one thing, oldest first.
func ForSubject(ctx context.Context, r db.Reader, prog id.Program, subject string) ([]Recorded, error) {
	return db.All(ctx, r, scan, `select `+columns+` from audit_entries
		where program_id = $1 and subject = $2 order by at, entry_id`, prog, subject)
}

// List is a page of a program's entries, newest first: those before the given
// entry, or the newest when it is "". A limit outside 1 to 200 is 200.
func List(ctx context.Context, r db.Reader, prog id.Program, before id.Entry, limit int) ([]Recorded, error) {
	if limit < 1 || limit > maxPage {
		limit = maxPage
	}
	return db.All(ctx, r, scan, `select `+columns+` from audit_entries
		where program_id = $1 and ($2 = '' or entry_id < $2) order by entry_id desc limit $3`, prog, before, limit)
}

func scan(row db.Row) (Recorded, error) {
	var e Recorded
	err := row.Scan(&e.ID, &e.Program, &e.At, &e.Actor.Kind, &e.Actor.ID, &e.Actor.Address,
		&e.Action, &e.Subject, &e.Before, &e.After, &e.Reason)
	return e, err
}

func encode(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// network cuts an address, with or without a port, to its /24 or /48. What is
// no address is dropped.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		port, err := netip.ParseAddrPort(address)
		if err != nil {
			return ""
		}
		ip = port.Addr()
	}
	ip = ip.Unmap().WithZone("")
	bits := 48
	if ip.Is4() {
		bits = 24
	}
	prefix, err := ip.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}
