package worker_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/click"
	"tributary.example/click/clicktest"
	"tributary.example/customer"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/link"
	"tributary.example/worker"
)

// TestRowsGoInTime keeps clicks of five ages; the token of each was handed in,
// or was not. More than a page of them led nowhere.
func TestRowsGoInTime(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := shop(t, d, "first", 1)
		now := d.Clock.Now().AddDate(2, 0, 0)
		root, err := secret.NewRoot(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		var ring *click.Ring
		d.Write(t, func(tx *db.Tx) (err error) {
			ring, err = click.EnsureRing(t.Context(), tx, root)
			return err
		})
		links, err := link.List(t.Context(), d, prog.ID, link.First, 1)
		if err != nil || len(links) != 1 {
			t.Fatalf("%d links, %v", len(links), err)
		}
		frame := click.Frame{ID: id.New[id.Frame](now)}
		name := map[id.Click]string{}
		add := func(age time.Time, called string) string {
			token, clk, err := ring.Mint(prog.ID, links[0].ID, age)
			if err != nil {
				t.Fatal(err)
			}
			c := clicktest.Click(called, 0)
			c.Program, c.ID, c.At = prog.ID, clk, id.TimeOf(clk)
			frame.Clicks = append(frame.Clicks, c)
			name[clk] = called
			return token
		}
		led := []string{
			add(now.AddDate(0, -13, -1), "led 13 months and a day"), add(now.AddDate(0, -12, 0), "led 12 months"),
			add(now.AddDate(0, 0, -91), "led 91 days"),
		}
		add(now.AddDate(0, 0, -89), "89 days")
		add(now.AddDate(0, 0, -91), "91 days")
		for i := range 2000 {
			add(now.AddDate(0, -5, 0).Add(time.Duration(i)*time.Second), "5 months")
		}
		store := click.NewSQL(d.Clicks)
		batch := click.Batch{Place: click.Place{Consumer: "store", Stream: "CLICKS", Created: now}, To: 1, Frames: []click.Frame{frame}}
		if _, err := store.Save(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		d.Clock.Set(now)
		d.Write(t, func(tx *db.Tx) error {
			_, err := flow.SignUp(t.Context(), tx, flow.Env{Root: root}, prog, flow.Step{
				Customer: customer.Seen{ExternalID: "ann"}, Kind: customer.SignedUp, Tokens: led,
			})
			return err
		})
		if err := worker.Retain(t.Context(), d.DB, store, now); err != nil {
			t.Fatal(err)
		}
		kept, err := store.List(t.Context(), prog.ID, click.Filter{Limit: 5000})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range kept {
			got = append(got, name[c.ID])
		}
		if diff := cmp.Diff(got, []string{"89 days", "led 91 days", "led 12 months"}); diff != "" {
			t.Errorf("kept (got, want): %s", diff)
		}
		counted, err := db.One(t.Context(), d.Clicks, db.Scalar[int64], `select sum(clicks) from click_quarters`)
		if err != nil || counted != int64(len(frame.Clicks)) {
			t.Errorf("%d clicks are counted, %v, want %d: counts stay", counted, err, len(frame.Clicks))
		}
		seen, err := db.One(t.Context(), d.Clicks, db.Scalar[int64], `select count(*) from click_visitors`)
		if err != nil || seen != 0 {
			t.Errorf("%d visitors of a day two years ago are remembered, %v", seen, err)
		}
	})
}
