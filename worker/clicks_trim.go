package worker

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"tributary.example/click"
	"tributary.example/internal/bus"
)

// journalReaders are the consumers of the click journal: nothing leaves it
// before each of them has stored it. A new one is named here first.
var journalReaders = []string{storeConsumer}

// Journal removes from the click journal what its time is over for, and tells
// when it had to refuse.
type Journal struct {
	Bus   *bus.Bus
	Store click.Store
	Log   *slog.Logger
	Now   func() time.Time

	refused atomic.Int64 // told of already
}

// Trim makes one pass.
func (j *Journal) Trim(ctx context.Context) error {
	if refused := j.Bus.Counters().Refused.Load(); refused > j.refused.Swap(refused) {
		j.Log.Error("the click journal is full, and holds nothing that is stored: frames were refused", "since_start", refused)
	}
	stored, err := j.stored(ctx)
	if err != nil {
		return err
	}
	removed, err := j.Bus.Trim(ctx, stored, j.Now())
	if err == nil && removed > 0 {
		j.Log.Info("click journal trimmed", "frames", removed, "stored", stored)
	}
	return err
}

// stored is the sequence up to which every reader has stored; 0 while one of
// them stands in another copy of the journal.
func (j *Journal) stored(ctx context.Context) (uint64, error) {
	info, err := j.Bus.Info(ctx, bus.Clicks)
	if err != nil {
		return 0, err
	}
	least := info.Last
	for _, reader := range journalReaders {
		at, _, err := j.Store.Position(ctx, click.Place{Consumer: reader, Stream: string(bus.Clicks), Created: info.Created})
		if err != nil {
			return 0, fmt.Errorf("trim the journal: %w", err)
		}
		same, err := sameJournal(ctx, j.Bus, j.Store, at)
		if err != nil || !same {
			return 0, err
		}
		least = min(least, at)
	}
	return least, nil
}
