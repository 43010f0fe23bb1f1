package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"tributary.example/affiliate"
	"tributary.example/internal/bus"
	"tributary.example/internal/db"
	"tributary.example/link"
	"tributary.example/program"
)

const directoryPage = 500

// Directory compares the edge's directory with the database and hands over
// again what is missing or older there: after the loss of the bus's folder,
// and after a restore. It returns how many records that were.
func Directory(ctx context.Context, d *db.DB, b *bus.Bus, log *slog.Logger) (int, error) {
	held, err := heldVersions(ctx, b)
	if err != nil {
		return 0, err
	}
	programs, err := program.List(ctx, d)
	if err != nil {
		return 0, fmt.Errorf("read programs: %w", err)
	}
	n := 0
	for _, p := range programs {
		again, err := comparer{d: d, held: held, prog: p}.all(ctx)
		if err != nil {
			return n, fmt.Errorf("publish directory of %s: %w", p.Slug, err)
		}
		n += again
	}
	if n > 0 {
		log.Info("directory published again", "records", n)
	}
	return n, nil
}

// heldVersions reads the version of each record that the bucket holds.
func heldVersions(ctx context.Context, b *bus.Bus) (map[string]int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	held := map[string]int64{}
	err := b.Watch(ctx, bus.Directory, func(c bus.Change) {
		var v struct {
			Version int64 `json:"version"`
		}
		if json.Unmarshal(c.Value, &v) == nil {
			held[c.Key] = v.Version
		}
	}, cancel)
	if err != nil {
		return nil, fmt.Errorf("read directory: %w", err)
	}
	return held, nil
}

type comparer struct {
	d    *db.DB
	held map[string]int64
	prog program.Program
}

func (c comparer) all(ctx context.Context) (int, error) {
	n := 0
	if c.held[program.KeyPrefix+string(c.prog.ID)] < c.prog.RecordVersion {
		err := c.write(ctx, func(tx *db.Tx) error { return program.Publish(ctx, tx, c.prog.ID) })
		if err != nil {
			return n, err
		}
		n++
	}
	affiliates, err := c.affiliates(ctx)
	if err != nil {
		return n, err
	}
	links, err := c.links(ctx)
	return n + affiliates + links, err
}

func (c comparer) affiliates(ctx context.Context) (n int, err error) {
	for before := affiliate.First; ; {
		page, err := affiliate.List(ctx, c.d, c.prog.ID, "", before, directoryPage)
		if err != nil || len(page) == 0 {
			return n, err
		}
		for _, a := range page {
			before = a.ID
			if c.held[affiliate.KeyPrefix+string(a.ID)] >= a.Version {
				continue
			}
			n++
			if err := c.write(ctx, func(tx *db.Tx) error { return affiliate.Publish(ctx, tx, c.prog.ID, a) }); err != nil {
				return n, err
			}
		}
	}
}

func (c comparer) links(ctx context.Context) (n int, err error) {
	for before := link.First; ; {
		page, err := link.List(ctx, c.d, c.prog.ID, before, directoryPage)
		if err != nil || len(page) == 0 {
			return n, err
		}
		for _, l := range page {
			before = l.ID
			if c.held[link.KeyPrefix+string(l.ID)] >= l.Version {
				continue
			}
			n++
			if err := c.write(ctx, func(tx *db.Tx) error { return link.Publish(ctx, tx, c.prog.ID, l) }); err != nil {
				return n, err
			}
		}
	}
}

func (c comparer) write(ctx context.Context, fn func(tx *db.Tx) error) error {
	return c.d.Write(ctx, db.Timer("directory"), fn)
}
