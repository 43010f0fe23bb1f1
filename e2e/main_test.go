package e2e_test

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"tributary.example/e2e/stage"
)

// dir holds the binary; TestMain removes it.
var dir string

func TestMain(m *testing.M) {
	var err error
	if dir, err = os.MkdirTemp("", "tributary-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

var build = sync.OnceValues(func() (string, error) { return stage.Build(dir) })

// binary builds the server once per run, when the first test needs it.
func binary(t *testing.T) string {
	t.Helper()
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return bin
}
