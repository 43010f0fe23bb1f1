package track_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/click"
	"tributary.example/internal/bus"
	"tributary.example/internal/bus/bustest"
	"tributary.example/internal/id"
)

// TestFullDisk: while the journal's disk is full each visitor is sent on with
// a token, and counted; when there is room again, what was kept arrives, once.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir, mayMount := bustest.SmallDisk(t)
	if !mayMount {
		return // it ran, and passed, where it may
	}
	told := make(chan bus.Notice, 10)
	e := start(t, func(e *edge) {
		e.bus.Close()
		b, err := bus.Start(t.Context(), bus.Options{Dir: dir, SyncAlways: true, Told: func(n bus.Notice) { told <- n }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		e.bus, e.ackWait = b, 25*time.Millisecond
	})
	var want []id.Click
	visit := func() {
		t.Helper()
		res := e.get("/jane")
		to, err := url.Parse(res.Header.Get("Location"))
		if err != nil || res.StatusCode != 302 || !strings.Contains(res.Header.Get("Set-Cookie"), "trb_shop=") {
			t.Fatalf("%s to %v, %v", res.Status, to, err)
		}
		token, err := click.ParseToken(to.Query().Get("via"))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, token.Click)
	}
	visit()
	free := bustest.Fill(t, dir)
	for stalled := false; !stalled; {
		visit()
		select {
		case n := <-told:
			stalled = !n.Recovered
		default: // a page that is open takes some more
		}
	}
	before := e.edge.Counters().RedirectsUnacked.Load()
	for range 5 {
		visit()
	}
	if got := e.edge.Counters().RedirectsUnacked.Load() - before; got != 5 {
		t.Errorf("%d redirects counted as unacknowledged, want 5", got)
	}
	if res := e.get("/healthz"); res.StatusCode != 503 {
		t.Errorf("health is %s", res.Status)
	}
	free()
	if n := <-told; !n.Recovered {
		t.Errorf("told %+v, want the recovery", n)
	}
	visit()
	got := journalled(t, e.bus, len(want))
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("clicks in the journal (got, want): %s", diff)
	}
	if lost := e.edge.Counters().ClicksLost.Load(); lost != 0 {
		t.Errorf("%d lost", lost)
	}
}

// journalled reads that many clicks from the journal's beginning.
func journalled(t *testing.T, b *bus.Bus, n int) (got []id.Click) {
	t.Helper()
	errEnough := errors.New("enough")
	err := b.Consume(t.Context(), bus.Clicks, 1, func(m bus.Delivered, _ bool) error {
		f, err := click.ReadFrame(id.Frame(m.ID), m.Header, m.Data)
		if err != nil {
			return err
		}
		for _, c := range f.Clicks {
			got = append(got, c.ID)
		}
		if len(got) >= n {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	return got
}
