package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"tributary.example/internal/bus"
	"tributary.example/internal/db"
	"tributary.example/internal/secret"
	"tributary.example/internal/serve"
)

// installation is everything that is open while a command runs.
type installation struct {
	config
	log    *slog.Logger
	root   secret.Root
	books  *db.DB
	clicks *db.DB // the books' own database on PostgreSQL
	bus    *bus.Bus
	close  []func() error // in the order of opening
}

// openBooks locks the data folder, and opens and migrates the databases. The
// caller closes the installation.
func openBooks(ctx context.Context, c config, clock db.Options) (_ *installation, err error) {
	in := &installation{config: c, log: c.logger()}
	defer func() {
		if err != nil {
			err = errors.Join(err, in.Close())
		}
	}()
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, err
	}
	lock, err := serve.LockFolder(c.Data)
	if err != nil {
		return nil, err
	}
	in.close = append(in.close, lock.Release)
	if in.root, err = c.root(); err != nil {
		return nil, err
	}
	if in.books, err = in.openDB(ctx, c.databaseURL(), clock, db.Books); err != nil {
		return nil, err
	}
	if in.clicks = in.books; c.clicksURL() != "" {
		in.clicks, err = in.openDB(ctx, c.clicksURL(), clock, db.Clicks)
		return in, err
	}
	return in, in.books.Migrate(ctx, db.Clicks)
}

func (in *installation) openDB(ctx context.Context, url string, o db.Options, set db.Set) (*db.DB, error) {
	o.URL = url
	d, err := db.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	in.close = append(in.close, d.Close)
	return d, d.Migrate(ctx, set)
}

// openBus starts the journal and the bus in the process, or connects to a
// server's.
func (in *installation) openBus(ctx context.Context) (err error) {
	in.bus, err = bus.Start(ctx, bus.Options{
		Dir: filepath.Join(in.Data, "nats"), URL: in.NATS, SyncAlways: !in.TestNoSync,
		MaxJournalBytes: in.JournalMaxMB << 20, Told: in.journalNotice,
	})
	if err == nil {
		in.close = append(in.close, func() error { in.bus.Close(); return nil })
	}
	return err
}

// journalNotice logs what the bus tells of its server.
func (in *installation) journalNotice(n bus.Notice) {
	if n.Recovered {
		in.log.Info("journal server started again, frames are taken", "after", n.Cause)
		return
	}
	in.log.Error("journal cannot be written, its server starts again when the data folder takes data", "err", n.Cause)
}

// Close closes what is open, the last first.
func (in *installation) Close() error {
	var all []error
	for i := len(in.close) - 1; i >= 0; i-- {
		all = append(all, in.close[i]())
	}
	in.close = nil
	return errors.Join(all...)
}
