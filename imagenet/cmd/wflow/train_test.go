package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// smallTraining writes the configuration of a training of digits that takes moments: a small residual network, a few digits a step.
func smallTraining(t *testing.T, change func(g *preset.Generator)) string {
	t.Helper()
	p, err := preset.Named("gen/mnist_pixels")
	if err != nil {
		t.Fatal(err)
	}
	g := p.Generator
	g.Model.Condition, g.Model.Width, g.Model.Depth, g.Model.Noise, g.Model.Codebooks = 8, 8, 1, 4, 1
	g.Train.Guidance.Particles, g.Train.Real, g.Train.Unconditional = 4, 4, 2
	g.Train.Steps, g.Optimizer.Rate.Steps, g.Optimizer.Rate.WarmUp = 6, 6, 2
	g.Train.SaveEvery, g.Train.KeepEvery, g.Logging.Every, g.Train.Average = 3, 6, 2, 0.5
	if change != nil {
		change(g)
	}
	return written(t, p)
}

// written writes a configuration file.
func written(t *testing.T, p *preset.Preset) (path string) {
	t.Helper()
	text, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "small.yaml")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTrain: a training leaves what its help says, and started again it does nothing. Extended, it goes on, and its metrics follow.
func TestTrain(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	configuration := smallTraining(t, nil)
	out, progress, code := wflow(t.Context(), "train", configuration, run, "--json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, progress)
	}
	var r finished
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Steps != 6 || r.Kind != "training" {
		t.Errorf("%s, error %v, want the report of 6 steps", out, err)
	}
	lines := func(want ...int) {
		t.Helper()
		list, err := readLines[metrics](filepath.Join(run, metricsFile))
		if err != nil || len(list) != len(want) {
			t.Fatalf("%d lines of metrics, error %v, want %d", len(list), err, len(want))
		}
		for i, m := range list {
			if m.Step != want[i] || !(m.MeanSquare["global"] > 0) || m.Loss < 0.9 || m.Loss > 1.1 { // the loss is 1 by construction
				t.Errorf("line %d: %+v, want step %d, a loss of 1 and a mean V²", i, m, want[i])
			}
		}
	}
	lines(2, 4, 6)
	for _, name := range []string{"curves.png", "grid-00000003.png", "grid-00000006.png"} {
		f, err := os.Open(filepath.Join(run, name))
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil || strings.HasPrefix(name, "grid") && (img.Bounds().Dx() != 8*32 || img.Bounds().Dy() != 10*32) {
			t.Errorf("%s: %v, error %v, want eight digits of each class", name, img.Bounds(), err)
		}
	}
	if _, progress, code = wflow(t.Context(), "train", configuration, run); code != 0 || !strings.Contains(progress, "6 of 6 steps done") {
		t.Errorf("again: exit code %d: %s", code, progress)
	}
	if _, progress, code = wflow(t.Context(), "train", configuration, run, "--steps", "8"); code != failed || !strings.Contains(progress, "Steps is 6 there, and 8 now") {
		t.Errorf("longer, without a word: exit code %d: %s", code, progress)
	}
	if out, progress, code = wflow(t.Context(), "info", run); code != 0 || !strings.Contains(out, "6 of 6") {
		t.Errorf("info after a training that was refused: exit code %d: %s%s", code, out, progress)
	}
	if _, progress, code = wflow(t.Context(), "train", configuration, run, "--steps", "8", "--extend"); code != 0 {
		t.Errorf("extended: exit code %d: %s", code, progress)
	}
	lines(2, 4, 6, 8)
	if out, progress, code = wflow(t.Context(), "info", run); code != 0 || !strings.Contains(out, "8 of 8") || !strings.Contains(out, "at step 8: V² global ") {
		t.Errorf("info: exit code %d: %s%s", code, out, progress)
	}
	if _, progress, code = wflow(t.Context(), "sample", run, "--to", filepath.Join(t.TempDir(), "grid.png"), "--each", "2"); code != 0 {
		t.Errorf("sample: exit code %d: %s", code, progress)
	}
	generator := filepath.Join(run, checkpointsFolder, "step-00000008", "generator.safetensors")
	if _, progress, code = wflow(t.Context(), "train", "gen/mnist", filepath.Join(t.TempDir(), "digits"), "--encoder", generator); code != failed || !strings.Contains(progress, "no weights of a released encoder") {
		t.Errorf("a generator for an encoder: exit code %d: %s", code, progress)
	}
	other := filepath.Join(t.TempDir(), "other")
	if _, progress, code = wflow(t.Context(), "train", configuration, other, "--start", run); code != 0 {
		t.Errorf("from the weights of the run: exit code %d: %s", code, progress)
	}
	again := filepath.Join(t.TempDir(), "again")
	if _, progress, code = wflow(t.Context(), "train", configuration, again, "--start", filepath.Join(run, checkpointsFolder, "step-00000008")); code != 0 {
		t.Errorf("from the weights of a checkpoint: exit code %d: %s", code, progress)
	}
	if got, want := content(t, again, checkpointsFolder, "step-00000006", "generator.safetensors"), content(t, other, checkpointsFolder, "step-00000006", "generator.safetensors"); !bytes.Equal(got, want) {
		t.Error("the weights of the newest checkpoint are others than those of the run")
	}
	if _, progress, code = wflow(t.Context(), "train", configuration, other); code != failed || !strings.Contains(progress, "StartWeights") {
		t.Errorf("gone on without these weights: exit code %d: %s", code, progress)
	}
}

