package tributary_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
)

const modulePath = "tributary.example"

// tree is the repository as the checks see it.
type tree struct {
	fsys    fs.FS
	fset    *token.FileSet
	sources []*source         // Go files of the root module
	others  []*source         // Go files of modules of their own, such as e2e
	sql     map[string]string // .sql files
	tracked []string          // every file that is, or would be, committed
	globals []string
	broken  []finding
}

// source is one Go file.
type source struct {
	path, dir string // slash-separated, from the root
	test      bool
	generated bool
	text      []byte
	file      *ast.File
}

var generatedMark = regexp.MustCompile(`(?m)^// Code generated .*DO NOT EDIT\.$`)

// load reads and parses everything below the root of fsys once.
func load(fsys fs.FS, globals []string) (*tree, error) {
	t := &tree{fsys: fsys, fset: token.NewFileSet(), sql: map[string]string{}, globals: globals}
	t.tracked = gitFiles(fsys)
	nested := map[string]bool{}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != "." && skipped(d.Name()) {
				return fs.SkipDir
			}
			if _, err := fs.Stat(fsys, path.Join(p, "go.mod")); err == nil && p != "." {
				nested[p] = true
			}
			return nil
		}
		return t.add(p, nested)
	})
	return t, err
}

func (t *tree) add(p string, nested map[string]bool) error {
	ext := path.Ext(p)
	if ext != ".go" && ext != ".sql" {
		return nil
	}
	text, err := fs.ReadFile(t.fsys, p)
	if err != nil {
		return err
	}
	if ext == ".sql" {
		t.sql[p] = string(text)
		return nil
	}
	s := &source{path: p, dir: path.Dir(p), test: strings.HasSuffix(p, "_test.go"), text: text}
	s.generated = generatedMark.Match(text)
	s.file, err = parser.ParseFile(t.fset, p, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.broken = append(t.broken, found(p, "does not parse: %v", err))
		return nil
	}
	for dir := s.dir; dir != "."; dir = path.Dir(dir) {
		if nested[dir] {
			t.others = append(t.others, s)
			return nil
		}
	}
	t.sources = append(t.sources, s)
	return nil
}

func skipped(dir string) bool {
	return strings.HasPrefix(dir, ".") || strings.HasPrefix(dir, "_") ||
		slices.Contains([]string{"node_modules", "testdata", "vendor", "bin", "data"}, dir)
}

// gitFiles lists what is or would be committed; without git (a source archive, a planted tree)
// that is every file.
func gitFiles(fsys fs.FS) []string {
	if _, err := fs.Stat(fsys, ".git"); err == nil {
		out, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
		if err == nil {
			return strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
		}
	}
	var files []string
	_ = fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "node_modules", "vendor", "bin", "data"}, d.Name()):
			return fs.SkipDir
		case !d.IsDir():
			files = append(files, p)
		}
		return nil
	})
	return files
}

// at is file:line.
func (t *tree) at(pos token.Pos) string {
	p := t.fset.Position(pos)
	p.Column = 0
	return p.String()
}

// dirs groups the root module's files by folder.
func (t *tree) dirs() map[string][]*source {
	byDir := map[string][]*source{}
	for _, s := range t.sources {
		byDir[s.dir] = append(byDir[s.dir], s)
	}
	return byDir
}

func (s *source) lines() int { return bytes.Count(s.text, []byte("\n")) }

// imports are the import paths with their positions; our own as folders ("" for the root).
func (s *source) imports() []imported {
	var list []imported
	for _, spec := range s.file.Imports {
		p := strings.Trim(spec.Path.Value, "`\"")
		own := p == modulePath || strings.HasPrefix(p, modulePath+"/")
		list = append(list, imported{path: p, room: strings.TrimPrefix(strings.TrimPrefix(p, modulePath), "/"), own: own, pos: spec.Pos()})
	}
	return list
}

type imported struct {
	path, room string
	own        bool
	pos        token.Pos
}

func checkSyntax(t *tree) []finding { return t.broken }

// place is where a room stands.
type place struct {
	floor, index int
	parent       string // the room whose rights it has, itself on a floor
	side, suite  bool
	part         int // 1 and up within its parent's parts
	stranger     bool
}

// placeOf finds a room in the lists.
func placeOf(room string) (place, bool) {
	for f, fl := range floors {
		if i := slices.Index(fl.rooms, room); i >= 0 {
			_, suite := suites[room]
			return place{floor: f, index: i, parent: room, suite: suite}, true
		}
	}
	for _, p := range parts {
		if i := slices.Index(p.rooms, room); i >= 0 {
			pl, ok := placeOf(p.parent)
			pl.part = i + 1
			return pl, ok
		}
	}
	if parent, ok := sideRooms[room]; ok {
		pl, ok := placeOf(parent)
		pl.side = true
		return pl, ok
	}
	if parent, ok := suites[room]; ok {
		pl, ok := placeOf(parent)
		pl.suite = true
		return pl, ok
	}
	return place{stranger: true}, slices.Contains(strangers, room)
}
