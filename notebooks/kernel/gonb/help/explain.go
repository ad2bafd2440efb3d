//go:build unix

package help

import (
	"fmt"
	"regexp"
	"strings"
)

// Explain returns what there is to say at the cursor, as Markdown: of the name it is on, and of the call it is in, with the
// argument it is at. In a composite literal it speaks of the type. Empty means that there is nothing.
func (h *Help) Explain(cell Cell) (string, error) {
	said := ""
	if name, _ := cell.word(); name != "" {
		var err error
		if said, err = h.hover(cell); err != nil || strings.HasPrefix(said, "```go\nfunc ") {
			return said, err
		}
	}
	program := append(cell.program()[:cell.Line], cell.before())
	outside := opened(strings.Join(program, "\n"))
	if len(outside) == 0 {
		return said, nil
	}
	inner := outside[len(outside)-1]
	if inner.bracket == '(' {
		call, err := h.signature(cell)
		if err != nil || call != "" && said == "" {
			return call, err
		}
		if call != "" {
			return said + "\n\n---\n\n" + call, nil
		}
	}
	if said == "" {
		cell.Line, cell.Column = inner.line, inner.column
		if name, _ := cell.word(); name != "" {
			return h.hover(cell)
		}
	}
	return said, nil
}

func (h *Help) hover(cell Cell) (string, error) {
	var answer struct{ Contents struct{ Value string } }
	_, err := h.ask(patience, cell, "textDocument/hover", map[string]any{}, &answer)
	return strings.TrimSpace(answer.Contents.Value), err
}

// signature says how the innermost call around the cursor is made.
func (h *Help) signature(cell Cell) (string, error) {
	var answer struct {
		Signatures []struct {
			Label         string
			Documentation struct{ Value string }
			Parameters    []struct{ Label string }
		}
		ActiveParameter int
	}
	_, err := h.ask(patience, cell, "textDocument/signatureHelp", map[string]any{"context": map[string]any{"triggerKind": 1}}, &answer)
	if err != nil || len(answer.Signatures) == 0 {
		return "", err
	}
	s := answer.Signatures[0]
	said := "```go\n" + s.Label + "\n```"
	if i, n := answer.ActiveParameter, len(s.Parameters); i < n {
		said += fmt.Sprintf("\n\nHere: **`%s`**, argument %d of %d.", s.Parameters[i].Label, i+1, n)
	}
	if s.Documentation.Value != "" {
		said += "\n\n" + s.Documentation.Value
	}
	return said, nil
}

var (
	marks   = regexp.MustCompile("(?m)^(```.*|---)\n|^```$|\\*\\*|`")
	escapes = regexp.MustCompile(`\\([!-/:-@\[-` + "`" + `{-~])`)
	blanks  = regexp.MustCompile(`\n{3,}`)
)

// Plain returns Markdown that gopls has written as plain text.
func Plain(markdown string) string {
	text := escapes.ReplaceAllString(marks.ReplaceAllString(markdown, ""), "$1")
	return strings.TrimSpace(blanks.ReplaceAllString(text, "\n\n"))
}
