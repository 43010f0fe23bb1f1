package main

import (
	"context"
	"os"
	"path/filepath"

	"tributary.example/click"
	"tributary.example/internal/db"
	"tributary.example/worker"
)

type clicksCommand struct {
	Rebuild rebuildCommand `cmd:"" help:"Make the counts of clicks anew from the journal, as far as it reaches, and put missing clicks back."`
}

type rebuildCommand struct{ config }

// Run counts the journal's clicks in a store beside, in the data folder, and
// puts its counts in the place of those that there are.
func (c rebuildCommand) Run(ctx context.Context) error {
	in, err := openBooks(ctx, c.config, db.Options{})
	if err != nil {
		return err
	}
	defer in.Close()
	if err := in.openBus(ctx); err != nil {
		return err
	}
	folder, err := os.MkdirTemp(in.Data, "rebuild-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	beside, err := in.openDB(ctx, filepath.Join(folder, "clicks.db"), db.Options{}, db.Clicks)
	if err != nil {
		return err
	}
	done, err := worker.RebuildClicks(ctx, in.bus, click.NewSQL(in.clicks), click.NewSQL(beside))
	if err != nil {
		return err
	}
	since := "all counts are made anew"
	if !done.Since.IsZero() {
		since = "counts are made anew from " + done.Since.Format("2006-01-02 15:04 UTC") + " on, older ones are as they were"
	}
	say("%d clicks in %d frames were read; %s.", done.Clicks, done.Frames, since)
	return nil
}
