// Package program tells a cell's program what it is: the cell it comes from, and what the notebook declares. What it keeps on
// disk can then say what it was made from. It is a part of the mended GoNB: gonb/mend.py copies it there.
package program

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"slices"
	"strings"
)

// Variable is the name of the environment variable that holds a Description as JSON.
const Variable = "WFLOW_CELL"

// most is the number of bytes that a variable may have: Linux takes 128 KiB.
const most = 100_000

// Description is what a cell's program is made of.
type Description struct {
	Cell     string            // the first line of the cell
	Main     string            // a fingerprint of its statements
	Declared map[string]string // of every declaration so far, by its name: "const 0.1", "var 3", "func " and a fingerprint
	Reached  []string          // the names of those that the statements use, or that these use in turn
}

// Tell sets the Variable for the program in a file, which was composed for the lines of a cell, until forget is called. What it
// cannot describe runs without.
func Tell(path string, cell []string) (forget func()) {
	text, err := os.ReadFile(path)
	if err == nil {
		var d *Description
		if d, err = Describe(text, cell); err == nil {
			text, err = json.Marshal(d)
		}
	}
	if err == nil && len(text) <= most {
		_ = os.Setenv(Variable, string(text))
	}
	return func() { _ = os.Unsetenv(Variable) }
}

// Describe returns the description of a program, by the text of its one file. What the packages it imports declare is unknown
// to it, so a type counts as used with all of its methods. Comments do not count, nor does a name inside a function that hides
// a declaration.
func Describe(text []byte, cell []string) (*Description, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "main.go", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: unknown{}, Error: func(error) {}}
	pkg, _ := config.Check("main", files, []*ast.File{file}, info)

	declared := map[string]string{}
	parts := map[string][]ast.Node{} // of which main and init may have several
	methods := map[string][]string{} // of a type
	for _, d := range file.Decls {
		for _, p := range declarations(files, d) {
			parts[p.name] = append(parts[p.name], p.node)
			if p.is != "" {
				declared[p.name] = p.is
			}
			if receiver, _, is := strings.Cut(p.name, "."); is {
				methods[receiver] = append(methods[receiver], p.name)
			}
		}
	}
	reached := map[string]bool{}
	var reach func(name string)
	reach = func(name string) {
		if reached[name] {
			return
		}
		reached[name] = true
		for _, part := range parts[name] {
			ast.Inspect(part, func(n ast.Node) bool {
				id, _ := n.(*ast.Ident)
				if used := info.Uses[id]; used != nil && used.Parent() == pkg.Scope() {
					reach(used.Name())
				}
				return true
			})
		}
		for _, method := range methods[name] {
			reach(method)
		}
	}
	reach("main")
	reach("init")
	d := &Description{Cell: first(cell), Declared: declared}
	for _, part := range parts["main"] {
		d.Main = fingerprint(files, part)
	}
	for _, name := range slices.Sorted(maps.Keys(reached)) {
		if declared[name] != "" {
			d.Reached = append(d.Reached, name)
		}
	}
	return d, nil
}

// first returns the first line of a cell that says something.
func first(cell []string) string {
	for _, line := range cell {
		if line = strings.TrimSpace(line); line != "" && line[0] != '%' {
			return line
		}
	}
	return ""
}

// unknown is an importer that finds no package.
type unknown struct{}

func (unknown) Import(string) (*types.Package, error) { return nil, errors.New("unknown") }

// part is a declaration, and what it is: nothing, for main and init.
type part struct {
	name, is string
	node     ast.Node
}

func declarations(files *token.FileSet, d ast.Decl) (parts []part) {
	if f, ok := d.(*ast.FuncDecl); ok {
		switch {
		case f.Recv != nil:
			receiver := types.ExprString(f.Recv.List[0].Type)
			name, _, _ := strings.Cut(strings.TrimPrefix(receiver, "*"), "[")
			return []part{{name + "." + f.Name.Name, "func " + fingerprint(files, f), f}}
		case f.Name.Name == "main" || f.Name.Name == "init":
			return []part{{f.Name.Name, "", f}}
		}
		return []part{{f.Name.Name, "func " + fingerprint(files, f), f}}
	}
	var above *ast.ValueSpec // of a constant without a value, which repeats the one above
	for i, spec := range d.(*ast.GenDecl).Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			parts = append(parts, part{s.Name.Name, "type " + fingerprint(files, s), s})
		case *ast.ValueSpec:
			kind, value := "var", s
			if d.(*ast.GenDecl).Tok == token.CONST {
				if kind = "const"; len(s.Values) > 0 {
					above = s
				} else if value = above; value == nil {
					continue
				}
			}
			for k, name := range s.Names {
				is := valued(files, value, k)
				if value != s {
					is += fmt.Sprintf(" at iota %d", i)
				}
				parts = append(parts, part{name.Name, kind + " " + is, value})
			}
		}
	}
	return parts
}

// valued returns the value of name k of a declaration, with its type if that is said, or a fingerprint where this is long.
func valued(files *token.FileSet, s *ast.ValueSpec, k int) string {
	var words []string
	if s.Type != nil {
		words = append(words, source(files, s.Type))
	}
	if len(s.Values) == len(s.Names) {
		words = append(words, source(files, s.Values[k]))
	} else if len(s.Values) > 0 {
		words = append(words, source(files, s.Values[0]))
	}
	if is := strings.Join(words, " "); len(is) <= 60 && !strings.Contains(is, "\n") {
		return is
	}
	return "#" + fingerprint(files, s)
}

// source returns a part of a program as gofmt writes it, without comments.
func source(files *token.FileSet, n ast.Node) string {
	var b bytes.Buffer
	if err := format.Node(&b, files, n); err != nil {
		return err.Error()
	}
	return b.String()
}

func fingerprint(files *token.FileSet, n ast.Node) string {
	sum := sha256.Sum256([]byte(source(files, n)))
	return fmt.Sprintf("%x", sum[:8])
}
