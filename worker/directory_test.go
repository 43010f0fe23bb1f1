package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tributary.example/affiliate"
	"tributary.example/internal/bus"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/outbox"
	"tributary.example/link"
	"tributary.example/person"
	"tributary.example/program"
	"tributary.example/worker"
)

// shop makes a program with an affiliate and links.
func shop(t *testing.T, d *dbtest.DB, slug string, links int) (prog program.Program) {
	t.Helper()
	d.Write(t, func(tx *db.Tx) (err error) {
		prog, err = program.Create(t.Context(), tx, program.New{
			Slug: slug, Currency: "EUR", LinkHost: "go." + slug + ".example",
			Settings: program.DefaultSettings(slug, "https://"+slug+".example"),
		})
		if err != nil {
			return err
		}
		per, _, err := person.Ensure(t.Context(), tx, "Jane", "jane@example.com")
		if err != nil {
			return err
		}
		aff, err := affiliate.Apply(t.Context(), tx, prog, affiliate.Application{Person: per.ID, Name: "Jane"})
		for i := 0; i < links && err == nil; i++ {
			_, err = link.Create(t.Context(), tx, prog, link.New{Affiliate: aff.ID, Slug: fmt.Sprintf("jane-%d", i)})
		}
		return err
	})
	return prog
}

// deliver hands over what waits in the outbox.
func deliver(t *testing.T, d *dbtest.DB, b *bus.Bus) {
	t.Helper()
	relay := outbox.Relay{DB: d.DB, Publish: b.Deliver}
	if _, err := relay.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func jsonOf(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func publishDirectory(t *testing.T, d *dbtest.DB, b *bus.Bus) map[string][3]int {
	t.Helper()
	all, err := worker.PublishDirectory(t.Context(), d.DB, b)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][3]int{}
	for _, c := range all {
		if strings.HasSuffix(c.Slug, "-test") { // each program's other side
			continue
		}
		got[c.Slug] = [3]int{c.Database.Records, c.Edge.Records, c.Odd}
		if same := c.Database == c.Edge; same != (c.Database.Checksum() == c.Edge.Checksum()) || same && c.Odd > 0 {
			t.Errorf("%s: %+v beside checksums %s and %s", c.Slug, c, c.Database.Checksum(), c.Edge.Checksum())
		}
	}
	return got
}

func TestTheDirectoryIsMadeLikeTheDatabase(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		b := open(t, bus.Options{Dir: t.TempDir()})
		prog := shop(t, d, "first", 3)
		shop(t, d, "other", 1)
		want := func(what string, want map[string][3]int) {
			t.Helper()
			if diff := cmp.Diff(publishDirectory(t, d, b), want); diff != "" {
				t.Errorf("%s: database, edge, odd (got, want): %s", what, diff)
			}
		}
		equal := map[string][3]int{"first": {6, 6, 0}, "other": {4, 4, 0}}
		want("an empty bucket", map[string][3]int{"first": {6, 0, 0}, "other": {4, 0, 0}})
		want("after that", equal)
		deliver(t, d, b) // the same once more, by the usual way
		want("after the outbox", equal)

		// A restored database: the bucket has a newer program, a link that is no
		// more, and one of a program that is no more.
		records, err := program.Records(t.Context(), d, prog.ID)
		if err != nil {
			t.Fatal(err)
		}
		newer := records[len(records)-1].Value.(program.Record)
		newer.Version, newer.WindowDays = 99, 1
		lost := link.Record{ID: "lnk_lost", Program: prog.ID, Version: 1}
		foreign := link.Record{ID: "lnk_foreign", Program: "prg_gone", Version: 1}
		for key, record := range map[string]any{
			program.KeyPrefix + string(prog.ID): newer, link.KeyPrefix + "lnk_lost": lost, link.KeyPrefix + "lnk_foreign": foreign,
		} {
			if err := b.Put(t.Context(), bus.Directory, key, jsonOf(t, record)); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := worker.Directory(t.Context(), d.DB, b, slog.New(slog.DiscardHandler)); n != 0 || err != nil {
			t.Errorf("the timer published %d records over newer ones, %v", n, err)
		}
		want("a restored database", map[string][3]int{"first": {6, 7, 2}, "other": {4, 4, 0}, "": {0, 1, 1}})
		want("mended", equal)
	})
}

// TestTheTimerHandsOverWhatIsMissing takes two records away and makes one
// older.
func TestTheTimerHandsOverWhatIsMissing(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	b := open(t, bus.Options{Dir: t.TempDir()})
	prog := shop(t, d, "first", 2)
	deliver(t, d, b)
	held := map[string][]byte{}
	ctx, stop := context.WithCancel(t.Context())
	if err := b.Watch(ctx, bus.Directory, func(c bus.Change) { held[c.Key] = c.Value }, stop); err != nil {
		t.Fatal(err)
	}
	if len(held) != 7 {
		t.Fatalf("%d records", len(held))
	}
	for key := range held {
		switch {
		case key == program.KeyPrefix+string(prog.ID):
			if err := b.Put(t.Context(), bus.Directory, key, []byte(`{"id":"`+string(prog.ID)+`","version":0}`)); err != nil {
				t.Fatal(err)
			}
		case strings.HasPrefix(key, link.KeyPrefix):
			if err := b.Purge(t.Context(), bus.Directory, key); err != nil {
				t.Fatal(err)
			}
		}
	}
	n, err := worker.Directory(t.Context(), d.DB, b, slog.New(slog.DiscardHandler))
	if n != 3 || err != nil {
		t.Errorf("%d records handed over, %v, want 3", n, err)
	}
	deliver(t, d, b)
	if got := publishDirectory(t, d, b); got["first"] != [3]int{5, 5, 0} {
		t.Errorf("afterwards: %v", got)
	}
}
