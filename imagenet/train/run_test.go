package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

func tinyDiT(tr *Training) dit.Config { return tr.Generator.(dit.Config) }

// whole trains without interruption.
func whole(t *testing.T, tr Training) map[string][]float32 {
	t.Helper()
	trained, err := tr.Run(t.Context(), pureGo(t))
	if err != nil {
		t.Fatal(err)
	}
	return trained
}

func checkpointSteps(t *testing.T, folder string) (steps []int) {
	t.Helper()
	list, err := Checkpoints(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		steps = append(steps, c.Step)
	}
	return steps
}

// TestGoesOn: a training that is interrupted after any of its steps ends with the bytes of one in one go, and so does its file.
func TestGoesOn(t *testing.T) {
	want := whole(t, small())
	for at := 1; at < small().Steps; at += 2 {
		tr := small()
		tr.Folder = filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithCancel(t.Context())
		tr.Report = func(p Progress) {
			if p.Step == at {
				cancel()
			}
		}
		so, err := tr.Run(ctx, pureGo(t))
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), fmt.Sprintf("stopped after step %d of 10", at)) || so == nil {
			t.Fatalf("interrupted after step %d: %v", at, err)
		}
		if steps := checkpointSteps(t, tr.Folder); len(steps) == 0 || steps[len(steps)-1] != at {
			t.Errorf("interrupted after step %d: checkpoints of steps %v, want one of this step", at, steps)
		}
		tr.Report = nil
		got, err := tr.Run(t.Context(), pureGo(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := equal(want, got); err != nil {
			t.Errorf("interrupted after step %d: %v", at, err)
		}
		list, err := Checkpoints(tr.Folder)
		if err != nil || len(list) == 0 {
			t.Fatal(err)
		}
		f, err := safetensors.ReadFile(list[len(list)-1].Generator())
		if err != nil {
			t.Fatal(err)
		}
		saved := map[string][]float32{}
		for name, tensor := range f.Tensors {
			saved[name] = tensor.Data.([]float32)
		}
		if err := equal(want, saved); err != nil {
			t.Errorf("interrupted after step %d: its file: %v", at, err)
		}
	}
}

// TestGoesOnDevices: on two devices, too, a training that was interrupted ends with the bytes of one in one go.
func TestGoesOnDevices(t *testing.T) {
	backend := several(t, 2)
	tr := small()
	tr.Devices, tr.Chunk = 2, 4
	run := func() map[string][]float32 {
		trained, err := tr.Run(t.Context(), backend)
		if err != nil {
			t.Fatal(err)
		}
		return trained
	}
	want := run()
	tr.Folder = filepath.Join(t.TempDir(), "run")
	told(t, backend, tr, 4)
	if err := equal(want, run()); err != nil {
		t.Error(err)
	}
}

// TestKept: the last two checkpoints stay, and those of every sixth step.
func TestKept(t *testing.T) {
	tr := small()
	tr.Folder, tr.Steps, tr.SaveEvery = filepath.Join(t.TempDir(), "run"), 11, 2
	whole(t, tr)
	if got, want := checkpointSteps(t, tr.Folder), []int{6, 10, 11}; !slices.Equal(got, want) {
		t.Errorf("checkpoints of steps %v, want %v", got, want)
	}
	entries, err := os.ReadDir(tr.Folder)
	if err != nil || len(entries) != 4 { // and the lock
		t.Errorf("%v in the folder, error %v", entries, err)
	}
}

// TestAlone: a second training in the folder of one that runs is refused, and the first goes on to its end.
func TestAlone(t *testing.T) {
	tr := small()
	tr.Folder, tr.SaveEvery = filepath.Join(t.TempDir(), "run"), 1
	second := tr
	tr.Report = func(p Progress) {
		if p.Step != 3 {
			return
		}
		if _, err := second.Run(t.Context(), pureGo(t)); err == nil || !strings.Contains(err.Error(), "in use by another process") {
			t.Errorf("the second training: %v", err)
		}
	}
	if err := equal(whole(t, small()), whole(t, tr)); err != nil {
		t.Error(err)
	}
}

// TestBegin: a training says how far it is before its first step, and not when it is refused.
func TestBegin(t *testing.T) {
	tr := small()
	tr.Folder, tr.Steps = filepath.Join(t.TempDir(), "run"), 4
	var begun []int
	tr.Begin = func(done int) error { begun = append(begun, done); return nil }
	whole(t, tr)
	whole(t, tr)
	other := tr
	other.Seed++
	if _, err := other.Run(t.Context(), pureGo(t)); err == nil || !slices.Equal(begun, []int{0, 4}) {
		t.Errorf("begun %v, error %v, want 0 and 4 steps done, and the third training refused", begun, err)
	}
	full := errors.New("the disk is full")
	tr.Begin = func(int) error { return full }
	if _, err := tr.Run(t.Context(), pureGo(t)); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
}

