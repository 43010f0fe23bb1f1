package worker_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/click"
	"tributary.example/click/clicktest"
	"tributary.example/internal/bus"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/worker"
)

// The click tables that are made from the journal, each as lines of text.
var rebuilt = map[string]string{
	"quarter": `select link_id || ' ' || quarter || ' ' || affiliate_id || ' ' || clicks || ' ' || uniques from click_quarters order by 1`,
	"drop":    `select link_id || ' ' || quarter || ' ' || reason || ' ' || hits from click_drops order by 1`,
	"day":     `select affiliate_id || ' ' || day || ' ' || dimension || '=' || value || ' ' || clicks || ' ' || uniques from click_days order by 1`,
	"visitor": `select day || ' ' || scope || ' ' || visitor from click_visitors order by 1`,
	"row":     `select click_id || ' ' || at || ' ' || reason || ' ' || subs from clicks order by 1`,
}

func dump(t *testing.T, d *db.DB) []string {
	t.Helper()
	var all []string
	for table, query := range rebuilt {
		lines, err := db.All(t.Context(), d, db.Scalar[string], query)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			all = append(all, table+" "+l)
		}
	}
	slices.Sort(all)
	return all
}

// history is random frames of few visitors, links and days after a time.
func history(rnd *rand.Rand, after time.Time) []click.Frame {
	links := []id.Link{"lnk_a", "lnk_b"}
	affiliates := []id.Affiliate{"aff_a", "aff_b"}
	var frames []click.Frame
	for range 30 {
		f := click.Frame{ID: id.New[id.Frame](after)}
		for range 1 + rnd.IntN(6) {
			which := rnd.IntN(2)
			at := after.Add(time.Duration(rnd.IntN(72)) * time.Hour).Truncate(time.Millisecond)
			c := clicktest.Click(fmt.Sprintf("v%d", rnd.IntN(5)), 0)
			c.ID, c.Link, c.Affiliate = id.New[id.Click](at), links[which], affiliates[which]
			c.At, c.Day = id.TimeOf(c.ID), at.Unix()/86400
			c.Device = []string{"mobile", "desktop", ""}[rnd.IntN(3)]
			if rnd.IntN(4) == 0 {
				c.Reason = click.Repeat
			}
			f.Clicks = append(f.Clicks, c)
			if rnd.IntN(3) == 0 {
				f.Drops = append(f.Drops, click.Drop{
					Program: c.Program, Link: c.Link, Affiliate: c.Affiliate, Reason: click.Bot, Minute: at.Unix() / 60, Hits: 3,
				})
			}
		}
		frames = append(frames, f)
	}
	return frames
}

