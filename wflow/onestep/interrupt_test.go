package onestep

import (
	"testing"

	"github.com/wflowlab/wflowlab/internal/interrupted"
)

func TestInterruptedTwice(t *testing.T) {
	interrupted.Twice(t, func(report func()) {
		run := small()
		run.Report = func(Progress) { report() }
		Train(t.Context(), goBackend(t), run)
	})
}
