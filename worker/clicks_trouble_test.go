package worker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"tributary.example/click"
	"tributary.example/internal/bus"
	"tributary.example/internal/db/dbtest"
	"tributary.example/worker"
)

// TestOlderJournalThatGrew brings back a copy of the journal from before the
// store's position, which has grown beyond it when the store looks: at the
// stored position stands another frame. Nothing of it is passed over.
func TestOlderJournalThatGrew(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	s := click.NewSQL(d.Clicks)
	dir, older := t.TempDir(), t.TempDir()
	b := open(t, bus.Options{Dir: dir})
	publish(t, b, frame("a"))
	b.Close()
	if err := os.CopyFS(older, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	b = open(t, bus.Options{Dir: dir})
	publish(t, b, frame("b"))
	publish(t, b, frame("c"))
	carry(t, b, s, 3)
	b.Close()

	b = open(t, bus.Options{Dir: older})
	for _, visitor := range []string{"d", "e", "f", "g"} { // sequences 2 to 5; 3 was the position
		publish(t, b, frame(visitor))
	}
	j := journalOf(b, s)
	if err := j.Trim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if info, _ := b.Info(t.Context(), bus.Clicks); info.First != 1 {
		t.Errorf("the journal lost what is not stored: it begins with %d", info.First)
	}
	carry(t, b, s, 4)
	wantClicks(t, s, 7)
	wantGaps(t, b, s)
}

// TestRestoredDatabase is behind its journal: it reads on from where it was,
// and what the journal no longer has is a gap.
func TestRestoredDatabase(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		forgotten uint64
		gaps      []click.Gap
		clicks    int
	}{
		"the journal has all":     {0, nil, 6},
		"it has just what comes":  {2, nil, 6},
		"it has lost some frames": {4, []click.Gap{{First: 3, Last: 4}}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := click.NewSQL(dbtest.OpenSQLite(t).Clicks)
			b := open(t, bus.Options{Dir: t.TempDir()})
			var frames []click.Frame
			for i := range 6 {
				frames = append(frames, frame(fmt.Sprint("v", i)))
				publish(t, b, frames[i])
			}
			backup := click.Batch{Place: placeIn(t, b), To: 2, Frames: frames[:2]}
			if _, err := s.Save(t.Context(), backup); err != nil {
				t.Fatal(err)
			}
			if tc.forgotten > 0 {
				forget(t, b, tc.forgotten)
			}
			carry(t, b, s, tc.clicks-2)
			wantClicks(t, s, tc.clicks)
			wantGaps(t, b, s, tc.gaps...)
		})
	}
}

// faltering is a store whose database goes down and comes back.
type faltering struct {
	click.Store
	down  atomic.Bool
	asked chan struct{} // hears of each try while it is down
}

var errDown = errors.New("the database does not answer")

func (f *faltering) hear() {
	select {
	case f.asked <- struct{}{}:
	default:
	}
}

func (f *faltering) Save(ctx context.Context, b click.Batch) (click.Saved, error) {
	if f.down.Load() {
		f.hear()
		return click.Saved{}, errDown
	}
	return f.Store.Save(ctx, b)
}

func (f *faltering) Position(ctx context.Context, p click.Place) (uint64, bool, error) {
	if f.down.Load() {
		f.hear()
		return 0, false, errDown
	}
	return f.Store.Position(ctx, p)
}

// TestDatabaseDown: while the database is down the journal takes every frame,
// and all of them are stored, once, when it is back.
func TestDatabaseDown(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := &faltering{Store: click.NewSQL(d.Clicks), asked: make(chan struct{}, 1)}
		b := open(t, bus.Options{Dir: t.TempDir()})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stored, ended := make(chan int), make(chan error)
		c := worker.Clicks{Bus: b, Store: s, Log: slog.New(slog.DiscardHandler), Saved: func(got click.Saved) { stored <- got.Clicks }}
		go func() { ended <- c.Run(ctx) }()

		publish(t, b, frame("before"))
		total := <-stored
		s.down.Store(true)
		for i := range 30 {
			publish(t, b, frame(fmt.Sprint("v", i))) // fails the test when it is refused
			if i%10 == 0 {
				<-s.asked
			}
		}
		if err := journalOf(b, s.Store).Trim(ctx); err != nil {
			t.Fatal(err)
		}
		s.down.Store(false)
		for total < 31 {
			total += <-stored
		}
		wantClicks(t, s, 31)
		wantGaps(t, b, s)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestJournalWaitsForItsReaders: what is old stays until it is stored.
func TestJournalWaitsForItsReaders(t *testing.T) {
	t.Parallel()
	s := click.NewSQL(dbtest.OpenSQLite(t).Clicks)
	b := open(t, bus.Options{Dir: t.TempDir()})
	for i := range 5 {
		publish(t, b, frame(fmt.Sprint("v", i)))
	}
	j := journalOf(b, s)
	trimmed := func(first uint64) {
		t.Helper()
		if err := j.Trim(t.Context()); err != nil {
			t.Fatal(err)
		}
		if info, err := b.Info(t.Context(), bus.Clicks); err != nil || info.First != first || info.Last != 5 {
			t.Errorf("journal from %d to %d, %v, want %d to 5", info.First, info.Last, err, first)
		}
	}
	trimmed(1)
	carry(t, b, s, 5)
	trimmed(6)
	wantGaps(t, b, s)
}

// journalOf trims at a time when all that is in the journal is old.
func journalOf(b *bus.Bus, s click.Store) *worker.Journal {
	return &worker.Journal{Bus: b, Store: s, Log: slog.New(slog.DiscardHandler), Now: func() time.Time {
		return time.Now().Add(2 * bus.Retention)
	}}
}
