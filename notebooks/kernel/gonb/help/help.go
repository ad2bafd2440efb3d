//go:build unix

// Package help answers what a front end asks while a cell is typed: what can stand at the cursor, and what is there. It asks
// gopls, which it shows the cell as it is, finished or not, and the declarations of earlier cells. It is a part of the mended
// GoNB: gonb/mend.py copies it there.
package help

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// patience is how long a question may take, all in all, with gopls just started on a busy machine.
const patience = 30 * time.Second

// A Cell is what is typed, and where the cursor is in it.
type Cell struct {
	Lines    []string
	Commands map[int]struct{} // the lines that are commands to the kernel, and no Go
	Line     int
	Column   int // in bytes
}

// Help holds the one gopls of a kernel, and what it is to know of earlier cells.
type Help struct {
	folder   string
	guard    func(*exec.Cmd) (release func())
	turn     chan struct{} // holds one thing while a question is answered
	server   *server
	imports  map[string]string // by name: the usual ones, and every import that a cell has ever had
	packages func() map[string]string

	mu      sync.Mutex
	earlier string   // the declarations of earlier cells, as a file of Go
	changed []string // files that gopls does not know to have changed
	stopped bool
}

// Start returns the help for cells that are built in a folder with a go.mod. It starts gopls, which guard is told of, and
// does not wait for it.
func Start(folder string, guard func(*exec.Cmd) (release func())) *Help {
	usual := map[string]string{"fmt": "fmt", "math": "math", "os": "os", "strings": "strings", "time": "time"}
	h := &Help{folder: folder, guard: guard, turn: make(chan struct{}, 1), imports: usual}
	h.packages = sync.OnceValue(func() map[string]string { return packages(folder) })
	h.Remember("package main\n")
	return h
}

// Remember tells the declarations that cells have left, as a file of Go. gopls reads what they import right away, in the
// background: the next question is then answered sooner.
func (h *Help) Remember(earlier string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.earlier != earlier && !h.stopped {
		h.earlier = earlier
		go func() { _, _ = h.Complete(Cell{Lines: []string{"%%", ""}, Line: 1}) }()
	}
}

// Changed tells that a file of a package has changed that cells may import.
func (h *Help) Changed(file string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changed = append(h.changed, file)
}

// Stop ends gopls.
func (h *Help) Stop() {
	h.mu.Lock()
	h.stopped = true
	h.mu.Unlock()
	h.turn <- struct{}{}
	defer func() { <-h.turn }()
	if h.server != nil {
		h.server.end()
	}
}

// ask asks gopls about the cursor's place in a cell, within some time. params are those of the method, without file and position.
func (h *Help) ask(within time.Duration, cell Cell, method string, params map[string]any, answer any) (source, error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return source{}, ctx.Err()
	}
	h.mu.Lock()
	text, changed, stopped := h.earlier, h.changed, h.stopped
	h.changed = nil
	h.mu.Unlock()
	if stopped {
		return source{}, exec.ErrNotFound
	}
	if h.server != nil && (h.server.ended() || h.server.large()) {
		h.server.end()
		h.server = nil
	}
	if h.server == nil {
		var err error
		if h.server, err = startServer(ctx, h.folder, h.guard); err != nil {
			return source{}, err
		}
	}
	typed, before := h.sources(cell, text)
	if err := h.server.show(ctx, map[string]string{"main.go": typed.text, "earlier.go": before}, changed); err != nil {
		return typed, err
	}
	params["textDocument"] = map[string]any{"uri": h.server.uri("main.go")}
	params["position"] = position{typed.header + cell.Line, len(utf16.Encode([]rune(cell.before())))}
	return typed, h.server.call(ctx, method, params, answer)
}

// before returns what the cursor's line holds before it.
func (c Cell) before() string {
	if c.Line >= len(c.Lines) {
		return ""
	}
	return c.Lines[c.Line][:min(c.Column, len(c.Lines[c.Line]))]
}

// word returns the name that the cursor is on, or just behind, and the column where it begins.
func (c Cell) word() (string, int) {
	isName := func(r rune) bool {
		return r == '_' || r >= utf8.RuneSelf || 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9'
	}
	before := c.before()
	begin := strings.LastIndexFunc(before, func(r rune) bool { return !isName(r) })
	if begin >= 0 {
		_, size := utf8.DecodeRuneInString(before[begin:])
		begin += size - 1
	}
	begin++
	if c.Line >= len(c.Lines) {
		return "", begin
	}
	rest := c.Lines[c.Line][begin:]
	if end := strings.IndexFunc(rest, func(r rune) bool { return !isName(r) }); end >= 0 {
		rest = rest[:end]
	}
	return rest, begin
}
