//go:build unix

// Package process starts the kernel's programs so that an interrupt reaches everything they have started, and nothing of
// them outlives the kernel. It is a part of the mended GoNB: gonb/mend.py copies it there.
package process

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// Patience is how long an interrupted program may take to end before it is killed. It is also how long the output of a
// program that has ended is waited for, if a child of it still holds it.
const Patience = 5 * time.Second

// Command returns a program with a process group of its own. When ctx ends, the group is interrupted; if the program still
// runs after Patience, it is killed. A program whose ctx has ended does not start.
func Command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	program := exec.CommandContext(ctx, name, arguments...)
	program.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	program.Cancel = func() error {
		if syscall.Kill(-program.Process.Pid, syscall.SIGINT) != nil {
			return os.ErrProcessDone
		}
		return nil
	}
	program.WaitDelay = Patience
	return program
}

// CombinedOutput runs a program and returns what it prints. Of one that fails, or is interrupted, nothing is left.
func CombinedOutput(program *exec.Cmd) ([]byte, error) {
	var said bytes.Buffer
	program.Stdout, program.Stderr = &said, &said
	if err := program.Start(); err != nil {
		return nil, err
	}
	release := Guard(program)
	err := program.Wait()
	release()
	if err != nil {
		Kill(program)
	}
	return said.Bytes(), err
}

// Kill ends what is left of the group of a program that has been waited for.
func Kill(program *exec.Cmd) { _ = syscall.Kill(-program.Process.Pid, syscall.SIGKILL) }

// Guard sees to it that the group of a started program is killed if this process ends first, however it ends. Release it
// once the program has been waited for.
//
// The guard is a shell in a group of its own, at the other end of a pipe: a process that is killed closes its pipes.
func Guard(program *exec.Cmd) (release func()) {
	guard := exec.Command("/bin/sh", "-c", `read -r released || kill -s KILL -- "-$0"`, strconv.Itoa(program.Process.Pid))
	guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	line, err := guard.StdinPipe()
	if err != nil || guard.Start() != nil {
		return func() {}
	}
	return func() {
		_, _ = line.Write([]byte("released\n"))
		_ = guard.Wait()
	}
}
