package e2e_test

import (
	"bytes"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/a-h/templ/generator"
	"github.com/a-h/templ/parser/v2"

	"tributary.example/e2e/stage"
)

// Pages are committed as Go beside their templ source; this finds those that were not generated anew
// after a change, and those whose source is gone. It does what `make generate` does, in memory,
// with the same version.
func TestGeneratedPagesAreFresh(t *testing.T) {
	t.Parallel()
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	web := filepath.Join(root, "web")
	err = filepath.WalkDir(web, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if page, ok := strings.CutSuffix(path, "_templ.go"); ok {
			if _, err := os.Stat(page + ".templ"); err != nil {
				t.Errorf("%s has no .templ beside it; remove it", path)
			}
		}
		if strings.HasSuffix(path, ".templ") {
			checkFresh(t, web, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkFresh(t *testing.T, web, path string) {
	t.Helper()
	page, err := parser.Parse(path)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	page.Filepath = path
	name, err := filepath.Rel(web, path)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := generator.Generate(page, &b, generator.WithFileName(filepath.ToSlash(name)), generator.WithVersion(templ.Version())); err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	want, err := format.Source(b.Bytes())
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	got, err := os.ReadFile(strings.TrimSuffix(path, ".templ") + "_templ.go")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not generated from its present text; run make generate", path)
	}
}
