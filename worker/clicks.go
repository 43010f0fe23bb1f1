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

const clicksAgain = time.Second

// Run reads the journal from where the store is, until ctx ends. After an
// error it begins again from there.
func (c Clicks) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := c.read(ctx); err != nil && ctx.Err() == nil {
			c.Log.Error("clicks not stored", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(clicksAgain):
			}
		}
	}
	return nil
}

func (c Clicks) read(ctx context.Context) error {
	info, err := c.Bus.Info(ctx, bus.Clicks)
	if err != nil {
		return err
	}
	r := reading{c: c, place: click.Place{Consumer: storeConsumer, Stream: string(bus.Clicks), Created: info.Created}}
	at, begun, err := c.Store.Position(ctx, r.place)
	if err != nil {
		return err
	}
	if !begun {
		c.Log.Info("click journal is read from its beginning", "created", info.Created)
	}
	r.at, r.next = at, at+1
	if at > info.Last {
		// The journal is an older copy of itself. What it has is read again;
		// the frames' ids tell which are stored.
		c.Log.Warn("click journal ends before what is stored", "stored", at, "journal", info.Last)
		r.next = 1
	}
	return c.Bus.Consume(ctx, bus.Clicks, r.next, func(m bus.Delivered, more bool) error { return r.take(ctx, m, more) })
}

// reading gathers frames into a batch.
type reading struct {
	c      Clicks
	place  click.Place
	at     uint64 // the stored position
	next   uint64 // the sequence that should come
	batch  click.Batch
	clicks int
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
	r.batch.Place, r.batch.From, r.batch.To = r.place, r.at, r.next-1
	saved, err := r.c.Store.Save(ctx, r.batch)
	if err != nil {
		return fmt.Errorf("store sequences to %d: %w", r.batch.To, err)
	}
	r.at, r.batch, r.clicks = r.batch.To, click.Batch{}, 0
	if r.c.Saved != nil {
		r.c.Saved(saved)
	}
	return nil
}
