package main

import (
	"context"
	"time"

	"tributary.example/access"
	"tributary.example/click"
	"tributary.example/internal/db"
	"tributary.example/internal/mail"
	"tributary.example/internal/once"
	"tributary.example/internal/outbox"
	"tributary.example/notice"
	"tributary.example/worker"
)

// What is looked at how often.
const (
	everyRelease = time.Second
	everySeal    = time.Second
	everyMail    = 2 * time.Second
	everyHour    = time.Hour
	// everyRetention: rows go in time, and nobody waits for it.
	everyRetention = 6 * time.Hour
	everyTrim      = 10 * time.Second // a full-speed minute is gigabytes of journal
	everySecrets   = 5 * time.Second  // a new program needs its salts soon
	sweepPage      = 1000
)

// workers are the parts that no visitor waits for.
func (in *installation) workers(c serveConfig) ([]func(context.Context) error, error) {
	sender, err := c.sender()
	if err != nil {
		return nil, err
	}
	relay := &outbox.Relay{DB: in.books, Publish: in.bus.Deliver, Passed: func(_ int, err error) {
		if err != nil {
			in.log.Error("outbox relay failed", "err", err)
		}
	}}
	notices := worker.Notices{DB: in.books, Bus: in.bus, Root: in.root, URL: c.publicURL(), Log: in.log}
	return []func(context.Context) error{
		relay.Run,
		notices.Run,
		in.clickConsumer,
		func(ctx context.Context) error { return worker.Run(ctx, in.log, in.timers(sender)...) },
	}, nil
}

func (in *installation) timers(sender mail.Sender) []worker.Timer {
	journal := &worker.Journal{Bus: in.bus, Store: click.NewSQL(in.clicks), Log: in.log, Now: time.Now}
	return []worker.Timer{
		{Name: "directory", Every: everyHour, Do: func(ctx context.Context) error {
			_, err := worker.Directory(ctx, in.books, in.bus, in.log)
			return err
		}},
		{Name: "secrets", Every: everySecrets, Do: func(ctx context.Context) error {
			return worker.Secrets(ctx, in.books, in.bus, in.root)
		}},
		{Name: "release", Every: everyRelease, Do: func(ctx context.Context) error { return worker.Release(ctx, in.books) }},
		{Name: "seal", Every: everySeal, Do: func(ctx context.Context) error { return worker.Seal(ctx, in.books) }},
		{Name: "mail", Every: everyMail, Do: func(ctx context.Context) error {
			_, err := notice.SendDue(ctx, in.books, sender, in.root)
			return err
		}},
		{Name: "journal", Every: everyTrim, Do: journal.Trim},
		{Name: "retention", Every: everyRetention, Do: func(ctx context.Context) error {
			return worker.Retain(ctx, in.books, click.NewSQL(in.clicks), in.books.Now())
		}},
		{Name: "sweep", Every: everyHour, Do: in.sweep},
	}
}

// sweep removes answers and sessions whose time is over.
func (in *installation) sweep(ctx context.Context) error {
	return in.books.Write(ctx, db.Timer("sweep"), func(tx *db.Tx) error {
		if _, err := once.Sweep(ctx, tx, sweepPage); err != nil {
			return err
		}
		_, err := access.Sweep(ctx, tx, sweepPage)
		return err
	})
}
