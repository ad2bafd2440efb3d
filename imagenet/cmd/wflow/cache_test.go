package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/latent"
)

// A cache that was scaled twice is odd, with its manifest and without, and one of noise is not.
func TestInfoOfScaledCache(t *testing.T) {
	folder := noisy(t)
	if _, err := latent.Merge(context.Background(), folder, nil); err != nil {
		t.Fatal(err)
	}
	out, _, code := wflow(context.Background(), "info", folder)
	if code != 0 || strings.Contains(out, "warning") || strings.Count(out, "\nnumbers ") != 4 || !strings.Contains(out, "of 3 rows drawn with seed 0") {
		t.Errorf("exit code %d, want 0, four lines of numbers and no warning: %s", code, out)
	}
	multiply(t, folder, latent.Scale)
	for _, manifest := range []bool{true, false} {
		if !manifest {
			if err := os.Remove(filepath.Join(folder, "manifest.json")); err != nil {
				t.Fatal(err)
			}
		}
		out, _, code := wflow(context.Background(), "info", folder)
		if code != 0 || strings.Count(out, "twice") != 2 || !strings.Contains(out, "warning") || !strings.Contains(out, "train_moments_flip.npy: standard deviation 0.18") {
			t.Errorf("manifest %v: exit code %d, want 0 and two warnings of latents that were scaled twice: %s", manifest, code, out)
		}
		out, _, _ = wflow(context.Background(), "info", "--json", folder)
		var r cache
		if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.Samples) != 4 || len(r.Odd) != 2 || r.Samples[2].File != "val_moments.npy" || r.Samples[0].Deviation > 0.2 {
			t.Errorf("%v, want none, four samples and two warnings: %s", err, out)
		}
	}
}

