package access

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
)

// Purpose is what an entry link lets somebody do.
type Purpose string

// The purposes.
const (
	SetUp  Purpose = "setup"   // make the first owner
	SignIn Purpose = "sign_in" // come in without a password
	Invite Purpose = "invite"  // come in for the first time
)

// spans is how long each purpose's links live.
var spans = map[Purpose]time.Duration{
	SetUp:  24 * time.Hour,
	SignIn: 15 * time.Minute,
	Invite: 14 * 24 * time.Hour,
}

// Span is how long a link of this purpose lets somebody in.
func (p Purpose) Span() time.Duration { return spans[p] }

// Entry is a link that lets somebody in once.
type Entry struct {
	Purpose Purpose
	Person  id.Person // "" for set-up
	Target  string    // the path to go to afterwards, or ""
	EndsAt  time.Time // filled in
}

// MakeEntry makes a one-time link and returns its token, which is not stored.
// A new set-up link ends the ones before it. The kind of error is Invalid for
// a target that is not a path on this server.
func MakeEntry(ctx context.Context, tx *db.Tx, e Entry) (token string, err error) {
	span, ok := spans[e.Purpose]
	if !ok {
		return "", fault.New(fault.Invalid, "%s is not a purpose of an entry link.", string(e.Purpose))
	}
	if e.Target != "" && !OwnPath(e.Target) {
		return "", fault.New(fault.Invalid, "%s is not a path on this server.", e.Target).Field("target")
	}
	if e.Purpose == SetUp {
		if _, err := tx.Exec(ctx, `update entry_links set used_at = $1 where purpose = 'setup' and used_at is null`, tx.Now()); err != nil {
			return "", err
		}
	}
	token = secret.Token()
	_, err = tx.Exec(ctx, `insert into entry_links (link_hash, purpose, person_id, target, created_at, ends_at)
		values ($1, $2, $3, $4, $5, $6)`,
		secret.Hash(token), e.Purpose, e.Person, e.Target, tx.Now(), tx.Now().Add(span))
	return token, err
}

// longestPath bounds where somebody goes after signing in, in bytes.
const longestPath = 2000

// OwnPath reports whether a target is a path on this server, also for a
// browser: those read a backslash as a slash and leave out tabs and line
// breaks, so that "/\t/evil.example" is another host (WHATWG URL, section 4.4).
func OwnPath(target string) bool {
	return strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "//") && len(target) <= longestPath &&
		utf8.ValidString(target) && !strings.Contains(target, `\`) && !strings.ContainsFunc(target, unicode.IsControl)
}

func scanEntry(r db.Row) (Entry, error) {
	var e Entry
	err := r.Scan(&e.Purpose, &e.Person, &e.Target, &e.EndsAt)
	return e, err
}

// LookEntry reads an open link without using it up: mail scanners follow links
// before their readers do, so a page asks for a click first. The kind of error
// is Unauthenticated.
func LookEntry(ctx context.Context, r db.Reader, token string) (Entry, error) {
	e, ok, err := db.Lookup(ctx, r, scanEntry, `select purpose, person_id, target, ends_at from entry_links
		where link_hash = $1 and used_at is null and ends_at > $2`, secret.Hash(token), r.Now())
	if err == nil && !ok {
		err = closedEntry()
	}
	return e, err
}

// UseEntry uses a link up. Of two who come with it at once, one gets in. The
// kind of error is Unauthenticated.
func UseEntry(ctx context.Context, tx *db.Tx, token string) (Entry, error) {
	e, ok, err := db.Lookup(ctx, tx, scanEntry, `update entry_links set used_at = $2
		where link_hash = $1 and used_at is null and ends_at > $2
		returning purpose, person_id, target, ends_at`, secret.Hash(token), tx.Now())
	if err == nil && !ok {
		err = closedEntry()
	}
	return e, err
}

func closedEntry() error {
	return fault.New(fault.Unauthenticated, "This link was used already, or its time is over.").
		Hint("Ask for a new one; the newest e-mail has the link that works.")
}
