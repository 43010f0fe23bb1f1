package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"sync"

	"modernc.org/sqlite"
)

// oldestSQLite is the first version without the WAL-reset race, in which
// committed writes could be lost.
var oldestSQLite = [3]int{3, 51, 3}

const (
	codeUnique     = 2067 // SQLITE_CONSTRAINT_UNIQUE
	codePrimaryKey = 1555 // SQLITE_CONSTRAINT_PRIMARYKEY
)

func (d *DB) openSQLite(ctx context.Context, path string) error {
	common := []string{"journal_mode(wal)", "busy_timeout(5000)", "foreign_keys(1)", "temp_store(memory)"}
	// recursive_triggers: else `insert or replace` deletes without the triggers
	// that guard the books.
	writing, err := sql.Open("sqlite", sqliteName(path, append(common, "synchronous(full)", "recursive_triggers(1)")))
	if err != nil {
		return err
	}
	conn, err := writing.Conn(ctx)
	if err != nil {
		return errors.Join(err, writing.Close())
	}
	if err := checkSQLite(ctx, conn); err != nil {
		return errors.Join(err, writing.Close())
	}
	d.pool, err = sql.Open("sqlite", sqliteName(path, append(common, "query_only(1)")))
	if err != nil {
		return errors.Join(err, writing.Close())
	}
	d.pool.SetMaxOpenConns(max(4, runtime.GOMAXPROCS(0)))
	d.pool.SetMaxIdleConns(max(4, runtime.GOMAXPROCS(0)))
	d.stmts = &statements{prepare: d.pool.PrepareContext}
	d.writer = newWriter(d, writing, conn)
	return nil
}

func sqliteName(path string, pragmas []string) string {
	q := url.Values{"_pragma": pragmas}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func checkSQLite(ctx context.Context, conn *sql.Conn) error {
	var version string
	if err := conn.QueryRowContext(ctx, "select sqlite_version()").Scan(&version); err != nil {
		return err
	}
	var v [3]int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &v[0], &v[1], &v[2]); err != nil {
		return fmt.Errorf("SQLite's version %q: %w", version, err)
	}
	for i := range v {
		if v[i] != oldestSQLite[i] {
			if v[i] < oldestSQLite[i] {
				return fmt.Errorf("SQLite %s can lose committed writes; 3.51.3 or newer is needed", version)
			}
			return nil
		}
	}
	return nil
}

// IsUnique reports whether a statement failed because a row with that key is
// there already.
func IsUnique(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == codeUnique || lite.Code() == codePrimaryKey
	}
	return postgresCode(err) == "23505"
}

// statements prepares each text once per connection; database/sql keeps the
// connections apart.
type statements struct {
	prepare func(ctx context.Context, query string) (*sql.Stmt, error)
	kept    sync.Map
}

func (s *statements) get(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := s.kept.Load(query); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := s.prepare(context.WithoutCancel(ctx), query)
	if err != nil {
		return nil, err
	}
	if other, loaded := s.kept.LoadOrStore(query, stmt); loaded {
		stmt.Close()
		return other.(*sql.Stmt), nil
	}
	return stmt, nil
}
