package affiliate_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"tributary.example/affiliate"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/person"
	"tributary.example/program"
)

func shop(t *testing.T, d *dbtest.DB, tx *db.Tx) program.Program {
	t.Helper()
	p, err := program.Create(context.Background(), tx, program.New{
		Slug: "shop", Currency: "EUR", LinkHost: "go.shop.example",
		Settings: program.DefaultSettings("Shop", "https://www.shop.example"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func apply(t *testing.T, d *dbtest.DB) (prog program.Program, aff affiliate.Affiliate) {
	t.Helper()
	d.Write(t, func(tx *db.Tx) error {
		prog = shop(t, d, tx)
		per, _, err := person.Ensure(context.Background(), tx, "Jane", "jane@example.com")
		if err != nil {
			return err
		}
		aff, err = affiliate.Apply(context.Background(), tx, prog, affiliate.Application{Person: per.ID, Name: " Jane ", Website: "jane.example"})
		return err
	})
	return prog, aff
}

func TestStatesKeepTheirHistory(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		ctx := context.Background()
		prog, aff := apply(t, d)
		if aff.Name != "Jane" || aff.Website != "https://jane.example" || aff.State != affiliate.Applied {
			t.Errorf("applied as %+v", aff)
		}
		for _, s := range []affiliate.State{affiliate.Active, affiliate.Suspended, affiliate.Active} {
			d.Clock.Advance(time.Hour)
			d.Write(t, func(tx *db.Tx) error {
				_, err := affiliate.SetState(ctx, tx, prog.ID, aff.ID, s, "because")
				return err
			})
		}
		want := []affiliate.State{"", affiliate.Applied, affiliate.Active, affiliate.Suspended, affiliate.Active}
		for i, w := range want {
			at := dbtest.Epoch.Add(time.Duration(i-1) * time.Hour)
			got, err := affiliate.StateAt(ctx, d, prog.ID, aff.ID, at)
			if err != nil || got != w {
				t.Errorf("hour %d: %q, %v, want %q", i-1, got, err, w)
			}
		}
		err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
			_, err := affiliate.SetState(ctx, tx, prog.ID, aff.ID, affiliate.Applied, "")
			return err
		})
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("active → applied: %v", err)
		}
	})
}

// A program that approves everybody does so in the application's transaction.
func TestApprovedAtOnceIsActiveAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		ctx := context.Background()
		prog, aff := apply(t, d)
		d.Write(t, func(tx *db.Tx) error {
			_, err := affiliate.SetState(ctx, tx, prog.ID, aff.ID, affiliate.Active, "")
			return err
		})
		got, err := affiliate.StateAt(ctx, d, prog.ID, aff.ID, d.Clock.Now())
		if err != nil || got != affiliate.Active {
			t.Errorf("got %q, %v, want active", got, err)
		}
	})
}

func TestApplyTwiceIsAConflict(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, aff := apply(t, d)
		err := d.DB.Write(context.Background(), dbtest.Actor, func(tx *db.Tx) error {
			_, err := affiliate.Apply(context.Background(), tx, prog, affiliate.Application{Person: aff.Person, Name: "Jane"})
			return err
		})
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("second application: %v", err)
		}
	})
}

func TestAnotherProgramDoesNotSeeIt(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, aff := apply(t, d)
		if _, err := affiliate.Get(context.Background(), d, prog.Twin, aff.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("seen from the other side: %v", err)
		}
	})
}

func TestDetailsAreSealedAndMasked(t *testing.T) {
	t.Parallel()
	root, err := secret.NewRoot(bytes.Repeat([]byte{3}, 32))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		ctx := context.Background()
		prog, aff := apply(t, d)
		put := func(details affiliate.Details) {
			d.Write(t, func(tx *db.Tx) error {
				_, err := affiliate.PutDetails(ctx, tx, root, prog.ID, aff.ID, details)
				return err
			})
		}
		put(affiliate.Details{Rail: affiliate.RailPayPal, Holder: "Jane", Account: "jane@example.com"})
		put(affiliate.Details{Rail: affiliate.RailBank, Holder: "Jane Doe", Account: "de89 3704 0044 0532 0130 00"})
		s, ok, err := affiliate.DetailsOf(ctx, d, prog.ID, aff.ID)
		if err != nil || !ok || s.Version != 2 || s.Shown != "DE89 … 3000" {
			t.Errorf("stored %+v, %v, %v", s, ok, err)
		}
		if strings.Contains(s.Sealed, "3704") {
			t.Error("the account is readable")
		}
		got, err := affiliate.OpenDetails(root, aff.ID, s.Sealed)
		if err != nil || got.Account != "DE89370400440532013000" {
			t.Errorf("opened %+v, %v", got, err)
		}
		if _, err := affiliate.OpenDetails(root, id.Affiliate("aff_other"), s.Sealed); err == nil {
			t.Error("opens for another affiliate")
		}
	})
}

func TestDetailsCheck(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		d  affiliate.Details
		ok bool
	}{
		"iban":          {affiliate.Details{Rail: affiliate.RailBank, Holder: "J", Account: "DE89370400440532013000"}, true},
		"iban mistyped": {affiliate.Details{Rail: affiliate.RailBank, Holder: "J", Account: "DE89370400440532013001"}, false},
		"paypal":        {affiliate.Details{Rail: affiliate.RailPayPal, Holder: "J", Account: "j@example.com"}, true},
		"no address":    {affiliate.Details{Rail: affiliate.RailPayPal, Holder: "J", Account: "j"}, false},
		"no holder":     {affiliate.Details{Rail: affiliate.RailManual, Account: "cash"}, false},
		"no rail":       {affiliate.Details{Holder: "J", Account: "x"}, false},
	}
	for name, tt := range tests {
		if err := tt.d.Check(); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Two states of one moment must not look alike to the edge, which ignores a
// record that is not newer.
func TestEachStateHasANewerRecord(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, aff := apply(t, d)
		d.Write(t, func(tx *db.Tx) error {
			after, err := affiliate.SetState(context.Background(), tx, prog.ID, aff.ID, affiliate.Active, "")
			if err == nil && after.Version <= aff.Version {
				t.Errorf("version %d after %d", after.Version, aff.Version)
			}
			return err
		})
	})
}
