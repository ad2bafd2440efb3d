//go:build unix

package help

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// source is a file of Go made from a cell, each line of which follows so many lines of header.
type source struct {
	text   string
	header int
}

// sources returns the two files that gopls is shown: the cell that is typed, and what earlier cells declare, without what the
// cell declares anew. The cell's header imports what it may use.
//
// Imports are never taken out of the header as long as no declaration has their name: a new import costs gopls a run of
// go list, an unused one nothing.
func (h *Help) sources(cell Cell, earlier string) (typed source, before string) {
	files := token.NewFileSet()
	old, _ := parser.ParseFile(files, "", earlier, parser.SkipObjectResolution)
	body := finish(cell.program(), cell.Line, len(cell.before()))
	const header = "package main\n"
	new, _ := parser.ParseFile(files, "", header+body, parser.SkipObjectResolution)
	if old == nil || new == nil {
		return source{header + body, 1}, earlier
	}
	declared := declarations(new)
	blank := []byte(earlier)
	names := declarations(old)
	for name, where := range names {
		if declared[name] != nil {
			for _, id := range where {
				at := files.Position(id.Pos()).Offset
				copy(blank[at:at+len(id.Name)], "_"+strings.Repeat(" ", len(id.Name)-1))
			}
		}
	}

	own := imported(new)
	maps.Copy(h.imports, imported(old))
	for name := range used(body) {
		if p, known := h.packages()[name]; known && own[name] == "" && h.imports[name] == "" {
			h.imports[name] = p
		}
	}
	typed = source{header, 1}
	for _, name := range slices.Sorted(maps.Keys(h.imports)) {
		if own[name] == "" && declared[name] == nil && names[name] == nil {
			typed.text += "import " + name + " " + strconv.Quote(h.imports[name]) + "\n"
			typed.header++
		}
	}
	typed.text += body
	return typed, string(blank)
}

// program returns the cell's lines as Go, line by line: what follows %% is the body of main.
func (c Cell) program() []string {
	lines := slices.Clone(c.Lines)
	for i, line := range lines {
		line = strings.TrimPrefix(line, "//gonb:")
		words := strings.Fields(line)
		_, command := c.Commands[i]
		switch {
		case len(words) > 0 && (words[0] == "%%" || words[0] == "%main"):
			lines[i] = "func main() {"
		case len(words) > 1 && words[0] == "%exec":
			lines[i] = "func main() { " + words[1] + "() }"
		case command || strings.HasPrefix(line, "package "):
			lines[i] = ""
		}
	}
	return lines
}

// declarations returns the names that a file declares, methods with their types, and where.
func declarations(file *ast.File) map[string][]*ast.Ident {
	found := map[string][]*ast.Ident{}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil && len(d.Recv.List) > 0 {
				t := d.Recv.List[0].Type
				if star, is := t.(*ast.StarExpr); is {
					t = star.X
				}
				if id, is := t.(*ast.Ident); is {
					name = id.Name + "." + name
				}
			}
			found[name] = append(found[name], d.Name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					found[s.Name.Name] = append(found[s.Name.Name], s.Name)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						found[id.Name] = append(found[id.Name], id)
					}
				}
			}
		}
	}
	delete(found, "_")
	delete(found, "init")
	return found
}

// imported returns the paths that a file imports, by name.
func imported(file *ast.File) map[string]string {
	found := map[string]string{}
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil || p == "" {
			continue
		}
		name := packageName(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name != "_" && name != "." {
			found[name] = p
		}
	}
	return found
}

// used returns the names before a dot that are nothing's field: packages and variables.
func used(text string) map[string]bool {
	found := map[string]bool{}
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(text)), []byte(text), func(token.Position, string) {}, 0)
	var last, name string
	for {
		_, t, literal := s.Scan()
		switch t {
		case token.EOF:
			return found
		case token.IDENT:
			name = ""
			if last != "." {
				name = literal
			}
		case token.PERIOD:
			if name != "" {
				found[name] = true
			}
			name = ""
		default:
			name = ""
		}
		last = t.String()
	}
}

// packageName returns the name that a package has by its path: its last element that is no version.
func packageName(p string) string {
	name := path.Base(p)
	if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
		name = path.Base(path.Dir(p))
	}
	name, _, _ = strings.Cut(name, ".v")
	return strings.TrimPrefix(name, "go-")
}
