// Command pg runs another command with a PostgreSQL server beside it: it starts one, sets
// TRIBUTARY_TEST_POSTGRES, runs the command, stops the server and ends with the command's exit code.
//
//	go run ./internal/db/dbtest/pg -- go test ./...
//
// 1. The server never outlives this command, also when it is interrupted or killed.
// 2. When TRIBUTARY_TEST_POSTGRES is already set, that server is used and left running.
//
// It owns no table and knows nothing of the product.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"tributary.example/internal/db/dbtest"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "pg:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 2, errors.New("no command given: pg -- command [argument…]")
	}
	// From here on a signal goes to the command (the terminal sends it there too), and we wait for
	// its end, so that the server is stopped whatever happens.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	address := os.Getenv(dbtest.EnvPostgres)
	if address == "" {
		cluster, stop, err := start()
		if err != nil {
			return 1, err
		}
		defer func() { err = errors.Join(err, stop()) }()
		address = cluster.URL
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), dbtest.EnvPostgres+"="+address)
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s)
		}
	}()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 1, err
	}
	// A command ended by a signal has the code -1, which no shell understands.
	if code = cmd.ProcessState.ExitCode(); code < 0 {
		code = 1
	}
	return code, nil
}

// start makes a cluster in a fresh temporary directory.
func start() (*dbtest.Cluster, func() error, error) {
	parent, err := os.MkdirTemp("", "tributary-pg-run-")
	if err != nil {
		return nil, nil, err
	}
	if err := os.Chmod(parent, 0o755); err != nil { // the server may run as somebody else
		return nil, nil, err
	}
	cluster, err := dbtest.Start(filepath.Join(parent, "pg"))
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(parent))
	}
	stop := func() error { return errors.Join(cluster.Stop(), os.RemoveAll(parent)) }
	if err := cluster.OwnedBy(os.Getpid()); err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return cluster, stop, nil
}
