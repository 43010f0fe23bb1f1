// Package stage is what the stories and the browser tests play on: the real binary as a server of its
// own (Server), the clock it reads (Clock), people who click links (Visitor), a browser (Browser), and
// the commands of the story files (Commands).
//
//  1. The program under test is only known from outside: its binary, its ports, its console.
//  2. Every server has its own folder, ports and clock, so that stories run side by side.
//  3. What a stage started ends with it, also when a story fails in the middle.
//
// It owns no table and imports no room of the server.
package stage

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Root returns the folder of the repository, found upwards from the working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(text), "module tributary.example\n") {
			return dir, nil
		}
	}
	return "", errors.New("the repository's root is not above the working directory")
}

// Build builds the server's binary into dir, as it is shipped, and returns its path. Call it once per
// run, from TestMain.
func Build(dir string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "tributary")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/tributary")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return bin, nil
}

// patience is how long anything on the stage may take before it counts as failed.
const patience = 20 * time.Second

// errNever marks an error that asking again will not mend.
var errNever = errors.New("it is over")

// until asks again and again until ask returns nil, and returns its last error when patience ends.
// Another process is on the other side, so there is nothing to wait on but its answers.
func until(ask func() error) error {
	tick, late := time.NewTicker(25*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil || errors.Is(err, errNever) {
			return err
		}
		select {
		case <-late:
			return fmt.Errorf("not within %s: %w", patience, err)
		case <-tick.C:
		}
	}
}
