package train

import (
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
