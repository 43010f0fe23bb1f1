package db_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
)

var ctx = context.Background()

// put is a write that leaves a row behind.
func put(name string) func(tx *db.Tx) error {
	return func(tx *db.Tx) error { return db.PutSetting(ctx, tx, name, "x") }
}

// names are the rows that are there.
func names(t *testing.T, r db.Reader) string {
	t.Helper()
	all, err := db.All(ctx, r, db.Scalar[string], `select name from settings order by name`)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

// batch holds the writer with a first function until all others wait, so that
// they share its transaction, and returns when all are answered.
func batch(t *testing.T, d *dbtest.DB, first func(tx *db.Tx) error, others ...func()) {
	t.Helper()
	began, finish := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	var once sync.Once
	wg.Go(func() {
		err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
			once.Do(func() { close(began); <-finish })
			return first(tx)
		})
		if err != nil {
			t.Errorf("first: %v", err)
		}
	})
	<-began
	for _, other := range others {
		wg.Go(other)
	}
	db.AwaitWaiting(d.DB, len(others))
	close(finish)
	wg.Wait()
}

func write(d *dbtest.DB, fn func(tx *db.Tx) error) error { return d.DB.Write(ctx, dbtest.Actor, fn) }

func TestFailingNeighboursHarmNobody(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	broken := errors.New("broken")
	cancelled, cancel := context.WithCancel(ctx)
	during, cancelDuring := context.WithCancel(ctx)
	db.PatientWriter(d.DB)
	batch(t, d, put("first"),
		func() {
			if err := write(d, func(tx *db.Tx) error { return errors.Join(put("failed")(tx), broken) }); !errors.Is(err, broken) {
				t.Errorf("failing: %v", err)
			}
		},
		func() {
			defer func() {
				if v := recover(); v != "boom" {
					t.Errorf("the panic did not rise in its caller: %v", v)
				}
			}()
			_ = write(d, func(tx *db.Tx) error {
				if err := put("panicked")(tx); err != nil {
					return err
				}
				panic("boom")
			})
		},
		func() {
			// Cancelled while it waits: it never runs.
			cancel()
			err := d.DB.Write(cancelled, dbtest.Actor, func(*db.Tx) error { t.Error("ran for nobody"); return nil })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
			_ = write(d, put("z-filler")) // batch counts this goroutine as one that waits
		},
		func() {
			// Cancelled while it runs: the statement is not, or it would take its neighbours along.
			err := d.DB.Write(during, dbtest.Actor, func(tx *db.Tx) error {
				cancelDuring()
				return db.PutSetting(during, tx, "during", "x")
			})
			if err != nil {
				t.Errorf("cancelled while it ran: %v", err)
			}
		},
		func() {
			err := write(d, func(tx *db.Tx) error {
				_, _ = tx.Exec(ctx, `insert into no_such_table values (1)`)
				_ = put("poisoned")(tx)
				return nil
			})
			if err == nil || !strings.Contains(err.Error(), "no_such_table") {
				t.Errorf("an error that was swallowed: %v", err)
			}
		},
		func() {
			if err := write(d, put("last")); err != nil {
				t.Errorf("last: %v", err)
			}
		},
	)
	if diff := cmp.Diff("during first last z-filler", names(t, d)); diff != "" {
		t.Error(diff)
	}
	if got := db.Commits(d.DB); got != 1 {
		t.Errorf("%d commits, want one for all", got)
	}
}

