package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// EnvPostgres names the environment variable that holds the URL of a PostgreSQL server for tests.
// `make test` sets it; a developer may set it to use a server of their own.
const EnvPostgres = "TRIBUTARY_TEST_POSTGRES"

// idleMinutes is how long the shared server of bare `go test` runs on without being asked for.
const idleMinutes = 10

var shared = sync.OnceValues(startShared)

// Postgres returns the URL of a real PostgreSQL server that all test binaries of a run share:
// the one named by TRIBUTARY_TEST_POSTGRES, else one that the first caller starts and that stops
// by itself after ten idle minutes. The error says what is missing on this machine.
func Postgres() (string, error) {
	if u := os.Getenv(EnvPostgres); u != "" {
		return u, nil
	}
	return shared()
}

// Database creates an empty database with a random name on the server at serverURL, and returns
// its URL and a function that drops it together with whatever is still connected to it.
func Database(serverURL string) (dbURL string, drop func(), err error) {
	return databaseFrom(serverURL, "template0")
}

func databaseFrom(serverURL, template string) (dbURL string, drop func(), err error) {
	u, err := url.Parse(serverURL)
	if err != nil {
		return "", nil, fmt.Errorf("parse the PostgreSQL server's address: %w", err)
	}
	raw := make([]byte, 8)
	_, _ = rand.Read(raw) // never fails, see crypto/rand
	name := "t_" + hex.EncodeToString(raw)
	if err := execute(serverURL, "create database "+name+" template "+template); err != nil {
		return "", nil, fmt.Errorf("create test database: %w", err)
	}
	u.Path = "/" + name
	drop = func() {
		// A database that outlives its test is harmless: the next cluster starts empty.
		_ = execute(serverURL, "drop database if exists "+name+" with (force)")
	}
	return u.String(), drop, nil
}

// startShared finds or starts the server that bare `go test` runs of this checkout share. A lock
// file lets one test binary start it while the others wait.
func startShared() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", root, os.Getuid()))
	dir := filepath.Join(os.TempDir(), "tributary-pg-"+hex.EncodeToString(sum[:4]))
	lock, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", fmt.Errorf("open the lock of the shared PostgreSQL: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock the shared PostgreSQL: %w", err)
	}
	used := filepath.Join(dir, "used")
	if known, err := os.ReadFile(filepath.Join(dir, "url")); err == nil {
		// Touched before the question, so that the watchdog does not stop it meanwhile.
		_ = os.Chtimes(used, time.Time{}, time.Now())
		if execute(string(known), "select 1") == nil {
			return string(known), nil
		}
	}
	if err := killStale(dir); err != nil {
		return "", err
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("clear the shared PostgreSQL's directory: %w", err)
	}
	c, err := Start(dir)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(used, nil, 0o600); err != nil {
		return "", fmt.Errorf("mark the shared PostgreSQL as used: %w", err)
	}
	if err := c.watch(fmt.Sprintf(`[ -n "$(find '%s' -mmin -%d)" ]`, used, idleMinutes)); err != nil {
		return "", err
	}
	fmt.Fprintf(os.Stderr, "dbtest: started PostgreSQL for tests; it stops after %d idle minutes, or at once with: kill -INT %d\n",
		idleMinutes, c.pid())
	return c.URL, os.WriteFile(filepath.Join(dir, "url"), []byte(c.URL), 0o600)
}

// moduleRoot is the nearest directory upwards that holds go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no go.mod above the working directory")
}

// execute runs one statement on its own connection.
// has reports whether the server has a database of that name.
func has(serverURL, name string) (bool, error) {
	conn, err := sql.Open("pgx", serverURL)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	var n int
	err = conn.QueryRow("select count(*) from pg_database where datname = $1", name).Scan(&n)
	return n > 0, err
}

func execute(dsn, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := sql.Open("pgx", strings.TrimSpace(dsn))
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.ExecContext(ctx, statement)
	return err
}
