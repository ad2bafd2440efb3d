//go:build unix

package help

import (
	"go/scanner"
	"go/token"
	"strings"
)

// open is a bracket that is not closed, at a line and column from 0.
type open struct {
	bracket      byte
	line, column int
}

var closers = map[byte]byte{'(': ')', '[': ']', '{': '}'}

// opened returns the brackets that a piece of Go leaves open, the outermost first.
func opened(text string) (stack []open) {
	files := token.NewFileSet()
	file := files.AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, []byte(text), func(token.Position, string) {}, 0)
	for {
		pos, t, _ := s.Scan()
		switch t {
		case token.EOF:
			return stack
		case token.LPAREN, token.LBRACK, token.LBRACE:
			at := file.Position(pos)
			stack = append(stack, open{t.String()[0], at.Line - 1, at.Column - 1})
		case token.RPAREN, token.RBRACK, token.RBRACE:
			for i := len(stack) - 1; i >= 0; i-- {
				if closers[stack[i].bracket] == t.String()[0] {
					stack = stack[:i]
					break
				}
			}
		}
	}
}

// closing returns what closes the last n of open brackets.
func closing(stack []open, n int) string {
	var text strings.Builder
	for i := len(stack) - 1; i >= len(stack)-n; i-- {
		text.WriteByte(closers[stack[i].bracket])
	}
	return text.String()
}

// finish closes the brackets that are open in lines of Go while someone types at a line and column. One that is open on the
// cursor's line is closed right after the cursor, and so is every one if nothing follows; the others are closed at the end.
func finish(lines []string, line, column int) string {
	missing := len(opened(strings.Join(lines, "\n")))
	if missing > 0 && line < len(lines) {
		before, after := lines[line][:column], lines[line][column:]
		here := opened(before + after)
		for len(here) > 0 && here[len(here)-1].column >= column {
			here = here[:len(here)-1]
		}
		if strings.TrimSpace(after+strings.Join(lines[line+1:], "")) == "" {
			here = opened(strings.Join(lines, "\n"))
		}
		lines = append([]string{}, lines...)
		lines[line] = before + closing(here, min(missing, len(here))) + after
	}
	text := strings.Join(lines, "\n")
	rest := opened(text)
	return text + "\n" + closing(rest, len(rest)) + "\n"
}
