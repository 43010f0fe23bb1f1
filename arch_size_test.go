package tributary_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// checkSizes: files, functions, nesting and parameters stay within the walls. Generated files and
// tables of data without logic have none; test functions may be long.
func checkSizes(t *tree) []finding {
	var out []finding
	for _, s := range slices.Concat(t.sources, t.others) {
		if s.generated {
			continue
		}
		limit := maxFileLines
		if s.test {
			limit = maxTestFileLines
		}
		if n := s.lines(); n > limit && !onlyData(s.file) {
			out = append(out, found(s.path, "%d lines, the wall is %d; split it by what it is about", n, limit))
		}
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch fn := n.(type) {
			case *ast.FuncDecl:
				out = append(out, t.sizeOf(fn, fn.Name.Name, fn.Type, fn.Body)...)
			case *ast.FuncLit:
				out = append(out, t.sizeOf(fn, "func literal", fn.Type, fn.Body)...)
			case *ast.InterfaceType:
				for _, m := range fn.Methods.List {
					if typ, ok := m.Type.(*ast.FuncType); ok && len(m.Names) > 0 {
						out = append(out, t.sizeOf(m, m.Names[0].Name, typ, nil)...)
					}
				}
			}
			return true
		})
	}
	return out
}

func (t *tree) sizeOf(n ast.Node, name string, typ *ast.FuncType, body *ast.BlockStmt) []finding {
	var out []finding
	if count := params(typ); count > maxParams {
		out = append(out, found(t.at(n.Pos()), "%s takes %d parameters besides ctx and tx, the wall is %d; make a struct", name, count, maxParams))
	}
	if body == nil {
		return out
	}
	if lines := t.fset.Position(n.End()).Line - t.fset.Position(n.Pos()).Line + 1; lines > maxFuncLines {
		out = append(out, found(t.at(n.Pos()), "%s has %d lines, the wall is %d; name its steps", name, lines, maxFuncLines))
	}
	if pos, depth := deepest(body, 0); depth > maxNesting {
		out = append(out, found(t.at(pos), "%s nests %d deep here, the wall is %d; return early or name the inner part", name, depth, maxNesting))
	}
	return out
}

// params counts parameters besides the context and the transaction or reader.
func params(typ *ast.FuncType) int {
	count := 0
	for _, field := range typ.Params.List {
		switch exprString(field.Type) {
		case "context.Context", "*db.Tx", "db.Reader", "*Tx", "Reader":
			continue
		}
		count += max(1, len(field.Names))
	}
	return count
}

func exprString(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return exprString(e.X) + "." + e.Sel.Name
	case *ast.StarExpr:
		return "*" + exprString(e.X)
	}
	return ""
}

// deepest finds the deepest if, for, switch or select in n; an else-if is as deep as its if, and
// function literals start again.
func deepest(n ast.Node, depth int) (token.Pos, int) {
	best, pos := depth, n.Pos()
	ast.Inspect(n, func(m ast.Node) bool {
		if m == n {
			return true
		}
		below := depth + 1
		switch m := m.(type) {
		case *ast.FuncLit:
			return false
		case *ast.IfStmt:
			if outer, ok := n.(*ast.IfStmt); ok && outer.Else == m {
				below = depth
			}
		case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
		default:
			return true
		}
		if p, d := deepest(m, below); d > best {
			best, pos = d, p
		}
		return false
	})
	return pos, best
}

// onlyData is true for a file without any function.
func onlyData(f *ast.File) bool {
	logic := false
	ast.Inspect(f, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			logic = true
		}
		return !logic
	})
	return !logic
}

