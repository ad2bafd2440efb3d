package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/latent"
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

// Every example does what it says, on files of the names that it uses. Those that encode images get as far as the weights
// that are not there.
func TestExamples(t *testing.T) {
	n, err := networkNamed("vae")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HF_HUB_OFFLINE", "1")
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	t.Setenv("SLURM_ARRAY_TASK_ID", "3")
	all := examples(t)
	if len(all) < 17 {
		t.Errorf("%d examples: %q", len(all), all)
	}
	for _, example := range all {
		converts, prepares := strings.Contains(example, "convert"), strings.HasPrefix(example, "wflow data prepare")
		if testing.Short() && converts {
			continue // it writes 335 MB
		}
		t.Run(example, func(t *testing.T) {
			t.Chdir(t.TempDir())
			images := photograph(t, "imagenet-1k")
			for _, from := range []string{"state_00030000.pt", "state_00200000.pt", "diffusion_pytorch_model.bin", "vae.safetensors"} {
				if !prepares && !(converts && strings.HasSuffix(example, " "+from)) {
					zeros(t, from, n.table)
				}
			}
			if !prepares {
				if err := latent.Prepare(context.Background(), "latents", images, encoder, nil); err != nil {
					t.Fatal(err)
				}
			}
			if strings.Contains(example, "verify") {
				if _, err := latent.Merge(context.Background(), "latents", nil); err != nil {
					t.Fatal(err)
				}
			}
			words := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(os.ExpandEnv(example), "source <("), ")"))
			out, said, code := wflow(context.Background(), words[1:]...)
			if prepares {
				if code != failed || !strings.Contains(said, "HF_HUB_OFFLINE is set") && !strings.Contains(said, "vae.safetensors: there is no such file") {
					t.Errorf("exit code %d: %s%s", code, out, said)
				}
				return
			}
			if code != 0 || out == "" {
				t.Errorf("exit code %d: %s%s", code, out, said)
			}
			if to := words[len(words)-1]; converts {
				if _, err := os.Stat(filepath.Clean(to)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
