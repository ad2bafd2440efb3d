package viz_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/janpfeifer/must"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot/cmpimg"

	"github.com/wflowlab/wflowlab/internal/declared"
	"github.com/wflowlab/wflowlab/sinkhorn"
	"github.com/wflowlab/wflowlab/toy"
	"github.com/wflowlab/wflowlab/toy/digits"
	"github.com/wflowlab/wflowlab/viz"
)

func Example() {
	data := viz.Cloud{Points: toy.EightGaussians().Sample(1, 1000), Role: viz.Data}
	steps := climb(toy.Gaussian(2).Sample(2, 1000), data.Points, 40)

	must.M(viz.Save("example.png", viz.Row{
		{Title: "start", Layers: viz.Layers{data, viz.Cloud{Points: steps[0]}}},
		{Title: "after 40 steps", Layers: viz.Layers{data, viz.Cloud{Points: steps[40]}}},
	}))
}

func ExampleTrajectories() {
	data := viz.Cloud{Points: toy.EightGaussians().Sample(1, 200), Role: viz.Data}
	x := toy.Gaussian(2).Sample(2, 80)
	x.Scale(0.5, x)

	must.M(viz.Save("trajectories.png", viz.Panel{
		Title:  "mean shift",
		Layers: viz.Layers{data, viz.Trajectories{Steps: climb(x, data.Points, 40)}},
	}))
}

func ExampleArrows() {
	data := viz.Cloud{Points: toy.SixPlusTwo().Sample(1, 400), Role: viz.Data}
	x := toy.Gaussian(2).Sample(2, 60)
	x.Scale(3, x)
	var v mat.Dense
	v.Sub(climb(x, data.Points, 1)[1], x)

	must.M(viz.Save("arrows.png", viz.Panel{
		Title:  "velocity",
		Layers: viz.Layers{data, viz.Cloud{Points: x}, viz.Arrows{At: x, V: &v}},
	}))
}

func ExampleHeat() {
	mix := toy.EightGaussians()
	blurred := toy.NewMixture(mix.Means, mix.Weights, 0.4)
	density := func(x, y float64) float64 { return blurred.Density([]float64{x, y}) }
	saddle := func(x, y float64) float64 { return x*x/4 - y*y/4 }
	data := viz.Cloud{Points: mix.Sample(1, 160), Role: viz.Data}

	must.M(viz.Save("heat.png", viz.Row{
		{Title: "one-sided", Layers: viz.Layers{viz.Heat{F: density, Name: "density, per unit of area"}, data}},
		{Title: "about zero", Layers: viz.Layers{viz.Heat{F: saddle, Colors: viz.Diverging, Name: "F, unit of the cost"}, data}},
	}))
}

func ExampleLinks() {
	x, y := toy.Ellipse().Sample(1, 20), toy.EightGaussians().Sample(2, 24)
	var row viz.Row
	for _, ε := range []float64{0.05, 0.5} {
		s := must.M1(sinkhorn.Solve(context.Background(), sinkhorn.Problem{X: x, Y: y}, &sinkhorn.Settings{Epsilon: ε}))
		row = append(row, viz.Panel{Title: fmt.Sprintf("ε = %g", ε), Layers: viz.Layers{
			viz.Links{X: x, Y: y, Coupling: s.Coupling()},
			viz.Cloud{Points: y, Role: viz.Data},
			viz.Cloud{Points: x},
		}})
	}

	must.M(viz.Save("links.png", row))
}

func ExampleMatrix() {
	x, y := mat.NewDense(40, 1, nil), mat.NewDense(50, 1, nil)
	x.Apply(func(i, _ int, _ float64) float64 { return math.Pow(float64(i)/39, 2) }, x)
	y.Apply(func(j, _ int, _ float64) float64 { return float64(j) / 49 }, y)
	b := make([]float64, 50)
	for j := range b {
		b[j] = 1 + 0.9*math.Sin(float64(j)/4)
	}
	floats.Scale(1/floats.Sum(b), b)
	s := must.M1(sinkhorn.Solve(context.Background(), sinkhorn.Problem{X: x, Y: y, B: b}, &sinkhorn.Settings{Epsilon: 0.002}))

	must.M(viz.Save("matrix.png", viz.Panel{
		Title: "coupling", XLabel: "data j", YLabel: "particle i",
		Layers: viz.Layers{viz.Matrix{Values: s.Coupling(), Marginals: true, Name: "mass"}},
	}))
}

