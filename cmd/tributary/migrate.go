package main

import (
	"context"

	"tributary.example/internal/db"
)

type migrateCommand struct{ config }

// Run opens the databases, which migrates them, and closes them.
func (c migrateCommand) Run(ctx context.Context) error {
	in, err := openBooks(ctx, c.config, db.Options{})
	if err != nil {
		return err
	}
	say("The schema is at this version.")
	return in.Close()
}
