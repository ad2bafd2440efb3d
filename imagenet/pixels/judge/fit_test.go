package judge

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/wflowlab/wflowlab/imagenet/pixels/digits"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// wanted is the share of the digits to judge by that a reader has to read.
const wanted = 0.97

// accuracy returns the share of images that a reader with some weights reads as their labels.
func accuracy(t *testing.T, b compute.Backend, fitted *safetensors.File, m Images) float64 {
	t.Helper()
	r, err := NewReader(b, fitted)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Finalize()
	read, features, err := r.Read(m)
	if err != nil {
		t.Fatal(err)
	}
	if n, d := features.Len(), features.Columns; n != len(m.Labels) || d != Features {
		t.Errorf("features [%d, %d], want [%d, %d]", n, d, len(m.Labels), Features)
	}
	all, ofClass := Share(read, m.Labels)
	t.Logf("reads %.2f %%, of each class %.3f", 100*all, ofClass)
	return all
}

// TestFitted: the reader that is in the program reads what it has to.
func TestFitted(t *testing.T) {
	if got := accuracy(t, find(t), Fitted(), Of(digits.Judge())); got < wanted {
		t.Errorf("the reader reads %v of the digits to judge by, want %v", got, wanted)
	}
}

// TestFit: the recipe, followed anew, gives such a reader.
func TestFit(t *testing.T) {
	if !golden.Long() {
		t.Skip("fits for a minute or more: make accept runs it")
	}
	b := find(t)
	fitted, err := Fit(context.Background(), b, Of(digits.Reader()), Seed, func(step int, loss float64) {
		if step%500 == 0 {
			t.Logf("step %d: loss %.4f", step, loss)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := accuracy(t, b, fitted, Of(digits.Judge())); got < wanted {
		t.Errorf("the reader reads %v of the digits to judge by, want %v", got, wanted)
	}
}

// TestFitAgain: a seed gives the same bytes twice, and another seed others; a context that is done stops.
func TestFitAgain(t *testing.T) {
	b, m := find(t), Of(digits.Reader())
	weights := func(seed uint64) []byte {
		t.Helper()
		f, err := fit(context.Background(), b, m, seed, 3, nil)
		if err != nil {
			t.Fatal(err)
		}
		file, err := f.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	if one := weights(1); !bytes.Equal(one, weights(1)) || bytes.Equal(one, weights(2)) {
		t.Error("a seed gives other weights the second time, or another seed the same, want the reverse")
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Fit(ctx, b, m, 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: error %v, want one that wraps %v", err, context.Canceled)
	}
	if _, err := Fit(context.Background(), b, Images{}, 1, nil); err == nil || !strings.Contains(err.Error(), "at least one image") {
		t.Errorf("without images: error %v", err)
	}
}

// TestBatch: an epoch has every image once, moved, with its label.
func TestBatch(t *testing.T) {
	m := some(32) // 320 images are five batches
	var count [Classes]int
	seen := map[float32]bool{}
	for step := range 5 {
		images, labels := m.batch(1, 5+step)
		for k, label := range labels {
			count[label]++
			seen[images[k*numbers+numbers/2+Side/2]] = true
		}
	}
	for class, n := range count {
		if n != 32 {
			t.Errorf("%d images of class %d in an epoch, want 32", n, class)
		}
	}
	if len(seen) < 315 {
		t.Errorf("%d different images in an epoch, want nearly 320", len(seen))
	}
}
