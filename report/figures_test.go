package report_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/db/dbtest"
	"tributary.example/report"
)

// TestTheSameFigureEverywhere asks for the same business in several ways.
func TestTheSameFigureEverywhere(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		ctx := context.Background()
		s := open(t, d)
		s.click("", 3)
		s.click(s.jane.ID, 3)
		ask := report.Ask{Program: s.prog.ID, Currency: "EUR", Period: report.LastDays(s.Now(), 7, time.UTC)}
		want := report.Figures{Clicks: 3, Uniques: 3, Signups: 1, Customers: 1, Payments: 1, Revenue: 4000, Commission: 800}
		series, err := report.DailySeries(ctx, s.sources(), ask)
		if diff := cmp.Diff(series.Total, want); err != nil || diff != "" {
			t.Errorf("program: %v %s", err, diff)
		}
		if diff := cmp.Diff(series.Days[6], want); diff != "" {
			t.Errorf("today: %s", diff)
		}
		ask.Affiliate = s.jane.ID
		if series, err = report.DailySeries(ctx, s.sources(), ask); err != nil || series.Total != want {
			t.Errorf("Jane: %+v %v", series.Total, err)
		}
		ask.Affiliate = s.omar.ID
		if series, err = report.DailySeries(ctx, s.sources(), ask); err != nil || series.Total != (report.Figures{}) {
			t.Errorf("Omar: %+v %v", series.Total, err)
		}
		ask.Affiliate = ""
		best, err := report.TopAffiliates(ctx, s, ask, 5)
		wantBest := []report.Ranked{{Affiliate: s.jane.ID, Name: "Jane Doe", Signups: 1, Customers: 1, Revenue: 4000, Commission: 800}}
		if diff := cmp.Diff(best, wantBest); err != nil || diff != "" {
			t.Errorf("best: %v %s", err, diff)
		}
		owed, err := report.OwedBy(ctx, s, s.prog.ID)
		if diff := cmp.Diff(owed, []report.Owed{{Currency: "EUR", Held: 800}}); err != nil || diff != "" {
			t.Errorf("owed: %v %s", err, diff)
		}
		waiting, err := report.WaitingFor(ctx, s, s.prog.ID)
		if err != nil || waiting != (report.Waiting{}) {
			t.Errorf("waiting: %+v %v", waiting, err)
		}
	})
}
