// Package dbtest opens real databases for tests: SQLite in the test's folder and
// a PostgreSQL that it starts itself, both migrated, each with a clock.
//
// Nouns: DB, Clock, Cluster.
//
// Invariants:
//  1. No test sees another test's rows.
//  2. Nothing is mocked: what passes here passes on the same engines in use.
//
// It owns no tables and is imported by tests only.
package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/db/migrations"
)

// Epoch is the time at which every test's clock stands when it begins.
var Epoch = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// maxHold fails a function that waits for anything but SQL inside a
// transaction. It is far above what arithmetic needs, so that a busy machine
// does not fail honest tests.
const maxHold = 2 * time.Second

// DB is a migrated database of its own for one test.
type DB struct {
	*db.DB
	Clicks *db.DB // the click store's database: another file on SQLite, the same on PostgreSQL
	Clock  *Clock
	URL    string // opens the same database again, as after a restart
}

// Clock is a test's time, moved by hand.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to a time.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = at
}

// Advance moves the clock by a span.
func (c *Clock) Advance(by time.Duration) { c.Set(c.Now().Add(by)) }

// Actor is who acts in tests.
var Actor = db.Command("test")

// Each runs the test on SQLite and on PostgreSQL, both real, each with an
// empty migrated database of its own.
func Each(t *testing.T, test func(t *testing.T, d *DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, OpenSQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, OpenPostgres(t))
	})
}

// Write runs a transaction as Actor and fails the test on an error.
func (d *DB) Write(t *testing.T, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := d.DB.Write(context.Background(), Actor, fn); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// OpenSQLite is a migrated SQLite database in the test's own folder.
func OpenSQLite(t testing.TB) *DB {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "tributary.db")
	copyTemplate(t, "books.db", path)
	copyTemplate(t, "clicks.db", filepath.Join(dir, "clicks.db"))
	d := &DB{Clock: &Clock{now: Epoch}, URL: path}
	d.DB = open(t, path, d.Clock)
	d.Clicks = open(t, filepath.Join(dir, "clicks.db"), d.Clock)
	return d
}

// OpenPostgres is a migrated PostgreSQL database with a random name.
func OpenPostgres(t testing.TB) *DB {
	t.Helper()
	server, template, err := postgresTemplate()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	address, drop, err := databaseFrom(server, template)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(drop)
	d := &DB{Clock: &Clock{now: Epoch}, URL: address}
	d.DB = open(t, address, d.Clock)
	d.Clicks = d.DB
	return d
}

func open(t testing.TB, address string, clock *Clock) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), db.Options{URL: address, Clock: clock.Now, MaxHold: maxHold, MaxConns: 6})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// sqliteTemplate is a folder with both migrated files, made once per test
// binary: copying a file is cheaper than migrating.
var sqliteTemplate = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tributary-schema-")
	if err != nil {
		return "", err
	}
	for name, set := range map[string]db.Set{"books.db": db.Books, "clicks.db": db.Clicks} {
		if err := migrate(filepath.Join(dir, name), set); err != nil {
			return "", err
		}
	}
	return dir, nil
})

func copyTemplate(t testing.TB, name, to string) {
	t.Helper()
	dir, err := sqliteTemplate()
	if err != nil {
		t.Fatalf("migrate SQLite: %v", err)
	}
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func migrate(address string, sets ...db.Set) error {
	d, err := db.Open(context.Background(), db.Options{URL: address})
	if err != nil {
		return err
	}
	for _, set := range sets {
		if err := d.Migrate(context.Background(), set); err != nil {
			d.Close()
			return err
		}
	}
	return d.Close()
}

// postgresTemplate is a migrated database that new ones are copied from. Its
// name holds the schema's hash, so that all test binaries share it.
var postgresTemplate = onceTwo(func() (server, name string, err error) {
	server, err = Postgres()
	if err != nil {
		return "", "", err
	}
	name, err = schemaName()
	if err != nil {
		return "", "", err
	}
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), "tributary-schema.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", "", err
	}
	return server, name, makeTemplate(server, name)
})

func schemaName() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(migrations.Files, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := fs.ReadFile(migrations.Files, path)
		h.Write([]byte(path))
		h.Write(content)
		return err
	})
	return "schema_" + hex.EncodeToString(h.Sum(nil)[:8]), err
}

func makeTemplate(server, name string) error {
	u, err := url.Parse(server)
	if err != nil {
		return err
	}
	u.Path = "/" + name
	if exists, err := has(server, name); err != nil || exists {
		return err
	}
	// Migrated under another name first: a template that exists is complete.
	half := name + "_half"
	if err := execute(server, "drop database if exists "+half); err != nil {
		return err
	}
	if err := execute(server, "create database "+half+" template template0"); err != nil {
		return err
	}
	u.Path = "/" + half
	if err := migrate(u.String(), db.Books, db.Clicks); err != nil {
		return err
	}
	return execute(server, "alter database "+half+" rename to "+name)
}

func onceTwo(f func() (string, string, error)) func() (string, string, error) {
	var a, b string
	var err error
	var once sync.Once
	return func() (string, string, error) {
		once.Do(func() { a, b, err = f() })
		return a, b, err
	}
}