// TestCurvesOfLaterFeatures: a feature that counts from a later step on has its own, shorter curve.
func TestCurvesOfLaterFeatures(t *testing.T) {
	r := record{}
	for step := 1; step <= 6; step++ {
		m := metrics{Step: step, GradientNorm: 1, Rate: 1, MeanSquare: map[string]float64{"global": 1}}
		if step > 3 {
			m.MeanSquare["conv1"], m.MeanSquare["conv1_mean_2"] = 0.5, 0.7
		}
		r.points = append(r.points, m.point())
	}
	if err := r.curves(t.TempDir()); err != nil {
		t.Error(err)
	}
}

// TestTrainInterrupted: metrics of steps behind the newest checkpoint are dropped, and written again.
func TestTrainInterrupted(t *testing.T) {
	t.Setenv(engine.PluginVariable, "") // XLA compiles for seconds each time
	run := filepath.Join(t.TempDir(), "run")
	configuration := smallTraining(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, progress, code := wflow(ctx, "train", configuration, run); code != interrupted {
		t.Fatalf("exit code %d, want %d: %s", code, interrupted, progress)
	}
	if _, progress, code := wflow(t.Context(), "train", configuration, run); code != 0 {
		t.Fatalf("exit code %d: %s", code, progress)
	}
	path := filepath.Join(run, metricsFile)
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// A crash after step 5: the newest checkpoint is that of step 3, and a line is cut off.
	if err := os.RemoveAll(filepath.Join(run, checkpointsFolder, "step-00000006")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, want[:len(want)-20], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, progress, code := wflow(t.Context(), "train", configuration, run); code != 0 || !strings.Contains(progress, "3 of 6 steps done") {
		t.Fatalf("exit code %d: %s", code, progress)
	}
	list, err := readLines[metrics](path)
	if err != nil || len(list) != 3 || list[0].Step != 2 || list[1].Step != 4 || list[2].Step != 6 {
		t.Errorf("%+v, error %v, want lines of steps 2, 4 and 6", list, err)
	}
}

// TestTrainDamaged: a checkpoint whose bytes have changed is named and not called good, and nothing is sampled or started from it.
func TestTrainDamaged(t *testing.T) {
	t.Setenv(engine.PluginVariable, "") // XLA compiles for seconds each time
	run := filepath.Join(t.TempDir(), "run [1]")
	configuration := smallTraining(t, nil)
	if _, progress, code := wflow(t.Context(), "train", configuration, run); code != 0 {
		t.Fatalf("exit code %d: %s", code, progress)
	}
	path := filepath.Join(run, checkpointsFolder, "step-00000006", "generator.safetensors")
	weights := content(t, path)
	weights[len(weights)-2] ^= 1
	if err := os.WriteFile(path, weights, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{
		{"train", configuration, run},
		{"train", configuration, filepath.Join(t.TempDir(), "run"), "--start", run},
		{"info", run},
		{"sample", run, "--to", filepath.Join(t.TempDir(), "grid.png")},
	} {
		_, progress, code := wflow(t.Context(), arguments...)
		if code != failed || !strings.Contains(progress, "damaged") || !strings.Contains(progress, "SHA-256") || strings.Contains(progress, "is good") {
			t.Errorf("%s: exit code %d, want that the checkpoint is damaged: %s", arguments[0], code, progress)
		}
	}
	if _, progress, code := wflow(t.Context(), "info", filepath.Join(run, checkpointsFolder, "step-00000003")); code != 0 {
		t.Errorf("the checkpoint before: exit code %d: %s", code, progress)
	}
}

// TestTrainUnrecorded: a training whose record cannot be written stops, says so, and is not called interrupted.
func TestTrainUnrecorded(t *testing.T) {
	t.Setenv(engine.PluginVariable, "") // XLA compiles for seconds each time
	run := filepath.Join(t.TempDir(), "run")
	if err := os.MkdirAll(filepath.Join(run, "grid-00000003.png", "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, progress, code := wflow(t.Context(), "train", smallTraining(t, nil), run)
	if code != failed || !strings.Contains(progress, "grid-00000003.png") || !strings.Contains(progress, "the checkpoint of step 3 is good") {
		t.Errorf("exit code %d, want the picture that cannot be written, and a good checkpoint: %s", code, progress)
	}
}

// TestTrainKeeps: a run goes on with another policy of keeping checkpoints when asked to, and the manifest records it.
func TestTrainKeeps(t *testing.T) {
	t.Setenv(engine.PluginVariable, "") // XLA compiles for seconds each time
	run := filepath.Join(t.TempDir(), "run")
	configuration := smallTraining(t, nil) // 6 steps, of which every third is saved
	kept := func(want ...int) {
		t.Helper()
		list, err := train.Checkpoints(filepath.Join(run, checkpointsFolder))
		var got []int
		for _, c := range list {
			got = append(got, c.Step)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("checkpoints of steps %v, error %v, want %v", got, err, want)
		}
	}
	if _, progress, code := wflow(t.Context(), "train", configuration, run, "--keep-last", "2", "--keep-every", "6"); code != 0 {
		t.Fatalf("exit code %d: %s", code, progress)
	}
	kept(3, 6)
	other := []string{"train", configuration, run, "--steps", "12", "--keep-last", "1", "--keep-every", "9"}
	if _, progress, code := wflow(t.Context(), other...); code != failed || !strings.Contains(progress, "KeepEvery is 6 there, and 9 now") {
		t.Errorf("exit code %d, want %d and the other policy: %s", code, failed, progress)
	}
	kept(3, 6)
	if _, progress, code := wflow(t.Context(), append(other, "--extend")...); code != 0 {
		t.Fatalf("exit code %d: %s", code, progress)
	}
	kept(9, 12)
	var manifest struct {
		Changes []struct {
			Step     int
			Setting  string
			From, To int
		}
	}
	if err := json.Unmarshal(content(t, run, checkpointsFolder, "step-00000012", "manifest.json"), &manifest); err != nil {
		t.Fatal(err)
	}
	var changes []string
	for _, c := range manifest.Changes {
		changes = append(changes, fmt.Sprint(c.Step, c.Setting, c.From, c.To))
	}
	for _, want := range []string{fmt.Sprint(6, "KeepEvery", 6, 9), fmt.Sprint(6, "KeepLast", 2, 1), fmt.Sprint(6, "Steps", 6, 12)} {
		if !slices.Contains(changes, want) {
			t.Errorf("changes %q, want %q among them", changes, want)
		}
	}
	if p, err := preset.ReadFile(filepath.Join(run, configurationFile)); err != nil || p.Generator.Train.KeepLast != 1 || p.Generator.Train.KeepEvery != 9 {
		t.Errorf("%+v, error %v, want the policy in the run's configuration", p, err)
	}
}

// TestTrainOther: a run that another network was trained in names what differs.
func TestTrainOther(t *testing.T) {
	t.Setenv(engine.PluginVariable, "") // XLA compiles for seconds each time
	run := filepath.Join(t.TempDir(), "it's a run")
	out, progress, code := wflow(t.Context(), "train", smallTraining(t, nil), run)
	if next := `sample '` + strings.ReplaceAll(run, "'", `'\''`) + `' --to`; code != 0 || !strings.Contains(out, next) {
		t.Errorf("exit code %d, want %s next: %s%s", code, next, out, progress)
	}
	wider := smallTraining(t, func(g *preset.Generator) { g.Model.Width, g.Model.Condition = 2*g.Model.Width, 2*g.Model.Width })
	if _, progress, code := wflow(t.Context(), "train", wider, run); code != failed || !strings.Contains(progress, " of Generator is ") || len(progress) > 500 {
		t.Errorf("exit code %d: %s", code, progress)
	}
}

// TestInfoOfYoungRun: a run without a checkpoint has numbers all the same.
func TestInfoOfYoungRun(t *testing.T) {
	run := t.TempDir()
	if err := os.Mkdir(filepath.Join(run, checkpointsFolder), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		configurationFile: content(t, smallTraining(t, nil)),
		metricsFile:       []byte(`{"step":2,"loss":1,"gradient_norm":3,"mean_square":{"global":0.25}}` + "\n"),
	} {
		if err := os.WriteFile(filepath.Join(run, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, progress, code := wflow(t.Context(), "info", run)
	for _, want := range []string{"6, and no checkpoint yet\n", "at step 2: V² global 0.25; gradient 3\n", " parameters\n"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit code %d, want %q there: %s%s", code, want, out, progress)
		}
	}
	out, progress, code = wflow(t.Context(), "info", run, "--json")
	var r stage
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || r.Steps != 6 || r.Step != 0 || r.Last == nil || r.Last.Step != 2 || r.Numbers != nil || strings.Contains(out, "sha256") {
		t.Errorf("exit code %d, error %v: %s%s, want 6 steps, the metrics of step 2 and no weights", code, err, out, progress)
	}
}

// TestTrainRefuses: what does not fit is said in words that help.
func TestTrainRefuses(t *testing.T) {
	empty := t.TempDir()
	configuration := smallTraining(t, nil)
	for _, c := range []struct {
		arguments []string
		code      int
		want      string
	}{
		{[]string{"train", "mae/mnist", "run"}, failed, "wflow encoder train trains it"},
		{[]string{"encoder", "train", "gen/mnist", "run"}, failed, "wflow train trains it"},
		{[]string{"train", "gen/mnist", filepath.Join(empty, "run")}, misused, "wflow encoder train mae/mnist ENCODER"},
		{[]string{"train", "gen/ablation_ot_1node", filepath.Join(empty, "run")}, misused, "--data is missing"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--data", filepath.Join(empty, "nothing")}, failed, "nothing"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--devices", "3"}, failed, "the nearest is 12"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--data", ""}, misused, "--data is empty"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--devices", "0"}, misused, "--devices 0, want 1 or more"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--steps", "-5"}, misused, "--steps -5, want 1 or more"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--rate", "-1"}, misused, "--rate -1, want a number above 0"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--rate", "NaN"}, misused, "--rate NaN, want a number above 0"},
		{[]string{"encoder", "train", "mae/mnist", filepath.Join(empty, "run"), "--devices", "3"}, failed, "the nearest is 129"},
		{[]string{"encoder", "train", "mae/mnist", filepath.Join(empty, "run"), "--steps", "-5"}, misused, "--steps -5, want 1 or more"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--vae", "v.safetensors"}, misused, "--vae is for latents"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--start", filepath.Join(empty, "lost")}, failed, "lost"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--start", empty}, failed, "checkpoint"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--start", configuration}, failed, "small.yaml"},
		{[]string{"train", "gen/mnistpixels", "run"}, failed, "gen/mnist_pixels"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--encoder", empty}, misused, configuration + " compares the images themselves, and wants none"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--keep-last", "0"}, misused, "--keep-last 0, want 1 or more"},
		{[]string{"train", configuration, filepath.Join(empty, "run"), "--keep-every", "-1"}, misused, "--keep-every -1, want 1 or more"},
	} {
		if _, progress, code := wflow(t.Context(), c.arguments...); code != c.code || !strings.Contains(progress, c.want) {
			t.Errorf("%q: exit code %d, want %d and %q: %s", c.arguments, code, c.code, c.want, progress)
		}
	}
	if entries, err := os.ReadDir(empty); err != nil || len(entries) > 0 {
		t.Errorf("refused trainings left %v, error %v", entries, err)
	}
}
