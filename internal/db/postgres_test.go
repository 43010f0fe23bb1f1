package db_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
)

// idle fails the test when a connection of the pool was left in a transaction.
// It looks from outside: the pool would mend the connection that it hands out.
func idle(t *testing.T, d *dbtest.DB) {
	t.Helper()
	outside, err := db.Open(ctx, db.Options{URL: d.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	states, err := db.All(ctx, outside, db.Scalar[string], `select state || ': ' || query from pg_stat_activity
		where datname = current_database() and state like 'idle in transaction%'`)
	if err != nil || len(states) != 0 {
		t.Errorf("connections in the pool are in a transaction: %v, %v", states, err)
	}
}

func touch(name string) func(tx *db.Tx) error {
	return func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `update settings set value = value || 'x' where name = $1`, name)
		return err
	}
}

func TestDeadlockIsRunAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenPostgres(t)
	d.Write(t, func(tx *db.Tx) error { return errors.Join(put("a")(tx), put("b")(tx)) })
	var both, done sync.WaitGroup
	both.Add(2)
	runs := [2]int{}
	for i, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		done.Go(func() {
			err := write(d, func(tx *db.Tx) error {
				if err := touch(order[0])(tx); err != nil {
					return err
				}
				if runs[i]++; runs[i] == 1 {
					both.Done()
					both.Wait() // now each has what the other wants
				}
				return touch(order[1])(tx)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	values, err := db.All(ctx, d, db.Scalar[string], `select value from settings order by name`)
	if diff := cmp.Diff([]string{"xxx", "xxx"}, values); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if runs[0]+runs[1] != 3 {
		t.Errorf("%v runs, want that one ran twice", runs)
	}
	idle(t, d)
}

// What is run again, and what is not, with the connection lost in the middle
// by what PostgreSQL does to it.
func TestRetries(t *testing.T) {
	t.Parallel()
	raise := func(code string) func(*testing.T, *dbtest.DB, *db.Tx) error {
		return func(_ *testing.T, _ *dbtest.DB, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `do $$ begin raise exception 'no' using errcode = '`+code+`'; end $$`)
			return err
		}
	}
	tests := []struct {
		name  string
		first func(t *testing.T, d *dbtest.DB, tx *db.Tx) error // in the first run
		runs  int
		err   string
	}{
		{"serialization failure", raise("40001"), 2, ""},
		{"deadlock", raise("40P01"), 2, ""},
		{"shutdown", raise("57P01"), 2, ""},
		{"check violation", raise("23514"), 1, "23514"},
		{"swallowed serialization failure", func(t *testing.T, d *dbtest.DB, tx *db.Tx) error {
			_ = raise("40001")(t, d, tx)
			return nil
		}, 2, ""},
		{"connection lost in a statement", func(_ *testing.T, _ *dbtest.DB, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `select pg_terminate_backend(pg_backend_pid())`)
			return err
		}, 2, ""},
		{"connection lost between statements", terminate, 2, ""},
		{"connection lost, noticed by the queue", func(t *testing.T, d *dbtest.DB, tx *db.Tx) error {
			return errors.Join(terminate(t, d, tx), tx.Queue(ctx, `update settings set value = 'y'`))
		}, 2, ""},
		{"deadlock noticed by the queue", func(_ *testing.T, _ *dbtest.DB, tx *db.Tx) error {
			return tx.Queue(ctx, `do $$ begin raise exception 'no' using errcode = '40P01'; end $$`)
		}, 2, ""},
		// Nobody knows whether a commit happened whose answer is lost.
		{"connection lost at the commit", func(_ *testing.T, _ *dbtest.DB, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `insert into fatal values ('57P01')`)
			return err
		}, 1, "commit"},
		// A commit that was refused is known not to have happened.
		{"serialization failure at the commit", func(_ *testing.T, _ *dbtest.DB, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `insert into fatal values ('40001')`)
			return err
		}, 2, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := dbtest.OpenPostgres(t)
			fatalAtCommit(t, d)
			runs := 0
			err := write(d, func(tx *db.Tx) error {
				if err := put("before")(tx); err != nil {
					return err
				}
				if runs++; runs > 1 {
					return nil
				}
				return tt.first(t, d, tx)
			})
			if runs != tt.runs {
				t.Errorf("%d runs, want %d", runs, tt.runs)
			}
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("got error %v, want %q", err, tt.err)
			}
			if kept := names(t, d); (kept != "") != (tt.err == "") {
				t.Errorf("kept %q", kept)
			}
			if err := write(d, put("after")); err != nil {
				t.Errorf("the pool is broken afterwards: %v", err)
			}
			idle(t, d)
		})
	}
}