func publishAll(t *testing.T, b *bus.Bus, frames []click.Frame) {
	t.Helper()
	for _, f := range frames {
		var data []byte
		for _, c := range f.Clicks {
			data = click.AppendClick(data, c)
		}
		for _, d := range f.Drops {
			data = click.AppendDrop(data, d)
		}
		header := click.FrameHeader(len(f.Clicks)+len(f.Drops), data)
		if err := b.Publish(t.Context(), bus.Message{Subject: bus.ClickSubject + "0", ID: string(f.ID), Header: header, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
}

// spoil damages the tables at random; visitors only of days that still count.
func spoil(t *testing.T, d *db.DB, rnd *rand.Rand) {
	t.Helper()
	err := d.Write(t.Context(), dbtest.Actor, func(tx *db.Tx) error {
		for _, q := range []string{
			`update click_quarters set clicks = clicks + 7 where quarter % 2 = $1`, `delete from click_quarters where quarter % 3 = $1`,
			`update click_drops set hits = hits + 1 where quarter % 2 = $1`, `delete from click_days where day % 2 = $1`,
			`update click_days set uniques = 0 where clicks % 2 = $1`, `delete from click_visitors where day % 2 = $1`,
			`delete from clicks where at / 3600000000 % 2 = $1`,
		} {
			if _, err := tx.Exec(t.Context(), q, rnd.IntN(2)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRebuiltCountsAreEqual spoils rows and counts, and makes them anew: all
// of them when the journal has all, else those after its beginning.
func TestRebuiltCountsAreEqual(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		rnd := rand.New(rand.NewPCG(3, 3))
		b := open(t, bus.Options{Dir: t.TempDir()})
		store := click.NewSQL(d.Clicks)
		now := time.Now()
		frames := slices.Concat(history(rnd, clicktest.At), history(rnd, now.Add(72*time.Hour)))
		publishAll(t, b, frames)
		carry(t, b, store, len(frames))
		want := dump(t, d.Clicks)

		spoil(t, d.Clicks, rnd)
		if cmp.Equal(dump(t, d.Clicks), want) {
			t.Fatal("nothing is spoilt")
		}
		done, err := worker.RebuildClicks(t.Context(), b, store, click.NewSQL(dbtest.OpenSQLite(t).Clicks))
		if err != nil || done.Frames != len(frames) || !done.Since.IsZero() {
			t.Errorf("%+v, %v", done, err)
		}
		got := dump(t, d.Clicks)
		recent := func(l string) bool { // visitors of old days are not noted again
			return !strings.HasPrefix(l, "visitor") || strings.HasPrefix(l, fmt.Sprintf("visitor %d", now.Unix()/86400/10))
		}
		if diff := cmp.Diff(only(got, recent), only(want, recent)); diff != "" {
			t.Errorf("rebuilt (got, want): %s", diff)
		}

		// Another journal was stored from before: what is older than this one's
		// beginning stays as it is, spoilt or not.
		other := click.Place{Consumer: "store", Stream: "CLICKS", Created: clicktest.At}
		if _, err := store.Save(t.Context(), click.Batch{Place: other, To: 1}); err != nil {
			t.Fatal(err)
		}
		spoil(t, d.Clicks, rnd)
		spoilt := dump(t, d.Clicks)
		done, err = worker.RebuildClicks(t.Context(), b, store, click.NewSQL(dbtest.OpenSQLite(t).Clicks))
		if err != nil || done.Since.Before(now) {
			t.Errorf("%+v, %v", done, err)
		}
		got = dump(t, d.Clicks)
		if diff := cmp.Diff(only(got, later), only(want, later)); diff != "" {
			t.Errorf("after the journal's beginning (got, want): %s", diff)
		}
		earlier := func(l string) bool {
			return !later(l) && !strings.HasPrefix(l, "row") && !strings.HasPrefix(l, "visitor")
		}
		if diff := cmp.Diff(only(got, earlier), only(spoilt, earlier)); diff != "" {
			t.Errorf("before it (got, want): %s", diff)
		}
	})
}

// later reports whether a line is of a quarter-hour or day after the suite's.
func later(l string) bool {
	var table, first, second string
	fmt.Sscan(l, &table, &first, &second)
	var n int64
	fmt.Sscan(second, &n)
	switch table {
	case "quarter", "drop":
		return n > clicktest.At.Unix()/900+30*96
	case "day":
		if !strings.HasPrefix(first, "aff_") { // of the program: no affiliate stands before the day
			fmt.Sscan(first, &n)
		}
		return n > clicktest.At.Unix()/86400+30
	default:
		return false
	}
}

func only(lines []string, keep func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !keep(l) })
}

func TestAnotherJournalRebuildsNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	store := click.NewSQL(d.Clicks)
	b := open(t, bus.Options{Dir: t.TempDir()})
	for _, journal := range []string{"empty", "not yet stored from"} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := worker.RebuildClicks(ctx, b, store, click.NewSQL(dbtest.OpenSQLite(t).Clicks))
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: got %v, want a conflict", journal, err)
		}
		publishAll(t, b, history(rand.New(rand.NewPCG(1, 1)), clicktest.At))
	}
}
