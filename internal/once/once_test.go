package once

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
)

var ctx = context.Background()

// work is a request's effect that shows how often it happened: a row each.
func work(tx *db.Tx, name string) error {
	_, err := tx.Exec(ctx, `insert into outbox_numbers (program_id, subject, number) values ('work', $1, 1)
		on conflict (program_id, subject) do update set number = outbox_numbers.number + 1`, name)
	return err
}

func times(t *testing.T, d *dbtest.DB, name string) int64 {
	t.Helper()
	n, _, err := db.Lookup(ctx, d, db.Scalar[int64], `select number from outbox_numbers where program_id = 'work' and subject = $1`, name)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func created(name string) func(tx *db.Tx) (Answer, error) {
	return func(tx *db.Tx) (Answer, error) {
		return Answer{Status: 201, Body: []byte("made " + name)}, work(tx, name)
	}
}

func request(key, body string) Request {
	return Request{Program: "prg_1", Caller: "key_1", Key: key, Body: []byte("POST /v1/payments\n" + body)}
}

func TestTheFirstAnswerIsGivenAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		first, err := Do(ctx, d.DB, dbtest.Actor, request("k", "1"), created("a"))
		if err != nil {
			t.Fatal(err)
		}
		d.Clock.Advance(Keep - time.Microsecond)
		second, err := Do(ctx, d.DB, dbtest.Actor, request("k", "1"), func(*db.Tx) (Answer, error) {
			t.Error("the work was done again")
			return Answer{}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := Answer{Status: 201, Body: []byte("made a")}
		if diff := cmp.Diff(want, first); diff != "" {
			t.Error(diff)
		}
		want.Again = true
		if diff := cmp.Diff(want, second); diff != "" {
			t.Error(diff)
		}
		_, err = Do(ctx, d.DB, dbtest.Actor, request("k", "2"), created("b"))
		if !fault.Is(err, fault.Invalid) || times(t, d, "b") != 0 {
			t.Errorf("another body: %v, done %d times", err, times(t, d, "b"))
		}
		for name, other := range map[string]Request{
			"program": {Program: "prg_2", Caller: "key_1", Key: "k", Body: request("k", "1").Body},
			"caller":  {Program: "prg_1", Caller: "key_2", Key: "k", Body: request("k", "1").Body},
			"no key":  request("", "1"),
		} {
			if got, err := Do(ctx, d.DB, dbtest.Actor, other, created(name)); err != nil || got.Again {
				t.Errorf("%s: got %v, %v", name, got, err)
			}
		}
		d.Clock.Advance(time.Microsecond)
		if got, err := Do(ctx, d.DB, dbtest.Actor, request("k", "2"), created("a")); err != nil || got.Again || times(t, d, "a") != 2 {
			t.Errorf("after a day the key is free: %v, %v", got, err)
		}
	})
}

func TestNoKeyJustRuns(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		for range 2 {
			if _, err := Do(ctx, d.DB, dbtest.Actor, request("", "1"), created("a")); err != nil {
				t.Fatal(err)
			}
		}
		if got := times(t, d, "a"); got != 2 {
			t.Errorf("done %d times, want 2", got)
		}
		_, err := Do(ctx, d.DB, dbtest.Actor, request(strings.Repeat("k", 256), "1"), created("a"))
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("a key that is too long: %v", err)
		}
	})
}

func TestFailuresAreNotStored(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		broken := errors.New("broken")
		_, err := Do(ctx, d.DB, dbtest.Actor, request("k", "1"), func(tx *db.Tx) (Answer, error) {
			return Answer{Status: 201}, errors.Join(work(tx, "a"), broken)
		})
		if !errors.Is(err, broken) || times(t, d, "a") != 0 {
			t.Errorf("a failure: %v, done %d times", err, times(t, d, "a"))
		}
		got, err := Do(ctx, d.DB, dbtest.Actor, request("k", "1"), func(*db.Tx) (Answer, error) {
			return Answer{Status: 422, Body: []byte("no")}, nil
		})
		if err != nil || got.Status != 422 {
			t.Errorf("a refusal: %v, %v", got, err)
		}
		if got, err := Do(ctx, d.DB, dbtest.Actor, request("k", "other"), created("a")); err != nil || got.Again {
			t.Errorf("after failures the key is free: %v, %v", got, err)
		}
	})
}

func TestTheAnswerIsSealed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		req := request("my-idempotency-key", "1")
		if _, err := Do(ctx, d.DB, dbtest.Actor, req, func(*db.Tx) (Answer, error) {
			return Answer{Status: 201, Body: []byte("trb_sk_live_secret")}, nil
		}); err != nil {
			t.Fatal(err)
		}
		rows, err := db.All(ctx, d, db.Scalar[string], `select key_hash || request_hash || answer from once_answers`)
		if err != nil || len(rows) != 1 {
			t.Fatalf("%v, %v", rows, err)
		}
		for _, s := range []string{"trb_sk", req.Key, "payments"} {
			if strings.Contains(rows[0], s) {
				t.Errorf("%q is stored in clear: %s", s, rows[0])
			}
		}
	})
}

