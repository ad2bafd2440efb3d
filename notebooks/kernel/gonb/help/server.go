//go:build unix

package help

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/uri"
)

// What bounds gopls's memory: what its collector tries to keep, and the size in bytes at which another one takes its place.
const (
	aim  = "400MiB"
	most = 800 << 20
)

// options are gopls's settings: it looks at cells only when it is asked, and lists what one can type, not what could follow.
var options = map[string]any{
	"diagnosticsTrigger":             "Save",
	"deepCompletion":                 false,
	"experimentalPostfixCompletions": false,
	"completeFunctionCalls":          false,
	"linksInHover":                   false,
	"hoverKind":                      "FullDocumentation",
}

// position is a place in a file, from 0, in UTF-16 units, as the Language Server Protocol counts.
type position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

// server is a gopls that runs.
type server struct {
	folder   string
	program  *exec.Cmd
	conn     jsonrpc2.Conn
	begun    time.Time
	texts    map[string]string // of each file that it has been shown
	versions map[string]int
	stamps   map[string]time.Time // of each file on disk that it has been told of
}

// pipes is gopls's input and output as one.
type pipes struct {
	io.ReadCloser
	io.WriteCloser
}

func (p pipes) Close() error {
	_ = p.WriteCloser.Close()
	return p.ReadCloser.Close()
}

func startServer(ctx context.Context, folder string, guard func(*exec.Cmd) (release func())) (*server, error) {
	program := exec.Command("gopls", "serve")
	program.Dir = folder
	program.Env = append(os.Environ(), "GOMEMLIMIT="+aim)
	program.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := program.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := program.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := program.Start(); err != nil {
		return nil, err
	}
	_ = syscall.Setpriority(syscall.PRIO_PGRP, program.Process.Pid, 5) // cells go first
	release := guard(program)
	s := &server{folder: folder, program: program, begun: time.Now(), texts: map[string]string{}, versions: map[string]int{}, stamps: map[string]time.Time{}}
	s.conn = jsonrpc2.NewConn(jsonrpc2.NewStream(pipes{out, in}))
	s.conn.Go(context.Background(), func(ctx context.Context, reply jsonrpc2.Replier, _ jsonrpc2.Request) error {
		return reply(ctx, nil, nil)
	})
	go func() {
		<-s.conn.Done()
		_ = syscall.Kill(-program.Process.Pid, syscall.SIGKILL)
		_ = program.Wait()
		release()
	}()
	markdown := []string{"markdown"}
	err = s.call(ctx, "initialize", map[string]any{
		"processId":             os.Getpid(),
		"rootUri":               uri.File(folder),
		"workspaceFolders":      []any{map[string]any{"uri": uri.File(folder), "name": filepath.Base(folder)}},
		"initializationOptions": options,
		"capabilities": map[string]any{"textDocument": map[string]any{
			"hover":         map[string]any{"contentFormat": markdown},
			"signatureHelp": map[string]any{"signatureInformation": map[string]any{"documentationFormat": markdown}},
		}},
	}, nil)
	if err == nil {
		err = s.conn.Notify(ctx, "initialized", map[string]any{})
	}
	if err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

func (s *server) call(ctx context.Context, method string, params, answer any) error {
	_, err := s.conn.Call(ctx, method, params, answer)
	return err
}

func (s *server) uri(name string) uri.URI { return uri.File(filepath.Join(s.folder, name)) }

// show tells what files of the folder hold, which need not be on disk, and which others have changed there.
func (s *server) show(ctx context.Context, texts map[string]string, changed []string) error {
	var events []any
	for _, file := range append(changed, filepath.Join(s.folder, "go.mod"), filepath.Join(s.folder, "go.sum")) {
		state, err := os.Stat(file)
		if err == nil && state.ModTime().After(s.begun) && state.ModTime() != s.stamps[file] {
			s.stamps[file] = state.ModTime()
			events = append(events, map[string]any{"uri": uri.File(file), "type": 2})
		}
	}
	if len(events) > 0 {
		if err := s.conn.Notify(ctx, "workspace/didChangeWatchedFiles", map[string]any{"changes": events}); err != nil {
			return err
		}
	}
	for name, text := range texts {
		old, shown := s.texts[name]
		if shown && old == text {
			continue
		}
		s.texts[name] = text
		s.versions[name]++
		document := map[string]any{"uri": s.uri(name), "version": s.versions[name]}
		method, params := "textDocument/didChange", map[string]any{"textDocument": document, "contentChanges": []any{map[string]any{"text": text}}}
		if !shown {
			document["languageId"], document["text"] = "go", text
			method, params = "textDocument/didOpen", map[string]any{"textDocument": document}
		}
		if err := s.conn.Notify(ctx, method, params); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) ended() bool {
	select {
	case <-s.conn.Done():
		return true
	default:
		return false
	}
}

// large returns whether gopls holds more memory than it may.
func (s *server) large() bool {
	pid := strconv.Itoa(s.program.Process.Pid)
	if text, err := os.ReadFile("/proc/" + pid + "/statm"); err == nil {
		if fields := strings.Fields(string(text)); len(fields) > 1 {
			pages, _ := strconv.Atoi(fields[1])
			return pages*os.Getpagesize() > most
		}
	}
	text, _ := exec.Command("ps", "-o", "rss=", "-p", pid).Output()
	kilobytes, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return kilobytes<<10 > most
}

// end ends gopls, which needs no farewell.
func (s *server) end() {
	_ = s.conn.Close()
	<-s.conn.Done()
}
