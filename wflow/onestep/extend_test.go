package onestep

import (
	"bytes"
	"encoding/json"
	"log"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/internal/resume"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// TestExtend: a finished run of falling rate and R goes on when asked for, by the schedules of the longer run. The checkpoint then
// belongs to the longer run, and records each change. What is no change leaves the bytes of a run as they are.
func TestExtend(t *testing.T) {
	b := goBackend(t)
	run := endless()
	run.Rate.Decay, run.R = true, []Annealing{{0.2, 0.05}}
	run.Checkpoint = filepath.Join(t.TempDir(), "run")
	want := trained(t, b, run)
	run.Extend = true
	if !bytes.Equal(want, trained(t, b, run)) {
		t.Error("extended by nothing, the run has other bytes")
	}
	done := run.Steps
	run.Steps, run.Rate.Peak = done+6, run.Rate.Peak/2
	run.Report = func(p Progress) {
		if step := p.Step - 1; step < done {
			t.Errorf("step %d is done again", p.Step)
		} else if rate, r := run.Rate.At(step, run.Steps), run.R[0].At(step, run.Steps); p.Rate != rate || p.R[0] != r {
			t.Errorf("step %d: rate %v and R %v, want %v and %v", p.Step, p.Rate, p.R[0], rate, r)
		}
	}
	trained(t, b, run)
	run.Report, run.Steps = nil, done+8
	trained(t, b, run)
	run.Extend = false
	trained(t, b, run)

	f, err := safetensors.ReadFile(run.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	var changes []resume.Change
	if err := json.Unmarshal([]byte(f.Meta[changesKey]), &changes); err != nil {
		t.Fatal(err)
	}
	if len(changes) != 3 || changes[0].Setting != "Rate" || changes[1].Setting != "Steps" || changes[1].Step != done || changes[2].Step != done+6 {
		t.Errorf("changes %+v, want those of Rate and Steps after step %d, and of Steps after step %d", changes, done, done+6)
	}
	run.Rate.Peak *= 2
	refused(t, b, run, "Rate is", "ask to extend the training")
	run.Rate.Peak /= 2
	run.WeightDecay, run.Extend = 0.5, true
	refused(t, b, run, "WeightDecay is")
}

// TestShort: a run that is short against the memory of its average says so at its start, and one that is long does not.
func TestShort(t *testing.T) {
	var said bytes.Buffer
	before := log.Writer()
	log.SetOutput(&said)
	defer log.SetOutput(before)
	run := endless()
	run.Average = 0.5
	trained(t, goBackend(t), run)
	if said.Len() > 0 || run.Warnings() != nil {
		t.Errorf("%q, want nothing", said.String())
	}
	run.Average = 0.9
	trained(t, goBackend(t), run)
	if want := "looks back 10 steps, and the training has 11"; !strings.Contains(said.String(), want) || len(run.Warnings()) != 1 {
		t.Errorf("%q, want %q", said.String(), want)
	}
}
