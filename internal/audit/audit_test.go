package audit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
)

var ctx = context.Background()

func TestWriteAndRead(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		key := db.Actor{Kind: db.ActorKey, ID: "key_1", Address: "203.0.113.77"}
		write := func(prog id.Program, subject, action string) {
			t.Helper()
			err := d.DB.Write(ctx, key, func(tx *db.Tx) error {
				return audit.Write(ctx, tx, audit.Entry{
					Program: prog, Action: action, Subject: subject,
					Before: map[string]any{"state": "applied"}, Reason: "looks “good”",
				})
			})
			if err != nil {
				t.Fatal(err)
			}
			d.Clock.Advance(time.Second)
		}
		write("prg_1", "aff_1", "affiliate.applied")
		write("prg_2", "aff_1", "affiliate.banned")
		write("prg_1", "aff_2", "affiliate.applied")
		write("prg_1", "aff_1", "affiliate.approved")

		got, err := audit.ForSubject(ctx, d, "prg_1", "aff_1")
		if err != nil {
			t.Fatal(err)
		}
		key.Address = "203.0.113.0/24"
		want := audit.Recorded{
			Program: "prg_1", At: dbtest.Epoch, Actor: key, Action: "affiliate.applied", Subject: "aff_1",
			Before: `{"state":"applied"}`, Reason: "looks “good”",
		}
		second := want
		second.Action, second.At = "affiliate.approved", dbtest.Epoch.Add(3*time.Second)
		if diff := cmp.Diff([]audit.Recorded{want, second}, got, cmpopts.IgnoreFields(audit.Recorded{}, "ID")); diff != "" {
			t.Error(diff)
		}

		var listed []string
		var before id.Entry
		for range 10 {
			page, err := audit.List(ctx, d, "prg_1", before, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				listed = append(listed, e.Subject+" "+e.Action)
			}
			before = page[len(page)-1].ID
		}
		if diff := cmp.Diff([]string{"aff_1 affiliate.approved", "aff_2 affiliate.applied", "aff_1 affiliate.applied"}, listed); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWrittenWithItsChangeOrNotAtAll(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		stop := errors.New("stop")
		err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
			if err := audit.Write(ctx, tx, audit.Entry{Program: "prg_1", Action: "a.b", Subject: "x"}); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		err = d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
			return audit.Write(ctx, tx, audit.Entry{Program: "prg_1", Action: "a.b", Subject: "x", After: func() {}})
		})
		if err == nil {
			t.Error("what is no JSON was written")
		}
		if got, err := audit.List(ctx, d, "prg_1", "", 0); err != nil || len(got) != 0 {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestOnlyTheNetworkIsKept(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	for address, want := range map[string]string{
		"203.0.113.77":        "203.0.113.0/24",
		"203.0.113.77:4711":   "203.0.113.0/24",
		"::ffff:203.0.113.77": "203.0.113.0/24",
		"2001:db8:1:2:3::4":   "2001:db8:1::/48",
		"[2001:db8::1]:80":    "2001:db8::/48",
		"fe80::1%eth0":        "fe80::/48",
		"":                    "",
		"jane@example.com":    "",
	} {
		err := d.DB.Write(ctx, db.Actor{Kind: db.ActorPerson, ID: "per_1", Address: address}, func(tx *db.Tx) error {
			return audit.Write(ctx, tx, audit.Entry{Program: "prg_1", Action: "a.b", Subject: address})
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := audit.ForSubject(ctx, d, "prg_1", address)
		if err != nil || len(got) != 1 || got[0].Actor.Address != want {
			t.Errorf("%q: got %v, %v, want %q", address, got, err, want)
		}
	}
}
