package worker

import (
	"context"
	"fmt"
	"time"

	"tributary.example/click"
	"tributary.example/internal/bus"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/program"
	"tributary.example/referral"
)

// How long the rows of clicks are kept: those that were nobody's evidence, and
// all others. Counts stay.
const (
	keptDays   = 90
	keptMonths = 13
)

// visitorsKept is how long it is remembered who was seen on a day: as long as
// a click of that day may still come out of the journal.
const visitorsKept = bus.Retention + 5*24*time.Hour

// Retain removes the rows of clicks whose time is over, program by program. A
// click whose token is handed in after its row is gone counts all the same.
func Retain(ctx context.Context, d *db.DB, clicks *click.SQL, now time.Time) error {
	longest, usual := now.AddDate(0, -keptMonths, 0), now.AddDate(0, 0, -keptDays)
	err := eachProgram(ctx, d, func(prog program.Program) error {
		if err := removeOld(ctx, clicks, prog.ID, longest, nil); err != nil {
			return err
		}
		led, err := referral.ClicksOf(ctx, d, prog.ID, longest, usual)
		if err != nil {
			return err
		}
		keep := make(map[id.Click]bool, len(led))
		for _, clk := range led {
			keep[clk] = true
		}
		return removeOld(ctx, clicks, prog.ID, usual, keep)
	})
	if err != nil {
		return fmt.Errorf("remove old clicks: %w", err)
	}
	return clicks.ForgetVisitors(ctx, now.Add(-visitorsKept))
}

func removeOld(ctx context.Context, clicks *click.SQL, prog id.Program, before time.Time, keep map[id.Click]bool) error {
	after, err := clicks.RemoveOld(ctx, prog, before, keep, "")
	for err == nil && after != "" {
		after, err = clicks.RemoveOld(ctx, prog, before, keep, after)
	}
	return err
}
