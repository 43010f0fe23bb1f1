package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"tributary.example/e2e/stage"
)

// TestStories plays every story file on the real binary. With STORY_REPORT=file it writes there, one
// line per story, how they ended.
func TestStories(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("there are no stories in testdata")
	}
	bin := binary(t)
	var r report
	t.Cleanup(func() { r.write(t, os.Getenv("STORY_REPORT")) })
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Cleanup(func() { r.add(name, t.Failed()) })
			testscript.Run(t, testscript.Params{
				Files:              []string{file},
				Setup:              stage.Setup(bin),
				Cmds:               stage.Commands(),
				RequireUniqueNames: true,
			})
		})
	}
}

// report gathers how the stories ended.
type report struct {
	mu     sync.Mutex
	lines  []string
	failed int
}

func (r *report) add(name string, failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	word := "passed"
	if failed {
		word = "FAILED"
		r.failed++
	}
	r.lines = append(r.lines, fmt.Sprintf("  %s  %s", word, name))
}

func (r *report) write(t *testing.T, path string) {
	if path == "" {
		return
	}
	sort.Strings(r.lines)
	text := fmt.Sprintf("%s\nstories: %d passed, %d failed\n", strings.Join(r.lines, "\n"), len(r.lines)-r.failed, r.failed)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Error(err)
	}
}
