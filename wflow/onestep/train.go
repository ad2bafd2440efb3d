package onestep

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/mlp"
)

// Train trains a generator and returns it with the moving average of its weights. Every step draws noise, a second batch
// of noise, data and guidance scales from streams of the seed; generates both batches; takes the gradient of Loss, mean
// over classes; clips it; and updates with AdamW (β 0.9 and 0.95, ε 1e-8).
//
// When ctx ends or the program is interrupted, it stops after the step at hand, saves the checkpoint, and returns the
// generator so far together with an error that wraps ctx's and its cause. If ctx has ended before, that is the generator of
// the checkpoint, or the one that training starts from. Train does the same, with the error of the file, when the
// checkpoint cannot be written; before the first step it tries whether that is possible. A loss that is not finite is an
// error too, and then the last checkpoint stays as it was. Other errors name the setting, source or file that is wrong;
// panics of Report and of sources are among them.
//
// The same training gives the same bytes on one engine; different engines round differently.
//
// Source: arXiv 2605.11755, algorithm 1, and its code for the optimiser.
func Train(ctx context.Context, backend compute.Backend, t Training) (*mlp.Generator, error) {
	t, err := t.resolved()
	if err != nil {
		return nil, err
	}
	var s *state
	training := ""
	if t.Checkpoint != "" {
		if training, err = t.fingerprint(engine.Name(backend)); err != nil {
			return nil, err
		}
		if s, err = load(t, training); err != nil {
			return nil, err
		}
	}
	if s == nil {
		s = fresh(t.Network, t.Seed)
	}
	s.training = training
	if t.Checkpoint != "" && s.step < t.Steps {
		if err := prepare(t.Checkpoint); err != nil {
			return nil, err
		}
	}
	if s.step < t.Steps {
		for _, warning := range t.Warnings() {
			log.Print("onestep: ", warning)
		}
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // so that a second interrupt ends the program, however long a step takes
	if thrown := exceptions.TryCatch[error](func() { err = t.run(ctx, backend, s) }); thrown != nil {
		err = descent.Plain(thrown)
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, errUnsaved) {
		return nil, err
	}
	g, broken := s.generator(t.Network)
	return g, errors.Join(err, broken)
}

// run takes the state from its step to the last, or as far as ctx lets it.
func (t Training) run(ctx context.Context, backend compute.Backend, s *state) error {
	if s.step == t.Steps {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("onestep: %w", descent.Stopped(ctx, s.step, t.Steps))
	}
	store, err := s.store(t.Network)
	if err != nil {
		return err
	}
	defer store.Finalize()
	metrics := []metric.Interface{metric.NewBaseMetric("gradient norm", "norm", "norm", descent.GradientNorm, nil)}
	for k := range t.R {
		meanSquare := func(_ *model.Scope, _, predictions []*graph.Node) *graph.Node { return predictions[1+k] }
		metrics = append(metrics, metric.NewBaseMetric(fmt.Sprintf("mean V² %d", k), "V²", "V²", meanSquare, nil))
	}
	loss := func(_, predictions []*graph.Node) *graph.Node { return predictions[0] }
	trainer := train.NewTrainer(backend, store, t.graph, loss, t.optimizer(), metrics, nil)
	defer trainer.ResetComputationGraphs()

	keep := func(step int) error {
		if err := s.read(store, t.Network, step); err != nil || t.Checkpoint == "" {
			return err
		}
		return s.save(t)
	}
	loop := train.NewLoop(trainer)
	begin := time.Now()
	started, start := begin, s.step // of the steps after the first, which compiles
	step := s.step
	loop.OnStep("report", 0, func(_ *train.Loop, values []*tensors.Tensor) error {
		scalar := func(i int) float64 { return float64(tensors.ToScalar[float32](values[i])) }
		if loss := scalar(0); math.IsNaN(loss) || math.IsInf(loss, 0) {
			return fmt.Errorf("onestep: the loss of step %d is %v", step+1, loss)
		}
		p := Progress{Steps: t.Steps, Rate: t.Rate.At(step, t.Steps), GradientNorm: scalar(2), Elapsed: time.Since(begin)}
		for k, r := range t.R {
			p.R = append(p.R, r.At(step, t.Steps))
			p.MeanSquare = append(p.MeanSquare, scalar(3+k))
		}
		step++
		if p.Step = step; step == s.step+1 {
			started, start = time.Now(), step
		} else {
			p.Remaining = time.Since(started) * time.Duration(t.Steps-step) / time.Duration(step-start)
		}
		if t.Report != nil {
			p.generator = func() (*mlp.Generator, error) { return average(store, t.Network) }
			if err := attempt(fmt.Sprintf("Report of step %d", step), func() { t.Report(p) }); err != nil {
				return err
			}
		}
		if ctx.Err() != nil && step < t.Steps {
			return fmt.Errorf("onestep: %w", descent.Stopped(ctx, step, t.Steps))
		}
		if t.Checkpoint != "" && step%t.Every == 0 && step < t.Steps {
			return keep(step)
		}
		return nil
	})
	_, err = loop.RunSteps(feed{t, s.step}, t.Steps-s.step)
	if err = descent.Plain(err); err != nil && !strings.HasPrefix(err.Error(), "onestep: ") {
		err = fmt.Errorf("onestep: step %d of %d: %w", step+1, t.Steps, err)
	}
	if err == nil || ctx.Err() != nil {
		err = errors.Join(err, keep(step))
	}
	return err
}

// optimizer is AdamW on clipped gradients.
func (t Training) optimizer() optimizer.Interface {
	adam := optimizer.Adam().Betas(0.9, 0.95).Epsilon(1e-8).WeightDecay(t.WeightDecay).Done()
	return descent.Clip(adam, t.Clip)
}

// graph builds a step up to its loss: it returns the loss [b] and mean V_R² for every R.
func (t Training) graph(scope *model.Scope, in []*graph.Node) []*graph.Node {
	next := func() *graph.Node {
		node := in[0]
		in = in[1:]
		return node
	}
	schedule, noise := next(), next()
	scheduled := func(k int) *graph.Node { return graph.Reshape(graph.Slice(schedule, graph.AxisElem(k))) }
	setLearningRate(scope, scheduled(0))
	descent.CorrectedAverage(scope, scheduled(1))

	var batch Batch
	var second *graph.Node
	if !t.OneBatch {
		second = next()
	}
	batch.Data = next()
	if t.Unconditional != nil {
		batch.Unconditional, batch.Alpha = next(), next()
	}
	generator := scope.Store().Scope(generatorScope)
	batch.Particles = generate(generator, t.Network, noise, batch.Alpha)
	if second != nil {
		batch.Self = generate(generator, t.Network, second, batch.Alpha)
	}
	var r []*graph.Node
	for k := range t.R {
		r = append(r, scheduled(2+k))
	}
	goal := Loss(t.Field, r, batch)
	out := []*graph.Node{goal.Loss}
	for _, meanSquare := range goal.MeanSquare {
		out = append(out, graph.Reshape(meanSquare)) // of the only group
	}
	return out
}
