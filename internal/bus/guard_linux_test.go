package bus_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/bus"
	"tributary.example/internal/bus/bustest"
)

// TestFullDisk: the stall is noticed and told, the server is started again in
// the process when there is room, and nothing acknowledged is gone. What was
// refused is taken under its id; readers and watchers begin again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir, mayMount := bustest.SmallDisk(t)
	if !mayMount {
		return // it ran, and passed, where it may
	}
	told := make(chan bus.Notice, 10)
	b, err := bus.Start(t.Context(), bus.Options{Dir: dir, SyncAlways: true, Told: func(n bus.Notice) { told <- n }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	frame := func(i int) bus.Message {
		return bus.Message{Subject: bus.ClickSubject + "0", ID: fmt.Sprint("frame", i), Data: make([]byte, 100<<10)}
	}
	acked := 0
	for ; acked < 10; acked++ {
		if err := b.Publish(t.Context(), frame(acked)); err != nil {
			t.Fatal(err)
		}
	}
	broken := make(chan error, 1)
	go func() {
		broken <- b.Watch(t.Context(), bus.Directory, func(bus.Change) {}, func() {})
	}()

	free := bustest.Fill(t, dir)
	for ; ; acked++ { // blocks that are open already may take some more
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := b.Publish(ctx, frame(acked))
		cancel()
		if err != nil {
			break
		}
	}
	if n := <-told; n.Recovered || n.Cause == nil {
		t.Errorf("told %+v, want a stall", n)
	}
	if b.Healthy() == nil {
		t.Error("healthy with a full disk")
	}
	free()
	if n := <-told; !n.Recovered {
		t.Errorf("told %+v, want the recovery", n)
	}
	if err := b.Healthy(); err != nil {
		t.Error(err)
	}
	if err := <-broken; err == nil {
		t.Error("a watch outlived its server")
	}
	for range 2 { // and again: an id is one message
		if err := b.Publish(t.Context(), frame(acked)); err != nil {
			t.Fatal(err)
		}
	}
	var got, want []string
	for _, m := range readAll(t, b, acked+1) {
		got = append(got, m.ID)
	}
	for i := range acked + 1 {
		want = append(want, fmt.Sprint("frame", i))
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("journal (got, want): %s", diff)
	}
	if c := b.Counters(); c.Stalls.Load() != 1 || c.Restarts.Load() != 1 {
		t.Errorf("%d stalls, %d restarts, want 1 each", c.Stalls.Load(), c.Restarts.Load())
	}
}
