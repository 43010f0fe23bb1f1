package bus_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/bus"
)

func open(t *testing.T, o bus.Options) *bus.Bus {
	t.Helper()
	b, err := bus.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func frame(id string, size int) bus.Message {
	return bus.Message{Subject: bus.ClickSubject + "0", ID: id, Data: make([]byte, size)}
}

func put(t *testing.T, b *bus.Bus, from, to, size int) {
	t.Helper()
	for i := from; i <= to; i++ {
		if err := b.Publish(t.Context(), frame(fmt.Sprint("frame", i), size)); err != nil {
			t.Fatal(err)
		}
	}
}

// readAll reads that many frames from the journal's beginning.
func readAll(t *testing.T, b *bus.Bus, n int) []bus.Delivered {
	t.Helper()
	var got []bus.Delivered
	err := b.Consume(t.Context(), bus.Clicks, 0, func(m bus.Delivered, _ bool) error {
		if got = append(got, m); len(got) == n {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	return got
}

// wantRange compares the journal's first and last sequence.
func wantRange(t *testing.T, b *bus.Bus, first, last uint64) {
	t.Helper()
	info, err := b.Info(t.Context(), bus.Clicks)
	if err != nil || info.First != first || info.Last != last {
		t.Errorf("journal from %d to %d, %v, want %d to %d", info.First, info.Last, err, first, last)
	}
}

// TestTrimByAge: what is old goes, but nothing that a reader has not stored.
func TestTrimByAge(t *testing.T) {
	t.Parallel()
	b := open(t, bus.Options{Dir: t.TempDir()})
	put(t, b, 1, 10, 10)
	now := time.Now()
	later := now.Add(bus.Retention + time.Minute)
	for _, step := range []struct {
		stored  uint64
		at      time.Time
		removed uint64
		first   uint64
	}{
		{10, now, 0, 1}, {0, later, 0, 1}, {4, later, 4, 5}, {4, later, 0, 5}, {99, later, 6, 11}, {99, later, 0, 11},
	} {
		n, err := b.Trim(t.Context(), step.stored, step.at)
		if err != nil || n != step.removed {
			t.Errorf("stored %d: removed %d, %v, want %d", step.stored, n, err, step.removed)
		}
		wantRange(t, b, step.first, 10)
	}
	put(t, b, 11, 11, 10)
	wantRange(t, b, 11, 11)
}

// TestTrimFindsTheDay removes the first frames only, when only they are old.
func TestTrimFindsTheDay(t *testing.T) {
	t.Parallel()
	b := open(t, bus.Options{Dir: t.TempDir()})
	put(t, b, 1, 7, 10)
	put(t, b, 8, 20, 10)
	eighth := readAll(t, b, 8)[7].At
	n, err := b.Trim(t.Context(), 20, eighth.Add(bus.Retention))
	if err != nil || n != 7 {
		t.Errorf("removed %d, %v, want 7", n, err)
	}
	wantRange(t, b, 8, 20)
}

// TestFullJournal: a journal of a bounded size refuses and counts while its
// readers are behind, and goes on when they have stored.
func TestFullJournal(t *testing.T) {
	t.Parallel()
	b := open(t, bus.Options{Dir: t.TempDir(), MaxJournalBytes: 100_000})
	var err error
	n := 0
	for ; err == nil && n < 1000; n++ {
		err = b.Publish(t.Context(), frame(fmt.Sprint("frame", n), 1000))
	}
	if !errors.Is(err, bus.ErrFull) || b.Counters().Refused.Load() != 1 {
		t.Fatalf("after %d frames: %v, %d refused", n, err, b.Counters().Refused.Load())
	}
	wantRange(t, b, 1, uint64(n-1))
	if removed, err := b.Trim(t.Context(), 0, time.Now()); removed != 0 || err != nil {
		t.Errorf("removed %d, %v, that nobody has stored", removed, err)
	}
	if removed, err := b.Trim(t.Context(), 5, time.Now()); removed != 5 || err != nil {
		t.Errorf("removed %d, %v, want the 5 that are stored", removed, err)
	}
	if _, err := b.Trim(t.Context(), uint64(n), time.Now()); err != nil {
		t.Fatal(err)
	}
	info, err := b.Info(t.Context(), bus.Clicks)
	if err != nil || info.Bytes > 80_000 || info.Bytes < 70_000 {
		t.Errorf("%d bytes left, %v, want about 80,000", info.Bytes, err)
	}
	if err := b.Publish(t.Context(), frame("after", 1000)); err != nil {
		t.Error(err)
	}
	if b.Healthy() != nil || b.Counters().Stalls.Load() != 0 {
		t.Error("a full journal was taken for a full disk")
	}
}

// TestStreamMadeAnew ends a reading whose stream is taken away and made again:
// the new one begins at 1, and nobody would ever hear of that.
func TestStreamMadeAnew(t *testing.T) {
	t.Parallel()
	b := open(t, bus.Options{Dir: t.TempDir()})
	put(t, b, 1, 3, 10)
	before, err := b.Info(t.Context(), bus.Clicks)
	if err != nil {
		t.Fatal(err)
	}
	err = b.Consume(t.Context(), bus.Clicks, 1, func(m bus.Delivered, more bool) error {
		if more {
			return nil
		}
		return errors.Join(b.DeleteStream(t.Context(), bus.Clicks), b.Prepare(t.Context()))
	})
	if !errors.Is(err, bus.ErrAnew) {
		t.Fatalf("got %v, want that the stream is another one", err)
	}
	after, err := b.Info(t.Context(), bus.Clicks)
	if err != nil || after.Created.Equal(before.Created) {
		t.Errorf("created %s and %s, %v", before.Created, after.Created, err)
	}
}

// TestStartedAgain: readers hear of it and find everything; publishers go on.
func TestStartedAgain(t *testing.T) {
	t.Parallel()
	told := make(chan bus.Notice, 10)
	b := open(t, bus.Options{Dir: t.TempDir(), SyncAlways: true, Told: func(n bus.Notice) { told <- n }})
	put(t, b, 1, 3, 10)
	err := b.Consume(t.Context(), bus.Clicks, 1, func(_ bus.Delivered, more bool) error {
		if !more {
			b.Suspect("a test")
		}
		return nil
	})
	if err == nil || errors.Is(err, bus.ErrAnew) {
		t.Errorf("got %v, want that the server was started again", err)
	}
	if first, second := <-told, <-told; first.Recovered || !second.Recovered {
		t.Errorf("told %+v, then %+v", first, second)
	}
	put(t, b, 3, 4, 10) // frame 3 is known by its id
	wantRange(t, b, 1, 4)
}

// TestTornFrame cuts the journal's last block in the middle of a frame, as a
// power cut may: what was whole is there, and the journal goes on.
func TestTornFrame(t *testing.T) {
	t.Parallel()
	for name, keepIndex := range map[string]bool{"with the index": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			b := open(t, bus.Options{Dir: dir, SyncAlways: true})
			put(t, b, 1, 5, 3000)
			b.Close()
			tear(t, dir, 1000, keepIndex)

			b = open(t, bus.Options{Dir: dir, SyncAlways: true})
			put(t, b, 6, 7, 3000)
			var got []string
			for _, m := range readAll(t, b, 6) {
				got = append(got, m.ID)
			}
			if diff := cmp.Diff(got, []string{"frame1", "frame2", "frame3", "frame4", "frame6", "frame7"}); diff != "" {
				t.Errorf("(got, want): %s", diff)
			}
			// The torn one was never acknowledged: it comes again, under its id.
			put(t, b, 5, 5, 3000)
			if all := readAll(t, b, 7); all[6].ID != "frame5" {
				t.Errorf("the torn frame came back as %s", all[6].ID)
			}
		})
	}
}

// tear cuts bytes off the click journal's last block.
func tear(t *testing.T, dir string, off int64, keepIndex bool) {
	t.Helper()
	store := filepath.Join(dir, "jetstream", "$G", "streams", string(bus.Clicks), "msgs")
	blocks, err := filepath.Glob(filepath.Join(store, "*.blk"))
	if err != nil || len(blocks) == 0 {
		t.Fatalf("no blocks in %s, %v", store, err)
	}
	last := slices.Max(blocks)
	info, err := os.Stat(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(last, info.Size()-off); err != nil {
		t.Fatal(err)
	}
	if index := filepath.Join(store, "index.db"); !keepIndex {
		if err := os.Remove(index); err != nil {
			t.Fatal(err)
		}
	}
}
