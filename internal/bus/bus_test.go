package bus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/bus"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/internal/outbox"
)

func start(t *testing.T, dir string) *bus.Bus {
	t.Helper()
	b, err := bus.Start(t.Context(), bus.Options{Dir: dir, SyncAlways: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

var errEnough = errors.New("enough")

func read(t *testing.T, b *bus.Bus, from uint64, n int) []bus.Delivered {
	t.Helper()
	var got []bus.Delivered
	err := b.Consume(t.Context(), bus.Events, from, func(m bus.Delivered, more bool) error {
		got = append(got, m)
		if len(got) == n {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	return got
}

func TestPublishedOnceAndKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := start(t, dir)
	for i := range 3 {
		m := bus.Message{Subject: bus.EventSubject + "prg.a", ID: fmt.Sprintf("evt%d", i), Header: map[string]string{"Kind": "x"}, Data: []byte{byte('0' + i)}}
		for range 2 { // the second is a duplicate
			if err := b.Publish(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	before, err := b.Info(t.Context(), bus.Events)
	if err != nil {
		t.Fatal(err)
	}
	b.Close()

	b = start(t, dir)
	after, err := b.Info(t.Context(), bus.Events)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(after, before); diff != "" {
		t.Errorf("stream after a restart (got, want): %s", diff)
	}
	got := read(t, b, 2, 2)
	if got[0].Sequence != 2 || string(got[0].Data) != "1" || got[0].ID != "evt1" || got[0].Header["Kind"] != "x" || string(got[1].Data) != "2" {
		t.Errorf("got %+v", got)
	}
}

func TestConsumeEndsWithContext(t *testing.T) {
	t.Parallel()
	b := start(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	if err := b.Publish(ctx, bus.Message{Subject: bus.EventSubject + "prg.a"}); err != nil {
		t.Fatal(err)
	}
	err := b.Consume(ctx, bus.Events, 0, func(m bus.Delivered, more bool) error {
		if more {
			t.Error("more than the one message")
		}
		cancel()
		return nil
	})
	if err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

func TestBucketKeepsNewest(t *testing.T) {
	t.Parallel()
	b := start(t, t.TempDir())
	for _, version := range []int{1, 3, 3, 2} {
		value := fmt.Sprintf(`{"version":%d,"n":%d}`, version, version)
		if err := b.PutNewer(t.Context(), bus.Directory, "link.a", []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	got, ok, err := b.Get(t.Context(), bus.Directory, "link.a")
	if err != nil || !ok || string(got) != `{"version":3,"n":3}` {
		t.Errorf("got %s, %v, %v", got, ok, err)
	}
	if _, ok, err := b.Get(t.Context(), bus.Directory, "link.b"); ok || err != nil {
		t.Errorf("absent record: %v, %v", ok, err)
	}
}

func TestWatchSeesAllThenChanges(t *testing.T) {
	t.Parallel()
	b := start(t, t.TempDir())
	if err := b.Put(t.Context(), bus.Salts, "p.1", []byte("a")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var got []string
	err := b.Watch(ctx, bus.Salts, func(c bus.Change) {
		got = append(got, fmt.Sprintf("%s=%s %v", c.Key, c.Value, c.Deleted))
		if c.Deleted {
			cancel()
		}
	}, func() {
		got = append(got, "loaded")
		if err := b.Put(ctx, bus.Salts, "p.2", []byte("b")); err != nil {
			t.Error(err)
		}
		if err := b.Purge(ctx, bus.Salts, "p.1"); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"p.1=a false", "loaded", "p.2=b false", "p.1= true"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(got, want): %s", diff)
	}
}

func TestPositionMovesByCompareAndSet(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		place := bus.Place{Consumer: "webhook", Stream: bus.Events, Created: dbtest.Epoch}
		move := func(from, to uint64) error {
			return d.DB.Write(t.Context(), dbtest.Actor, func(tx *db.Tx) error { return bus.Move(t.Context(), tx, place, from, to) })
		}
		if err := move(0, 5); err != nil {
			t.Fatal(err)
		}
		if err := move(5, 9); err != nil {
			t.Fatal(err)
		}
		for _, from := range []uint64{0, 5} {
			if err := move(from, 12); !fault.Is(err, fault.Conflict) {
				t.Errorf("move from %d: got %v, want a conflict", from, err)
			}
		}
		got, err := bus.Position(t.Context(), d, place)
		if err != nil || got != 9 {
			t.Errorf("got %d, %v, want 9", got, err)
		}
		place.Created = place.Created.Add(time.Hour)
		if got, err := bus.Position(t.Context(), d, place); err != nil || got != 0 {
			t.Errorf("a stream made anew: got %d, %v, want 0", got, err)
		}
	})
}

func TestOutboxIsDelivered(t *testing.T) {
	t.Parallel()
	b := start(t, t.TempDir())
	m := outbox.Message{
		ID: "evt_1", Program: "prg_1", Topic: outbox.TopicEvent, Name: "link.created", Subject: "lnk_1",
		Number: 4, Version: 1, At: dbtest.Epoch, Actor: dbtest.Actor, Payload: []byte(`{"a":1}`),
	}
	for range 2 {
		if err := b.Deliver(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got, err := bus.ReadEvent(read(t, b, 1, 1)[0])
	if err != nil {
		t.Fatal(err)
	}
	want := bus.Event{
		ID: "evt_1", Program: "prg_1", Type: "link.created", Subject: "lnk_1", Number: 4, Version: 1, At: dbtest.Epoch,
		ActorKind: dbtest.Actor.Kind, ActorID: dbtest.Actor.ID, Payload: []byte(`{"a":1}`),
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(got, want): %s", diff)
	}
	if info, _ := b.Info(t.Context(), bus.Events); info.Last != 1 {
		t.Errorf("last sequence %d, want 1", info.Last)
	}

	m.Topic, m.Name, m.Payload = outbox.TopicDirectory, "link.lnk_1", []byte(`{"version":2}`)
	if err := b.Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := b.Get(t.Context(), bus.Directory, "link.lnk_1"); string(got) != `{"version":2}` {
		t.Errorf("directory holds %s", got)
	}
}
