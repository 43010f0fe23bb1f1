package program_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/program"
)

func TestPutSitesKeepsTheOwnOne(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		ctx := context.Background()
		prog := create(t, d, shop())
		for _, hosts := range [][]string{{"docs.shop.example", "Blog.shop.example"}, {"docs.shop.example"}} {
			d.Write(t, func(tx *db.Tx) error { return program.PutSites(ctx, tx, prog.ID, hosts) })
		}
		got, err := program.Sites(ctx, d, prog.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, []string{"docs.shop.example", "www.shop.example"}); diff != "" {
			t.Error(diff)
		}
		err = d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
			return program.PutSites(ctx, tx, prog.ID, []string{"https://evil.example/x"})
		})
		if f, ok := fault.As(err); !ok || f.Kind != fault.Invalid || f.About != "sites" {
			t.Errorf("a whole address as a host: %v", err)
		}
	})
}

func TestArchivedPlanIsNotSoldAndComesBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		ctx := context.Background()
		prog := create(t, d, shop())
		put := func(tx *db.Tx) (program.Plan, error) {
			return program.PutPlan(ctx, tx, prog, program.NewPlan{Code: "team", PriceMinor: 4900, Period: program.Monthly})
		}
		var plan program.Plan
		sold := func() bool {
			plans, err := program.Plans(ctx, d, prog.ID)
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(plans, func(p program.Plan) bool { return p.Code == "team" })
		}
		d.Write(t, func(tx *db.Tx) (err error) { plan, err = put(tx); return err })
		d.Write(t, func(tx *db.Tx) error { _, err := program.ArchivePlan(ctx, tx, prog.ID, plan.ID); return err })
		if sold() {
			t.Error("an archived plan is sold")
		}
		d.Write(t, func(tx *db.Tx) error { _, err := put(tx); return err })
		if !sold() {
			t.Error("a plan put again is not sold")
		}
		err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
			_, err := program.ArchivePlan(ctx, tx, prog.Twin, plan.ID)
			return err
		})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("the other side's plan: %v", err)
		}
	})
}