// TestExtended: more steps, another rate and another policy go on when asked for, and the manifest says so. Whatever else differs is
// refused by name, and so are changes that were not asked for; nothing changes on the disk then.
func TestExtended(t *testing.T) {
	tr := small()
	tr.Folder, tr.Steps = filepath.Join(t.TempDir(), "run"), 4
	whole(t, tr)
	before := checkpointSteps(t, tr.Folder)
	for want, change := range map[string]func(tr *Training){
		"Steps is 4 there, and 7 now. Set it back, ask to extend": func(tr *Training) { tr.Steps = 7 },
		"Rate is":   func(tr *Training) { tr.Rate.Peak = 1 },
		"Seed is 5": func(tr *Training) { tr.Seed, tr.Extend = 6, true },
		"Generator": func(tr *Training) { g := tinyDiT(tr); g.Depth = 2; tr.Generator, tr.Extend = g, true },
		"Samples":   func(tr *Training) { tr.Data, tr.Extend = blobs{51}, true },
		"it has done 4 steps already, and Steps is 3": func(tr *Training) { tr.Steps, tr.Extend = 3, true },
	} {
		other := tr
		change(&other)
		if _, err := other.Run(t.Context(), pureGo(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if got := checkpointSteps(t, tr.Folder); !slices.Equal(got, before) {
		t.Errorf("refused trainings left checkpoints of steps %v, want %v", got, before)
	}
	tr.Steps, tr.Rate.Peak, tr.Extend = 7, 5e-3, true
	whole(t, tr)
	text, err := os.ReadFile(filepath.Join(tr.Folder, "step-00000007", manifestFile))
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Changes) != 2 || m.Changes[0].Setting != "Rate" || m.Changes[1].Setting != "Steps" || string(m.Changes[1].To) != "7" || m.Changes[1].Step != 4 {
		t.Errorf("changes %+v, want those of Rate and Steps after step 4", m.Changes)
	}
}

// TestSameExtended: where nothing depends on the number of steps, a training that is extended is one that was long from the start.
func TestSameExtended(t *testing.T) {
	long := small()
	long.R[0].To = long.R[0].From
	short := long
	short.Folder, short.Steps = filepath.Join(t.TempDir(), "run"), 4
	whole(t, short)
	short.Steps, short.Extend = long.Steps, true
	if err := equal(whole(t, long), whole(t, short)); err != nil {
		t.Error(err)
	}
}

// TestDamaged: a file of a checkpoint that has changed is named, and stays as it is.
func TestDamaged(t *testing.T) {
	for _, name := range []string{generatorFile, trainingFile, manifestFile} {
		tr := small()
		tr.Folder, tr.Steps = filepath.Join(t.TempDir(), "run"), 3
		whole(t, tr)
		path := filepath.Join(tr.Folder, "step-00000003", name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)/2] ^= 1
		if name == manifestFile {
			text = text[:len(text)/2]
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := tr.Run(t.Context(), pureGo(t)); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "step-00000003: it is damaged") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// broken is blobs with an image that cannot be read, or that holds NaN.
type broken struct {
	blobs
	err error
}

func (b broken) Read(i int, u float64, image []float32) error {
	if err := b.blobs.Read(i, u, image); err != nil || i != 17 {
		return err
	}
	return b.err
}

// same is a data set whose images are all the same.
type same struct{ blobs }

func (s same) Read(_ int, _ float64, image []float32) error {
	clear(image)
	return nil
}

// TestBadData: a bad image stops the training, names it, and leaves the last checkpoint.
func TestBadData(t *testing.T) {
	tr := small()
	tr.Folder, tr.SaveEvery, tr.Data = filepath.Join(t.TempDir(), "run"), 1, broken{blobs{50}, errors.New("row 17 holds NaN")}
	_, err := tr.Run(t.Context(), pureGo(t))
	if err == nil || !strings.Contains(err.Error(), "image 17: row 17 holds NaN") || !strings.Contains(err.Error(), "step ") {
		t.Errorf("%v, want the image and the step", err)
	}
	tr.Data, tr.Folder = same{blobs{50}}, ""
	if _, err := tr.Run(t.Context(), pureGo(t)); err == nil || !strings.Contains(err.Error(), "feature global is the same for all images") {
		t.Errorf("%v, want the feature that is the same for all images", err)
	}
}

func TestWarnings(t *testing.T) {
	tr := small()
	if list := tr.Warnings(); len(list) != 1 || !strings.Contains(list[0], "looks back 10 steps, and the training has 10") {
		t.Errorf("%q, want that the average is too long", list)
	}
	tr.Steps = 50
	if list := tr.Warnings(); list != nil {
		t.Errorf("%q, want none", list)
	}
	g := tinyDiT(&tr)
	g.Classes = 9
	tr.Generator = g
	if list := tr.Warnings(); len(list) != 1 || !strings.Contains(list[0], "no image of 5 of the 9 classes, such as 4") {
		t.Errorf("%q, want the classes without images", list)
	}
}