func TestCancelledBeforeItStarts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		err := d.DB.Write(cancelled, dbtest.Actor, func(*db.Tx) error { t.Error("ran"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// Cancelled while it waits in the queue, seen for sure: the caller is answered
// by the writer, which looks before it starts the function.
func TestCancelledInTheQueue(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	db.PatientWriter(d.DB)
	waiting, cancel := context.WithCancel(ctx)
	batch(t, d, func(tx *db.Tx) error { cancel(); return put("first")(tx) },
		func() {
			err := d.DB.Write(waiting, dbtest.Actor, func(*db.Tx) error { t.Error("ran for nobody"); return nil })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		},
		func() {
			if err := write(d, put("last")); err != nil {
				t.Error(err)
			}
		})
	if diff := cmp.Diff("first last", names(t, d)); diff != "" {
		t.Error(diff)
	}
}

func TestManyFunctionsOneCommit(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	db.PatientWriter(d.DB)
	batch(t, d, put("first"), puts(t, d, 63)...)
	if got, commits := len(strings.Fields(names(t, d))), db.Commits(d.DB); got != 64 || commits != 1 {
		t.Errorf("%d rows in %d commits, want 64 in one", got, commits)
	}
}

func TestABatchHasABound(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	db.PatientWriter(d.DB)
	batch(t, d, put("first"), puts(t, d, 64)...)
	if got, commits := len(strings.Fields(names(t, d))), db.Commits(d.DB); got != 65 || commits != 2 {
		t.Errorf("%d rows in %d commits, want 65 in two", got, commits)
	}
}

func puts(t *testing.T, d *dbtest.DB, n int) []func() {
	var all []func()
	for i := range n {
		all = append(all, func() {
			if err := write(d, put(fmt.Sprintf("n%02d", i))); err != nil {
				t.Error(err)
			}
		})
	}
	return all
}

// endsAll ends the whole transaction, as a full disk does, under everybody's
// feet: the name first is taken.
func endsAll(tx *db.Tx) error {
	_, err := tx.Exec(ctx, `insert or rollback into settings (name, value, changed_at) values ('first', '', 0)`)
	return err
}

// The batch is rolled back and run again.
func TestLostBatchIsRunAgain(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	db.PatientWriter(d.DB)
	runs := 0
	batch(t, d, put("first"),
		func() {
			err := write(d, func(tx *db.Tx) error {
				if runs++; runs == 1 {
					return endsAll(tx)
				}
				return put("wild")(tx)
			})
			if err != nil {
				t.Errorf("wild: %v", err)
			}
		},
		func() {
			if err := write(d, put("last")); err != nil {
				t.Errorf("last: %v", err)
			}
		})
	if diff := cmp.Diff("first last wild", names(t, d)); diff != "" {
		t.Error(diff)
	}
	if runs != 2 {
		t.Errorf("%d runs, want 2", runs)
	}
}

// One that always does is given up after three runs, and nothing of it stays.
func TestAlwaysLostBatchIsGivenUp(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	d.Write(t, put("first"))
	runs := 0
	err := write(d, func(tx *db.Tx) error {
		runs++
		return errors.Join(put("wild")(tx), endsAll(tx), put("wilder")(tx))
	})
	if !db.IsUnique(err) || runs != 3 {
		t.Errorf("got %v after %d runs, want its own error after 3", err, runs)
	}
	if err := write(d, put("after")); err != nil {
		t.Errorf("the writer is broken afterwards: %v", err)
	}
	if diff := cmp.Diff("after first", names(t, d)); diff != "" {
		t.Error(diff)
	}
}

// A function cannot end the transaction it is in: what it did next would be
// committed by itself.
func TestTransactionsAreNotSteeredFromInside(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		for _, text := range []string{"rollback", "COMMIT", " commit;", "\n\tEnd", "begin immediate", "savepoint x", "release x", "abort", "start transaction", "prepare transaction 'x'"} {
			err := write(d, func(tx *db.Tx) error {
				_, _ = tx.Exec(ctx, text)
				_ = put("wild")(tx)
				return nil
			})
			if err == nil {
				t.Errorf("%q was let through", text)
			}
			err = write(d, func(tx *db.Tx) error { return tx.Queue(ctx, text) })
			if err == nil {
				t.Errorf("%q was let through in the queue", text)
			}
		}
		if got := names(t, d); got != "" {
			t.Errorf("kept %q", got)
		}
	})
}

// A commit can fail: here a foreign key that is checked only then. Nobody who
// shared it may believe that the work was done.
func TestFailedCommitIsEverybodysError(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	db.PatientWriter(d.DB)
	batch(t, d, func(tx *db.Tx) error {
		return tx.Queue(ctx, `create table child (parent text references people (person_id) deferrable initially deferred)`)
	})
	failed := func(what string, err error) {
		if err == nil || !strings.Contains(err.Error(), "commit") {
			t.Errorf("%s: got %v, want the commit's failure", what, err)
		}
	}
	began, finish := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		failed("orphan", write(d, func(tx *db.Tx) error {
			close(began)
			<-finish
			_, err := tx.Exec(ctx, `insert into child values ('nobody')`)
			return err
		}))
	})
	<-began
	wg.Go(func() { failed("neighbour", write(d, put("neighbour"))) })
	db.AwaitWaiting(d.DB, 1)
	close(finish)
	wg.Wait()
	if got := names(t, d); got != "" {
		t.Errorf("kept %q", got)
	}
	if err := write(d, put("after")); err != nil {
		t.Errorf("the writer is broken afterwards: %v", err)
	}
}

