package track

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/click"
	"tributary.example/click/clicktest"
	"tributary.example/internal/bus"
	"tributary.example/internal/id"
)

// slowBus answers a publication when the test says so.
type slowBus struct {
	mu      sync.Mutex
	frames  []click.Frame
	asked   chan id.Frame
	answers chan error
}

func (b *slowBus) publish(ctx context.Context, m bus.Message) error {
	f, err := click.ReadFrame(id.Frame(m.ID), m.Header, m.Data)
	if err != nil {
		return err
	}
	b.asked <- f.ID
	select {
	case err = <-b.answers:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err == nil {
		b.mu.Lock()
		b.frames = append(b.frames, f)
		b.mu.Unlock()
	}
	return err
}

func newSlow() (*slowBus, *journal) {
	b := &slowBus{asked: make(chan id.Frame, 1000), answers: make(chan error)}
	return b, newJournal(b.publish, &Counters{}, slog.New(slog.DiscardHandler))
}

func sizes(frames []click.Frame) (out []int) {
	for _, f := range frames {
		out = append(out, len(f.Clicks))
	}
	return out
}

// TestJournalGroups: the first click leaves at once, the others together when
// it is acknowledged; a full frame does not wait for that.
func TestJournalGroups(t *testing.T) {
	t.Parallel()
	b, j := newSlow()
	var acked []<-chan struct{}
	for range 1 + 10 {
		acked = append(acked, j.add(clicktest.Click("v", 0)))
	}
	<-b.asked
	b.answers <- nil
	<-acked[0]
	select {
	case <-acked[1]:
		t.Error("acknowledged before it was sent")
	default:
	}
	<-b.asked
	b.answers <- nil
	<-acked[10]
	if diff := cmp.Diff(sizes(b.frames), []int{1, 10}); diff != "" {
		t.Errorf("(got, want): %s", diff)
	}

	for range 1 + click.MaxFrameClicks + 3 {
		j.add(clicktest.Click("v", 0))
	}
	<-b.asked
	<-b.asked // the full frame is under way beside the first
	select {
	case <-b.asked:
		t.Error("a third frame is under way")
	default:
	}
	for range 3 {
		b.answers <- nil
	}
	if err := j.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, n := range sizes(b.frames) {
		total += n
	}
	if total != 11+1+click.MaxFrameClicks+3 {
		t.Errorf("%d clicks in the journal", total)
	}
}

// TestJournalTriesAgain: a refused frame comes again under its id, with the
// counts of dropped hits beside the clicks.
func TestJournalTriesAgain(t *testing.T) {
	t.Parallel()
	b, j := newSlow()
	acked := j.add(clicktest.Click("v", 0))
	first := <-b.asked
	b.answers <- errors.New("disk full")
	if again := <-b.asked; again != first {
		t.Errorf("tried again as %s, was %s", again, first)
	}
	b.answers <- nil
	<-acked
	for range 3 {
		j.drop(click.Drop{Reason: click.Bot, Minute: 1})
	}
	go func() { b.answers <- nil }()
	if err := j.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.frames[1].Drops, []click.Drop{{Reason: click.Bot, Minute: 1, Hits: 3}}); diff != "" {
		t.Errorf("(got, want): %s", diff)
	}
	if j.count.ClicksLost.Load() != 0 {
		t.Error("clicks counted as lost")
	}
}

// TestJournalIsBounded: without an answer the memory fills, and what comes
// then is counted.
func TestJournalIsBounded(t *testing.T) {
	t.Parallel()
	_, j := newSlow()
	j.bytes = maxUnacked
	select {
	case <-j.add(clicktest.Click("v", 0)):
		t.Error("acknowledged")
	default:
	}
	if got := j.count.ClicksLost.Load(); got != 1 {
		t.Errorf("%d lost, want 1", got)
	}
	for i := range maxDropKeys {
		j.drop(click.Drop{Reason: click.Bot, Minute: int64(i)})
	}
	if got := j.count.DropsLost.Load(); got != maxDropKeys || j.bytes > maxUnacked || len(j.drops) != 0 {
		t.Errorf("%d hits lost, %d bytes and %d counts kept", got, j.bytes, len(j.drops))
	}
}

// TestJournalStopsInTime: what cannot be sent does not keep the server from
// ending.
func TestJournalStopsInTime(t *testing.T) {
	t.Parallel()
	b, j := newSlow()
	j.add(clicktest.Click("v", 0))
	<-b.asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.close(ctx); err == nil {
		t.Error("closed without saying what is left")
	}
}

func TestRedirectGoesOnWithoutAnswer(t *testing.T) {
	t.Parallel()
	b, j := newSlow()
	e := &Edge{o: Options{AckWait: time.Millisecond}, journal: j}
	e.await(j.add(clicktest.Click("v", 0)))
	if got := e.count.RedirectsUnacked.Load(); got != 1 {
		t.Errorf("%d unacknowledged, want 1", got)
	}
	<-b.asked
	b.answers <- nil
}
