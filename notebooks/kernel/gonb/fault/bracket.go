package fault

import (
	"go/scanner"
	"go/token"
	"strings"
)

// closes are the brackets that close others.
var closes = map[token.Token]token.Token{token.RPAREN: token.LPAREN, token.RBRACK: token.LBRACK, token.RBRACE: token.LBRACE}

// behind says what is wrong if the compiler finds it only behind the last line of the cell, in what the kernel puts there:
// a bracket that is not closed, or one too many, or a statement without its end.
func (p Program) behind(f Fault) Fault {
	last := Place{}
	for line := range p.Lines {
		if at := p.Place(line + 1); at != nil && at.Cell == p.Cell && at.Line >= last.Line {
			last = *at
		}
	}
	if last.Cell == 0 || last.Line > len(p.Code) {
		return f
	}
	said, at := unbalanced(p.Code)
	if said == "" {
		at.Line = last.Line
		said, _, _ = strings.Cut(f.Message, ", found ")
		said += ", found the end of the cell"
	}
	last.Line = at.Line
	return Fault{Place: &last, Message: said, Code: p.Code[at.Line-1], Column: at.Column}
}

// unbalanced returns what is wrong with the brackets of a cell's code, and where, or nothing. Of several that are not closed
// it takes the innermost.
func unbalanced(code []string) (said string, at token.Position) {
	code = append([]string{}, code...)
	for i, line := range code {
		if strings.HasPrefix(line, "%") || strings.HasPrefix(line, "!") { // no Go
			code[i] = ""
		}
	}
	text := strings.Join(code, "\n")
	file := token.NewFileSet().AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, []byte(text), func(token.Position, string) {}, 0)
	type open struct {
		bracket token.Token
		token.Position
	}
	var stack []open
	for {
		pos, t, _ := s.Scan()
		switch t {
		case token.LPAREN, token.LBRACK, token.LBRACE:
			stack = append(stack, open{t, file.Position(pos)})
		case token.RPAREN, token.RBRACK, token.RBRACE:
			last := len(stack) - 1
			if last < 0 {
				return t.String() + " closes nothing", file.Position(pos)
			}
			if stack[last].bracket != closes[t] {
				return t.String() + " cannot close " + stack[last].bracket.String(), file.Position(pos)
			}
			stack = stack[:last]
		case token.EOF:
			if len(stack) == 0 {
				return "", token.Position{}
			}
			last := stack[len(stack)-1]
			return last.bracket.String() + " is not closed", last.Position
		}
	}
}
