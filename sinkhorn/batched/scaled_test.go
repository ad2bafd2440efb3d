package batched_test

import "testing"

// crossed is one problem in which much has to move far: of two places that are far apart, one has few particles and many data, the
// other many particles and few data. In the first updates, factors of rows and columns are as large as they can be.
func crossed(n, m int, eps float64) clouds {
	c := random(3, 1, n, m, 2)
	c.eps = eps
	for i := range c.x {
		if c.x[i] *= 0.1; i/2 > 0 {
			c.x[i] += 1.5
		}
	}
	for i := range c.y {
		if c.y[i] *= 0.1; i/2 == 0 {
			c.y[i] += 1.5
		}
	}
	return c
}

// TestScaled: at every ε, down to costs of hundreds of ε, and after any number of updates, projections are those of the plain solver,
// which has no factors.
func TestScaled(t *testing.T) {
	for _, eps := range []float64{1, 0.1, 0.03, 0.01, 0.003} {
		for _, updates := range []int{2, 3, 12, 60} {
			for name, c := range map[string]clouds{"random": random(4, 2, 5, 6, 3), "crossed": crossed(7, 9, eps), "large": crossed(40, 50, eps)} {
				c.eps = eps
				for _, c.mask = range []bool{false, true} {
					var want []float64
					for k := range c.b {
						_, x := c.oracle(k, updates)
						want = append(want, x...)
					}
					// Exponents reach some 10/ε, and their rounding is the relative error of a coupling.
					if d := maxDifference(t, run[float64](t, c, project(updates)), want); d > 3e-14/eps {
						t.Errorf("%s, ε %v, %d updates, mask %v: off by %.1e, want %.1e at most", name, eps, updates, c.mask, d, 3e-14/eps)
					}
					if d := maxDifference(t, run[float32](t, c, project(updates)), want); d > 2e-6/eps {
						t.Errorf("%s, ε %v, %d updates, mask %v: float32 off by %.1e, want %.1e at most", name, eps, updates, c.mask, d, 2e-6/eps)
					}
				}
			}
		}
	}
}
