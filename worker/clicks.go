package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"tributary.example/click"
	"tributary.example/internal/bus"
	"tributary.example/internal/id"
)

// Clicks carries the journal's frames into the click store.
type Clicks struct {
	Bus   *bus.Bus
	Store click.Store
	Log   *slog.Logger
	// Saved, when set, hears of each batch.
	Saved func(click.Saved)
}

// storeConsumer names the consumer's position.
const storeConsumer = "store"

// The most that one transaction takes.
const (
	batchFrames = 64
	batchClicks = 4096
)

// The pauses after a failure, such as a database that is down: the journal
// keeps what comes meanwhile.
const (
	firstAgain = 50 * time.Millisecond
	longAgain  = 2 * time.Second
)

// Run reads the journal from where the store is, until ctx ends. After an
// error it begins again from there.
func (c Clicks) Run(ctx context.Context) error {
	pause := firstAgain
	for ctx.Err() == nil {
		stored, err := c.read(ctx)
		if err == nil || ctx.Err() != nil {
			continue
		}
		c.Log.Error("clicks not stored", "err", err)
		if stored {
			pause = firstAgain
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longAgain)
	}
	return nil
}

// read stores frames until something fails, and reports whether it stored any.
func (c Clicks) read(ctx context.Context) (stored bool, err error) {
	r, err := c.begin(ctx)
	if err != nil {
		return false, err
	}
	err = c.Bus.Consume(ctx, bus.Clicks, r.next, func(m bus.Delivered, more bool) error { return r.take(ctx, m, more) })
	return r.stored, err
}

// begin finds where to read on. A journal that is not the one of the stored
// position, though it has its name and creation time, is an older copy of it:
// what it has is read again, and the frames' ids tell which are stored.
func (c Clicks) begin(ctx context.Context) (*reading, error) {
	info, err := c.Bus.Info(ctx, bus.Clicks)
	if err != nil {
		return nil, err
	}
	r := &reading{c: c, place: click.Place{Consumer: storeConsumer, Stream: string(bus.Clicks), Created: info.Created}}
	at, begun, err := c.Store.Position(ctx, r.place)
	if err != nil {
		return nil, err
	}
	if !begun {
		c.Log.Info("click journal is read from its beginning", "created", info.Created)
	}
	r.at, r.next = at, at+1
	same, err := sameJournal(ctx, c.Bus, c.Store, at)
	if err == nil && !same {
		c.Log.Warn("click journal is an older copy of the one that was stored from; it is read again", "stored", at, "journal", info.Last)
		r.next = max(1, info.First)
	}
	return r, err
}

// sameJournal reports whether the journal still has, at a stored position, the
// frame that was stored there, or has let it go since.
func sameJournal(ctx context.Context, b *bus.Bus, s click.Store, at uint64) (bool, error) {
	if at == 0 {
		return true, nil
	}
	info, err := b.Info(ctx, bus.Clicks)
	if err != nil || at > info.Last {
		return false, err
	}
	m, ok, err := b.At(ctx, bus.Clicks, at)
	if err != nil || !ok {
		return true, err
	}
	return s.Holds(ctx, id.Frame(m.ID))
}

// reading gathers frames into a batch.
type reading struct {
	c      Clicks
	place  click.Place
	at     uint64 // the stored position
	next   uint64 // the sequence that should come
	batch  click.Batch
	clicks int
	stored bool
}

func (r *reading) take(ctx context.Context, m bus.Delivered, more bool) error {
	if m.Sequence > r.next {
		r.gap(r.next, m.Sequence-1)
	}
	r.next = m.Sequence + 1
	frame, err := click.ReadFrame(id.Frame(m.ID), m.Header, m.Data)
	if err != nil {
		r.c.Log.Error("frame set aside", "sequence", m.Sequence, "err", err)
		r.gap(m.Sequence, m.Sequence)
	} else {
		r.batch.Frames = append(r.batch.Frames, frame)
		r.clicks += len(frame.Clicks)
	}
	if more && len(r.batch.Frames) < batchFrames && r.clicks < batchClicks {
		return nil
	}
	return r.save(ctx)
}

func (r *reading) gap(first, last uint64) {
	r.c.Log.Warn("gap in the click journal", "first", first, "last", last)
	r.batch.Gaps = append(r.batch.Gaps, click.Gap{First: first, Last: last})
}

func (r *reading) save(ctx context.Context) error {
	// The sequences are of the stream that there was when they were read: it
	// must be the one whose position moves.
	info, err := r.c.Bus.Info(ctx, bus.Clicks)
	if err != nil {
		return err
	}
	if !info.Created.Equal(r.place.Created) {
		return bus.ErrAnew
	}
	r.batch.Place, r.batch.From, r.batch.To = r.place, r.at, r.next-1
	saved, err := r.c.Store.Save(ctx, r.batch)
	if err != nil {
		return fmt.Errorf("store sequences to %d: %w", r.batch.To, err)
	}
	r.at, r.batch, r.clicks, r.stored = r.batch.To, click.Batch{}, 0, true
	if r.c.Saved != nil {
		r.c.Saved(saved)
	}
	return nil
}
