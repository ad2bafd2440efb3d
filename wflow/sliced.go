package wflow

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/parallel"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Sliced is the velocity of the flow of half the squared sliced Wasserstein distance. It looks at the clouds along K
// directions θ_k, unit vectors, where transport is a matter of sorting:
//
//	V(x) = (1/K) Σ_k θ_k (t_k(x) − t'_k(x)).
//
// Here t_k(x) is the barycentric projection of θ_k·x under the optimal coupling of the projected particles to the
// projected data, and t'_k(x) the same towards the cloud of the self term. If the particles are their own self term,
// t'_k(x) is θ_k·x. On a line the optimal coupling keeps the order: the particle of rank r owns the masses from r/n to
// (r+1)/n, every target an interval as long as its weight, and what two intervals share goes from the one to the other.
// Points whose projections are equal have the order of their rows.
//
// The directions come from Seed and are the same at every call, so that the flow descends one function. With Clouds.Self
// nil, V is exactly −n ∂Energy/∂x, except where two particles have equal projections: there Energy has no gradient.
//
// Energy is ½ SW₂²(q, p), the mean over the directions of ½ W₂² between the projections, in the unit of ‖x−y‖²/2. Under
// guidance by velocity (α−1)·½(SW₂²(q, p) − SW₂²(q, ∅)) is added, ∅ standing for the unconditional data. Under guidance
// by distribution Energy is NaN.
//
// Each direction moves a particle only along itself. If the data are the particles shifted by c, then V is
// (1/K) Σ_k θ_k(θ_k·c), about c/d, where Sinkhorn's is c. So in d dimensions the flow takes d times as long, and its steps
// may be d times as large. If there are fewer directions than dimensions, nothing moves at right angles to all of them.
//
// There is no regularisation: in training, R has no effect. Velocity takes memory for about K·(n + m) numbers. The graph of
// training compares all pairs of points along every direction, and takes memory for about K·max(n, m)² numbers a
// problem.
//
// Source: Rabin, Peyré, Delon and Bernot, Wasserstein Barycenter and its Application to Texture Mixing (2011); Bonneel,
// Rabin, Peyré and Pfister, Sliced and Radon Wasserstein Barycenters of Measures (2015); for the flow Liutkus, Şimşekli,
// Majewski, Durmus and Stöter, Sliced-Wasserstein Flows (2019).
type Sliced struct {
	Projections int    // number of directions K, at most 1<<20; 0 means 64, or 2d if that is more
	Seed        uint64 // of the directions
	Guidance    Guidance
}

const (
	defaultProjections = 64
	mostProjections    = 1 << 20
)

// Velocity returns the velocity of every particle.
func (f *Sliced) Velocity(ctx context.Context, c Clouds) (*Velocity, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	directions := f.Directions(c.Particles.RawMatrix().Cols)
	v, couplings, err := difference(c, f.Guidance, func(_ term, y *mat.Dense, weights []float64) (*sortedCoupling, error) {
		s := coupleSorted(ctx, directions, c.Particles, y, weights)
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("wflow: %w", err)
		}
		return s, nil
	}, func(s *sortedCoupling) *mat.Dense {
		var project mat.Dense
		project.Mul(s.means.T(), directions)
		project.Scale(1/float64(directions.RawMatrix().Rows), &project)
		return &project
	})
	if err != nil {
		return nil, err
	}
	energy := couplings[toData].cost / 2
	if away := couplings[toUnconditional]; away != nil {
		energy += c.weight() * (couplings[toData].cost - away.cost) / 2
	}
	switch {
	case f.Guidance == ByDistribution && c.weight() > 0:
		energy = math.NaN()
	case math.IsNaN(energy) || math.IsInf(energy, 0):
		return nil, fmt.Errorf("wflow: Sliced has the energy %v: squares of distances overflow float64, want smaller coordinates", energy)
	}
	return (&Velocity{V: v, Energy: energy}).finite()
}

func (f *Sliced) check() error {
	if f.Projections < 0 || f.Projections > mostProjections {
		return fmt.Errorf("wflow: Sliced has Projections %d, want 1 to %d, or 0 for the default", f.Projections, mostProjections)
	}
	return nil
}

// Directions returns the directions θ [K, d] in d dimensions, uniform on the sphere: normal vectors of the stream
// "directions", divided by their length. It panics if Projections is out of its range.
func (f *Sliced) Directions(d int) *mat.Dense {
	if err := f.check(); err != nil {
		panic(err)
	}
	count := f.Projections
	if count == 0 {
		count = max(defaultProjections, 2*d)
	}
	directions := stream.New(f.Seed, "directions").Normals(0, count, d)
	for k := range count {
		row := directions.RawRowView(k)
		square := 0.0
		for _, v := range row {
			square += float64(v * v)
		}
		for j := range row {
			row[j] /= math.Sqrt(square)
		}
	}
	return directions
}

// Regularised is false: R has no effect.
func (f *Sliced) Regularised() bool { return false }

// WithR returns the field as it is.
func (f *Sliced) WithR(float64, int) (Field, error) { return f, f.check() }

// Surroundings returns the usual surroundings.
func (f *Sliced) Surroundings(c Clouds) Surroundings { return c.Surroundings(f.Guidance) }

// sortedCoupling is the optimal coupling of two clouds along every direction.
type sortedCoupling struct {
	means *mat.Dense // t_k(x_i) [K, n]
	cost  float64    // mean over the directions of W₂²
}

// coupleSorted couples x to y with the given weights, nil for equal ones, along every direction.
func coupleSorted(ctx context.Context, directions, x, y *mat.Dense, weights []float64) *sortedCoupling {
	var alongX, alongY mat.Dense // [K, n], [K, m]
	alongX.Mul(directions, x.T())
	alongY.Mul(directions, y.T())
	count, n := alongX.Dims()
	s := &sortedCoupling{means: mat.NewDense(count, n, nil)}
	costs := make([]float64, count)
	parallel.Each(ctx, count, func(k int) {
		costs[k] = coupleOnLine(s.means.RawRowView(k), alongX.RawRowView(k), alongY.RawRowView(k), weights)
	})
	for _, cost := range costs {
		s.cost += cost / float64(count)
	}
	return s
}

// coupleOnLine couples the points x of a line to the points y in ascending order. It writes the mean of y given x_i to
// means[i] and returns W₂² = Σ_ij P_ij (x_i − y_j)².
func coupleOnLine(means, x, y, weights []float64) (cost float64) {
	orderX, orderY := ascending(x), ascending(y)
	n, m := len(x), len(y)
	ends := make([]float64, m) // of the targets' intervals, in masses of a particle
	total := 0.0
	for rank, j := range orderY {
		if weights == nil {
			total++
		} else {
			total += weights[j]
		}
		ends[rank] = total
	}
	for rank := range ends {
		ends[rank] = ends[rank] * float64(n) / total
	}
	next, begin := 0, 0.0 // the first target that is not used up, and where its interval begins
	for rank, i := range orderX {
		low, high := float64(rank), float64(rank+1)
		mass, sum := 0.0, 0.0
		for next < m {
			j := orderY[next]
			if shared := min(ends[next], high) - max(begin, low); shared > 0 {
				mass += shared
				sum += shared * y[j]
				cost += shared * (x[i] - y[j]) * (x[i] - y[j])
			}
			if ends[next] > high || next == m-1 {
				break
			}
			begin = ends[next]
			next++
		}
		means[i] = sum / mass
	}
	return cost / float64(n)
}

// ascending returns the indices of v in ascending order of its numbers, and of the indices where those are equal.
func ascending(v []float64) []int {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(v[a], v[b]) })
	return order
}
