// Package worker does everything that no visitor waits for: consumers of the
// journal and of the events, and timers.
//
// Nouns: Timer.
//
// Invariants:
//  1. A pass that fails is logged and run again; it never ends the process.
//  2. What a timer does has a key that makes it once: two processes that do
//     the same at the same time do no harm.
//  3. A pass with nothing to do writes nothing.
//
// It owns no tables, and decides nothing: each pass is a few lines around a
// use case of another room.
package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Timer is work that is looked at again and again.
type Timer struct {
	Name  string
	Every time.Duration
	// Do makes one pass; its errors are logged.
	Do func(ctx context.Context) error
	// Passed, when set, hears of each pass; tests wait for it.
	Passed func(err error)
}

// Run makes each timer's first pass at once and goes on until ctx ends, then
// waits for the passes at work.
func Run(ctx context.Context, log *slog.Logger, timers ...Timer) error {
	var running sync.WaitGroup
	for _, t := range timers {
		running.Go(func() { t.run(ctx, log) })
	}
	running.Wait()
	return nil
}

func (t Timer) run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(t.Every)
	defer tick.Stop()
	for {
		err := t.Do(ctx)
		if err != nil && ctx.Err() == nil {
			log.Error("timer failed", "timer", t.Name, "err", err)
		}
		if t.Passed != nil {
			t.Passed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
