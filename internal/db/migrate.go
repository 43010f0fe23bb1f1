package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"

	"tributary.example/internal/db/migrations"
)

// Set names a set of migrations: on SQLite the clicks live in a file of their
// own, on PostgreSQL in the same database.
type Set string

// The sets.
const (
	Books  Set = "books"
	Clicks Set = "clicks"
)

// Migrate brings the schema of a set to the newest version. It only goes
// forward.
func (d *DB) Migrate(ctx context.Context, set Set) error {
	files, err := filesFor(d.dialect, set)
	if err != nil {
		return err
	}
	dialect, pool := database.DialectPostgres, d.pool
	if d.dialect == SQLite {
		dialect, pool = database.DialectSQLite3, d.writer.db
	}
	store, err := database.NewStore(dialect, "migrations_"+string(set))
	if err != nil {
		return err
	}
	options := []goose.ProviderOption{goose.WithStore(store), goose.WithDisableGlobalRegistry(true)}
	if d.dialect == Postgres {
		// Several processes may start at once.
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider("", pool, files, options...)
	if err != nil {
		return fmt.Errorf("read migrations %s: %w", set, err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", set, err)
	}
	return nil
}

var closing = regexp.MustCompile(`(?m)^\)(;.*)$`)

// liteText replaces the three words that differ.
func liteText(text string) string {
	text = strings.ReplaceAll(text, ` collate "C"`, "")
	text = strings.ReplaceAll(text, "bigint", "integer")
	return closing.ReplaceAllString(text, ") strict$1")
}

// filesFor hands out a set's migrations in the dialect's words: the shared
// files, and of each pair (name.sqlite.sql, name.postgres.sql) the own half.
func filesFor(dialect Dialect, set Set) (fs.FS, error) {
	names, err := fs.Glob(migrations.Files, string(set)+"/*.sql")
	if err != nil {
		return nil, err
	}
	out := fstest.MapFS{}
	for _, name := range names {
		text, err := fs.ReadFile(migrations.Files, name)
		if err != nil {
			return nil, err
		}
		base := strings.TrimPrefix(name, string(set)+"/")
		half := strings.TrimSuffix(base, ".sql")
		switch {
		case strings.HasSuffix(half, "."+string(dialect)):
			out[base] = &fstest.MapFile{Data: text}
		case strings.Contains(half, "."):
			// the other database's half
		case dialect == SQLite:
			out[base] = &fstest.MapFile{Data: []byte(liteText(string(text)))}
		default:
			out[base] = &fstest.MapFile{Data: text}
		}
	}
	return out, nil
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
