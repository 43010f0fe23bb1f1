package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tributary.example/click"
	"tributary.example/internal/bus"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// Rebuilt is what RebuildClicks read.
type Rebuilt struct {
	Frames, Clicks int
	// Since is the time from which counts were made anew; zero is all of them.
	Since time.Time
}

// rebuildSlack is how far an edge's clock may be behind the journal's, and how
// late a click may come there.
const rebuildSlack = 10 * time.Minute

// errRead ends the reading of the journal where the store is.
var errRead = errors.New("read")

// RebuildClicks makes the counts anew, and puts missing rows back, from the
// journal's frames that are stored: in an empty store beside, whose counts
// then replace those of the first in one transaction. What is older than the
// journal stays as it is. Kinds: Conflict, when the journal is not the one
// that was stored from, or clicks were stored meanwhile.
func RebuildClicks(ctx context.Context, b *bus.Bus, store, beside *click.SQL) (Rebuilt, error) {
	info, err := b.Info(ctx, bus.Clicks)
	if err != nil {
		return Rebuilt{}, err
	}
	r := &rebuilding{store: store, beside: beside}
	r.place = click.Place{Consumer: storeConsumer, Stream: string(bus.Clicks), Created: info.Created}
	if r.until, _, err = store.Position(ctx, r.place); err != nil {
		return Rebuilt{}, err
	}
	same, err := sameJournal(ctx, b, store, r.until)
	if err != nil {
		return Rebuilt{}, err
	}
	if !same || r.until == 0 || r.until < info.First {
		return Rebuilt{}, fault.New(fault.Conflict, "The journal has nothing that these counts could be made from.").
			Hint("It is empty, or an older copy; the counts stay as they are.")
	}
	if r.whole, err = store.Alone(ctx, r.place); err != nil {
		return Rebuilt{}, err
	}
	r.whole = r.whole && info.First == 1
	err = b.Consume(ctx, bus.Clicks, info.First, func(m bus.Delivered, _ bool) error { return r.take(ctx, m) })
	if !errors.Is(err, errRead) {
		return Rebuilt{}, errors.Join(err, ctx.Err())
	}
	return r.out, store.Recount(ctx, beside, r.place, r.until, r.out.Since)
}

type rebuilding struct {
	store, beside *click.SQL
	place         click.Place
	until         uint64 // the sequence up to which the store has stored
	whole         bool   // the journal has all that was ever stored
	at            uint64 // the sequence up to which beside has stored
	frames        []click.Frame
	out           Rebuilt
}

func (r *rebuilding) take(ctx context.Context, m bus.Delivered) error {
	if r.out.Since.IsZero() && !r.whole {
		r.out.Since = m.At.Add(rebuildSlack)
	}
	if m.Sequence <= r.until {
		// What is no frame was set aside when it was stored.
		if frame, err := click.ReadFrame(id.Frame(m.ID), m.Header, m.Data); err == nil {
			r.frames = append(r.frames, frame)
		}
	}
	if m.Sequence >= r.until || len(r.frames) >= batchFrames {
		if err := r.save(ctx, m.Sequence); err != nil {
			return err
		}
	}
	if m.Sequence >= r.until {
		return errRead
	}
	return nil
}

func (r *rebuilding) save(ctx context.Context, to uint64) error {
	saved, err := r.beside.Save(ctx, click.Batch{Place: r.place, From: r.at, To: to, Frames: r.frames})
	if err != nil {
		return fmt.Errorf("count beside: %w", err)
	}
	if err := r.store.PutBack(ctx, r.frames); err != nil {
		return fmt.Errorf("put clicks back: %w", err)
	}
	r.out.Frames += saved.Frames
	r.out.Clicks += saved.Clicks
	r.at, r.frames = to, nil
	return nil
}
