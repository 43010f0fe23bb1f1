package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"time"

	"tributary.example/click"
	"tributary.example/internal/bus"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// The server lives this long under load before it is killed.
const (
	leastLife = 5 * time.Millisecond
	mostLife  = 400 * time.Millisecond
)

// drainWait is how long the store may take to catch up in the end.
const drainWait = 5 * time.Minute

// firstVisitor is the address before the first visitor's, 16.0.0.0.
const firstVisitor = 16 << 24

// crash kills the server again and again under load, then compares what was
// acknowledged with the journal and the store.
func crash(ctx context.Context, o options) error {
	p, err := newPlace(o.binary)
	if err != nil {
		return err
	}
	defer os.RemoveAll(p.dir)
	var t tally
	var from atomic.Uint32
	from.Store(firstVisitor)
	rng := rand.New(rand.NewPCG(o.seed, 0))
	cut := 0
	for round := range o.rounds {
		life := leastLife + time.Duration(rng.Int64N(int64(mostLife-leastLife)))
		v, err := p.round(ctx, &from, life, o.visitors)
		if err != nil {
			return fmt.Errorf("round %d: %w", round+1, err)
		}
		t.acked = append(t.acked, v.acked...)
		cut += v.cut
		if (round+1)%20 == 0 {
			fmt.Printf("%d rounds, %d clicks acknowledged, %d requests cut off\n", round+1, len(t.acked), cut)
		}
	}
	if err := p.collect(ctx, &t); err != nil {
		return err
	}
	return t.report()
}

// round is one life of the server.
func (p place) round(ctx context.Context, from *atomic.Uint32, life time.Duration, n int) (*visitors, error) {
	s, err := p.start(ctx, nil)
	if err != nil {
		return nil, err
	}
	v := newVisitors(s, from, 1<<40)
	if err := v.wait(ctx); err != nil {
		s.kill()
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		v.run(ctx, n)
		close(done)
	}()
	time.Sleep(life)
	s.kill()
	<-done
	return v, errors.Join(v.odd, ctx.Err())
}

// collect reads the journal, lets the server store what is left of it, and
// reads the store.
func (p place) collect(ctx context.Context, t *tally) error {
	last, err := p.readJournal(ctx, t)
	if err != nil {
		return err
	}
	s, err := p.start(ctx, nil)
	if err != nil {
		return err
	}
	defer s.kill()
	d, err := db.Open(ctx, db.Options{URL: p.clicks()})
	if err != nil {
		return err
	}
	defer d.Close()
	if err := drained(ctx, d, last); err != nil {
		return err
	}
	return t.readStore(ctx, d)
}

// readJournal notes the clicks of the journal's frames, and returns its last
// sequence.
func (p place) readJournal(ctx context.Context, t *tally) (uint64, error) {
	b, err := bus.Start(ctx, bus.Options{Dir: p.journal(), SyncAlways: true})
	if err != nil {
		return 0, err
	}
	defer b.Close()
	info, err := b.Info(ctx, bus.Clicks)
	if err != nil {
		return 0, err
	}
	errAll := errors.New("that was all")
	t.journal = map[id.Click]int{}
	err = b.Consume(ctx, bus.Clicks, info.First, func(m bus.Delivered, _ bool) error {
		f, err := click.ReadFrame(id.Frame(m.ID), m.Header, m.Data)
		if err != nil {
			return err
		}
		for _, c := range f.Clicks {
			t.journal[c.ID]++
		}
		t.frames++
		if m.Sequence == info.Last {
			return errAll
		}
		return nil
	})
	if !errors.Is(err, errAll) {
		return 0, errors.Join(errors.New("the journal was not read to its end"), err)
	}
	return info.Last, nil
}

// drained waits until the store has all frames.
func drained(ctx context.Context, d *db.DB, last uint64) error {
	ctx, cancel := context.WithTimeout(ctx, drainWait)
	defer cancel()
	for {
		at, _, err := db.Lookup(ctx, d, db.Scalar[int64], `select max(sequence) from click_positions where consumer = 'store'`)
		if err != nil {
			return err
		}
		if uint64(at) >= last {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the store stands at %d of %d frames: %w", at, last, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
