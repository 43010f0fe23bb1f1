package click_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/click"
	"tributary.example/click/clicktest"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
)

func TestStore(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		clicktest.Suite(t, func(t *testing.T) click.Store { return click.NewSQL(dbtest.OpenSQLite(t).Clicks) })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		clicktest.Suite(t, func(t *testing.T) click.Store { return click.NewSQL(dbtest.OpenPostgres(t).Clicks) })
	})
}

// TestCounts follows the counts of the tables that reports read.
func TestCounts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := click.NewSQL(d.Clicks)
		other := id.New[id.Affiliate](clicktest.At)
		elsewhere := id.New[id.Link](clicktest.At)

		first := clicktest.Click("v1", 0)
		again := clicktest.Click("v1", 20*time.Minute) // the same visitor, another quarter
		ofOther := clicktest.Click("v1", time.Minute)  // the same visitor at another affiliate
		ofOther.Affiliate, ofOther.Link, ofOther.Device = other, elsewhere, "mobile"
		repeat := clicktest.Click("v2", time.Second)
		repeat.Reason = click.Repeat
		drop := click.Drop{Program: clicktest.Program, Link: clicktest.Link, Affiliate: clicktest.Affiliate, Reason: click.Bot, Minute: clicktest.At.Unix() / 60, Hits: 7}

		// Enough visitors for the statement of many rows.
		var crowd []click.Click
		for i := range 40 {
			crowd = append(crowd, clicktest.Click(fmt.Sprintf("w%d", i), time.Second))
		}
		frames := []click.Frame{
			clicktest.Frame(first, repeat, ofOther),
			{ID: id.New[id.Frame](clicktest.At), Drops: []click.Drop{drop, drop}},
			clicktest.Frame(again),
			clicktest.Frame(crowd...),
		}
		at := click.Place{Consumer: "store", Stream: "CLICKS", Created: clicktest.At}
		for i, batch := range [][]click.Frame{frames[:2], frames[2:], frames} { // the last repeats all
			if _, err := s.Save(t.Context(), click.Batch{Place: at, From: uint64(i), To: uint64(i + 1), Frames: batch}); err != nil {
				t.Fatal(err)
			}
		}
		quarter := clicktest.At.Unix() / 900
		for query, want := range map[string][]string{
			fmt.Sprintf(`select 'link ' || (quarter - %d) || ' ' || clicks || ' ' || uniques from click_quarters where link_id = '%s' order by quarter`, quarter, clicktest.Link): {
				"link 0 41 41", "link 1 1 0"},
			fmt.Sprintf(`select 'other ' || clicks || ' ' || uniques from click_quarters where link_id = '%s'`, elsewhere): {"other 1 1"},
			`select reason || ' ' || hits from click_drops order by reason`:                                                {"bot 14", "repeat 1"},
			`select dimension || '=' || value || ' ' || clicks || ' ' || uniques from click_days where affiliate_id = '' and dimension in ('', 'device', 'referrer', 'sub1', 'country') order by dimension, value`: {
				"= 43 41", "device=desktop 42 41", "device=mobile 1 0", "referrer=news.example 43 41", "sub1=mail 43 41"},
			fmt.Sprintf(`select clicks || ' ' || uniques from click_days where affiliate_id = '%s' and dimension = ''`, other):               {"1 1"},
			fmt.Sprintf(`select clicks || ' ' || uniques from click_days where affiliate_id = '%s' and dimension = ''`, clicktest.Affiliate): {"42 41"},
		} {
			got, err := db.All(t.Context(), d.Clicks, db.Scalar[string], query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("%s (got, want): %s", query, diff)
			}
		}
	})
}
