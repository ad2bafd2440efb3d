package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/residual"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// aRun writes what a run of a preset has at some step, with weights that have not been trained.
func aRun(t *testing.T, name string) string {
	t.Helper()
	run := t.TempDir()
	p, err := preset.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run, "config.yaml"), text, 0o666); err != nil {
		t.Fatal(err)
	}
	network := residual.Digits()
	file := safetensors.File{Tensors: map[string]safetensors.Tensor{}}
	for _, p := range network.Table() {
		values, err := network.Initial(1)(p)
		if err != nil {
			t.Fatal(err)
		}
		file.Tensors[p.Name] = safetensors.Tensor{Shape: p.Shape, Data: values}
	}
	checkpoint := filepath.Join(run, "checkpoints", "step-00000700")
	if err := os.MkdirAll(checkpoint, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := file.WriteFile(filepath.Join(checkpoint, "generator.safetensors")); err != nil {
		t.Fatal(err)
	}
	return run
}

// TestTable: a line for each scale, one of them chosen. A network that has not been trained makes the same grey image always: it
// is read as one digit, and has no diversity.
func TestTable(t *testing.T) {
	var to bytes.Buffer
	if err := table(context.Background(), &to, aRun(t, "gen/mnist_pixels"), []string{"1", "2.5"}); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + to.String())
	if !strings.Contains(to.String(), "step 700, 2000 images") || strings.Count(to.String(), "*") != 1 {
		t.Error("want the step, the number of images and one star")
	}
	for _, alpha := range []string{"1", "2.5"} {
		line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(alpha) + ` +\*? +10\.00 % +\d+\.\d\d +\d+\.\d\d +0\.000 +0\.000 `)
		if !line.MatchString(to.String()) {
			t.Errorf("no line of α %s with 10 %% read and no diversity", alpha)
		}
	}
	// By their definitions: training digits are at the floor, and diversity is that of real digits times q².
	for _, line := range []string{`digits of the training +9\d\.\d\d % +\d\.\d\d +1\.00 +[01]\.\d+ +0\.9\d+ +0\.000`,
		`means of their classes +.* +0\.000 +0\.000 +[01]\.\d+`} {
		if !regexp.MustCompile(`(?m)^` + line).MatchString(to.String()) {
			t.Errorf("no line %s", line)
		}
	}
}

func TestRefuses(t *testing.T) {
	empty := aRun(t, "gen/mnist_pixels")
	if err := os.RemoveAll(filepath.Join(empty, "checkpoints")); err != nil {
		t.Fatal(err)
	}
	other := aRun(t, "gen/imagenet64")
	for name, c := range map[string]struct {
		run    string
		scales []string
		want   string
	}{
		"nothing":    {t.TempDir(), nil, "config.yaml"},
		"encoder":    {aRun(t, "mae/mnist"), nil, "want that of a generator"},
		"checkpoint": {empty, nil, "has no checkpoint yet"},
		"images":     {other, nil, "want digits"},
		"scale":      {empty, []string{"two"}, `"two" is no number`},
	} {
		if err := table(context.Background(), &bytes.Buffer{}, c.run, c.scales); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}