// multiply multiplies the training latents of a cache.
func multiply(t *testing.T, folder string, by float32) {
	t.Helper()
	for _, name := range []string{"train_moments.npy", "train_moments_flip.npy"} {
		path := filepath.Join(folder, name)
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 128; i < len(file); i += 4 {
			v := math.Float32frombits(binary.LittleEndian.Uint32(file[i:]))
			binary.LittleEndian.PutUint32(file[i:], math.Float32bits(v*by))
		}
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Generators and encoders are not trained on latents that were never scaled, or twice: what is learned from them could not be decoded.
// Of another odd scale there is a warning. The cache of noise has the scale 1.
func TestTrainOnScaledCache(t *testing.T) {
	at64, at256 := merged(t, noisyAt(t, 64)), merged(t, noisy(t))
	before := float32(1)
	for _, c := range []struct {
		scale   float32
		refused bool
		says    string
	}{
		{1, false, ""},
		{latent.Scale, true, "had been multiplied by 0.18215 twice"},
		{0.4, false, "warning: cache "},
		{1 / latent.Scale, true, "had not been multiplied by 0.18215"},
	} {
		multiply(t, at64, c.scale/before)
		multiply(t, at256, c.scale/before)
		before = c.scale
		for _, command := range []struct {
			words []string
			then  string // what is wrong too, and found after the scale
		}{
			{[]string{"train", "gen/pilot", "--data", at64}, "--encoder is missing"},
			{[]string{"encoder", "train", "mae/latent_ablation_256", "--data", at256}, "make no batch"},
		} {
			run := filepath.Join(t.TempDir(), "run")
			_, said, code := wflow(t.Context(), append(command.words, run)...)
			if code == 0 || !strings.Contains(said, c.says) || c.says == "" && strings.Contains(said, "deviation") || strings.Contains(said, command.then) == c.refused {
				t.Errorf("scale %v, %s: exit code %d: %s, want %q, and refused for it: %v", c.scale, command.words[0], code, said, c.says, c.refused)
			}
			if _, err := os.Stat(run); err == nil {
				t.Errorf("scale %v, %s: a refused training left a folder", c.scale, command.words[0])
			}
		}
	}
}

// merge and verify say what is not finished, and the next step.
func TestNextStep(t *testing.T) {
	images, folder := photograph(t, filepath.Join(t.TempDir(), "images")), t.TempDir()
	run := func(command string) (said string) {
		t.Helper()
		_, said, code := wflow(context.Background(), "data", command, folder)
		if code != failed || strings.Contains(said, "stat ") || strings.Contains(said, ".json:") {
			t.Errorf("%s: exit code %d, want %d and an error without the words of the system: %s", command, code, failed, said)
		}
		return said
	}
	wants := func(said string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(said, part) {
				t.Errorf("%s, want %q", said, part)
			}
		}
	}
	for _, command := range []string{"merge", "verify"} {
		wants(run(command), folder+" is no cache, and none has been begun in it\nnext: wflow data prepare IMAGES "+folder)
	}
	prepare := func(shard int, stop bool) {
		t.Helper()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		progress := func(int, int) {
			if stop {
				cancel()
			}
		}
		err := latent.Prepare(ctx, folder, images, encoder, &latent.Settings{Batch: 1, Shard: shard, Shards: 2, Progress: progress})
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	prepare(0, false)
	wants(run("merge"), "of 2 shards, 1 not finished:\n\t1/2 has not begun\nnext: wflow data prepare IMAGES "+folder+" --shard 1/2\n")
	prepare(1, true) // begun, and no batch is finished
	wants(run("merge"), "of 2 shards, 1 not finished:\n\t1/2 has done 0 images of train and 0 of val\nnext: wflow data prepare IMAGES "+folder+" --shard 1/2, which goes on where it was\n")
	wants(run("verify"), folder+" is not finished: wflow info "+folder+" tells how far it is")
	prepare(1, false)
	if _, said, code := wflow(context.Background(), "data", "merge", folder); code != 0 {
		t.Fatalf("merge: exit code %d, want 0: %s", code, said)
	}
	aside := filepath.Join(t.TempDir(), "val_targets.npy")
	if err := os.Rename(filepath.Join(folder, "val_targets.npy"), aside); err != nil {
		t.Fatal(err)
	}
	wants(run("verify"), folder+" is a cache of latents that is not whole: it lacks val_targets.npy")
	if _, said, code := wflow(context.Background(), "info", folder); code != failed || !strings.Contains(said, "is not whole: it lacks val_targets.npy") {
		t.Errorf("exit code %d, want %d and that val_targets.npy is lacking: %s", code, failed, said)
	}
	if err := errors.Join(os.Rename(aside, filepath.Join(folder, "val_targets.npy")), os.Remove(filepath.Join(folder, "manifest.json"))); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"merge", "verify"} {
		wants(run(command), "is a finished cache without a manifest.json")
	}
	if err := os.Remove(filepath.Join(folder, "val_targets.npy")); err != nil {
		t.Fatal(err)
	}
	wants(run("verify"), "is not whole: it lacks val_targets.npy")
	folder = filepath.Join(folder, "nowhere")
	wants(run("merge"), "there is no such file or folder")
	folder = images.Path(latent.Train, images.Train[0])
	wants(run("verify"), "is a file, want a folder")
}

// A finished shard that has lost a file is not said to be unfinished.
func TestMergeOfDamagedShard(t *testing.T) {
	for _, n := range []int{1, 2} {
		images, folder := photograph(t, filepath.Join(t.TempDir(), "images")), t.TempDir()
		for i := range n {
			if err := latent.Prepare(context.Background(), folder, images, encoder, &latent.Settings{Batch: 1, Shard: i, Shards: n}); err != nil {
				t.Fatal(err)
			}
		}
		shard := filepath.Join(folder, fmt.Sprintf("shard-%d-of-%d", n-1, n))
		if err := os.Remove(filepath.Join(shard, "val_targets.npy")); err != nil {
			t.Fatal(err)
		}
		_, said, code := wflow(context.Background(), "data", "merge", folder)
		if code != failed || !strings.Contains(said, "a finished shard is damaged: ") || !strings.Contains(said, "remove the folder "+shard+" and prepare the shard again") {
			t.Errorf("%d shards: exit code %d, want %d and what to do about the damaged shard: %s", n, code, failed, said)
		}
	}
}
