package click_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/click"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/program"
)

// program is a row that salts may belong to.
func aProgram(t *testing.T, d *dbtest.DB) id.Program {
	t.Helper()
	var made program.Program
	d.Write(t, func(tx *db.Tx) (err error) {
		made, err = program.Create(t.Context(), tx, program.New{
			Slug: "shop", LinkHost: "go.shop.example", Currency: "EUR", Settings: program.DefaultSettings("Shop", "https://shop.example"),
		})
		return err
	})
	return made.ID
}

func TestSaltsFollowTheLocalDays(t *testing.T) {
	t.Parallel()
	root, _ := secret.NewRoot([]byte(strings.Repeat("k", 32)))
	vienna, _ := time.LoadLocation("Europe/Vienna")
	lima, _ := time.LoadLocation("America/Lima")
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := aProgram(t, d)
		spans := func() []string {
			all, err := click.LoadSalts(t.Context(), d, root)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, s := range all {
				if len(s.Secret) != 32 {
					t.Errorf("salt of %d bytes", len(s.Secret))
				}
				out = append(out, time.Unix(s.Day*86400, 0).UTC().Format("01-02 ")+s.StartsAt.Format("02T15:04 ")+s.EndsAt.Format("02T15:04"))
			}
			return out
		}
		ensure := func(zone *time.Location) {
			for range 2 {
				d.Write(t, func(tx *db.Tx) error { return click.EnsureSalts(t.Context(), tx, root, prog, zone) })
			}
		}
		// 2 March 10:00 UTC; Vienna is an hour ahead.
		ensure(vienna)
		want := []string{"03-02 01T23:00 02T23:00", "03-03 02T23:00 03T23:00"}
		if diff := cmp.Diff(spans(), want); diff != "" {
			t.Errorf("today and tomorrow (got, want): %s", diff)
		}
		// Another zone holds from the next day that is not planned yet, without a hole.
		d.Clock.Advance(24 * time.Hour)
		ensure(lima)
		want = append(want, "03-04 03T23:00 05T05:00")
		if diff := cmp.Diff(spans(), want); diff != "" {
			t.Errorf("another zone (got, want): %s", diff)
		}
		d.Clock.Set(time.Date(2026, 3, 4, 22, 59, 0, 0, time.UTC))
		var gone []click.Salt
		destroy := func() {
			d.Write(t, func(tx *db.Tx) (err error) {
				gone, err = click.DestroySalts(t.Context(), tx)
				return err
			})
		}
		if destroy(); len(gone) != 0 {
			t.Errorf("destroyed before 72 hours: %v", gone)
		}
		d.Clock.Advance(time.Minute)
		if destroy(); len(gone) != 1 || gone[0].Program != prog || gone[0].Key() != string(prog)+".20514" {
			t.Errorf("destroyed after 72 hours: %v", gone)
		}
		if got := spans(); len(got) != 2 {
			t.Errorf("left: %v", got)
		}
	})
}

func TestSaltTravelsSealed(t *testing.T) {
	t.Parallel()
	root, _ := secret.NewRoot([]byte(strings.Repeat("k", 32)))
	s := click.Salt{Program: prog, Day: 20514, StartsAt: now, EndsAt: now.Add(time.Hour), Secret: []byte("salt")}
	box, err := s.Seal(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := click.OpenSalt(root, s.Key(), box)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, s); diff != "" {
		t.Errorf("(got, want): %s", diff)
	}
	if _, err := click.OpenSalt(root, "another.1", box); err == nil {
		t.Error("a salt opened under another key of the bucket")
	}
	if a, b := s.Visitor(visit().Addr, "x"), s.Visitor(visit().Addr, "y"); a == b || len(a) != 22 {
		t.Errorf("visitors %q, %q", a, b)
	}
}