func ExampleCurve() {
	fast, slow := make([]float64, 60), make([]float64, 60)
	for k := range fast {
		fast[k], slow[k] = math.Exp(-float64(k)/6)+1e-3, math.Exp(-float64(k)/30)
	}
	fast[50] = math.NaN()

	must.M(viz.Save("curve.png", viz.Panel{
		Title: "energy along the flow", XLabel: "step", YLabel: "energy, unit of the cost", LogY: true,
		Layers: viz.Layers{
			viz.Level{Y: 0.01, Name: "data against data"},
			viz.Curve{Y: fast, Name: "fast, until it breaks"},
			viz.Curve{Y: slow, Name: "slow"},
		},
	}))
}

func ExampleBars() {
	mix := toy.EightGaussians()
	percent := func(seed uint64, n int) []float64 {
		share, _ := mix.Shares(mix.Sample(seed, n))
		for k := range share {
			share[k] *= 100
		}
		return share
	}

	must.M(viz.Save("bars.png", viz.Panel{
		Title: "weights of the modes", XLabel: "mode", YLabel: "share, %",
		Layers: viz.Layers{
			viz.Bars{Labels: []string{"1", "2", "3", "4", "5", "6", "7", "8"}, Series: []viz.Series{
				{Values: percent(1, 500), Role: viz.Flow},
				{Values: percent(2, 500), Role: viz.Generator},
			}},
			viz.Level{Y: 12.5, Name: "truth"},
		},
	}))
}

func ExampleImageGrid() {
	all := digits.All()
	pixels := mat.NewDense(30, 64, nil)
	for k := range 30 {
		pixels.SetRow(k, all.Class(k/10).RawRowView(k%10))
	}

	must.M(viz.Save("imagegrid.png", viz.Panel{
		Title: "real digits", YLabel: "class",
		Layers: viz.Layers{viz.ImageGrid{Images: viz.Gray(pixels, 0, 1), RowLabels: []string{"0", "1", "2"}}},
	}))
}

func ExampleAnimation() {
	data := viz.Cloud{Points: toy.EightGaussians().Sample(1, 200), Role: viz.Data}
	var film viz.Animation
	for k, x := range climb(toy.Gaussian(2).Sample(2, 200), data.Points, 20) {
		film = append(film, viz.Panel{Title: fmt.Sprintf("step %d", k), Layers: viz.Layers{data, viz.Cloud{Points: x}}})
	}

	must.M(viz.Save("animation.gif", film))
}

// climb moves particles uphill in the density of the data: a tenth of the way to the mean of the data near them.
func climb(x, data *mat.Dense, steps int) []*mat.Dense {
	n, _ := x.Dims()
	m, _ := data.Dims()
	all := []*mat.Dense{x}
	for range steps {
		x = mat.DenseCopyOf(x)
		for i := range n {
			var u, v, sum float64
			for j := range m {
				dx, dy := data.At(j, 0)-x.At(i, 0), data.At(j, 1)-x.At(i, 1)
				w := math.Exp(-(dx*dx + dy*dy) / 0.8)
				u, v, sum = u+w*dx, v+w*dy, sum+w
			}
			x.SetRow(i, []float64{x.At(i, 0) + 0.1*u/sum, x.At(i, 1) + 0.1*v/sum})
		}
		all = append(all, x)
	}
	return all
}

// TestExamples compares the examples' pictures with those looked at and found good. A pixel may differ by a twentieth, for
// other machines round differently at the rims of dots.
func TestExamples(t *testing.T) {
	golden, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for name, example := range map[string]func(){
		"example": Example, "trajectories": ExampleTrajectories, "arrows": ExampleArrows, "heat": ExampleHeat,
		"links": ExampleLinks, "matrix": ExampleMatrix, "curve": ExampleCurve, "bars": ExampleBars, "imagegrid": ExampleImageGrid,
	} {
		t.Run(name, func(t *testing.T) {
			example()
			got, err := os.ReadFile(name + ".png")
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(golden, name+".png")
			if *cmpimg.GenerateTestData {
				must.M(os.WriteFile(path, got, 0o644))
			}
			regen := fmt.Sprintf("go test ./viz -run 'TestExamples/^%s$' -regen", name)
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("no picture to compare with (%v): write it by\n\t%s\nand look at it before you commit it", err, regen)
			}
			if same, err := cmpimg.EqualApprox("png", got, want, 0.05); err != nil || !same {
				t.Errorf("the picture differs from %s (%v). If it is to, write the new one by\n\t%s\nand look at it before you commit it",
					path, err, regen)
			}
		})
	}
	ExampleAnimation()
}

// TestEveryExampleIsListed: TestExamples runs every example.
func TestEveryExampleIsListed(t *testing.T) {
	examples, err := declared.Examples(".")
	if err != nil {
		t.Fatal(err)
	}
	run, err := declared.Mentioned(".", "TestExamples")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range examples {
		if !slices.Contains(run, name) {
			t.Errorf("TestExamples has no line for %s, want one with the name of its picture", name)
		}
	}
}
