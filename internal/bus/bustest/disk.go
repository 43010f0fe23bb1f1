// Package bustest gives tests a disk that they can fill.
//
// Nouns: SmallDisk, Fill.
//
//  1. The disk is a real file system that is really full; nothing is mocked.
//
// It owns no tables and is imported by tests only.
package bustest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// SmallDisk mounts a file system of 24 MB for a test. Who may not mount runs
// the same test once more in a user and mount namespace: then it is false, and
// the caller returns.
func SmallDisk(t *testing.T) (dir string, mayMount bool) {
	t.Helper()
	if os.Geteuid() != 0 {
		again := exec.Command("unshare", "--user", "--map-root-user", "--mount", os.Args[0], "-test.run", "^"+t.Name()+"$")
		if out, err := again.CombinedOutput(); err != nil {
			t.Fatalf("run as root of a namespace: %v\n%s", err, out)
		}
		return "", false
	}
	dir = t.TempDir()
	if err := mount(dir); err != nil {
		t.Fatalf("mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir, true
}

// Fill takes all room of a disk and returns how to give it back.
func Fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	name := filepath.Join(dir, "ballast")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1 << 20, 1 << 12} { // in large pieces, then to the last page
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	f.Close()
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}
