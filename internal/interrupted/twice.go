// Package interrupted holds what tests of trainings share: that the second interrupt ends the program.
package interrupted

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"testing"
	"time"
)

const child = "WFLOW_INTERRUPTED_CHILD"

// Twice is a whole test: the first interrupt of a training lets the step at hand end; the second ends the program, even if that step
// never does. It runs the test again in a child, where train gets the function that the training shall call in its first step:
// the child interrupts itself there until it ends.
func Twice(t *testing.T, train func(report func())) {
	if runtime.GOOS == "windows" || signal.Ignored(os.Interrupt) {
		t.Skip("no program can interrupt itself on Windows, nor where interrupts are ignored")
	}
	if os.Getenv(child) == "" {
		c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		c.Env = append(os.Environ(), child+"=1")
		out, err := c.CombinedOutput()
		if err == nil || !strings.Contains(err.Error(), "signal: interrupt") || strings.Contains(string(out), "went on") {
			t.Errorf("%v, want that an interrupt ends the program: %s", err, out)
		}
		return
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	train(func() {
		for range 10_000 { // the second comes when the first has been heard
			if err := self.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond) // a flood overflows the runtime's stack for signals where registers are wide
		}
		fmt.Println("went on")
	})
}
