//go:build unix

package help

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf16"
)

// Completions are what can stand at the cursor: in place of so many characters before it and after it.
type Completions struct {
	Items         []Item
	Before, After int
}

// An Item is one thing that can stand there. Kind is function, method, field, variable and so on; Signature is its type.
type Item struct{ Text, Kind, Signature string }

// kinds are gopls's numbers, from the Language Server Protocol, in words that front ends know.
var kinds = map[int]string{
	2: "method", 3: "function", 5: "field", 6: "variable", 7: "class", 8: "interface", 9: "module", 14: "keyword", 21: "constant", 22: "struct",
}

// tests are names that only tests use: packages that hold them, and functions that go test runs.
var tests = regexp.MustCompile(`_test$|^(Test|Benchmark|Example|Fuzz)([^a-z]|$)`)

// Complete returns what can stand at the cursor, the likeliest first.
func (h *Help) Complete(cell Cell) (Completions, error) { return h.complete(patience, cell) }

func (h *Help) complete(within time.Duration, cell Cell) (Completions, error) {
	var answer struct {
		Items []struct {
			Kind     int
			Detail   string
			TextEdit struct {
				NewText string
				Range   struct{ Start, End position }
			}
		}
	}
	typed, err := h.ask(within, cell, "textDocument/completion", map[string]any{"context": map[string]any{"triggerKind": 1}}, &answer)
	if err != nil || len(answer.Items) == 0 {
		return Completions{}, err
	}
	word, begin := cell.word()
	before := len([]rune(cell.Lines[cell.Line][begin:min(cell.Column, begin+len(word))]))
	found := Completions{Before: before, After: len([]rune(word)) - before}
	wanted := position{typed.header + cell.Line, len(utf16.Encode([]rune(cell.Lines[cell.Line][:begin])))}
	seen := map[string]bool{}
	for _, item := range answer.Items {
		text := strings.TrimSuffix(item.TextEdit.NewText, "()")
		if item.TextEdit.Range.Start != wanted || seen[text] || text == "" || text == "_" || text == "main" {
			continue
		}
		kind := kinds[item.Kind]
		if (kind == "module" || kind == "function") && tests.MatchString(text) {
			continue
		}
		seen[text] = true
		found.Items = append(found.Items, Item{text, kind, item.Detail})
	}
	return found, nil
}

// Names returns every name that could stand in place of the one at the cursor, or none if gopls takes its time.
func (h *Help) Names(cell Cell) []string {
	_, cell.Column = cell.word()
	found, _ := h.complete(5*time.Second, cell)
	var names []string
	for _, item := range found.Items {
		if item.Kind != "keyword" {
			names = append(names, item.Text)
		}
	}
	return names
}
