package tributary_test

import (
	"go/ast"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const migrationsDir = "internal/db/migrations"

// table is one `create table` of the migrations.
type table struct {
	name, owner, where string
	global             bool
	keys               [][]string // primary key first, then unique constraints and indexes
	hasPrimary         bool
	foreign            []foreignKey
}

type foreignKey struct {
	columns []string
	table   string
}

var (
	createTable = regexp.MustCompile(`(?is)create\s+table\s+(?:if\s+not\s+exists\s+)?(\w+)\s*\(`)
	ownerMark   = regexp.MustCompile(`--\s*owner:\s*([\w/]+)(\s*,\s*global)?`)
	uniqueIndex = regexp.MustCompile(`(?is)create\s+unique\s+index\s+(?:if\s+not\s+exists\s+)?\w+\s+on\s+(\w+)\s*\(([^;]*?)\)\s*(?:where|;|$)`)
	listKey     = regexp.MustCompile(`(?is)\b(primary\s+key|unique)\s*\(([^)]*)\)`)
	inlineKey   = regexp.MustCompile(`(?is)^(\w+)\s.*\b(primary\s+key|unique)\b`)
	foreignList = regexp.MustCompile(`(?is)foreign\s+key\s*\(([^)]*)\)\s*references\s+(\w+)`)
	inlineRef   = regexp.MustCompile(`(?is)^(\w+)\s.*\breferences\s+(\w+)`)
	lineComment = regexp.MustCompile(`--[^\n]*`)
)

// tables reads the migrations. A pair of files (sqlite, postgres) may declare a table twice.
func (t *tree) tables() (map[string]*table, []finding) {
	all, out := map[string]*table{}, []finding{}
	for _, file := range slices.Sorted(maps.Keys(t.sql)) {
		if !strings.HasPrefix(file, migrationsDir+"/") {
			continue
		}
		text := t.sql[file]
		starts := createTable.FindAllStringSubmatchIndex(text, -1)
		for i, m := range starts {
			end := len(text)
			if i+1 < len(starts) {
				end = starts[i+1][0]
			}
			body, rest := closeParen(text[m[1]:end])
			tb := &table{name: strings.ToLower(text[m[2]:m[3]]), where: file + ":" + strconv.Itoa(1+strings.Count(text[:m[0]], "\n"))}
			statement, _, _ := strings.Cut(rest, "\ncreate ")
			mark := ownerMark.FindStringSubmatch(statement)
			if mark == nil {
				out = append(out, found(tb.where, "table %s names no owner; end it with `-- owner: room` (or `-- owner: room, global`)", tb.name))
				continue
			}
			tb.owner, tb.global = ownerRoom(mark[1]), mark[2] != ""
			if tb.owner == "" {
				out = append(out, found(tb.where, "table %s is owned by %q, which is not a room", tb.name, mark[1]))
			}
			tb.read(body)
			all[tb.name] = tb
		}
		for _, m := range uniqueIndex.FindAllStringSubmatch(lineComment.ReplaceAllString(text, ""), -1) {
			if tb := all[strings.ToLower(m[1])]; tb != nil {
				tb.keys = append(tb.keys, names(m[2]))
			}
		}
	}
	return all, out
}

// closeParen splits after the parenthesis that closes an open one.
func closeParen(text string) (body, rest string) {
	depth := 1
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "--"):
			if nl := strings.IndexByte(text[i:], '\n'); nl > 0 {
				i += nl
			}
		case text[i] == '(':
			depth++
		case text[i] == ')':
			if depth--; depth == 0 {
				return text[:i], text[i+1:]
			}
		}
	}
	return text, ""
}

// read finds the keys of a table between its parentheses.
func (tb *table) read(body string) {
	for _, item := range splitTop(lineComment.ReplaceAllString(body, "")) {
		if m := foreignList.FindStringSubmatch(item); m != nil {
			tb.foreign = append(tb.foreign, foreignKey{names(m[1]), strings.ToLower(m[2])})
		} else if m := inlineRef.FindStringSubmatch(item); m != nil {
			tb.foreign = append(tb.foreign, foreignKey{[]string{strings.ToLower(m[1])}, strings.ToLower(m[2])})
		}
		kind, columns := "", []string(nil)
		if m := listKey.FindStringSubmatch(item); m != nil {
			kind, columns = m[1], names(m[2])
		} else if m := inlineKey.FindStringSubmatch(item); m != nil {
			kind, columns = m[2], []string{strings.ToLower(m[1])}
		}
		if kind == "" {
			continue
		}
		tb.keys = append(tb.keys, columns)
		tb.hasPrimary = tb.hasPrimary || strings.HasPrefix(strings.ToLower(kind), "primary")
	}
}

// splitTop splits at commas outside parentheses.
func splitTop(body string) []string {
	var items []string
	depth, from := 0, 0
	for i, c := range body {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				items = append(items, strings.TrimSpace(body[from:i]))
				from = i + 1
			}
		}
	}
	return append(items, strings.TrimSpace(body[from:]))
}

func names(list string) []string {
	var out []string
	for _, n := range strings.Split(list, ",") {
		if words := strings.Fields(n); len(words) > 0 {
			out = append(out, strings.ToLower(strings.Trim(words[0], `"`)))
		}
	}
	return out
}

// ownerRoom finds the room of an owner written short: `ledger`, `outbox`.
func ownerRoom(owner string) string {
	for _, room := range []string{owner, "internal/" + owner} {
		if _, ok := placeOf(room); ok {
			return room
		}
	}
	return ""
}

