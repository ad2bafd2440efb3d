package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/internal/lockfile"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// TestInfoOfEncoderRun: the run of an encoder that is not done yet says so, and how it goes on.
func TestInfoOfEncoderRun(t *testing.T) {
	p, err := preset.Named("mae/mnist")
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	run := t.TempDir()
	if err := os.WriteFile(filepath.Join(run, configurationFile), text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run, metricsFile), []byte(`{"step":120,"reconstruction":3.25}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time with the file of the shorter training that is being extended
		out, progress, code := wflow(t.Context(), "info", run)
		for _, want := range []string{"of an encoder", "300, not all done", "3.25 at step 120", "wflow encoder train"} {
			if code != 0 || !strings.Contains(out, want) {
				t.Errorf("exit code %d, want %q there: %s%s", code, want, out, progress)
			}
		}
		shorter := safetensors.File{Meta: map[string]string{stepKey: "120"}}
		if err := shorter.WriteFile(filepath.Join(run, encoderFile)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEncoderTrain: an encoder is trained, and a generator then is with its features.
func TestEncoderTrain(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles an encoder twice")
	}
	t.Setenv(engine.PluginVariable, "") // XLA compiles for seconds each time
	p, err := preset.Named("mae/mnist")
	if err != nil {
		t.Fatal(err)
	}
	m := p.MAE
	m.Model.Width, m.Data.Batch, m.Logging.Every, m.Train.SaveEvery = 40, 2, 1, 2
	m.Train.Steps, m.Optimizer.Rate.Steps, m.Optimizer.Rate.WarmUp, m.Train.FineTune, m.Train.FineTuneWarmUp = 2, 2, 1, 1, 0
	text, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	configuration, encoder := filepath.Join(folder, "encoder.yaml"), filepath.Join(folder, "encoder")
	if err := os.WriteFile(configuration, text, 0o644); err != nil {
		t.Fatal(err)
	}
	features := smallTraining(t, func(g *preset.Generator) {
		g.Feature.MAE, g.Feature.Path = true, "mae/mnist"
		g.Train.Classes, g.Train.AtOnce, g.Train.Chunks, g.Train.Steps, g.Optimizer.Rate.Steps, g.Optimizer.Rate.WarmUp = 2, 1, 1, 2, 2, 1
		g.Train.Guidance.Particles, g.Train.Real, g.Train.Unconditional = 2, 2, 1
		g.Train.Features = preset.Features{MeanPatches: []int{4}, StdPatches: []int{2}}
	})
	run := filepath.Join(folder, "run")
	if _, progress, code := wflow(t.Context(), "train", features, run, "--encoder", folder); code != failed || !strings.Contains(progress, "is no run of an encoder") {
		t.Errorf("a folder that is no run: exit code %d: %s", code, progress)
	}
	record := filepath.Join(encoder, metricsFile)
	if err := os.MkdirAll(record, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, progress, code := wflow(t.Context(), "encoder", "train", configuration, encoder); code != failed || !strings.Contains(progress, metricsFile) || strings.Contains(progress, "reconstruction") {
		t.Errorf("metrics that cannot be kept: exit code %d, want %d before the first step: %s", code, failed, progress)
	}
	if err := os.Remove(record); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time all is done
		if _, progress, code := wflow(t.Context(), "encoder", "train", configuration, encoder); code != 0 {
			t.Fatalf("exit code %d: %s", code, progress)
		}
	}
	if out, progress, code := wflow(t.Context(), "info", encoder); code != 0 || !strings.Contains(out, "2, all done") || !strings.Contains(out, "--encoder") {
		t.Errorf("info: exit code %d: %s%s", code, out, progress)
	}
	before := content(t, encoder, configurationFile)
	if _, progress, code := wflow(t.Context(), "encoder", "train", configuration, encoder, "--steps", "3"); code != failed || !strings.Contains(progress, "Steps is 2 there, and 3 now") || !bytes.Equal(before, content(t, encoder, configurationFile)) {
		t.Errorf("other steps: exit code %d, want %d, and the configuration as it was: %s", code, failed, progress)
	}
	for _, c := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"train", features, encoder, "--encoder", encoder}, "is the run of an encoder, and this trains a generator"},
		{[]string{"encoder", "train", configuration, folder}, "is there already and is of no run"},
	} {
		if c.arguments[2] != encoder { // a configuration of somebody's own
			if err := os.WriteFile(filepath.Join(folder, configurationFile), []byte("# mine\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, progress, code := wflow(t.Context(), c.arguments...); code != failed || !strings.Contains(progress, c.want) {
			t.Errorf("%q: exit code %d, want %q: %s", c.arguments, code, c.want, progress)
		}
	}
	if !bytes.Equal(before, content(t, encoder, configurationFile)) || string(content(t, folder, configurationFile)) != "# mine\n" {
		t.Error("a refused training wrote over a configuration")
	}
	release, err := lockfile.Claim(encoder)
	if err != nil {
		t.Fatal(err)
	}
	more := []string{"encoder", "train", configuration, encoder, "--steps", "3", "--extend"}
	if _, progress, code := wflow(t.Context(), more...); code != failed || !strings.Contains(progress, "in use by another process") || !bytes.Equal(before, content(t, encoder, configurationFile)) {
		t.Errorf("while another process trains: exit code %d, want %d, and the configuration as it was: %s", code, failed, progress)
	}
	release()
	if out, progress, code := wflow(t.Context(), more...); code != 0 || !strings.Contains(out, "3, all done") {
		t.Errorf("extended: exit code %d: %s%s", code, out, progress)
	}
	list, err := readLines[reconstruction](record)
	if err != nil || len(list) != 3 || !(list[1].Reconstruction > 0) {
		t.Errorf("%+v, error %v, want three lines", list, err)
	}
	if _, progress, code := wflow(t.Context(), "train", features, run, "--encoder", encoder); code != 0 {
		t.Fatalf("exit code %d: %s", code, progress)
	}
	told, err := readLines[metrics](filepath.Join(run, metricsFile))
	if err != nil || len(told) != 1 || !(told[0].MeanSquare["layer3_std_2"] > 0) || !(told[0].MeanSquare["global"] > 0) {
		t.Errorf("%+v, error %v, want mean V² of pixels and of features", told, err)
	}
}
