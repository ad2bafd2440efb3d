package onestep

import (
	"testing"

	"github.com/gomlx/compute"

	"github.com/wflowlab/wflowlab/wflow"
)

// TestSliced: on every engine the graph, which counts, agrees with the host, which sorts: on random clouds, with weights,
// and where projections are equal.
func TestSliced(t *testing.T) {
	equal := clouds{b: 1, n: 4, m: 5, d: 2, particles: make([]float64, 8), data: []float64{1, 0, 0, 1, 1, 0, 2, 2, 0, 1}}
	onBackends(t, func(t *testing.T, b compute.Backend) {
		for _, c := range append(unequal()[:2], equal) {
			agrees(t, b, &wflow.Sliced{Projections: 5, Guidance: wflow.ByDistribution}, []float64{1}, c)
		}
	})
}
