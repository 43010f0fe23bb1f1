package main

import (
	"context"

	"tributary.example/internal/db"
	"tributary.example/worker"
)

type linksCommand struct {
	Publish publishCommand `cmd:"" help:"Make the edge's directory of links equal to the database, and print both as they were."`
}

type publishCommand struct{ config }

// Run compares and mends the directory, and prints a line per program: what
// the database has, what the edge had.
func (c publishCommand) Run(ctx context.Context) error {
	in, err := openBooks(ctx, c.config, db.Options{})
	if err != nil {
		return err
	}
	defer in.Close()
	if err := in.openBus(ctx); err != nil {
		return err
	}
	all, err := worker.PublishDirectory(ctx, in.books, in.bus)
	if err != nil {
		return err
	}
	for _, p := range all {
		name, what := p.Slug, "mended"
		if name == "" {
			name = string(p.Program)
		}
		if p.Database == p.Edge {
			what = "equal"
		}
		say("%s: %s: %d records %s in the database, %d records %s at the edge.",
			name, what, p.Database.Records, p.Database.Checksum(), p.Edge.Records, p.Edge.Checksum())
	}
	return nil
}
