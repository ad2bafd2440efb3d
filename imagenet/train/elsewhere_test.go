package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/wflowlab/wflowlab/internal/resume"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// told trains until a step is done, and returns what the steps of this call told.
func told(t *testing.T, backend compute.Backend, tr Training, until int) (list []*Measure) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tr.Report = func(p Progress) {
		list = append(list, p.Measure)
		if p.Step == until {
			cancel()
		}
	}
	if _, err := tr.Run(ctx, backend); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return list
}

// changes returns the changes that the newest manifest in a folder records: setting, from, to.
func changes(t *testing.T, folder string) (list []string) {
	t.Helper()
	checkpoints, err := Checkpoints(folder)
	if err != nil || len(checkpoints) == 0 {
		t.Fatalf("%d checkpoints, error %v", len(checkpoints), err)
	}
	m, err := readManifest(checkpoints[len(checkpoints)-1].Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range m.Changes {
		list = append(list, fmt.Sprintf("%s from %s to %s after step %d", c.Setting, c.From, c.To, c.Step))
	}
	return list
}

// rewrite changes the manifest of a checkpoint, as if another training had written it.
func rewrite(t *testing.T, checkpoint, from, to string) {
	t.Helper()
	path := filepath.Join(checkpoint, manifestFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(from)) {
		t.Fatalf("no %s in %s", from, text)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte(from), []byte(to), 1), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestGoesOnElsewhere: a training goes on from another number of devices, and with other numbers of classes and of
// images at once, to the numbers of one in one go but for rounding. Nobody has to ask for that, and the manifest says
// so.
func TestGoesOnElsewhere(t *testing.T) {
	tr := small()
	tr.Chunk = 2
	const at = 4
	want := told(t, pureGo(t), tr, tr.Steps)[at:]
	tr.Folder = filepath.Join(t.TempDir(), "run")
	told(t, pureGo(t), tr, at)
	for name, c := range map[string]struct {
		change func(tr *Training)
		want   []string
	}{
		"at once":        {func(tr *Training) { tr.Chunk = 8 }, []string{"Chunk from 2 to 8 after step 4"}},
		"image by image": {func(tr *Training) { tr.Images = 1 }, []string{"Images from 0 to 1 after step 4"}},
		"recomputed": {func(tr *Training) { g := tinyDiT(tr); g.Recompute = true; tr.Generator = g },
			[]string{"Recompute of Generator from false to true after step 4"}},
		"from two devices": {func(tr *Training) {
			rewrite(t, filepath.Join(tr.Folder, "step-00000004"), `"Devices": 1`, `"Devices": 2`)
		}, []string{"Devices from 2 to 1 after step 4"}},
	} {
		other := tr
		other.Folder = filepath.Join(t.TempDir(), name)
		if err := os.CopyFS(other.Folder, os.DirFS(tr.Folder)); err != nil {
			t.Fatal(err)
		}
		c.change(&other)
		got := told(t, pureGo(t), other, tr.Steps)
		if len(got) != len(want) {
			t.Fatalf("%s: %d steps, want the %d that are left", name, len(got), len(want))
		}
		near(t, name, got, want, 1e-4)
		if list := changes(t, other.Folder); !slices.Equal(list, c.want) {
			t.Errorf("%s: changes %q, want %q", name, list, c.want)
		}
	}
}

// TestGoesOnOnDevices: a training of one device of the pure Go engine goes on on two of another, to the numbers of one in
// one go but for rounding. The engine is to be asked for.
func TestGoesOnOnDevices(t *testing.T) {
	backend := several(t, 2)
	tr := small()
	tr.Chunk = 2
	const at = 4
	want := told(t, pureGo(t), tr, tr.Steps)[at:]
	tr.Folder = filepath.Join(t.TempDir(), "run")
	told(t, pureGo(t), tr, at)
	tr.Devices, tr.Chunk = 2, 4
	if _, err := tr.Run(t.Context(), backend); err == nil || !strings.Contains(err.Error(), `Engine is "pure Go" there`) {
		t.Errorf("error %v, want one that names the engine", err)
	}
	tr.Extend = true
	got := told(t, backend, tr, tr.Steps)
	if len(got) != len(want) {
		t.Fatalf("%d steps, want the %d that are left", len(got), len(want))
	}
	near(t, "on two devices", got, want, 1e-4)
	changed := []string{"Chunk from 2 to 4 after step 4", "Devices from 1 to 2 after step 4",
		fmt.Sprintf("Engine from %q to %q after step 4", "pure Go", engine.Name(backend))}
	if list := changes(t, tr.Folder); !slices.Equal(list, changed) {
		t.Errorf("changes %q, want %q", list, changed)
	}
}

// TestExtendedElsewhere: another engine and another precision are refused by name, unless the training is extended.
// Then the manifest records them.
func TestExtendedElsewhere(t *testing.T) {
	tr := small()
	tr.Folder = filepath.Join(t.TempDir(), "run")
	const at = 4
	told(t, pureGo(t), tr, at)
	rounded := tr
	g := tinyDiT(&tr)
	g.BFloat16 = true
	rounded.Generator = g
	refused := func(tr Training, want string) {
		t.Helper()
		if _, err := tr.Run(t.Context(), pureGo(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	refused(rounded, "BFloat16 of Generator is false there, and true now. Set it back, ask to extend the training")

	rewrite(t, filepath.Join(tr.Folder, "step-00000004"), `"Engine": "pure Go"`, `"Engine": "XLA"`)
	refused(tr, `Engine is "XLA" there, and "pure Go" now. Set it back, ask to extend the training`)
	rounded.Seed++
	refused(rounded, "it is of another training: Seed is 5, want 6")

	rounded.Seed, rounded.Extend = tr.Seed, true
	if got := told(t, pureGo(t), rounded, tr.Steps); len(got) != tr.Steps-at {
		t.Errorf("%d steps, want %d", len(got), tr.Steps-at)
	}
	want := []string{"BFloat16 of Generator from false to true after step 4", `Engine from "XLA" to "pure Go" after step 4`}
	if list := changes(t, tr.Folder); !slices.Equal(list, want) {
		t.Errorf("changes %q, want %q", list, want)
	}
}

// TestPresetsGoOn: what a configuration describes differs from devices to devices only in how a step is computed.
func TestPresetsGoOn(t *testing.T) {
	g, config := released(t, "gen/ablation_ot_1node")
	of := func(devices int) (list resume.Settings) {
		tr, err := FromPreset(g, config, devices)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(tr)
		if err == nil {
			err = json.Unmarshal(text, &list)
		}
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	one, four := of(1), of(4)
	if string(one["Chunk"]) == string(four["Chunk"]) {
		t.Errorf("chunks of %s on one device and on four, want others", one["Chunk"])
	}
	for key, value := range one {
		if !slices.Contains(computed, key) && string(value) != string(four[key]) {
			t.Errorf("%s is %s on one device and %s on four: a training could not go on", key, value, four[key])
		}
	}
}
