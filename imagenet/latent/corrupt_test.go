package latent

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestCorrupt leaves two images out: the first of train and the last of val.
func TestCorrupt(t *testing.T) {
	root := folder(t, 6)
	before := read(t, root)
	first, last := before.Train[0], before.Val[len(before.Val)-1]
	sound, _ := prepare(t, before, Settings{Batch: 2})
	file, err := os.ReadFile(before.Path(Train, first))
	if err != nil {
		t.Fatal(err)
	}
	write(t, before.Path(Train, first), file[:100])
	write(t, before.Path(Val, last), []byte("GIF89a"))
	images := read(t, root)

	var all []map[string]string
	for _, n := range []int{1, 3} {
		cache := t.TempDir()
		for i := range n {
			s := &Settings{Batch: 2, Shard: i, Shards: n}
			encoded := 0
			e := cheap
			e.Encode = func(ctx context.Context, crops []byte, noise []float32) ([]float32, error) {
				encoded++
				return cheap.Encode(ctx, crops, noise)
			}
			err := Prepare(t.Context(), cache, images, e, s)
			var corrupt *CorruptError
			if i == 0 || i == n-1 {
				if !errors.As(err, &corrupt) {
					t.Fatalf("shard %d of %d: %v, want its corrupt images", i, n, err)
				}
				for _, c := range corrupt.Images {
					if c.File == "train/"+first.Name && strings.Contains(c.Cause, "not enough pixel data") || c.File == "val/"+last.Name && strings.Contains(c.Cause, "GIF") {
						continue
					}
					t.Errorf("shard %d of %d: %v, want each of the two causes at its image", i, n, c)
				}
				if !strings.Contains(err.Error(), corrupt.Images[0].File) || !strings.Contains(err.Error(), corrupt.Images[0].Cause) {
					t.Errorf("error %v, want one that names %+v", err, corrupt.Images[0])
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if _, err := Merge(t.Context(), cache, nil); err == nil {
				t.Fatalf("merged with shard %d of %d not finished, want an error", i, n)
			}
			encoded = 0
			s.SkipCorrupt = true
			if err := Prepare(t.Context(), cache, images, e, s); err != nil || encoded > 0 {
				t.Fatalf("shard %d of %d, corrupt images left out: %d batches encoded again, error %v, want 0 and none", i, n, encoded, err)
			}
		}
		var done, total int64
		m, err := Merge(t.Context(), cache, func(d, n int64) { done, total = d, n })
		if err != nil {
			t.Fatal(err)
		}
		if m.Train != 5 || m.Val != 2 || len(m.Skipped) != 2 || m.Skipped[1].File != "val/"+last.Name {
			t.Errorf("%+v, want 5 of train, 2 of val and 2 skipped", m)
		}
		if done != total || total == 0 {
			t.Errorf("progress of merge ended at %d bytes, want %d, more than 0", done, total)
		}
		if _, err := Verify(t.Context(), cache, func(d, n int64) { done, total = d, n }); err != nil || done != total {
			t.Errorf("error %v, progress ended at %d of %d, want none and all", err, done, total)
		}
		if err := Prepare(t.Context(), cache, images, cheap, &Settings{Batch: 2, Shards: n}); !errors.As(err, new(*CorruptError)) {
			t.Errorf("a finished cache without its corrupt images: error %v, want one that lists them", err)
		}
		all = append(all, contents(t, cache))

		// The rows of the others are what they were.
		old, err := Open(sound, Train)
		if err != nil {
			t.Fatal(err)
		}
		defer old.Close()
		new, err := Open(cache, Train)
		if err != nil {
			t.Fatal(err)
		}
		defer new.Close()
		a, b := make([]float32, numbers), make([]float32, numbers)
		for i := range new.Len() {
			for _, u := range []float64{0, 0.5} {
				if err := errors.Join(old.Read(i+1, u, a), new.Read(i, u, b)); err != nil || !slices.Equal(a, b) || old.Label(i+1) != new.Label(i) {
					t.Errorf("row %d without the first image is not row %d with it (error %v), want the same", i, i+1, err)
				}
			}
		}
	}
	same(t, "3 shards with corrupt images", all[1], all[0])
}
