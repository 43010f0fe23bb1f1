package main

import (
	"context"
	"fmt"

	"tributary.example/click"
	"tributary.example/internal/db"
	"tributary.example/worker"
)

type keysCommand struct {
	Rotate rotateCommand `cmd:"" help:"Add a key to the ring: it signs the tokens of clicks from now on, the older ones are still believed."`
}

type rotateCommand struct{ config }

// Run adds a key and hands the ring to the edges.
func (c rotateCommand) Run(ctx context.Context) error {
	in, err := openBooks(ctx, c.config, db.Options{})
	if err != nil {
		return err
	}
	defer in.Close()
	if err := in.openBus(ctx); err != nil {
		return err
	}
	err = in.books.Write(ctx, db.Command("keys rotate"), func(tx *db.Tx) error {
		_, err := click.RotateRing(ctx, tx, in.root)
		return err
	})
	if err != nil {
		return err
	}
	if err := worker.Secrets(ctx, in.books, in.bus, in.root); err != nil {
		return fmt.Errorf("hand the ring to the edges: %w", err)
	}
	say("A new key signs the tokens of clicks from now on; those signed before are still believed.")
	return nil
}
