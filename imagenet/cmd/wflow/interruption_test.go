package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// trigger does something when a text is written to it.
type trigger struct {
	at   string
	do   func()
	said bytes.Buffer
}

// Write implements io.Writer.
func (w *trigger) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(w.at)) {
		w.do()
	}
	return w.said.Write(b)
}

// interruptedAt runs a command line that is interrupted when it says something, after something else is done.
func interruptedAt(t *testing.T, at string, first func(), arguments ...string) (said string, code int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := &trigger{at: at, do: func() { first(); cancel() }}
	code = run(ctx, arguments, &bytes.Buffer{}, screen{Writer: w, now: newClock().now})
	return w.said.String(), code
}

// TestTrainKept: a training that is interrupted says which step is kept, unless that could not be saved. Then it says why.
func TestTrainKept(t *testing.T) {
	t.Setenv(engine.PluginVariable, "") // XLA compiles for seconds each time
	configuration := smallTraining(t, nil)
	for _, full := range []bool{false, true} {
		if full && runtime.GOOS == "windows" {
			continue // there a folder with an open file cannot be moved
		}
		run := filepath.Join(t.TempDir(), "run")
		said, code := interruptedAt(t, "1 of 6 steps:", func() {
			if !full {
				return
			}
			if err := os.Rename(filepath.Join(run, checkpointsFolder), filepath.Join(run, "away")); err != nil {
				t.Error(err)
			}
		}, "train", configuration, run)
		want := "wflow: step 1 is kept, and the same command goes on from there\nwflow: interrupted\n"
		if full {
			want = "wflow: train: checkpoint of step 1: "
		}
		if code != interrupted || !strings.Contains(said, want) || full && strings.Contains(said, "kept") || !strings.HasSuffix(said, "\nwflow: interrupted\n") {
			t.Errorf("no room: %v: exit code %d: %s, want %q", full, code, said, want)
		}
		if _, progress, code := wflow(t.Context(), "train", configuration, run); !full && (code != 0 || !strings.Contains(progress, "1 of 6 steps done")) {
			t.Errorf("started again: exit code %d: %s", code, progress)
		}
	}
}

// TestEncoderKept: so does the training of an encoder.
func TestEncoderKept(t *testing.T) {
	t.Setenv(engine.PluginVariable, "") // XLA compiles for seconds each time
	p, err := preset.Named("mae/mnist")
	if err != nil {
		t.Fatal(err)
	}
	m := p.MAE
	m.Model.Width, m.Model.Layers, m.Data.Batch, m.Logging.Every, m.Train.SaveEvery = 40, []int{1, 1, 1, 1}, 1, 1, 3
	m.Train.Steps, m.Optimizer.Rate.Steps, m.Optimizer.Rate.WarmUp, m.Train.FineTune, m.Train.FineTuneWarmUp = 3, 3, 1, 1, 0
	configuration := written(t, p)
	for _, full := range []bool{false, true} {
		run := filepath.Join(t.TempDir(), "run")
		said, code := interruptedAt(t, "1 of 3 steps:", func() {
			if !full {
				return
			}
			if err := os.MkdirAll(filepath.Join(run, "training.safetensors", "in the way"), 0o755); err != nil {
				t.Error(err)
			}
		}, "encoder", "train", configuration, run)
		want := "wflow: step 1 is kept, and the same command goes on from there\nwflow: interrupted\n"
		if full {
			want = "training.safetensors"
		}
		if code != interrupted || !strings.Contains(said, want) || full && strings.Contains(said, "kept") || !strings.HasSuffix(said, "\nwflow: interrupted\n") {
			t.Errorf("no room: %v: exit code %d: %s, want %q", full, code, said, want)
		}
		told, err := readLines[reconstruction](filepath.Join(run, metricsFile))
		if err != nil || !full && (len(told) != 1 || told[0].Step != 1) {
			t.Errorf("%+v, error %v, want the line of the step that is kept", told, err)
		}
	}
}

// What stands beside an interruption is told, and what it led to is not.
func TestAsides(t *testing.T) {
	full := errors.New("the disk is full")
	stopped := fmt.Errorf("stopped after step 3 of 6: %w", context.Canceled)
	for _, c := range []struct {
		err  error
		want []error
	}{
		{nil, nil},
		{full, nil}, // it may be what an interruption has led to
		{context.Canceled, nil},
		{fmt.Errorf("mae: %w", stopped), nil},
		{fmt.Errorf("mae: %w", errors.Join(stopped, full)), []error{full}},
		{errors.Join(fmt.Errorf("train: %w", stopped), nil), nil},
		{errors.Join(errors.Join(stopped, full), fmt.Errorf("a: %w: %w", full, full)), []error{full, fmt.Errorf("a: %w: %w", full, full)}},
	} {
		if got := asides(c.err); !slices.EqualFunc(got, c.want, func(a, b error) bool { return a.Error() == b.Error() }) {
			t.Errorf("%v: %v, want %v", c.err, got, c.want)
		}
	}
}
