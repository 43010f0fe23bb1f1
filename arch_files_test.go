package tributary_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// unwanted strings tie a file to one machine or one registry. They are put together here so that
// this file does not contain them.
var unwanted = []struct{ text, why string }{
	{"/work" + "/", "a path of one machine"},
	{".." + "/shared", "a path outside the repository"},
	{"registry." + "npmjs.org", "a registry host; write the lock file with omit-lockfile-registry-resolved"},
	{"proxy." + "golang.org", "a registry host"},
	{"registry." + "yarnpkg.com", "a registry host"},
}

// maxScriptLine is how long a line of a script or style sheet may be before it is taken for minified.
const maxScriptLine = 1000

// checkHygiene: nothing committed names a machine or a registry, or is somebody else's packed code.
func checkHygiene(t *tree) []finding {
	var out []finding
	for _, file := range t.tracked {
		text, err := fs.ReadFile(t.fsys, file)
		if err != nil {
			continue // removed but not yet committed
		}
		for _, u := range unwanted {
			if i := bytes.Index(text, []byte(u.text)); i >= 0 {
				out = append(out, found(file, "line %d contains %q: %s", 1+bytes.Count(text[:i], []byte("\n")), u.text, u.why))
			}
		}
		if packed(file, text) {
			out = append(out, found(file, "looks minified; third-party files are fetched by the build, never committed"))
		}
	}
	return out
}

func packed(file string, text []byte) bool {
	if !slices.Contains([]string{".js", ".mjs", ".css"}, path.Ext(file)) {
		return false
	}
	if strings.Contains(path.Base(file), ".min.") {
		return true
	}
	return slices.ContainsFunc(bytes.Split(text, []byte("\n")), func(line []byte) bool { return len(line) > maxScriptLine })
}

var requireLine = regexp.MustCompile(`(?m)^\s*(?:require\s+)?([\w.~/-]+\.[\w.~/-]+)\s+v\S+(\s*// indirect)?`)

// checkDependencies: docs/dependencies.md has a line for every direct dependency of every module
// and package.json, and none for what is gone.
func checkDependencies(t *tree) []finding {
	page, err := fs.ReadFile(t.fsys, "docs/dependencies.md")
	if err != nil {
		return []finding{found("docs/dependencies.md", "is missing; it gives the reason for every direct dependency in one line")}
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\|\\s*`([^`]+)`").FindAllSubmatch(page, -1) {
		listed[string(m[1])] = true
	}
	direct, known := t.dependencies()
	var out []finding
	for _, name := range slices.Sorted(maps.Keys(direct)) {
		if !listed[name] {
			out = append(out, found("docs/dependencies.md", "says nothing about `%s` (%s); add its line with the reason", name, direct[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if !known[name] {
			out = append(out, found("docs/dependencies.md", "lists `%s`, which nothing requires any more", name))
		}
	}
	return out
}

// dependencies finds what our code imports directly (with the file that requires it), and all that
// any go.mod or package.json names.
func (t *tree) dependencies() (direct map[string]string, known map[string]bool) {
	direct, known = map[string]string{}, map[string]bool{}
	for _, file := range t.tracked {
		text, err := fs.ReadFile(t.fsys, file)
		if err != nil {
			continue
		}
		switch path.Base(file) {
		case "go.mod":
			var modules []string
			for _, m := range requireLine.FindAllSubmatch(text, -1) {
				modules = append(modules, string(m[1]))
				known[string(m[1])] = true
				if len(m[2]) == 0 {
					direct[string(m[1])] = file
				}
			}
			if file == "go.mod" {
				t.imported(modules, direct)
			}
		case "package.json":
			var pkg struct{ Dependencies, DevDependencies map[string]string }
			_ = json.Unmarshal(text, &pkg)
			for _, set := range []map[string]string{pkg.Dependencies, pkg.DevDependencies} {
				for name := range set {
					direct[name], known[name] = file, true
				}
			}
		}
	}
	return direct, known
}

// imported adds the modules whose packages our files import, whatever the comment in go.mod says.
func (t *tree) imported(modules []string, direct map[string]string) {
	for _, s := range t.sources {
		for _, im := range s.imports() {
			best := ""
			for _, m := range modules {
				if (im.path == m || strings.HasPrefix(im.path, m+"/")) && len(m) > len(best) {
					best = m
				}
			}
			if best != "" {
				direct[best] = s.path
			}
		}
	}
}
