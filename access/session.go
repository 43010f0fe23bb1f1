package access

import (
	"context"
	"strings"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
)

const (
	// SessionIdle is how long a session lives unused.
	SessionIdle = 14 * 24 * time.Hour
	// SessionLongest is how long a session lives at most.
	SessionLongest = 90 * 24 * time.Hour

	// SessionCookie is the cookie's name over https: browsers take a __Host-
	// name only with Secure, Path=/ and no Domain.
	SessionCookie = "__Host-tributary_session"
	// PlainSessionCookie is its name without https.
	PlainSessionCookie = "tributary_session"

	touchEvery    = 5 * time.Minute
	longestDevice = 200
)

// Session is a person signed in on one device.
type Session struct {
	ID        id.Session
	Person    id.Person
	CreatedAt time.Time
	SeenAt    time.Time // to five minutes
	EndsAt    time.Time // at the latest
	Device    Device
}

// Device is where a session is used from, as the person sees it in the list.
type Device struct {
	Address string
	Agent   string // user agent
}

const sessionColumns = `session_id, person_id, created_at, seen_at, ends_at, address, agent`

func scanSession(r db.Row) (Session, error) {
	var s Session
	err := r.Scan(&s.ID, &s.Person, &s.CreatedAt, &s.SeenAt, &s.EndsAt, &s.Device.Address, &s.Device.Agent)
	return s, err
}

// StartSession signs a person in. The token is the cookie's value and is not
// stored. A new one is started at each sign-in and change of rights, never one
// taken over that was there before.
func StartSession(ctx context.Context, tx *db.Tx, per id.Person, device Device) (Session, string, error) {
	token := secret.Token()
	device.Agent = strings.ToValidUTF8(device.Agent[:min(len(device.Agent), longestDevice)], "")
	s := Session{
		ID: id.New[id.Session](tx.Now()), Person: per, CreatedAt: tx.Now(), SeenAt: tx.Now(),
		EndsAt: tx.Now().Add(SessionLongest), Device: device,
	}
	_, err := tx.Exec(ctx, `insert into sessions (session_hash, `+sessionColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		secret.Hash(token), s.ID, s.Person, s.CreatedAt, s.SeenAt, s.EndsAt, s.Device.Address, s.Device.Agent)
	return s, token, err
}

// SessionOf is the session that a cookie's value belongs to. It notes its use
// at most every five minutes. The kind of error is Unauthenticated.
func SessionOf(ctx context.Context, d *db.DB, token string) (Session, error) {
	s, ok, err := db.Lookup(ctx, d, scanSession, `select `+sessionColumns+` from sessions
		where session_hash = $1 and revoked_at is null and ends_at > $2 and seen_at > $3`,
		secret.Hash(token), d.Now(), d.Now().Add(-SessionIdle))
	if err != nil {
		return Session{}, err
	}
	if !ok {
		return Session{}, fault.New(fault.Unauthenticated, "You are not signed in.").Hint("Sign in and try again.")
	}
	if d.Now().Sub(s.SeenAt) < touchEvery {
		return s, nil
	}
	err = d.Write(ctx, db.Actor{Kind: db.ActorPerson, ID: string(s.Person)}, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `update sessions set seen_at = $2 where session_id = $1 and seen_at < $2`, s.ID, tx.Now())
		return err
	})
	return s, err
}

// Sessions lists where a person is signed in, the newest first.
func Sessions(ctx context.Context, r db.Reader, per id.Person) ([]Session, error) {
	return db.All(ctx, r, scanSession, `select `+sessionColumns+` from sessions
		where person_id = $1 and revoked_at is null and ends_at > $2 and seen_at > $3
		order by created_at desc, session_id desc`, per, r.Now(), r.Now().Add(-SessionIdle))
}

// EndSession signs a person out of one session. The kind of error is NotFound
// when it is not a session of that person.
func EndSession(ctx context.Context, tx *db.Tx, per id.Person, ses id.Session) error {
	n, err := tx.Exec(ctx, `update sessions set revoked_at = $3
		where person_id = $1 and session_id = $2 and revoked_at is null`, per, ses, tx.Now())
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "There is no such session.")
	}
	return err
}

// EndOtherSessions signs a person out of all sessions but one; "" keeps none.
func EndOtherSessions(ctx context.Context, tx *db.Tx, per id.Person, keep id.Session) error {
	_, err := tx.Exec(ctx, `update sessions set revoked_at = $3
		where person_id = $1 and session_id <> $2 and revoked_at is null`, per, keep, tx.Now())
	return err
}

// Sweep removes at most limit sessions that are over, and at most limit entry
// links that ended, a month after their ends. It returns how many.
func Sweep(ctx context.Context, tx *db.Tx, limit int) (int64, error) {
	before := tx.Now().Add(-30 * 24 * time.Hour)
	n, err := tx.Exec(ctx, `delete from sessions where session_hash in (select session_hash from sessions
		where ends_at < $1 or revoked_at < $1 or seen_at < $2 limit $3)`, before, before.Add(-SessionIdle), limit)
	if err != nil {
		return 0, err
	}
	m, err := tx.Exec(ctx, `delete from entry_links where link_hash in (select link_hash from entry_links
		where ends_at < $1 limit $2)`, before, limit)
	return n + m, err
}
