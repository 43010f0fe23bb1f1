package db_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
)

type colour string

type probe struct {
	Text  string
	Named colour
	Int   int64
	Small int
	On    bool
	At    time.Time
	List  []string
	Maybe string
}

func scanProbe(r db.Row) (probe, error) {
	var p probe
	err := r.Scan(&p.Text, &p.Named, &p.Int, &p.Small, &p.On, &p.At, db.JSON(&p.List), &p.Maybe)
	return p, err
}

func probes(t *testing.T, d *dbtest.DB) {
	t.Helper()
	d.Write(t, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `create table probes (n bigint primary key, a text, b text, c bigint, d bigint, e bigint, f bigint, g text, h text)`)
		return err
	})
}

// What goes in comes out, the same in both databases, through Exec and through
// Queue.
func TestBinding(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 11, 30, 0, 123456789, time.FixedZone("CET", 3600))
	tests := map[string]struct{ in, want probe }{
		"plain": {
			probe{"ä'\"$1?", "red", math.MaxInt64, -7, true, at, []string{"a", `"`}, "x"},
			probe{"ä'\"$1?", "red", math.MaxInt64, -7, true, at.UTC().Truncate(time.Microsecond), []string{"a", `"`}, "x"},
		},
		"zero": {probe{}, probe{}},
		"old": {
			probe{At: time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), Int: math.MinInt64, List: []string{}},
			probe{At: time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), Int: math.MinInt64, List: []string{}},
		},
	}
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		probes(t, d)
		n := 0
		for name, tt := range tests {
			for _, queued := range []string{"exec", "queue"} {
				n++
				d.Write(t, func(tx *db.Tx) error {
					text := `insert into probes values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
					args := []any{n, tt.in.Text, tt.in.Named, tt.in.Int, tt.in.Small, tt.in.On, tt.in.At, db.JSON(tt.in.List), db.Null(tt.in.Maybe)}
					if queued == "queue" {
						return tx.Queue(ctx, text, args...)
					}
					_, err := tx.Exec(ctx, text, args...)
					return err
				})
				got, err := db.One(ctx, d, scanProbe, `select a, b, c, d, e, f, g, h from probes where n = $1`, n)
				if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
					t.Errorf("%s, %s: %v %s", name, queued, err, diff)
				}
			}
		}
		// The form that is stored, for those who look at the file.
		raw, err := db.One(ctx, d, db.Scalar[string], `select cast(f as text) || ' ' || cast(e as text) from probes where a <> ''`)
		if want := fmt.Sprint(at.UnixMicro(), " 1"); raw != want || err != nil {
			t.Errorf("stored %q, %v, want %q", raw, err, want)
		}
		nulls, err := db.One(ctx, d, db.Scalar[int64], `select count(*) from probes where f is null and h is null`)
		if nulls != 2 || err != nil {
			t.Errorf("%d rows with NULL for the zero time and the absent reference, %v, want 2", nulls, err)
		}
	})
}

func TestReading(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		if _, err := db.One(ctx, d, db.Scalar[string], `select name from settings`); !errors.Is(err, db.ErrNoRow) {
			t.Errorf("one of none: %v", err)
		}
		if v, ok, err := db.Lookup(ctx, d, db.Scalar[string], `select name from settings`); v != "" || ok || err != nil {
			t.Errorf("lookup of none: %q %v %v", v, ok, err)
		}
		if all, err := db.All(ctx, d, db.Scalar[string], `select name from settings`); len(all) != 0 || err != nil {
			t.Errorf("all of none: %v %v", all, err)
		}
		if _, err := db.All(ctx, d, db.Scalar[string], `select name from no_such_table`); err == nil || !strings.Contains(err.Error(), "no_such_table") {
			t.Errorf("no such table: %v", err)
		}
		// An error while scanning poisons the transaction like any other.
		err := write(d, func(tx *db.Tx) error {
			_, _ = db.One(ctx, tx, db.Scalar[int64], `select 'x'`)
			return put("a")(tx)
		})
		if err == nil || names(t, d) != "" {
			t.Errorf("after a failed scan: %v, kept %q", err, names(t, d))
		}
	})
}

func TestOneTimeAndOneActor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		d.Clock.Set(dbtest.Epoch.Add(1234 * time.Nanosecond))
		d.Write(t, func(tx *db.Tx) error {
			before := tx.Now()
			d.Clock.Advance(time.Hour)
			if want := dbtest.Epoch.Add(time.Microsecond); !before.Equal(want) || !tx.Now().Equal(want) {
				t.Errorf("times %s and %s, want %s, as it is stored", before, tx.Now(), want)
			}
			if tx.Actor() != dbtest.Actor {
				t.Errorf("actor %v", tx.Actor())
			}
			return nil
		})
	})
}

// A Tx that outlives its function writes into nobody else's transaction.
func TestTxAfterItsEnd(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		var kept *db.Tx
		d.Write(t, func(tx *db.Tx) error { kept = tx; return nil })
		_, execErr := kept.Exec(ctx, `insert into settings (name, value, changed_at) values ('a', '', 0)`)
		queueErr := kept.Queue(ctx, `insert into settings (name, value, changed_at) values ('b', '', 0)`)
		_, readErr := db.All(ctx, kept, db.Scalar[int64], `select 1`)
		for what, err := range map[string]error{"exec": execErr, "queue": queueErr, "read": readErr} {
			if err == nil {
				t.Errorf("%s worked after the end", what)
			}
		}
		d.Write(t, put("c"))
		if got := names(t, d); got != "c" {
			t.Errorf("kept %q", got)
		}
	})
}

func TestUnique(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		person := func(id, normal string) error {
			return write(d, func(tx *db.Tx) error {
				_, err := tx.Exec(ctx, `insert into people (person_id, name, email, email_normal, created_at) values ($1, '', '', $2, 0)`, id, normal)
				return err
			})
		}
		if err := person("a", "x"); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{"primary key": person("a", "y"), "unique": person("b", "x")} {
			if !db.IsUnique(err) {
				t.Errorf("%s: %v", what, err)
			}
		}
		err := write(d, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `insert into ledger_balances values ('p', 'o', 'a', 'EUR', -1)`)
			return err
		})
		if err == nil || db.IsUnique(err) {
			t.Errorf("a check: %v", err)
		}
		err = write(d, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `insert into passwords (person_id, hash, changed_at) values ('nobody', '', 0)`)
			return err
		})
		if err == nil || db.IsUnique(err) {
			t.Errorf("a foreign key: %v", err)
		}
	})
}

func TestManyWriters(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		d.Write(t, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `insert into settings (name, value, changed_at) values ('n', '', 0)`)
			return err
		})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for range 10 {
					err := write(d, func(tx *db.Tx) error {
						_, err := tx.Exec(ctx, `update settings set changed_at = changed_at + 1 where name = 'n'`)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		got, err := db.One(ctx, d, db.Scalar[int64], `select changed_at from settings`)
		if got != 200 || err != nil {
			t.Errorf("%d, %v, want 200", got, err)
		}
	})
}

// The books and the audit log are only ever added to, by whatever statement.
func TestAppendOnly(t *testing.T) {
	t.Parallel()
	rows := []struct{ table, insert, column string }{
		{"ledger_postings", `into ledger_postings values ('p', 'pst', 'r', 'k', 1, 'timer', 'x', '')`, "kind"},
		{"ledger_legs", `into ledger_legs values ('p', 'pst', 1, 'held', 'o', 'i', 'EUR', 5)`, "minor"},
		{"ledger_seals", `into ledger_seals values ('p', 1, 'h', 1, 1)`, "hash"},
		{"ledger_sealed", `into ledger_sealed values ('p', 'pst', 1)`, "number"},
		{"audit_entries", `into audit_entries values ('p', 'e', 1, 'timer', 'x', '', 'a', 's', '', '', '')`, "reason"},
	}
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		for _, row := range rows {
			d.Write(t, func(tx *db.Tx) error { _, err := tx.Exec(ctx, "insert "+row.insert); return err })
		}
		for _, row := range rows {
			attacks := []string{
				"update " + row.table + " set " + row.column + " = " + row.column,
				"delete from " + row.table,
			}
			if d.Dialect() == db.SQLite {
				attacks = append(attacks, "insert or replace "+row.insert, "replace "+row.insert)
			} else {
				attacks = append(attacks, "truncate "+row.table+" cascade",
					"insert "+row.insert+" on conflict on constraint "+row.table+"_pkey do update set "+row.column+" = excluded."+row.column)
			}
			for _, attack := range attacks {
				err := write(d, func(tx *db.Tx) error { _, err := tx.Exec(ctx, attack); return err })
				if err == nil || !strings.Contains(err.Error(), "is append-only") {
					t.Errorf("%s: got %v, want that it is append-only", attack, err)
				}
			}
			n, err := db.One(ctx, d, db.Scalar[int64], "select count(*) from "+row.table)
			if n != 1 || err != nil {
				t.Errorf("%s has %d rows, %v", row.table, n, err)
			}
		}
	})
}

func TestLeases(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		take := func(holder string) (l db.Lease, ok bool) {
			t.Helper()
			d.Write(t, func(tx *db.Tx) (err error) {
				l, ok, err = db.TakeLease(ctx, tx, "timer", holder, time.Minute)
				return err
			})
			return l, ok
		}
		holds := func(l db.Lease) (ok bool) {
			t.Helper()
			d.Write(t, func(tx *db.Tx) (err error) { ok, err = l.Holds(ctx, tx); return err })
			return ok
		}
		// PostgreSQL's own clock cannot be moved: there the row is.
		pass := func() {
			d.Clock.Advance(time.Minute)
			if d.Dialect() == db.Postgres {
				d.Write(t, func(tx *db.Tx) error {
					_, err := tx.Exec(ctx, `update leases set expires = expires - 60000000`)
					return err
				})
			}
		}
		first, ok := take("a")
		if !ok || first.Number != 1 || !holds(first) {
			t.Fatalf("first: %v %v", first, ok)
		}
		if _, ok := take("b"); ok {
			t.Error("two hold one lease")
		}
		if again, ok := take("a"); !ok || again != first {
			t.Errorf("prolonged: %v %v", again, ok)
		}
		pass()
		second, ok := take("b")
		if !ok || second.Number != 2 {
			t.Errorf("after its end: %v %v", second, ok)
		}
		if holds(first) || !holds(second) {
			t.Error("the old holder still holds")
		}
		d.Write(t, func(tx *db.Tx) error { return errors.Join(first.Release(ctx, tx), second.Release(ctx, tx)) })
		if third, ok := take("a"); !ok || third.Number != 3 {
			t.Errorf("after the release: %v %v", third, ok)
		}
	})
}

func TestSettings(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		if v, ok, err := db.Setting(ctx, d, "a"); v != "" || ok || err != nil {
			t.Errorf("not set: %q %v %v", v, ok, err)
		}
		for _, want := range []string{"1", ""} {
			d.Write(t, func(tx *db.Tx) error { return db.PutSetting(ctx, tx, "a", want) })
			if v, ok, err := db.Setting(ctx, d, "a"); v != want || !ok || err != nil {
				t.Errorf("got %q %v %v, want %q", v, ok, err, want)
			}
		}
	})
}
