package tributary_test

import (
	"go/ast"
	"path"
	"slices"
	"strings"
)

// checkRooms: each folder with Go code stands in the lists, under a name that says something.
func checkRooms(t *tree) []finding {
	var out []finding
	for dir, files := range t.dirs() {
		if dir == "." {
			continue
		}
		if _, ok := placeOf(dir); !ok {
			out = append(out, found(dir, "is not in the lists of arch_test.go; give the room its place there first"))
		}
		for _, name := range []string{path.Base(dir), files[0].file.Name.Name} {
			if slices.Contains(forbiddenNames, name) {
				out = append(out, found(dir, "%q says nothing; name the room after what it is about", name))
				break
			}
		}
	}
	return out
}

// checkImports: a room imports only what its place allows.
func checkImports(t *tree) []finding {
	var out []finding
	for _, s := range t.sources {
		from, ok := placeOf(s.dir)
		if !ok {
			continue // checkRooms says so
		}
		for _, im := range s.imports() {
			if !im.own || im.room == s.dir {
				continue
			}
			why := ""
			if s.test {
				why = refusedToTest(s.dir, from, im.room)
			} else {
				why = refused(s.dir, from, im.room)
			}
			if why != "" {
				out = append(out, found(t.at(im.pos), "%s must not import %q: %s", s.dir, im.room, why))
			}
		}
	}
	return out
}

// refused says why the room at from may not import the room named to, or nothing.
func refused(room string, from place, to string) string {
	target, ok := placeOf(to)
	switch {
	case from.stranger:
		return "it is a client and knows only the public API"
	case !ok:
		return "that is not a room of the lists in arch_test.go"
	case target.stranger:
		if floors[from.floor].name[0] == '5' {
			return ""
		}
		return "only floor 5 starts the examples"
	case target.suite && !from.suite:
		return "only tests import a suite"
	case target.side && !(from.floor == len(floors)-1):
		return "only floor 5 has the key to side rooms"
	case from.side && to == from.parent, from.suite && to == from.parent:
		return ""
	case target.part > 0 && target.parent == from.parent:
		if from.part == 0 || target.part < from.part {
			return ""
		}
		return "parts import only the parts before them"
	case from.part > 0 && to == from.parent:
		return "a part never imports its surface, which imports it"
	case target.floor > from.floor:
		return "it stands on a higher floor; facts flow left as columns, never as imports"
	case target.floor < from.floor:
		if target.part > 0 && floors[from.floor].name[0] != '5' {
			return "only its surface and floor 5 import a part"
		}
		return ""
	case !floors[from.floor].ordered:
		return "neighbours on this floor never import each other"
	case target.index >= from.index:
		return "it stands to the right; facts flow left as columns, never as imports"
	}
	return ""
}

// refusedToTest: tests may look anywhere, but surfaces do not know each other even there.
func refusedToTest(room string, from place, to string) string {
	target, ok := placeOf(to)
	if from.stranger || !ok || target.suite || target.stranger {
		return ""
	}
	if from.floor == target.floor && from.parent != target.parent && strings.HasPrefix(floors[from.floor].name, "4") {
		return "surfaces never import each other, not in tests either"
	}
	return ""
}

// checkKeys: a foreign package that a room wraps is imported there only.
func checkKeys(t *tree) []finding {
	var out []finding
	for _, s := range t.sources {
		for _, im := range s.imports() {
			for _, k := range keys {
				if strings.HasPrefix(im.path, k.prefix) && !slices.Contains(k.rooms, s.dir) {
					out = append(out, found(t.at(im.pos), "only %s may import %s", strings.Join(k.rooms, ", "), k.prefix))
				}
			}
		}
	}
	return out
}

// checkLayers: floors 1 to 3 know no handlers and no pages, floors 1, 2 and access no HTTP at all
// (side rooms call foreign servers), and every database stays behind internal/db.
func checkLayers(t *tree) []finding {
	var out []finding
	for _, s := range t.sources {
		pl, ok := placeOf(s.dir)
		if !ok || s.test || pl.stranger || pl.suite {
			continue
		}
		for _, im := range s.imports() {
			if why := layerRefuses(s.dir, pl, im.path); why != "" {
				out = append(out, found(t.at(im.pos), "%s must not import %q: %s", s.dir, im.path, why))
			}
		}
		if pl.floor < 1 || pl.floor > 3 {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, isIdent := sel.X.(*ast.Ident)
			served := []string{"ResponseWriter", "Handler", "HandlerFunc", "ServeMux"}
			if isIdent && x.Name == "http" && slices.Contains(served, sel.Sel.Name) {
				out = append(out, found(t.at(sel.Pos()), "http.%s: floors 1 to 3 know no handlers; that belongs on floor 4", sel.Sel.Name))
			}
			return true
		})
	}
	return out
}

func layerRefuses(room string, pl place, imp string) string {
	switch {
	case imp == "net/http" && (pl.floor == 1 || pl.floor == 2) && !pl.side:
		return "floors 1 and 2 know no HTTP"
	case imp == "net/http" && room == "access":
		return "access decides who may come in; the surfaces read the request"
	case (imp == "html/template" || imp == "text/template") && pl.floor >= 1 && pl.floor <= 3 && room != "notice":
		return "only notice renders templates below floor 4"
	case imp == "testing" && !pl.suite:
		return "only tests and suites know testing"
	}
	return ""
}
