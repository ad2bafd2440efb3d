package main

import (
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// examples returns the command lines that the help of all commands and the README show.
func examples(t *testing.T) (all []string) {
	t.Helper()
	for _, c := range commands(rootCommand(io.Discard, io.Discard)) {
		for l := range strings.Lines(c.Example) {
			all = append(all, strings.TrimSpace(l))
		}
	}
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, block := range strings.Split(string(readme), "```") {
		if i%2 == 0 || !strings.HasPrefix(block, "sh\n") {
			continue
		}
		for l := range strings.Lines(block) {
			if l, _, _ := strings.Cut(l, " #"); strings.HasPrefix(l, "wflow ") {
				all = append(all, strings.TrimSpace(l))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Every example does what it says, on small files of the names that it uses. Those that convert weights, encode images or make
// some, which takes long, get as far as the weights or the run that are not there.
func TestExamples(t *testing.T) {
	t.Setenv("HF_HUB_OFFLINE", "1")
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	t.Setenv("SLURM_ARRAY_TASK_ID", "3")
	all := examples(t)
	if len(all) < 17 {
		t.Errorf("%d examples, want 17 or more: %q", len(all), all)
	}
	for _, example := range all {
		t.Run(example, func(t *testing.T) {
			t.Chdir(t.TempDir())
			words := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(os.ExpandEnv(example), "source <("), ")"))
			images := photograph(t, "imagenet-1k")
			if words[1] == "train" || words[1] == "encoder" {
				return // TestTrain and TestEncoderTrain take such trainings, of moments
			}
			if words[1] == "convert" || words[1] == "sample" || strings.Contains(example, "prepare") && words[1] != "help" {
				_, said, code := wflow(context.Background(), words[1:]...)
				if code != failed || !strings.Contains(said, "HF_HUB_OFFLINE is set") && !strings.Contains(said, ": there is no such file") {
					t.Errorf("exit code %d, want %d and that the weights are not there: %s", code, failed, said)
				}
				return
			}
			for _, file := range []string{"state_00030000.pt", "state_00200000.pt", "vae.safetensors"} {
				zeros(t, file, weights.Table{{Name: "in.weight", Shape: []int{2, 3}}})
			}
			if err := latent.Prepare(context.Background(), "latents", images, encoder, nil); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(example, "verify") {
				if _, err := latent.Merge(context.Background(), "latents", nil); err != nil {
					t.Fatal(err)
				}
			}
			if out, said, code := wflow(context.Background(), words[1:]...); code != 0 || out == "" {
				t.Errorf("exit code %d, want 0 and a report: %s%s", code, out, said)
			}
		})
	}
}
