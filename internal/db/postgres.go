package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	postgresTries = 8
	postgresConns = 16
)

func (d *DB) openPostgres(ctx context.Context, o Options) error {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return err
	}
	d.pool = stdlib.OpenDB(*config)
	conns := o.MaxConns
	if conns == 0 {
		conns = postgresConns
	}
	d.pool.SetMaxOpenConns(conns)
	d.pool.SetMaxIdleConns(conns)
	d.stmts = &statements{prepare: d.pool.PrepareContext}
	if err := d.pool.PingContext(ctx); err != nil {
		return errors.Join(err, d.pool.Close())
	}
	return nil
}

func (d *DB) writePostgres(ctx context.Context, actor Actor, fn func(*Tx) error) error {
	var err error
	for try := range postgresTries {
		if try > 0 {
			pause := time.Duration(rand.Int64N(int64(time.Millisecond << try)))
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		var again bool
		if again, err = d.tryPostgres(ctx, actor, fn); !again {
			return err
		}
	}
	return err
}

// tryPostgres runs fn once. again is true when it did not happen and may be
// run again; after the commit was sent, a lost connection is final, because
// nobody knows whether it happened.
func (d *DB) tryPostgres(ctx context.Context, actor Actor, fn func(*Tx) error) (again bool, err error) {
	c, err := d.pool.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer c.Close()
	if _, err := c.ExecContext(ctx, "begin isolation level read committed"); err != nil {
		return lost(err), err
	}
	tx := &Tx{d: d, conn: pgConn{c}, now: d.Now(), actor: actor}
	err, panicked := tx.run(ctx, fn)
	if err != nil || panicked != nil {
		rollbackPostgres(ctx, c)
		if panicked != nil {
			panic(panicked)
		}
		return retryable(err), err
	}
	if _, err := c.ExecContext(context.WithoutCancel(ctx), "commit"); err != nil {
		rollbackPostgres(ctx, c)
		return retryable(err) && !lost(err), fmt.Errorf("commit: %w", err)
	}
	return false, nil
}

// rollbackPostgres ends the transaction, or the connection when that fails: a
// connection inside a transaction must not go back to the pool.
func rollbackPostgres(ctx context.Context, c *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := c.ExecContext(ctx, "rollback"); err != nil {
		_ = c.Raw(func(any) error { return driver.ErrBadConn })
	}
}

func postgresCode(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

func retryable(err error) bool {
	switch postgresCode(err) {
	case "40001", "40P01": // serialization failure, deadlock
		return true
	}
	return lost(err)
}

// lost reports whether the connection went away: class 08, a shutdown of the
// server, or an error of the network.
func lost(err error) bool {
	code := postgresCode(err)
	if len(code) == 5 {
		return code[:2] == "08" || code == "57P01" || code == "57P02" || code == "57P03"
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.As(err, &network) ||
		errors.As(err, &connect) || pgconn.SafeToRetry(err) || isEOF(err)
}

// pgConn runs statements on one connection; pgx prepares and keeps them.
type pgConn struct{ c *sql.Conn }

func (p pgConn) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	return p.c.QueryContext(ctx, query, args...)
}

func (p pgConn) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	return p.c.ExecContext(ctx, query, args...)
}

func (p pgConn) batch(ctx context.Context, writes []queued) error {
	var b pgx.Batch
	for _, q := range writes {
		b.Queue(q.query, q.args...)
	}
	return p.c.Raw(func(c any) error {
		results := c.(*stdlib.Conn).Conn().SendBatch(ctx, &b)
		for range writes {
			if _, err := results.Exec(); err != nil {
				return errors.Join(err, results.Close())
			}
		}
		return results.Close()
	})
}
