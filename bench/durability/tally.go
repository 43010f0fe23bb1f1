package main

import (
	"context"
	"fmt"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// tally is what was acknowledged, beside what is there.
type tally struct {
	acked   []id.Click
	frames  int
	journal map[id.Click]int // how often each click is in the journal
	store   map[id.Click]int // how many rows it has in the store
	counted int64            // clicks by the store's counts, which are added up apart from its rows
}

// readStore notes the store's rows and its counts. None of the clicks is a
// repeat, so that all of them are counted.
func (t *tally) readStore(ctx context.Context, d *db.DB) error {
	rows, err := db.All(ctx, d, db.Scalar[id.Click], `select click_id from clicks`)
	if err != nil {
		return err
	}
	t.store = map[id.Click]int{}
	for _, clk := range rows {
		t.store[clk]++
	}
	t.counted, _, err = db.Lookup(ctx, d, db.Scalar[int64], `select cast(coalesce(sum(clicks), 0) as bigint) from click_quarters`)
	return err
}

// lost is how many acknowledged clicks are not in the journal or not in the
// store, or are rows that were not counted.
func (t *tally) lost() int64 {
	var n int64
	for _, clk := range t.acked {
		if t.journal[clk] == 0 || t.store[clk] == 0 {
			n++
		}
	}
	return n + max(0, int64(len(t.store))-t.counted)
}

// doubled is how many clicks are in the journal, the store or its counts more
// than once.
func (t *tally) doubled() int64 {
	n := max(0, t.counted-int64(len(t.store)))
	for _, times := range []map[id.Click]int{t.journal, t.store} {
		for _, k := range times {
			n += int64(k - 1)
		}
	}
	return n
}

func (t *tally) report() error {
	fmt.Printf("journal: %d clicks in %d frames; store: %d rows, %d counted\n", len(t.journal), t.frames, len(t.store), t.counted)
	lost, doubled := t.lost(), t.doubled()
	fmt.Printf("acked=%d lost=%d doubled=%d\n", len(t.acked), lost, doubled)
	if lost != 0 || doubled != 0 || len(t.acked) == 0 {
		return errBroken
	}
	return nil
}
