package fault

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"

	"github.com/agnivade/levenshtein"
)

var (
	undefined = regexp.MustCompile(`^undefined: (?:(\w+)\.)?(\w+)$`)
	member    = regexp.MustCompile(`^\S+\.(\w+) undefined \(type .* has no field or method \w+\)$`)
	field     = regexp.MustCompile(`^unknown field (\w+) in struct literal`)
	unused    = regexp.MustCompile(`^declared and not used: (\w+)$`)
)

// hint returns what may help, or nothing.
func (p Program) hint(f Fault) string {
	message, _, _ := strings.Cut(f.Message, "\n")
	if match := undefined.FindStringSubmatch(message); match != nil {
		if cell, was := p.Values[match[2]]; was && match[1] == "" {
			return fmt.Sprintf("%s was a value of cell [%d], and values end with their cell. To keep it, declare it outside main, above %%%% "+
				"or in a cell without it: var %s = …\nIt is then computed anew in every cell that uses it. What takes long, write with cell.Keep.", match[2], cell, match[2])
		}
		if match[1] != "" {
			return p.nearest(f, match[1]+".", match[2])
		}
		// What is undefined may be a package, which is imported by itself where all that is wanted of it is in it.
		if within := regexp.MustCompile(`\b` + match[2] + `\.(\w+)`).FindStringSubmatch(f.Code); within != nil {
			return p.nearest(f, match[2]+".", within[1])
		}
		if hint := p.nearest(f, "", match[2]); hint != "" {
			return hint
		}
		return "If a cell that has not run yet declares it, run that cell first."
	}
	if match := member.FindStringSubmatch(message); match != nil {
		return p.nearest(f, ".", match[1])
	}
	if match := field.FindStringSubmatch(message); match != nil {
		return p.nearest(f, "", match[1])
	}
	if match := unused.FindStringSubmatch(message); match != nil {
		return fmt.Sprintf("Go wants every variable of a function used. Until then: _ = %s", match[1])
	}
	if code := strings.TrimSpace(f.Code); strings.HasPrefix(message, "expected") && (strings.HasPrefix(code, "func ") || strings.HasPrefix(code, "import ")) {
		return "Functions and imports stand above %% or in a cell without it."
	}
	if strings.Contains(message, "expected declaration, found") {
		return "Statements need %% on the first line of their cell; without it, a cell holds declarations only."
	}
	return ""
}

// nearest asks for the name that a misspelt one in a line of the cell may stand for. before is what stands before it.
func (p Program) nearest(f Fault, before, name string) string {
	if f.Place == nil || f.Place.Cell != p.Cell || f.Place.Line > len(p.Code) || p.Names == nil {
		return ""
	}
	edge := `\b`
	if before == "." {
		edge = ""
	}
	at := regexp.MustCompile(edge + regexp.QuoteMeta(before) + "(" + name + `)\b`).FindStringSubmatchIndex(p.Code[f.Place.Line-1])
	if at == nil {
		return ""
	}
	best := Nearest(name, p.Names(*f.Place, at[2]))
	if best == "" {
		return ""
	}
	return "Did you mean " + strings.TrimPrefix(before, ".") + best + "?"
}

// Nearest returns the known name that a misspelt one may stand for, or nothing: the one that takes the fewest letters put in,
// taken out or replaced, at most half of them, and at most two of up to eight letters or three of more. Large and small
// letters are not told apart.
func Nearest(name string, known []string) string {
	best, least := "", 3
	if len(name) > 8 {
		least = 4
	}
	for _, other := range known {
		edits := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(other))
		if other != name && edits < least && 2*edits <= max(len(name), len(other)) {
			best, least = other, edits
		}
	}
	return best
}

// Assigned returns the names of the values, constant or not, in the outermost block of a function, given as Go.
func Assigned(function string) (names []string) {
	file, err := parser.ParseFile(token.NewFileSet(), "", "package main\n"+function, parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	add := func(e ast.Expr) {
		if id, is := e.(*ast.Ident); is && id.Name != "_" {
			names = append(names, id.Name)
		}
	}
	for _, d := range file.Decls {
		f, is := d.(*ast.FuncDecl)
		if !is || f.Body == nil {
			continue
		}
		for _, statement := range f.Body.List {
			switch s := statement.(type) {
			case *ast.AssignStmt:
				for _, e := range s.Lhs {
					if s.Tok == token.DEFINE {
						add(e)
					}
				}
			case *ast.DeclStmt:
				for _, spec := range s.Decl.(*ast.GenDecl).Specs {
					if v, is := spec.(*ast.ValueSpec); is {
						for _, id := range v.Names {
							add(id)
						}
					}
				}
			}
		}
	}
	return names
}
