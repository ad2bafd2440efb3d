package onestep

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

const childInterrupted = "WFLOW_ONESTEP_INTERRUPTED"

// TestInterruptedTwice: the first interrupt lets the step at hand end; the second ends the program, even if that step never does. A
// child interrupts itself until it ends.
func TestInterruptedTwice(t *testing.T) {
	if runtime.GOOS == "windows" || signal.Ignored(os.Interrupt) {
		t.Skip("no program can interrupt itself on Windows, nor where interrupts are ignored")
	}
	if os.Getenv(childInterrupted) == "" {
		c := exec.Command(os.Args[0], "-test.run=^TestInterruptedTwice$")
		c.Env = append(os.Environ(), childInterrupted+"=1")
		out, err := c.CombinedOutput()
		if err == nil || !strings.Contains(err.Error(), "signal: interrupt") || strings.Contains(string(out), "went on") {
			t.Errorf("%v, want that an interrupt ends the program: %s", err, out)
		}
		return
	}
	run := small()
	run.Report = func(Progress) {
		for range 10_000 { // the second comes when the first has been heard
			interrupt(t)
			time.Sleep(time.Millisecond) // a flood overflows the runtime's stack for signals where registers are wide
		}
		fmt.Println("went on")
	}
	Train(t.Context(), goBackend(t), run)
}
