// Package db opens the database, SQLite or PostgreSQL, and runs functions in
// transactions on it; what is written above it is the same for both.
//
// Nouns: DB, Tx, Reader, Actor.
//
// Invariants:
//  1. A function handed to Write is committed whole or not at all, and its
//     caller hears of success only after the commit.
//  2. One function's error, panic or cancelled caller never touches another's
//     work, also when they share a commit (SQLite).
//  3. After the first error a Tx does nothing more, and cannot be committed.
//  4. A Tx has one time and one actor from its beginning to its end.
//  5. Times are microseconds UTC, booleans 0 and 1, and the zero time is NULL,
//     in both databases; nothing above this package converts them.
//
// It owns no tables; migrations/ holds the schema. It knows no business word.
package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// Dialect names the database underneath.
type Dialect string

// The two dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Options say where the database is and which clock its transactions read.
type Options struct {
	// URL is postgres://… or the path of a SQLite file, with or without
	// sqlite: in front.
	URL string
	// Clock gives a transaction its time; nil is time.Now.
	Clock func() time.Time
	// MaxHold, when set, fails a function that keeps its transaction longer
	// than this outside SQL: it waits for something it must not wait for.
	MaxHold time.Duration
	// MaxConns bounds PostgreSQL's pool; 0 is 16.
	MaxConns int
}

// DB is an open database.
type DB struct {
	dialect Dialect
	clock   func() time.Time
	maxHold time.Duration
	pool    *sql.DB // readers; on PostgreSQL writers too
	stmts   *statements
	writer  *writer // SQLite only
}

// Reader is what a query needs: the pool, or a transaction that sees its own
// writes.
type Reader interface {
	// Now is the clock's time, or the transaction's.
	Now() time.Time
	query(ctx context.Context, query string, args []any) (*sql.Rows, error)
	fail(err error) error
}

// Open opens the database and starts its writer. The schema is not touched:
// see Migrate.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	d := &DB{clock: o.Clock, maxHold: o.MaxHold}
	var err error
	if strings.HasPrefix(o.URL, "postgres://") || strings.HasPrefix(o.URL, "postgresql://") {
		d.dialect = Postgres
		err = d.openPostgres(ctx, o)
	} else {
		d.dialect = SQLite
		err = d.openSQLite(ctx, strings.TrimPrefix(strings.TrimPrefix(o.URL, "sqlite://"), "sqlite:"))
	}
	if err != nil {
		return nil, fmt.Errorf("open %s database: %w", d.dialect, err)
	}
	return d, nil
}

// Close waits for the writer's current batch and closes every connection.
func (d *DB) Close() error {
	if d.writer != nil {
		d.writer.stop()
	}
	return d.pool.Close()
}

// Dialect names the database underneath, for the few things that differ.
func (d *DB) Dialect() Dialect { return d.dialect }

// Now is the clock's time in UTC, to the microsecond that is stored.
func (d *DB) Now() time.Time { return d.clock().UTC().Truncate(time.Microsecond) }

// Ping asks the database for a sign of life.
func (d *DB) Ping(ctx context.Context) error { return d.pool.PingContext(ctx) }

// Write runs fn in a transaction. Its errors come back as they are. On
// PostgreSQL fn is run again after a deadlock, a serialization failure or a
// connection lost before the commit; on SQLite when its batch had to be rolled
// back: so fn does SQL and arithmetic and nothing else, and sets the variables
// it hands out anew each time.
func (d *DB) Write(ctx context.Context, actor Actor, fn func(tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.dialect == SQLite {
		return d.writer.write(ctx, actor, fn)
	}
	return d.writePostgres(ctx, actor, fn)
}

func (d *DB) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	stmt, err := d.stmts.get(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (d *DB) fail(err error) error { return err }

// ActorKind sorts those who change something.
type ActorKind string

// The kinds of actors.
const (
	ActorPerson   ActorKind = "person"
	ActorKey      ActorKind = "key"
	ActorProvider ActorKind = "provider"
	ActorTimer    ActorKind = "timer"
	ActorCommand  ActorKind = "command"
	ActorVisitor  ActorKind = "visitor" // somebody not signed in, such as an applicant
)

// Actor is who acts in a transaction. Ledger, audit and outbox keep kind and
// id; the address goes to the audit log only.
type Actor struct {
	Kind    ActorKind
	ID      string // a per_ or key_ id, or the name of a timer or command
	Address string // the remote address, or ""
}

// Timer is the actor of a timer of that name.
func Timer(name string) Actor { return Actor{Kind: ActorTimer, ID: name} }

// Command is the actor of a command of that name.
func Command(name string) Actor { return Actor{Kind: ActorCommand, ID: name} }
