// Package declared tells what the Go files of a folder declare, for tests that hold a list complete. Every answer is in
// alphabetical order. An empty one is an error: what it was asked for has moved or has another name.
package declared

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Receivers returns the exported types that have a method of that name in the Go files of a folder, tests aside.
func Receivers(folder, method string) ([]string, error) {
	declared, err := functions(folder, false)
	var names []string
	for _, f := range declared {
		if f.Recv == nil || f.Name.Name != method {
			continue
		}
		if name := strings.TrimPrefix(types.ExprString(f.Recv.List[0].Type), "*"); ast.IsExported(name) {
			names = append(names, name)
		}
	}
	return sorted(names, err, "no exported type in "+folder+" has the method "+method)
}

// Makers returns the exported functions without parameters that return one of these types, as "Cloud" or "*Cloud", in the
// Go files of a folder, tests aside.
func Makers(folder string, results ...string) ([]string, error) {
	declared, err := functions(folder, false)
	var names []string
	for _, f := range declared {
		if f.Recv != nil || !f.Name.IsExported() || f.Type.Params.NumFields() > 0 || f.Type.Results.NumFields() != 1 {
			continue
		}
		if slices.Contains(results, types.ExprString(f.Type.Results.List[0].Type)) {
			names = append(names, f.Name.Name)
		}
	}
	return sorted(names, err, fmt.Sprintf("no exported function in %s returns one of %q", folder, results))
}

// Examples returns the functions of the tests of a folder whose names begin with Example.
func Examples(folder string) ([]string, error) {
	declared, err := functions(folder, true)
	var names []string
	for _, f := range declared {
		if f.Recv == nil && strings.HasPrefix(f.Name.Name, "Example") {
			names = append(names, f.Name.Name)
		}
	}
	return sorted(names, err, "no example in "+folder)
}

// Mentioned returns the names that the body of a function mentions, each once. The function is in a Go file of the
// folder, tests included.
func Mentioned(folder, function string) ([]string, error) {
	code, err := functions(folder, false)
	tests, errTests := functions(folder, true)
	var names []string
	for _, f := range slices.Concat(code, tests) {
		if f.Recv != nil || f.Name.Name != function || f.Body == nil {
			continue
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if name, ok := n.(*ast.Ident); ok {
				names = append(names, name.Name)
			}
			return true
		})
	}
	names, err = sorted(names, errors.Join(err, errTests), "no function "+function+" in "+folder)
	return slices.Compact(names), err
}

// functions returns the functions and methods in the Go files of a folder: in its tests, or in all other files.
func functions(folder string, tests bool) ([]*ast.FuncDecl, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var declared []*ast.FuncDecl
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") != tests {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				declared = append(declared, f)
			}
		}
	}
	return declared, nil
}

// sorted returns names in alphabetical order. If there is none, and no error yet, the error is none.
func sorted(names []string, err error, none string) ([]string, error) {
	if err == nil && len(names) == 0 {
		err = errors.New("declared: " + none)
	}
	slices.Sort(names)
	return names, err
}
