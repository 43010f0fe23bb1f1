package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Tx is one function's transaction.
type Tx struct {
	d      *DB
	conn   conn
	now    time.Time
	actor  Actor
	err    error // the first error; nothing is done after it
	queued []queued
	began  time.Time
	inSQL  time.Duration
}

// conn is the connection that a transaction has for itself.
type conn interface {
	query(ctx context.Context, query string, args []any) (*sql.Rows, error)
	exec(ctx context.Context, query string, args []any) (sql.Result, error)
	batch(ctx context.Context, writes []queued) error
}

type queued struct {
	query string
	args  []any
}

// errEnded is what a Tx says that is used after its function returned.
var errEnded = errors.New("transaction has ended")

// Now is the transaction's one time, UTC, in microseconds.
func (tx *Tx) Now() time.Time { return tx.now }

// Actor is who acts.
func (tx *Tx) Actor() Actor { return tx.actor }

// Dialect names the database underneath.
func (tx *Tx) Dialect() Dialect { return tx.d.dialect }

// SkipLocked is the suffix of a claim's inner select: the one word that
// differs between the databases. SQLite has one writer and needs none.
func (tx *Tx) SkipLocked() string {
	if tx.d.dialect == Postgres {
		return " for update skip locked"
	}
	return ""
}

// Exec runs a writing statement and returns the number of rows it changed.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := tx.ready(ctx, query); err != nil {
		return 0, err
	}
	defer tx.watch()()
	res, err := tx.conn.exec(ctx, query, bind(args))
	if err != nil {
		return 0, tx.fail(err)
	}
	n, err := res.RowsAffected()
	return n, tx.fail(err)
}

// Queue runs a writing statement whose result nobody needs. On PostgreSQL it
// travels with others in one pipeline before the next read and with the
// commit; on SQLite it runs at once. Its error comes with the statement after
// it, at the latest with the commit.
func (tx *Tx) Queue(ctx context.Context, query string, args ...any) error {
	if tx.err != nil {
		return tx.err
	}
	if steers(query) {
		return tx.fail(errSteers)
	}
	if tx.d.dialect == SQLite {
		_, err := tx.Exec(ctx, query, args...)
		return err
	}
	tx.queued = append(tx.queued, queued{query, bind(args)})
	return nil
}

func (tx *Tx) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if err := tx.ready(ctx, query); err != nil {
		return nil, err
	}
	defer tx.watch()()
	rows, err := tx.conn.query(ctx, query, args)
	return rows, tx.fail(err)
}

// ready sends what is queued before a statement, and refuses one that would end
// the transaction: on SQLite the statements after it would be committed by
// themselves, and the neighbours' work be gone.
func (tx *Tx) ready(ctx context.Context, query string) error {
	if err := tx.flush(ctx); err != nil {
		return err
	}
	if steers(query) {
		return tx.fail(errSteers)
	}
	return nil
}

var errSteers = errors.New("a function cannot begin, commit or roll back its transaction")

// steering are the first words of the statements that begin and end
// transactions.
var steering = []string{"begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare"}

func steers(query string) bool {
	query = strings.TrimLeft(query, " \t\r\n")
	for _, word := range steering {
		if len(query) < len(word) || !strings.EqualFold(query[:len(word)], word) {
			continue
		}
		if rest := query[len(word):]; rest == "" || strings.ContainsAny(rest[:1], " \t\r\n;") {
			return true
		}
	}
	return false
}

func (tx *Tx) flush(ctx context.Context) error {
	if tx.err != nil || len(tx.queued) == 0 {
		return tx.err
	}
	defer tx.watch()()
	writes := tx.queued
	tx.queued = nil
	return tx.fail(tx.conn.batch(ctx, writes))
}

// fail keeps the first error.
func (tx *Tx) fail(err error) error {
	if err != nil && tx.err == nil {
		tx.err = err
	}
	return err
}

func (tx *Tx) watch() func() {
	start := time.Now()
	return func() { tx.inSQL += time.Since(start) }
}

// run calls the function and says how it ended: its error, or the error that
// it overlooked. A panic is handed out to rise in the caller.
func (tx *Tx) run(ctx context.Context, fn func(*Tx) error) (err error, panicked any) {
	tx.began = time.Now()
	defer func() {
		panicked = recover()
		tx.ended()
	}()
	if err = fn(tx); err == nil {
		err = tx.flush(ctx) // also says which error was overlooked
	}
	if held := time.Since(tx.began) - tx.inSQL; err == nil && tx.d.maxHold > 0 && held > tx.d.maxHold {
		err = fmt.Errorf("transaction held for %s outside SQL, limit %s", held, tx.d.maxHold)
	}
	return err, nil
}

func (tx *Tx) ended() {
	if tx.err == nil {
		tx.err = errEnded
	}
}
