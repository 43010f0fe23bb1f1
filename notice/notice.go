// Package notice tells people by e-mail what concerns them.
//
// Nouns: Notice, Facts, Kind.
//
// Invariants:
//  1. A notice is queued in the transaction of what it tells of, once per
//     person, kind and cause.
//  2. It is sent outside of any transaction, tried again after trouble that
//     may pass, and given up when the news is stale.
//  3. What it says is sealed while it waits and removed once it was sent: an
//     e-mail can hold a link that lets somebody in.
//  4. A second sending of one notice has the Message-ID of the first.
//
// It owns the table notices. It decides nothing, makes no links and sends to
// nobody but the person.
package notice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/mail"
	"tributary.example/internal/secret"
	"tributary.example/internal/text"
	"tributary.example/person"
	"tributary.example/program"
)

// Notice is one e-mail to one person.
type Notice struct {
	Program id.Program // "" when it concerns the installation
	Person  id.Person
	Cause   string // the id of what caused it, so that it is told once
	Facts   Facts
}

const (
	page     = 20
	underWay = 10 * time.Minute // after which a claimed notice is taken for lost
)

// pauses between tries; after the last the notice is given up.
var pauses = []time.Duration{
	time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// Queue writes a notice into the transaction of its cause. The same cause
// again changes nothing.
func Queue(ctx context.Context, tx *db.Tx, root secret.Root, n Notice) error {
	facts, err := json.Marshal(n.Facts)
	if err != nil {
		return fmt.Errorf("facts of notice %s: %w", n.Facts.kind(), err)
	}
	ntc := id.New[id.Notice](tx.Now())
	return tx.Queue(ctx, `insert into notices
		(program_id, notice_id, person_id, kind, cause, facts, created_at, due_at, tries)
		values ($1, $2, $3, $4, $5, $6, $7, $7, 0)
		on conflict (program_id, person_id, kind, cause) do nothing`,
		n.Program, ntc, n.Person, n.Facts.kind(), n.Cause, root.Seal("notice", string(ntc), facts), tx.Now())
}

type waiting struct {
	id      id.Notice
	program id.Program
	person  id.Person
	kind    Kind
	sealed  string
	created time.Time
	tries   int
}

func scan(r db.Row) (waiting, error) {
	var w waiting
	err := r.Scan(&w.id, &w.program, &w.person, &w.kind, &w.sealed, &w.created, &w.tries)
	return w, err
}

// SendDue sends a page of the notices that are due and returns how many were
// sent. An error of one is noted with it and does not stop the others; the
// error returned is the database's, or of those that failed joined.
func SendDue(ctx context.Context, d *db.DB, sender mail.Sender, root secret.Root) (int, error) {
	due, err := claim(ctx, d)
	if err != nil {
		return 0, err
	}
	sent := 0
	var failed []error
	for _, w := range due {
		err := w.send(ctx, d, sender, root)
		if ctx.Err() != nil && err != nil {
			return sent, ctx.Err() // tried again when the claim is over
		}
		if err == nil {
			sent++
		} else {
			failed = append(failed, fmt.Errorf("notice %s (%s): %w", w.id, w.kind, err))
		}
		if err := w.note(context.WithoutCancel(ctx), d, err); err != nil {
			return sent, err
		}
	}
	return sent, errors.Join(failed...)
}

// claim takes due notices for this process by moving their time on; a process
// that dies leaves them to the next after underWay.
func claim(ctx context.Context, d *db.DB) ([]waiting, error) {
	var due []waiting
	err := d.Write(ctx, db.Timer("notice"), func(tx *db.Tx) (err error) {
		due, err = db.All(ctx, tx, scan, `update notices set tries = tries + 1, due_at = $2
			where (program_id, notice_id) in (select program_id, notice_id from notices
				where sent_at is null and failed_at is null and due_at <= $1
				order by due_at limit $3`+tx.SkipLocked()+`)
			returning notice_id, program_id, person_id, kind, facts, created_at, tries`,
			tx.Now(), tx.Now().Add(underWay), page)
		return err
	})
	return due, err
}

// errStale gives a notice up whose news nobody needs any more.
var errStale = errors.New("the news is stale")

func (w waiting) send(ctx context.Context, d *db.DB, sender mail.Sender, root secret.Root) error {
	k, ok := kinds[w.kind]
	if !ok {
		return fmt.Errorf("unknown kind of notice: %w", mail.ErrPermanent)
	}
	if d.Now().Sub(w.created) >= k.fresh {
		return errStale
	}
	plain, err := root.Open("notice", string(w.id), w.sealed)
	if err != nil {
		return errors.Join(mail.ErrPermanent, err)
	}
	facts, err := k.read(plain)
	if err != nil {
		return errors.Join(mail.ErrPermanent, err)
	}
	per, err := person.Get(ctx, d, w.person)
	if err != nil {
		return err
	}
	from, err := senderOf(ctx, d, w.program)
	if err != nil {
		return err
	}
	m, err := render(facts.letter(from.name), from, per)
	if err != nil {
		return err
	}
	m.ID = string(w.id)
	return sender.Send(ctx, m)
}

// origin is in whose name a notice is sent.
type origin struct {
	name   string
	accent string
	locale text.Locale
}

func senderOf(ctx context.Context, r db.Reader, prog id.Program) (origin, error) {
	if prog == "" {
		return origin{name: "Tributary", locale: text.English}, nil
	}
	p, err := program.Get(ctx, r, prog)
	if err != nil {
		return origin{}, err
	}
	return origin{name: p.Name, accent: p.Accent, locale: text.English.In(p.Location())}, nil
}

// note writes down how the sending went.
func (w waiting) note(ctx context.Context, d *db.DB, sending error) error {
	return d.Write(ctx, db.Timer("notice"), func(tx *db.Tx) error {
		set, at := `due_at = $3`, tx.Now()
		switch {
		case sending == nil:
			set = `sent_at = $3, facts = ''`
		case w.hopeless(sending):
			set = `failed_at = $3, facts = ''`
		default:
			at = at.Add(pauses[w.tries-1])
		}
		_, err := tx.Exec(ctx, `update notices set `+set+` where program_id = $1 and notice_id = $2 and sent_at is null`,
			w.program, w.id, at)
		return err
	})
}

func (w waiting) hopeless(err error) bool {
	return mail.Permanent(err) || errors.Is(err, errStale) || fault.Is(err, fault.NotFound) || w.tries > len(pauses)
}
