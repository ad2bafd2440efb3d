package onestep

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// TestInputs: step by step, noise, data and scales are consecutive samples of their streams, and no two of them share one.
func TestInputs(t *testing.T) {
	run, err := small().resolved()
	if err != nil {
		t.Fatal(err)
	}
	run.Scales.Unguided = 0.5
	clouds := make([][]float32, 7) // of two steps
	for step := range 2 {
		in, err := run.inputs(step)
		if err != nil {
			t.Fatal(err)
		}
		for i := range in {
			clouds[i] = append(clouds[i], tensors.MustCopyFlatData[float32](in[i])...)
		}
	}
	flat := func(x *mat.Dense) (v []float32) {
		for _, y := range x.RawMatrix().Data {
			v = append(v, float32(y))
		}
		return v
	}
	s := func(name string) stream.Stream { return stream.New(run.Seed, name) }
	for i, want := range map[int]*mat.Dense{
		1: s("noise").Normals(0, 2*2*6, 2),
		2: s("second noise").Normals(0, 2*2*6, 2),
		4: run.Unconditional(s("unconditional"), 0, 2*2*4),
	} {
		if !slices.Equal(clouds[i], flat(want)) {
			t.Errorf("input %d is %v, want its stream %v", i, clouds[i], flat(want))
		}
	}
	var data []float32 // both classes of step 0, then of step 1
	for step := range 2 {
		for c, source := range run.Data {
			data = append(data, flat(source(s(dataStream(c)), 5*step, 5))...)
		}
	}
	if !slices.Equal(clouds[3], data) {
		t.Errorf("the data are %v, want their streams %v", clouds[3], data)
	}
	seen := map[float32]int{}
	for i, cloud := range clouds[1:5] {
		for _, v := range cloud {
			if other, ok := seen[v]; ok && other != i {
				t.Errorf("inputs %d and %d share the number %v, want none shared", other+1, i+1, v)
			}
			seen[v] = i
		}
	}

	run.Steps = 1
	unguided, n := 0, 0
	for step := range 500 {
		in, err := run.inputs(step)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range tensors.MustCopyFlatData[float32](in[5]) {
			n++
			if a == 1 {
				unguided++
			} else if !(a > 1 && a <= 3) {
				t.Errorf("α is %v, want 1 to 3", a)
			}
		}
	}
	if share := float64(unguided) / float64(n); math.Abs(share-0.5) > 0.08 { // five deviations of 1,000 coins
		t.Errorf("α is 1 in a share of %v, want 0.5", share)
	}
}

// TestDrawsAhead: the batch of the next step is drawn while a step is taken; none is behind the last step, and none after Train has
// returned.
func TestDrawsAhead(t *testing.T) {
	for _, stopAfter := range []int{2, 4} { // of four steps
		run := small()
		run.Steps = 4
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var ahead [4]chan bool // closed when the batch of a step is drawn
		for i := range ahead {
			ahead[i] = make(chan bool)
		}
		source, returned := run.Data[1], atomic.Bool{}
		run.Data[1] = func(s stream.Stream, first, n int) *mat.Dense {
			switch step := first / n; {
			case returned.Load():
				t.Error("a source is called after Train")
			case step >= len(ahead):
				t.Errorf("samples of step %d are drawn, want those of %d steps", step, len(ahead))
			default:
				close(ahead[step])
			}
			return source(s, first, n)
		}
		run.Report = func(p Progress) {
			if p.Step < run.Steps {
				<-ahead[p.Step]
			}
			if p.Step == stopAfter {
				stop()
			}
		}
		_, err := Train(ctx, goBackend(t), run)
		returned.Store(true)
		if stopped := errors.Is(err, context.Canceled); stopped != (stopAfter < run.Steps) {
			t.Errorf("stopped after step %d of %d: error %v", stopAfter, run.Steps, err)
		}
	}
}

// TestDeck: every stretch of a deck's length that starts at a multiple of it holds every row once.
func TestDeck(t *testing.T) {
	deck := Deck(mat.NewDense(5, 1, []float64{0, 1, 2, 3, 4}))
	s := stream.New(1, "deck")
	all := deck(s, 0, 15)
	orders := map[string]bool{}
	for k := range 3 {
		var seen [5]bool
		order := ""
		for i := range 5 {
			v := int(all.At(5*k+i, 0))
			seen[v] = true
			order += string(rune('0' + v))
		}
		if seen != [5]bool{true, true, true, true, true} {
			t.Errorf("deck %d is %s, want every card once", k, order)
		}
		orders[order] = true
	}
	if len(orders) == 1 {
		t.Errorf("three decks are in the orders %v, want different ones", orders)
	}
	if part := deck(s, 3, 9); !mat.Equal(part, all.Slice(3, 12, 0, 1)) {
		t.Errorf("samples 3 to 11 are\n%v when drawn alone, want\n%v", mat.Formatted(part), mat.Formatted(all.Slice(3, 12, 0, 1)))
	}
}