// checkRoomSizes: rooms on floors 0 to 2 stay readable in one sitting; side rooms count alone.
func checkRoomSizes(t *tree) []finding {
	var out []finding
	for dir, files := range t.dirs() {
		pl, ok := placeOf(dir)
		if !ok || pl.stranger || pl.side || !floors[pl.floor].small {
			continue
		}
		count, lines := 0, 0
		for _, s := range files {
			if !s.test && !s.generated {
				count++
				lines += s.lines()
			}
		}
		if count > maxRoomFiles {
			out = append(out, found(dir, "has %d files, the wall is %d; split the room along the stream, never into layers", count, maxRoomFiles))
		}
		if lines > maxRoomLines {
			out = append(out, found(dir, "has %d lines, the wall is %d; split the room along the stream, never into layers", lines, maxRoomLines))
		}
	}
	return out
}

// checkPackageComments: each package says once what it is.
func checkPackageComments(t *tree) []finding {
	var out []finding
	for dir, files := range t.dirs() {
		var said []*source
		name := ""
		for _, s := range files {
			if s.test || s.generated {
				continue
			}
			name = s.file.Name.Name
			if s.file.Doc != nil {
				said = append(said, s)
			}
		}
		switch {
		case name == "":
			continue // tests only
		case len(said) == 0:
			out = append(out, found(dir, "package %s has no package comment: say what it is, its nouns, its numbered invariants, its tables, and what it must not know", name))
		case len(said) > 1:
			out = append(out, found(said[1].path, "package %s has a second package comment (the first: %s); keep one", name, said[0].path))
		default:
			text := said[0].file.Doc.Text()
			if !strings.HasPrefix(text, "Package "+name+" ") && !(name == "main" && strings.HasPrefix(text, "Command ")) {
				out = append(out, found(said[0].path, "the package comment must open with \"Package %s …\" (a command: \"Command …\")", name))
			}
		}
	}
	return out
}

// checkDocComments: every exported name says what it is.
func checkDocComments(t *tree) []finding {
	var out []finding
	missing := func(n ast.Node, name string) {
		out = append(out, found(t.at(n.Pos()), "%s is exported and has no comment; write a full sentence", name))
	}
	for _, s := range t.sources {
		if s.test || s.generated {
			continue
		}
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && receiverExported(d) && empty(d.Doc) {
					missing(d, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if name := undocumented(d, spec); name != "" {
						missing(spec, name)
					}
				}
			}
		}
	}
	return out
}

// undocumented is the spec's exported name without a comment; a group's comment speaks for all in it.
func undocumented(d *ast.GenDecl, spec ast.Spec) string {
	switch sp := spec.(type) {
	case *ast.TypeSpec:
		if sp.Name.IsExported() && empty(d.Doc) && empty(sp.Doc) && empty(sp.Comment) {
			return sp.Name.Name
		}
	case *ast.ValueSpec:
		for _, name := range sp.Names {
			if name.IsExported() && empty(d.Doc) && empty(sp.Doc) && empty(sp.Comment) {
				return name.Name
			}
		}
	}
	return ""
}

func empty(c *ast.CommentGroup) bool { return c == nil || strings.TrimSpace(c.Text()) == "" }

func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch r := typ.(type) {
		case *ast.StarExpr:
			typ = r.X
		case *ast.IndexExpr:
			typ = r.X
		case *ast.IndexListExpr:
			typ = r.X
		case *ast.Ident:
			return r.IsExported()
		default:
			return true
		}
	}
}

// checkFloats: no floating point anywhere near money, tests included.
func checkFloats(t *tree) []finding {
	var out []finding
	for _, s := range t.sources {
		pl, ok := placeOf(s.dir)
		if !ok || !slices.Contains(noFloats, pl.parent) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			what := ""
			switch n := n.(type) {
			case *ast.Ident:
				if n.Name == "float64" || n.Name == "float32" || n.Name == "ParseFloat" {
					what = n.Name
				}
			case *ast.BasicLit:
				// 1e15 is a whole number in short; 1.5 and 1e-3 are not.
				if n.Kind == token.FLOAT && strings.ContainsAny(n.Value, ".-") {
					what = n.Value
				}
			}
			if what != "" {
				out = append(out, found(t.at(n.Pos()), "%s: no floating point near money; use minor units and parts per million", what))
			}
			return true
		})
	}
	return out
}
