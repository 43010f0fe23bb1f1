package bus_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/bus"
)

// smallDisk is a file system of its own of 24 MB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tributary-test", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Fatalf("mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// inOwnSpace runs a test as it is for root, and for anybody else again in a
// user and mount namespace, where mounting is allowed. It reports whether the
// caller is where it can mount.
func inOwnSpace(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() == 0 {
		return true
	}
	again := exec.Command("unshare", "--user", "--map-root-user", "--mount", os.Args[0], "-test.run", "^"+t.Name()+"$")
	if out, err := again.CombinedOutput(); err != nil {
		t.Fatalf("run as root of a namespace: %v\n%s", err, out)
	}
	return false
}

// fill takes all room of a disk and returns how to give it back.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	name := filepath.Join(dir, "ballast")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1 << 20, 1 << 12} { // first in large pieces, then to the last page
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	f.Close()
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

// TestFullDisk: the stall is noticed and told, the server is started again in
// the process when there is room, and nothing acknowledged is gone. What was
// refused is taken under its id; readers and watchers begin again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if !inOwnSpace(t) {
		return
	}
	dir := smallDisk(t)
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

	free := fill(t, dir)
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