// terminate ends the transaction's connection from another one.
func terminate(t *testing.T, d *dbtest.DB, tx *db.Tx) error {
	pid, err := db.One(ctx, tx, db.Scalar[int64], `select pg_backend_pid()`)
	if err != nil {
		return err
	}
	if _, err := db.All(ctx, d, db.Scalar[bool], `select pg_terminate_backend(cast($1 as integer), 5000)`, pid); err != nil {
		t.Errorf("terminate: %v", err)
	}
	_, err = tx.Exec(ctx, `update settings set value = 'y'`)
	return err
}

// fatalAtCommit makes a table whose rows break their commit: with 57P01 the
// connection ends, anything else is raised.
func fatalAtCommit(t *testing.T, d *dbtest.DB) {
	t.Helper()
	d.Write(t, func(tx *db.Tx) error {
		for _, text := range []string{
			`create table fatal (code text not null)`,
			`create function fatal() returns trigger language plpgsql as $$ begin
				if new.code = '57P01' then perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(10); end if;
				raise exception 'no' using errcode = new.code;
			end $$`,
			`create constraint trigger fatal after insert on fatal deferrable initially deferred
				for each row execute function fatal()`,
		} {
			if _, err := tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestGivesUpAfterManyRuns(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenPostgres(t)
	runs := 0
	err := write(d, func(tx *db.Tx) error {
		runs++
		_, err := tx.Exec(ctx, `do $$ begin raise exception 'no' using errcode = '40001'; end $$`)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "40001") || runs != 8 {
		t.Errorf("got %v after %d runs, want the failure after 8", err, runs)
	}
}

func TestPanicAndErrorLeaveNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenPostgres(t)
	broken := errors.New("broken")
	if err := write(d, func(tx *db.Tx) error { return errors.Join(put("a")(tx), broken) }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	idle(t, d) // after each: the next use would throw such a connection away
	func() {
		defer func() {
			if v := recover(); v != "boom" {
				t.Errorf("the panic did not rise: %v", v)
			}
		}()
		_ = write(d, func(tx *db.Tx) error {
			if err := put("b")(tx); err != nil {
				return err
			}
			panic("boom")
		})
	}()
	idle(t, d)
	during, cancel := context.WithCancel(ctx)
	err := d.DB.Write(during, dbtest.Actor, func(tx *db.Tx) error {
		if err := put("c")(tx); err != nil {
			return err
		}
		cancel()
		_, err := tx.Exec(during, `select pg_sleep(10)`)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled in a statement: %v", err)
	}
	if got := names(t, d); got != "" {
		t.Errorf("kept %q", got)
	}
	idle(t, d)
}

// A whole pool of connections that were ended in transactions is replaced.
func TestNoConnectionReturnsInATransaction(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenPostgres(t)
	for range 12 { // twice the pool
		first := true
		err := write(d, func(tx *db.Tx) error {
			if first {
				first = false
				return terminate(t, d, tx)
			}
			return put("a")(tx)
		})
		if err != nil {
			t.Fatal(err)
		}
		idle(t, d)
	}
}

// Queued writes travel in order, before the next read and with the commit, and
// their errors are heard there.
func TestQueue(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		insert := func(tx *db.Tx, name string) error {
			return tx.Queue(ctx, `insert into settings (name, value, changed_at) values ($1, '', $2)`, name, tx.Now())
		}
		d.Write(t, func(tx *db.Tx) error {
			for _, name := range []string{"a", "b", "c"} {
				if err := insert(tx, name); err != nil {
					return err
				}
			}
			if got := names(t, tx); got != "a b c" {
				t.Errorf("a read sees %q", got)
			}
			if err := tx.Queue(ctx, `delete from settings where name = 'b'`); err != nil {
				return err
			}
			if n, err := tx.Exec(ctx, `update settings set value = 'x'`); n != 2 || err != nil {
				t.Errorf("a write after the queue: %d rows, %v", n, err)
			}
			return insert(tx, "d")
		})
		if got := names(t, d); got != "a c d" {
			t.Errorf("got %q", got)
		}
		err := write(d, func(tx *db.Tx) error {
			if err := insert(tx, "e"); err != nil {
				return err
			}
			_ = insert(tx, "a") // is there
			_ = insert(tx, "f")
			return nil
		})
		if !db.IsUnique(err) || names(t, d) != "a c d" {
			t.Errorf("at the commit: %v, kept %q", err, names(t, d))
		}
		err = write(d, func(tx *db.Tx) error {
			_ = insert(tx, "a")
			_, err := db.One(ctx, tx, db.Scalar[int64], `select 1`)
			if !db.IsUnique(err) {
				t.Errorf("at the next read: %v", err)
			}
			return nil
		})
		if !db.IsUnique(err) {
			t.Errorf("swallowed at the next read: %v", err)
		}
		err = write(d, func(tx *db.Tx) error {
			return tx.Queue(ctx, `insert into settings (name, value, changed_at) values ('j', $1, 0)`, db.JSON(func() {}))
		})
		if err == nil {
			t.Error("what is no JSON was stored")
		}
	})
}
