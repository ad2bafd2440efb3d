// Package declared tells what the Go files of a folder declare, for tests that hold a list complete.
package declared

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// Receivers returns the exported types that have a method of that name in the Go files of a folder, tests aside, in
// alphabetical order. It is an error if there is none.
func Receivers(folder, method string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	var types []string
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, declaration := range file.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != method {
				continue
			}
			receiver := f.Recv.List[0].Type
			if pointer, ok := receiver.(*ast.StarExpr); ok {
				receiver = pointer.X
			}
			if name, ok := receiver.(*ast.Ident); ok && name.IsExported() {
				types = append(types, name.Name)
			}
		}
	}
	if len(types) == 0 {
		return nil, errors.New("declared: no type in " + folder + " has the method " + method)
	}
	slices.Sort(types)
	return types, nil
}
