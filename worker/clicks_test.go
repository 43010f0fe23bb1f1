package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/click"
	"tributary.example/click/clicktest"
	"tributary.example/internal/bus"
	"tributary.example/internal/db/dbtest"
	"tributary.example/worker"
)

// carry runs the consumer until it has stored that many frames.
func carry(t *testing.T, b *bus.Bus, s click.Store, frames int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := worker.Clicks{Bus: b, Store: s, Log: slog.New(slog.DiscardHandler), Saved: func(got click.Saved) {
		if frames -= got.Frames; frames <= 0 {
			cancel()
		}
	}}
	if err := c.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func publish(t *testing.T, b *bus.Bus, f click.Frame) {
	t.Helper()
	var data []byte
	for _, c := range f.Clicks {
		data = click.AppendClick(data, c)
	}
	m := bus.Message{Subject: bus.ClickSubject + "0", ID: string(f.ID), Header: click.FrameHeader(len(f.Clicks), data), Data: data}
	if err := b.Publish(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

func TestClicksReachTheStoreOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		b, err := bus.Start(t.Context(), bus.Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		s := click.NewSQL(d.Clicks)
		for i := range 100 {
			publish(t, b, clicktest.Frame(clicktest.Click(fmt.Sprintf("v%d", i), 0)))
		}
		carry(t, b, s, 100)

		// What is no frame is a gap, and what follows it is stored.
		if err := b.Publish(t.Context(), bus.Message{Subject: bus.ClickSubject + "0", Data: []byte("rubbish")}); err != nil {
			t.Fatal(err)
		}
		publish(t, b, clicktest.Frame(clicktest.Click("last", 0)))
		carry(t, b, s, 1)

		all, err := s.List(t.Context(), clicktest.Program, click.Filter{Limit: 1000})
		if err != nil || len(all) != 101 {
			t.Errorf("%d clicks, %v, want 101", len(all), err)
		}
		info, err := b.Info(t.Context(), bus.Clicks)
		if err != nil {
			t.Fatal(err)
		}
		place := click.Place{Consumer: "store", Stream: "CLICKS", Created: info.Created}
		if at, _, err := s.Position(t.Context(), place); at != 102 || err != nil {
			t.Errorf("position %d, %v, want 102", at, err)
		}
		gaps, err := s.Gaps(t.Context(), place)
		if err != nil {
			t.Fatal(err)
		}
		for i := range gaps {
			gaps[i].NoticedAt = dbtest.Epoch
		}
		if diff := cmp.Diff(gaps, []click.Gap{{First: 101, Last: 101, NoticedAt: dbtest.Epoch}}); diff != "" {
			t.Errorf("gaps (got, want): %s", diff)
		}
	})
}

// TestJournalAnewIsReadFromItsBeginning gives the store another journal with
// a frame that it has.
func TestJournalAnewIsReadFromItsBeginning(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	s := click.NewSQL(d.Clicks)
	kept := frame("v")
	for round := range 2 {
		b := open(t, bus.Options{Dir: t.TempDir()})
		publish(t, b, kept) // stored in the first round only
		publish(t, b, frame(fmt.Sprintf("w%d", round)))
		carry(t, b, s, 2-round)
	}
	wantClicks(t, s, 3)
}

// TestOlderJournalIsReadAgain brings back a copy of the journal from before
// the store's position, and adds to it.
func TestOlderJournalIsReadAgain(t *testing.T) {
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
	publish(t, b, frame("d"))
	carry(t, b, s, 1)
	wantClicks(t, s, 4)
}

// TestMissingFramesAreAGap lets the journal forget its beginning before the
// store has read it.
func TestMissingFramesAreAGap(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	s := click.NewSQL(d.Clicks)
	b := open(t, bus.Options{Dir: t.TempDir()})
	for i := range 20 {
		publish(t, b, frame(fmt.Sprintf("v%d", i)))
	}
	forget(t, b, 7)
	carry(t, b, s, 13)
	wantGaps(t, b, s, click.Gap{First: 1, Last: 7})
	wantClicks(t, s, 13)
}

func open(t *testing.T, o bus.Options) *bus.Bus {
	t.Helper()
	b, err := bus.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func frame(visitor string) click.Frame { return clicktest.Frame(clicktest.Click(visitor, 0)) }

func wantClicks(t *testing.T, s click.Store, want int) {
	t.Helper()
	all, err := s.List(t.Context(), clicktest.Program, click.Filter{Limit: 1000})
	if err != nil || len(all) != want {
		t.Errorf("%d clicks, %v, want %d", len(all), err, want)
	}
}

// forget takes the journal's first frames away, whoever has stored them.
func forget(t *testing.T, b *bus.Bus, last uint64) {
	t.Helper()
	if n, err := b.Trim(t.Context(), last, time.Now().Add(2*bus.Retention)); err != nil || n != last {
		t.Fatalf("removed %d, %v, want %d", n, err, last)
	}
}

func wantGaps(t *testing.T, b *bus.Bus, s click.Store, want ...click.Gap) {
	t.Helper()
	gaps, err := s.Gaps(t.Context(), placeIn(t, b))
	if err != nil {
		t.Fatal(err)
	}
	for i := range gaps {
		gaps[i].NoticedAt = time.Time{}
	}
	if diff := cmp.Diff(gaps, want); diff != "" {
		t.Errorf("gaps (got, want): %s", diff)
	}
}

func placeIn(t *testing.T, b *bus.Bus) click.Place {
	t.Helper()
	info, err := b.Info(t.Context(), bus.Clicks)
	if err != nil {
		t.Fatal(err)
	}
	return click.Place{Consumer: "store", Stream: "CLICKS", Created: info.Created}
}
