package tributary_test

import (
	"context"
	"database/sql"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tributary.example/internal/db/dbtest"
)

var (
	statement   = regexp.MustCompile(`(?is)^\s*(select|insert|update|delete|with)\s`)
	placeholder = regexp.MustCompile(`\$(\d+)`)
	// dialects are statements that only one of the databases is ever given.
	onlyPostgres = regexp.MustCompile(`clock_timestamp|set_config|pg_`)
)

// TestEveryQueryPrepares hands each statement that stands in the code as one
// text to both databases, which check its grammar, its tables, columns and
// types, also where no test runs it.
func TestEveryQueryPrepares(t *testing.T) {
	t.Parallel()
	tr, err := load(os.DirFS("."), globalTables)
	if err != nil {
		t.Fatal(err)
	}
	queries, open := tr.statements()
	if len(queries) < 150 {
		t.Errorf("only %d statements were found; the search is broken", len(queries))
	}
	t.Logf("%d statements, %d more that are completed while running", len(queries), open)
	lite, post := dbtest.OpenSQLite(t), dbtest.OpenPostgres(t)
	books := openSQL(t, "sqlite", lite.URL)
	clicks := openSQL(t, "sqlite", filepath.Join(filepath.Dir(lite.URL), "clicks.db"))
	pool := openSQL(t, "pgx", post.URL)
	for _, q := range queries {
		stmt, err := pool.PrepareContext(context.Background(), q.text)
		if err != nil {
			t.Errorf("%s: PostgreSQL refuses it: %v", q.at, err)
			continue
		}
		stmt.Close()
		if onlyPostgres.MatchString(q.text) {
			continue
		}
		if err := explain(books, q.text); err != nil {
			if other := explain(clicks, q.text); other != nil {
				t.Errorf("%s: SQLite refuses it: %v", q.at, err)
			}
		}
	}
}

type query struct{ at, text string }

// statements are the complete ones; open counts those of which a part is only
// known while running.
func (t *tree) statements() (all []query, open int) {
	for _, s := range t.sources {
		pl, ok := placeOf(s.dir)
		if s.test || !ok || pl.suite || strings.HasPrefix(s.dir, "internal/db") && s.dir != "internal/db" {
			continue
		}
		t.eachString(s, func(pos token.Pos, text string) {
			switch {
			case !statement.MatchString(text) || !looksSQL.MatchString(text):
			case strings.Contains(text, "\x00") || t.isPart(s, pos):
				open++
			default:
				all = append(all, query{t.at(pos), text})
			}
		})
	}
	return all, open
}

// isPart reports whether a string is a constant's value: others complete it.
func (t *tree) isPart(s *source, pos token.Pos) bool {
	part := false
	ast.Inspect(s.file, func(n ast.Node) bool {
		if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST && d.Pos() <= pos && pos < d.End() {
			part = true
		}
		return !part
	})
	return part
}

func openSQL(t *testing.T, driver, address string) *sql.DB {
	t.Helper()
	d, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// explain lets SQLite compile a statement without running it.
func explain(d *sql.DB, text string) error {
	most := 0
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1])
		most = max(most, n)
	}
	rows, err := d.Query("explain "+text, slices.Repeat([]any{nil}, most)...)
	if err != nil {
		return err
	}
	return rows.Close()
}
