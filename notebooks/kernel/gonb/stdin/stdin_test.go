package stdin

import (
	"io"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

func TestNamed(t *testing.T) {
	for source, want := range map[string]bool{
		"fmt.Scanln(&n)":                   true,
		"fmt.Scan(&n)":                     true,
		`fmt.Scanf("%d", &n)`:              true,
		"bufio.NewScanner(os.Stdin)":       true,
		"fmt.Sscan(text, &n)":              false,
		"fmt.Fscan(file, &n)":              false,
		"os.Stdout.WriteString(os.Stdino)": false,
		"":                                 false,
	} {
		if got := Named(source); got != want {
			t.Errorf("%s: %v, want %v", source, got, want)
		}
	}
}

func start(t *testing.T, script string) (*exec.Cmd, io.Writer, io.Reader) {
	t.Helper()
	program := exec.Command("/bin/sh", "-c", script)
	in, err := program.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = program.Process.Kill()
		_ = in.Close()
		_ = program.Wait()
	})
	return program, in, out
}

func TestWaits(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	for _, script := range []string{
		"echo; read a; echo; read b; echo; read c",
		"echo; head -n 1; echo; head -n 1; echo; head -n 1; true", // a program that this one starts
	} {
		program, in, out := start(t, script)
		for range 3 {
			for !Waits(program.Process.Pid) {
				time.Sleep(time.Millisecond)
			}
			if _, err := io.WriteString(in, "typed\n"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := io.ReadAll(out); err != nil {
			t.Fatal(err)
		}
	}
	for _, script := range []string{
		"echo; exec sleep 300",
		"echo; (sleep 300 & echo) | cat", // cat reads another pipe
	} {
		program, _, out := start(t, script)
		if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if Waits(program.Process.Pid) {
			t.Errorf("%s: waits, want none", script)
		}
	}
}
