package stdin

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// reads returns whether a process reads its standard input, or another one reads the same.
func reads(pid int) bool {
	pipe, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/0", pid))
	if err != nil {
		return false // it has ended
	}
	proc, err := os.Open("/proc")
	if err != nil {
		return true
	}
	defer proc.Close()
	processes, _ := proc.Readdirnames(-1)
	for _, process := range processes {
		if input, err := os.Readlink("/proc/" + process + "/fd/0"); err == nil && input == pipe && inRead(process) {
			return true
		}
	}
	return false
}

// inRead returns whether a thread of the process is in the system call read(0, …), or the system keeps that to itself.
func inRead(process string) bool {
	read := fmt.Sprintf("%d 0x0 ", syscall.SYS_READ)
	calls, _ := filepath.Glob("/proc/" + process + "/task/*/syscall")
	for _, call := range calls {
		said, err := os.ReadFile(call)
		if os.IsPermission(err) || strings.HasPrefix(string(said), read) {
			return true
		}
	}
	return len(calls) == 0
}