// Many requests with one key at once: one does the work, all get its answer.
func TestTwinsWait(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		var wg sync.WaitGroup
		var again atomic.Int64
		for range 40 {
			wg.Go(func() {
				got, err := Do(ctx, d.DB, dbtest.Actor, request("k", "1"), created("a"))
				if err != nil || string(got.Body) != "made a" {
					t.Errorf("got %q, %v", got.Body, err)
				}
				if got.Again {
					again.Add(1)
				}
			})
		}
		wg.Wait()
		if times(t, d, "a") != 1 || again.Load() != 39 {
			t.Errorf("done %d times, %d answers again; want 1 and 39", times(t, d, "a"), again.Load())
		}
	})
}

// Two processes share only the database: the second waits for the first's row.
func TestTwinInAnotherProcess(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenPostgres(t)
	other, err := db.Open(ctx, db.Options{URL: d.URL, Clock: d.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	began, finish := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		_, err := Do(ctx, d.DB, dbtest.Actor, request("k", "1"), func(tx *db.Tx) (Answer, error) {
			close(began)
			<-finish
			return Answer{Status: 201, Body: []byte("first")}, work(tx, "a")
		})
		first <- err
	}()
	<-began
	second := make(chan error, 1)
	go func() {
		got, err := Do(ctx, other, dbtest.Actor, request("k", "1"), created("a"))
		if err == nil && (!got.Again || string(got.Body) != "first") {
			err = fmt.Errorf("got %+v", got)
		}
		second <- err
	}()
	waitForLock(t, other)
	close(finish)
	for what, c := range map[string]chan error{"first": first, "second": second} {
		if err := <-c; err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := times(t, d, "a"); got != 1 {
		t.Errorf("done %d times", got)
	}
}

// waitForLock returns when a connection of this database waits for a lock.
func waitForLock(t *testing.T, d *db.DB) {
	t.Helper()
	for {
		n, err := db.One(ctx, d, db.Scalar[int64], `select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
	}
}

// A twin that takes too long is a Conflict with ErrWaiting, in this process
// and in another. Not parallel: it shortens the wait.
func TestTwinThatTakesTooLong(t *testing.T) {
	defer func(d time.Duration) { longestWait = d }(longestWait)
	longestWait = 20 * time.Millisecond
	d := dbtest.OpenPostgres(t)
	other, err := db.Open(ctx, db.Options{URL: d.URL, Clock: d.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = Do(ctx, d.DB, dbtest.Actor, request("k", "1"), func(tx *db.Tx) (Answer, error) {
		for name, twin := range map[string]*db.DB{"same process": d.DB, "another process": other} {
			_, err := Do(ctx, twin, dbtest.Actor, request("k", "1"), created("twin"))
			if !fault.Is(err, fault.Conflict) || !errors.Is(err, ErrWaiting) {
				t.Errorf("%s: got %v, want a conflict", name, err)
			}
		}
		return Answer{Status: 200}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := times(t, d, "twin"); got != 0 {
		t.Errorf("a twin worked %d times", got)
	}
}

// A twin in the same process waits without a connection of its own: many of
// them do not empty the pool. Not parallel: it shortens the wait.
func TestTwinsWaitWithoutAConnection(t *testing.T) {
	defer func(d time.Duration) { longestWait = d }(longestWait)
	longestWait = 20 * time.Millisecond
	d := dbtest.OpenPostgres(t)
	narrow, err := db.Open(ctx, db.Options{URL: d.URL, Clock: d.Clock.Now, MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer narrow.Close()
	_, err = Do(ctx, narrow, dbtest.Actor, request("k", "1"), func(*db.Tx) (Answer, error) {
		patient, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if _, err := Do(patient, narrow, dbtest.Actor, request("k", "1"), created("twin")); !errors.Is(err, ErrWaiting) {
			t.Errorf("got %v, want that the first is at work", err)
		}
		return Answer{Status: 200}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		for _, key := range []string{"a", "b", "c"} {
			if _, err := Do(ctx, d.DB, dbtest.Actor, request(key, "1"), created(key)); err != nil {
				t.Fatal(err)
			}
			d.Clock.Advance(time.Hour)
		}
		d.Clock.Set(dbtest.Epoch.Add(Keep + time.Hour))
		d.Write(t, func(tx *db.Tx) error {
			n, err := Sweep(ctx, tx, 10)
			if n != 2 {
				t.Errorf("swept %d, want 2", n)
			}
			return err
		})
	})
}