func TestCloseWhileWaiting(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	began, finish := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	var firstErr error
	wg.Go(func() {
		firstErr = write(d, func(tx *db.Tx) error { close(began); <-finish; return put("first")(tx) })
	})
	<-began
	errs := make([]error, 100) // more than the queue takes
	for i := range errs {
		wg.Go(func() { errs[i] = write(d, put(fmt.Sprintf("n%02d", i))) })
	}
	db.AwaitWaiting(d.DB, 64)
	closed := make(chan error)
	go func() { closed <- d.DB.Close() }()
	db.AwaitStopping(d.DB)
	close(finish)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	wg.Wait()
	reopened, err := db.Open(ctx, db.Options{URL: d.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer reopened.Close()
	kept := " " + names(t, reopened) + " "
	if firstErr != nil || !strings.Contains(kept, " first ") {
		t.Errorf("the function under way: %v", firstErr)
	}
	for i, err := range errs {
		if there := strings.Contains(kept, fmt.Sprintf(" n%02d ", i)); there != (err == nil) {
			t.Errorf("n%02d: told %v, in the database: %v", i, err, there)
		}
	}
	if err := write(d, put("late")); err == nil {
		t.Error("a write after Close succeeded")
	}
}

func TestReadersCannotWrite(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	_, err := db.All(ctx, d, db.Scalar[string], `insert into settings (name, value, changed_at) values ('a', 'b', 1) returning name`)
	if err == nil {
		t.Error("a reader wrote")
	}
}

// The settings that the books' safety rests on are on, on the connection that
// writes.
func TestWriterSettings(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "recursive_triggers": "1", "busy_timeout": "5000",
	}
	got := map[string]string{}
	d.Write(t, func(tx *db.Tx) error {
		for name := range want {
			column := name
			if name == "busy_timeout" {
				column = "timeout"
			}
			v, err := db.One(ctx, tx, db.Scalar[string], `select cast(`+column+` as text) from pragma_`+name)
			if err != nil {
				return err
			}
			got[name] = v
		}
		return nil
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// modernc.org/libc must be the version that modernc.org/sqlite was made with:
// its go.mod names it.
func TestLibcIsTheOneSQLiteWants(t *testing.T) {
	t.Parallel()
	list := func(module, field string) string {
		t.Helper()
		out, err := exec.Command("go", "list", "-m", "-f", "{{."+field+"}}", module).Output()
		if err != nil {
			t.Fatalf("go list %s: %v", module, err)
		}
		return strings.TrimSpace(string(out))
	}
	mod, err := os.ReadFile(list("modernc.org/sqlite", "GoMod"))
	if err != nil {
		t.Fatal(err)
	}
	wants := regexp.MustCompile(`(?m)^\s*modernc.org/libc (\S+)`).FindSubmatch(mod)
	if wants == nil {
		t.Fatalf("modernc.org/sqlite no longer names its libc:\n%s", mod)
	}
	if got, want := list("modernc.org/libc", "Version"), string(wants[1]); got != want {
		t.Errorf("modernc.org/libc is %s, want %s", got, want)
	}
}

// A transaction that stays open without SQL is told so: it waits for something
// it must not wait for.
func TestMaxHold(t *testing.T) {
	t.Parallel()
	for _, open := range []func(testing.TB) *dbtest.DB{dbtest.OpenSQLite, dbtest.OpenPostgres} {
		d := open(t)
		strict, err := db.Open(ctx, db.Options{URL: d.URL, MaxHold: 30 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer strict.Close()
		hold := func(span time.Duration) error {
			return strict.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
				<-time.After(span) // what the rule forbids
				return put("held")(tx)
			})
		}
		if err := hold(40 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "held for") {
			t.Errorf("%s: got %v, want that it was held", d.Dialect(), err)
		}
		if got := names(t, d); got != "" {
			t.Errorf("%s: kept %q", d.Dialect(), got)
		}
	}
}
