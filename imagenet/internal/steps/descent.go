package steps

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/wflowlab/wflowlab/imagenet/internal/devices"
	"github.com/wflowlab/wflowlab/internal/descent"
)

// Descent says how weights go down a loss: by AdamW, with ε = 1e-8, on the clipped gradient, and then by a moving average of the
// weights. It takes two graphs a step. The first computes the gradient of a chunk of the step's inputs and adds it up. The
// second updates the weights. Between the two, the gradient lies in variables of the store, for others to change.
type Descent struct {
	// Loss builds a chunk's loss, a scalar, on the inputs of the chunk. What it returns behind the loss is for the caller, who gets
	// all of it in float32.
	Loss func(scope *model.Scope, in []*graph.Node) []*graph.Node

	Common int // how many inputs, the first ones, are whole on every device; the others are dealt along their first axis
	Chunks int // of a step; the loss of the step is the mean of theirs

	Beta1, Beta2, WeightDecay float64
	Clip                      float64 // largest norm of the gradient
	Average                   float64 // decay of the moving average
}

// Descender takes steps of a Descent. The weights are the trainable variables of its store. Their moving average is in
// descent.AverageScope after the first step.
type Descender struct {
	Descent
	backend   compute.Backend
	store     *model.Store
	devices   devices.Set
	gradients *model.Exec
	update    *model.Exec
}

// GradientScope is the scope of the gradient: that of the variable with the path p has the path GradientScope + p.
const GradientScope = "/gradient"

// Start makes the gradient's variables and returns what takes steps, on the first count devices of the backend.
func (d Descent) Start(backend compute.Backend, count int, store *model.Store) (*Descender, error) {
	set, err := devices.First(backend, count)
	if err != nil {
		return nil, err
	}
	s := &Descender{Descent: d, backend: backend, store: store, devices: set}
	for _, v := range s.weights() {
		zero, err := store.CreateVariable(GradientScope+v.Path(), tensors.FromShape(v.Shape()))
		if err != nil {
			return nil, err
		}
		zero.SetTrainable(false)
	}
	if s.gradients, err = model.NewExec(backend, store, s.gradientGraph); err != nil {
		return nil, err
	}
	if s.update, err = model.NewExec(backend, store, s.updateGraph); err != nil {
		return nil, err
	}
	set.Replicate(s.gradients)
	set.Replicate(s.update)
	return s, nil
}

// Rebuild has the next step build the graph of the gradient anew, for the caller whose Loss now builds another.
func (s *Descender) Rebuild() error {
	gradients, err := model.NewExec(s.backend, s.store, s.gradientGraph)
	if err != nil {
		return descent.Plain(err)
	}
	s.gradients.Finalize()
	s.gradients = gradients
	s.devices.Replicate(gradients)
	return nil
}

// Devices returns where the steps are computed. Other graphs on the variables of the store must use the same.
func (s *Descender) Devices() devices.Set { return s.devices }

// Finalize frees the graphs. The store stays.
func (s *Descender) Finalize() {
	s.gradients.Finalize()
	s.update.Finalize()
}

// weights lists the trainable variables.
func (s *Descender) weights() (list []*model.Variable) {
	for v := range s.store.IterVariables() {
		if v.Trainable {
			list = append(list, v)
		}
	}
	return list
}

// gradientGraph builds the gradient of a chunk's loss as part of the mean over chunks. The first chunk replaces the gradient of
// the step before.
func (s *Descender) gradientGraph(scope *model.Scope, in []*graph.Node) []*graph.Node {
	first, in := in[0], in[1:]
	g := first.Graph()
	s.store.SetTraining(g, true)
	var sums []*model.Variable
	for _, v := range s.weights() {
		sum := s.store.GetVariable(GradientScope + v.Path())
		sum.NodeValue(g) // here, because the pure Go engine fails on a parameter behind the last output
		sums = append(sums, sum)
	}
	out := s.Loss(scope, in)
	var nodes []*graph.Node
	for _, v := range s.weights() {
		nodes = append(nodes, v.NodeValue(g))
	}
	for i, gradient := range graph.Gradient(graph.DivScalar(out[0], float64(s.Chunks)), nodes...) {
		if s.Chunks > 1 {
			gradient = graph.Add(graph.Where(first, graph.ZerosLike(gradient), sums[i].NodeValue(g)), gradient)
		}
		sums[i].SetNodeValue(gradient)
	}
	for i, x := range out {
		out[i] = graph.ConvertDType(x, dtypes.Float32)
	}
	return out
}

// updateGraph builds the update, and returns the norm of the gradient before clipping.
func (s *Descender) updateGraph(scope *model.Scope, rate *graph.Node) *graph.Node {
	g := rate.Graph()
	s.store.SetTraining(g, true)
	rate = graph.ConvertDType(rate, s.weights()[0].DType())
	optimizer.LearningRateVar(scope, rate.DType(), 0).SetNodeValue(rate)
	descent.Average(scope, g, s.Average)
	var gradients []*graph.Node
	for _, v := range s.weights() {
		v.NodeValue(g) // the optimizer updates the variables that a graph uses
		gradients = append(gradients, s.store.GetVariable(GradientScope+v.Path()).NodeValue(g))
	}
	adam := optimizer.Adam().Betas(s.Beta1, s.Beta2).Epsilon(1e-8).WeightDecay(s.WeightDecay).Done()
	descent.Clip(adam, s.Clip).(train.OptimizeWithGradients).UpdateGraphWithGradients(scope, gradients, rate.DType())
	train.ExecPerStepUpdateGraphFn(g) // the average: GoMLX's own trainer would call it
	return graph.ConvertDType(descent.GradientNorm(scope, nil, []*graph.Node{rate}), dtypes.Float32)
}

// Gradient adds the gradient of a chunk, counted from 0, and returns the numbers of what Loss returned for it. It frees the inputs,
// which would lie on the device until they are collected.
func (s *Descender) Gradient(chunk int, in ...devices.Array) ([][]float32, error) {
	in = append([]devices.Array{tensors.FromScalar(chunk == 0)}, in...)
	out, err := s.devices.Call(s.gradients, 1+s.Common, in)
	if err != nil {
		return nil, descent.Plain(err)
	}
	numbers := make([][]float32, len(out))
	for i, x := range out {
		if numbers[i], err = tensors.CopyFlatData[float32](x); err != nil { // which waits for the device
			return nil, descent.Plain(err)
		}
	}
	for _, x := range append(in, devices.Arrays(out)...) {
		if err := x.FinalizeAll(); err != nil {
			return nil, descent.Plain(err)
		}
	}
	return numbers, nil
}

// Update ends a step and returns the norm of the gradient before clipping. If that is not finite, neither are the weights then,
// and the error says so.
func (s *Descender) Update(rate float64) (norm float64, err error) {
	out, err := s.devices.Call(s.update, 1, []devices.Array{tensors.FromScalar(float32(rate))})
	if err != nil {
		return 0, descent.Plain(err)
	}
	if norm = float64(tensors.ToScalar[float32](out[0])); math.IsNaN(norm) || math.IsInf(norm, 0) {
		return norm, fmt.Errorf("the gradient is not finite: its norm is %v", norm)
	}
	return norm, nil
}
