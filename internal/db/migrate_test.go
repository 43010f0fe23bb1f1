package db_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Both schemas are golden files: tables and columns in order. They must agree,
// and a migration that changes them shows in the diff.
func TestSchemasAreGoldenAndEqual(t *testing.T) {
	t.Parallel()
	var both [2]string
	for i, d := range []*dbtest.DB{dbtest.OpenSQLite(t), dbtest.OpenPostgres(t)} {
		both[i] = columns(t, d)
		golden := filepath.Join("testdata", "schema."+string(d.Dialect())+".txt")
		if *update {
			if err := os.WriteFile(golden, []byte(both[i]), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), both[i]); diff != "" {
			t.Errorf("%s (run with -update after a migration):\n%s", golden, diff)
		}
	}
	if diff := cmp.Diff(strings.ReplaceAll(both[0], " integer", " bigint"), both[1]); diff != "" {
		t.Errorf("the databases differ:\n%s", diff)
	}
}

const sqliteColumns = `
	select m.name || '.' || c.name || ' ' || lower(c.type) || case when c."notnull" = 1 then ' not null' else '' end
	from sqlite_schema m join pragma_table_info(m.name) c
	where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like 'migrations_%'`

const postgresColumns = `
	select table_name || '.' || column_name || ' ' || data_type || case when is_nullable = 'NO' then ' not null' else '' end
	from information_schema.columns where table_schema = 'public' and table_name not like 'migrations_%'`

func columns(t *testing.T, d *dbtest.DB) string {
	t.Helper()
	query, sources := postgresColumns, []*db.DB{d.DB}
	if d.Dialect() == db.SQLite {
		query, sources = sqliteColumns, append(sources, d.Clicks)
	}
	var lines []string
	for _, source := range sources {
		found, err := db.All(context.Background(), source, db.Scalar[string], query)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, found...)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n") + "\n"
}
