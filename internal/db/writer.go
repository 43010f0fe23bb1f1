package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	batchFunctions = 64
	batchTime      = 10 * time.Millisecond
	batchTries     = 3
)

// errClosed is Write's error after Close.
var errClosed = errors.New("database is closed")

// writer owns SQLite's one writing connection. It runs the waiting functions
// one after another inside one transaction, each in a savepoint, and answers
// their callers after the commit: many functions share one sync of the disk.
type writer struct {
	d     *DB
	db    *sql.DB
	conn  *sql.Conn
	stmts *statements
	jobs  chan *job
	quit  chan struct{}
	done  chan struct{}
	once  sync.Once

	span    time.Duration // batchTime; tests take longer
	commits atomic.Int64  // how many there were, for tests and figures
}

type job struct {
	ctx      context.Context
	actor    Actor
	fn       func(*Tx) error
	err      error
	panicked any
	done     chan struct{}
}

func newWriter(d *DB, db *sql.DB, conn *sql.Conn) *writer {
	w := &writer{
		d: d, db: db, conn: conn,
		stmts: &statements{prepare: conn.PrepareContext},
		jobs:  make(chan *job, batchFunctions),
		quit:  make(chan struct{}),
		done:  make(chan struct{}),
		span:  batchTime,
	}
	go w.loop()
	return w
}

func (w *writer) stop() {
	w.once.Do(func() { close(w.quit) })
	<-w.done
}

func (w *writer) write(ctx context.Context, actor Actor, fn func(*Tx) error) error {
	j := &job{ctx: ctx, actor: actor, fn: fn, done: make(chan struct{})}
	select {
	case w.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return errClosed
	}
	select {
	case <-j.done:
	case <-w.done:
		// The loop may have answered in its last pass.
		select {
		case <-j.done:
		default:
			return errClosed
		}
	}
	if j.panicked != nil {
		panic(j.panicked)
	}
	return j.err
}

func (w *writer) loop() {
	defer close(w.done)
	defer w.db.Close()
	defer w.conn.Close()
	for {
		select {
		case j := <-w.jobs:
			w.batch(j)
		case <-w.quit:
			return
		}
	}
}

// batch runs the first job and whoever waits, and commits them together. When
// a savepoint cannot be rolled back, the whole batch is and is run again.
func (w *writer) batch(first *job) {
	jobs := []*job{first}
	var err error
	for range batchTries {
		jobs, err = w.try(jobs)
		if !errors.Is(err, errBatchLost) {
			break
		}
	}
	for _, j := range jobs {
		if err != nil && j.err == nil && j.panicked == nil {
			j.err = fmt.Errorf("commit: %w", err)
		}
		close(j.done)
	}
}

// errBatchLost says that the transaction is gone with everybody's work in it.
var errBatchLost = errors.New("the batch was rolled back")

func (w *writer) try(jobs []*job) ([]*job, error) {
	if err := w.do("begin immediate"); err != nil {
		return jobs, err
	}
	start := time.Now()
	for i := 0; i < len(jobs); i++ {
		if err := w.runOne(jobs[i]); err != nil {
			w.rollback()
			return jobs, errors.Join(errBatchLost, err)
		}
		if i == len(jobs)-1 && len(jobs) < batchFunctions && time.Since(start) < w.span {
			jobs = w.more(jobs)
		}
	}
	if err := w.do("commit"); err != nil {
		w.rollback()
		return jobs, err
	}
	w.commits.Add(1)
	return jobs, nil
}

func (w *writer) more(jobs []*job) []*job {
	select {
	case j := <-w.jobs:
		return append(jobs, j)
	default:
		return jobs
	}
}

// runOne runs a job in its savepoint. Its own failure is kept in the job; an
// error from here means that the batch cannot go on.
func (w *writer) runOne(j *job) error {
	j.err, j.panicked = j.ctx.Err(), nil
	if j.err != nil {
		return nil
	}
	if err := w.do("savepoint one"); err != nil {
		return err
	}
	tx := &Tx{d: w.d, conn: liteConn{w}, now: w.d.Now(), actor: j.actor}
	j.err, j.panicked = tx.run(j.ctx, j.fn)
	if j.err != nil || j.panicked != nil {
		if err := w.do("rollback to one"); err != nil {
			return err
		}
	}
	return w.do("release one")
}

func (w *writer) rollback() {
	// It fails when the transaction is gone already, which is what is wanted.
	_ = w.do("rollback")
}

func (w *writer) do(text string) error {
	_, err := liteConn{w}.exec(context.Background(), text, nil)
	return err
}

// liteConn runs statements on the writer's connection. The caller's context
// never reaches the driver: a cancelled statement would roll back the
// neighbours' work.
type liteConn struct{ w *writer }

func (c liteConn) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	stmt, err := c.w.stmts.get(context.Background(), query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(context.WithoutCancel(ctx), args...)
}

func (c liteConn) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	stmt, err := c.w.stmts.get(context.Background(), query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(context.WithoutCancel(ctx), args...)
}

func (c liteConn) batch(ctx context.Context, writes []queued) error {
	for _, q := range writes {
		if _, err := c.exec(ctx, q.query, q.args); err != nil {
			return err
		}
	}
	return nil
}
