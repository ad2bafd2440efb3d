package cell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// training plays the cell of two trainings that count: the state of each is its step, in its checkpoint, and what it makes is
// kept under its name. It is interrupted after a step of one of them, unless that is 0.
func training(t *testing.T, steps, interrupted int, of string) (said string) {
	t.Helper()
	as(t, "train()", "*steps", fmt.Sprint("const ", steps), "*rate", "const "+os.Getenv("RATE"))
	return printed(t, func() {
		for k, run := range Runs(steps, "05/one", "05/two") {
			err := count(run, interrupted, of)
			if run.End(err) {
				Keep([]string{"05/one", "05/two"}[k], number(float64(run.Step)))
			}
		}
	})
}

func count(run *Run, interrupted int, of string) error {
	step := 0
	if state, err := os.ReadFile(run.Checkpoint); err == nil {
		fmt.Sscan(string(state), &step)
	}
	begun := step
	save := func() error { return os.WriteFile(run.Checkpoint, []byte(fmt.Sprint(step)), 0o600) }
	for step < run.Steps {
		if run.Context.Err() != nil {
			err := fmt.Errorf("stopped: %w", context.Canceled)
			if step > begun {
				err = errors.Join(err, save())
			}
			return err
		}
		step++
		run.Set(step, "", float64(step*step))
		if step == interrupted && strings.HasSuffix(run.Checkpoint, of+".checkpoint") {
			interrupt(run.Context)
		}
	}
	return save()
}

// interrupt does what the reader does, and waits until it has arrived.
func interrupt(ctx context.Context) {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Signal(os.Interrupt)
	}
	if err != nil {
		panic(err)
	}
	<-ctx.Done()
}

// now plays a later cell: how far the trainings are, what was kept of them, and what is said of it.
func now(t *testing.T, name string) (step int, kept float64, record []float64, said string) {
	t.Helper()
	as(t, "figure("+name+")", "steps", "const 20", "rate", "const "+os.Getenv("RATE"))
	said = printed(t, func() {
		step, kept = Reached("05/"+name), Kept("05/"+name).At(0, 0)
		if step > 0 {
			a := Kept("05/" + name + " record")
			for i := range a.RawMatrix().Rows {
				record = append(record, a.At(i, 0))
			}
		}
		AtMost("gap", 1, 2)
	})
	return step, kept, record, said
}

func squares(n int) (s []float64) {
	for i := 1; i <= n; i++ {
		s = append(s, float64(i*i))
	}
	return s
}

func is(t *testing.T, name string, steps int, words ...string) {
	t.Helper()
	step, kept, record, said := now(t, name)
	if step != steps || kept != float64(steps) || !slices.Equal(record, squares(steps)) {
		t.Errorf("%s is at %d with %v kept and the record %v, want %d", name, step, kept, record, steps)
	}
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("%s: it says %q, want %q in it", name, said, w)
		}
	}
	if whole := len(words) == 0; whole && said != "✓ gap: 1 ≤ 2\n" {
		t.Errorf("%s: it says %q, want nothing but the check", name, said)
	}
}

func begins(t *testing.T) {
	fresh(t)
	t.Setenv("RATE", "0.1")
}

func wants(t *testing.T, said string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Errorf("it says %q, want %q in it", said, w)
		}
	}
}

// TestInterrupted: what an interrupted training has made is kept, and says of which step it is. The one after it leaves what it
// starts from. The cell goes on from there, to what it would have been in one go, and then nothing is left of the interrupt.
func TestInterrupted(t *testing.T) {
	begins(t)
	wants(t, training(t, 20, 13, "one"), "The training of one was interrupted after step 13 of 20.", "To go on from there, run this cell again.",
		"The training of two has not begun. The cells below show what it starts from.")
	unfinished := "one is that of step 13 of 20, where its training was interrupted. To go on, run again the cell that begins “train()”."
	is(t, "one", 13, unfinished, "✓ gap: 1 ≤ 2 (one is that of step 13 of 20)")
	is(t, "two", 0, "two is that of step 0 of 20")
	wants(t, training(t, 20, 5, "two"), "The training of one goes on after step 13 of 20.", "The training of two was interrupted after step 5 of 20.")
	is(t, "one", 20)
	is(t, "two", 5, "two is that of step 5 of 20")
	wants(t, training(t, 20, 0, ""), "The training of one is done already.", "The training of two goes on after step 5 of 20.")
	is(t, "one", 20)
	is(t, "two", 20)
	for _, left := range []string{"05/one.checkpoint", "05/one so far.npy", "05/two.checkpoint", "05/two so far.npy"} {
		if _, err := os.Stat(Cache(left)); !os.IsNotExist(err) {
			t.Errorf("%s is left (%v), want it gone", left, err)
		}
	}
	if said := training(t, 20, 0, ""); said != "" {
		t.Errorf("run again, it says %q, want nothing: it begins anew", said)
	}
}

// TestInterruptedAgain: an interrupt of a cell that had ended well before leaves alone what it has not reached.
func TestInterruptedAgain(t *testing.T) {
	begins(t)
	training(t, 20, 0, "")
	wants(t, training(t, 20, 3, "one"), "interrupted after step 3 of 20", "What is kept of two stays as it was, at step 20 of 20.")
	is(t, "one", 3, "one is that of step 3 of 20")
	is(t, "two", 20)
}

// TestInterruptedAndChanged: with another number, or other statements, the training begins anew and says so.
func TestInterruptedAndChanged(t *testing.T) {
	begins(t)
	training(t, 20, 13, "one")
	t.Setenv("RATE", "0.2")
	as(t, "figure()", "rate", "const 0.2")
	says(t, func() { Kept("05/one") }, "rate was 0.1 and is 0.2. Run again the cell that begins “train()”")
	wants(t, training(t, 20, 4, "one"), "The training of one begins anew: rate was 0.1 and is 0.2.", "interrupted after step 4 of 20")
	is(t, "one", 4, "step 4 of 20")
	as(t, "train(); other()", "*steps", "const 20", "*rate", "const 0.2")
	said := printed(t, func() {
		for _, run := range Runs(20, "05/one", "05/two") {
			run.End(count(run, 0, ""))
		}
	})
	wants(t, said, "The training of one begins anew: its cell has changed.")
}

// TestKilled: a training that was killed goes on from its last checkpoint, with the record of the steps until then, even if the
// record had got further.
func TestKilled(t *testing.T) {
	begins(t)
	as(t, "train()", "*steps", "const 20", "*rate", "const 0.1")
	func() {
		defer func() { _ = recover() }()
		for _, run := range Runs(20, "05/one", "05/two") {
			for step := 1; step <= 12; step++ {
				run.Set(step, "", float64(step*step))
				if step%run.Every == 0 && step < 12 {
					if err := os.WriteFile(run.Checkpoint, []byte(fmt.Sprint(step)), 0o600); err != nil {
						t.Error(err)
					}
				}
			}
			panic("killed")
		}
	}()
	wants(t, training(t, 20, 0, ""), "The training of one goes on after")
	is(t, "one", 20)
}

// TestFailed: another error than that of an interrupt is a panic with its words.
func TestFailed(t *testing.T) {
	begins(t)
	for _, run := range Runs(20, "05/one") {
		says(t, func() { run.End(errors.New("the loss of step 3 is NaN")) }, "cell: training 05/one: the loss of step 3 is NaN")
	}
}
