package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wflowlab/wflowlab/internal/interrupted"
)

func TestInterruptedTwice(t *testing.T) {
	interrupted.Twice(t, func(report func()) {
		tr := small()
		tr.Report = func(Progress) { report() }
		tr.Run(t.Context(), pureGo(t))
	})
}

// breaking is a data set whose first reading, once it is armed, does something.
type breaking struct {
	Images
	armed atomic.Bool
	do    func()
}

func (b *breaking) Read(i int, u float64, into []float32) error {
	if b.armed.CompareAndSwap(true, false) {
		b.do()
	}
	return b.Images.Read(i, u, into)
}

// TestInterruptedAndFull: a checkpoint that cannot be written is told beside the interruption, also where it was due anyway.
func TestInterruptedAndFull(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tr := small()
	tr.Folder, tr.SaveEvery = filepath.Join(t.TempDir(), "run"), 1
	data := &breaking{Images: tr.Data, do: func() {
		cancel()
		if err := errors.Join(os.RemoveAll(tr.Folder), os.WriteFile(tr.Folder, nil, 0o644)); err != nil {
			t.Error(err)
		}
	}}
	tr.Data = data
	tr.Begin = func(int) error {
		data.armed.Store(true)
		return nil
	}
	if _, err := tr.Run(ctx, pureGo(t)); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "checkpoint of step 1: ") {
		t.Errorf("error %v, want that it was stopped, and that the checkpoint could not be written", err)
	}
}