// checkTables: each table has an owner and a primary key, and one that is not global has program_id
// first in every key, so that data can be split by program.
func checkTables(t *tree) []finding {
	all, out := t.tables()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		tb := all[name]
		if tb.global != slices.Contains(t.globals, name) {
			out = append(out, found(tb.where, "table %s: `global` in the migration and globalTables in arch_test.go disagree", name))
		}
		if !tb.hasPrimary {
			out = append(out, found(tb.where, "table %s has no primary key", name))
		}
		if tb.global {
			continue
		}
		for _, key := range tb.keys {
			if len(key) == 0 || key[0] != "program_id" {
				out = append(out, found(tb.where, "table %s: the key (%s) must begin with program_id, or the table is global", name, strings.Join(key, ", ")))
			}
		}
		for _, fk := range tb.foreign {
			if target := all[fk.table]; target != nil && !target.global && !slices.Contains(fk.columns, "program_id") {
				out = append(out, found(tb.where, "table %s: the foreign key to %s must include program_id", name, fk.table))
			}
		}
	}
	for _, name := range t.globals {
		if len(all) > 0 && all[name] == nil {
			out = append(out, found("arch_test.go", "globalTables lists %s, which no migration creates", name))
		}
	}
	return out
}

var (
	writes = regexp.MustCompile(`(?i)\b(?:insert\s+(?:or\s+\w+\s+)?into|replace\s+into|delete\s+from|merge\s+into|truncate(?:\s+table)?|update(?:\s+or\s+\w+)?(?:\s+only)?)\s+"?(\w+)"?`)
	// A table whose name is made while running escapes the check above.
	hiddenWrite = regexp.MustCompile(`(?i)\b(?:insert\s+(?:or\s+\w+\s+)?into\s*|replace\s+into\s*|delete\s+from\s*|update\s+)(?:"?%[sqv]|"?\x00)`)
	// Keywords in one case: a sentence like "Select a plan from the list" is none.
	looksSQL = regexp.MustCompile(`(?s)\b(?:select\s.+\sfrom\s|SELECT\s.+\sFROM\s|insert\s+(?:or\s+\w+\s+)?into\s+\w|INSERT\s+(?:OR\s+\w+\s+)?INTO\s+\w|update\s+\w+\s+set\s|UPDATE\s+\w+\s+SET\s|delete\s+from\s+\w|DELETE\s+FROM\s+\w)`)
)

// checkWriters: only a table's owner writes it, in Go strings and in .sql files. Tests may write
// (they try the guards).
func checkWriters(t *tree) []finding {
	all, _ := t.tables()
	var out []finding
	look := func(room, where, text string) {
		for _, m := range writes.FindAllStringSubmatch(text, -1) {
			if tb := all[strings.ToLower(m[1])]; tb != nil && tb.owner != room {
				out = append(out, found(where, "%s writes table %s, which belongs to %s; call a function there", room, tb.name, tb.owner))
			}
		}
		if hiddenWrite.MatchString(text) {
			out = append(out, found(where, "writes a table whose name is made while running; name the table"))
		}
	}
	for _, s := range t.sources {
		pl, ok := placeOf(s.dir)
		if s.test || !ok || pl.suite {
			continue
		}
		t.eachString(s, func(pos token.Pos, text string) { look(s.dir, t.at(pos), text) })
	}
	for file, text := range t.sql {
		if !strings.HasPrefix(file, migrationsDir+"/") {
			look(path.Dir(file), file, lineComment.ReplaceAllString(text, ""))
		}
	}
	return out
}

// checkSurfaceSQL: floor 4 calls functions; it never speaks SQL.
func checkSurfaceSQL(t *tree) []finding {
	var out []finding
	surface := func(dir string) bool {
		pl, ok := placeOf(dir)
		return ok && !pl.stranger && strings.HasPrefix(floors[pl.floor].name, "4")
	}
	for _, s := range t.sources {
		if s.test || !surface(s.dir) {
			continue
		}
		t.eachString(s, func(pos token.Pos, text string) {
			if looksSQL.MatchString(text) {
				out = append(out, found(t.at(pos), "floor 4 contains no SQL; move the question to report or to the room that owns the table"))
			}
		})
	}
	for file := range t.sql {
		if surface(path.Dir(file)) {
			out = append(out, found(file, "floor 4 contains no SQL; move the question to report or to the room that owns the table"))
		}
	}
	return out
}

// eachString calls use for every string of a file, joined over + and over the package's constants;
// what is only known while running becomes a zero byte.
func (t *tree) eachString(s *source, use func(token.Pos, string)) {
	constants := t.constants(s.dir)
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch e := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BinaryExpr:
			if text, ok := stringOf(e, constants); ok {
				use(e.Pos(), text)
				return false
			}
		case *ast.BasicLit:
			if text, ok := stringOf(e, constants); ok {
				use(e.Pos(), text)
			}
		}
		return true
	})
}

func (t *tree) constants(dir string) map[string]string {
	out := map[string]string{}
	for _, s := range t.sources {
		if s.dir != dir {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			d, ok := n.(*ast.GenDecl)
			if !ok || d.Tok != token.CONST {
				return true
			}
			for _, spec := range d.Specs {
				vs := spec.(*ast.ValueSpec)
				for i, value := range vs.Values {
					if text, ok := stringOf(value, out); ok && i < len(vs.Names) {
						out[vs.Names[i].Name] = text
					}
				}
			}
			return false
		})
	}
	return out
}

func stringOf(e ast.Expr, constants map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.ParenExpr:
		return stringOf(e.X, constants)
	case *ast.Ident:
		text, ok := constants[e.Name]
		return text, ok
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		left, okLeft := stringOf(e.X, constants)
		right, okRight := stringOf(e.Y, constants)
		if !okLeft {
			left = "\x00"
		}
		if !okRight {
			right = "\x00"
		}
		return left + right, okLeft || okRight
	}
	return "", false
}
