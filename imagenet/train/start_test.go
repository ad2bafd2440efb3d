package train

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// TestStart: a training begins with the weights that it is given, and knows them when it goes on.
func TestStart(t *testing.T) {
	first := small()
	first.Steps = 2
	given := whole(t, first)
	from := func(w map[string][]float32) func(weights.Parameter) ([]float32, error) {
		return func(p weights.Parameter) ([]float32, error) { return w[p.Name], nil }
	}
	tr := small()
	tr.Start, tr.Folder = from(given), filepath.Join(t.TempDir(), "run")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := tr.Run(ended, pureGo(t))
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := equal(given, got); err != nil {
		t.Errorf("before the first step: %v", err)
	}

	want := whole(t, tr)
	if tr.Folder = filepath.Join(t.TempDir(), "other"); equal(want, whole(t, tr)) != nil {
		t.Error("from the same weights, other ones came out")
	}
	tr.Start = from(want)
	if _, err := tr.Run(t.Context(), pureGo(t)); err == nil || !strings.Contains(err.Error(), "StartWeights") {
		t.Errorf("the checkpoint of a training that started from other weights: error %v, want one that names them", err)
	}
}
