package onestep

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"os/signal"
	"reflect"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"github.com/gomlx/gomlx/support/exceptions"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/descent"
	"github.com/wflowlab/wflowlab/toy/stream"
	"github.com/wflowlab/wflowlab/wflow"
	"github.com/wflowlab/wflowlab/wflow/mlp"
)

// Training says what to train a generator on, and how. Network, Data and Steps are wanted; zero values of the rest work.
type Training struct {
	Network mlp.Network

	// Data holds one source of samples per class; one in all for a network without classes.
	Data []Source `json:"-"`

	// Unconditional is a source of samples of all classes, for guidance; nil means no guidance.
	Unconditional Source `json:"-"`

	// Scales is the law of the guidance scale α, drawn for every class in every step. Zero with Unconditional means
	// [1, 4] with exponent 3, and Unguided 0: no share of steps at α = 1.
	Scales Scales

	// Field is what moves the particles, on clouds scaled as in Loss. Nil means &wflow.Sinkhorn{Iterations: 10}.
	Field wflow.Field

	// R lists the regularisations, ε = R·d on the scaled clouds. Nil means 0.05 throughout.
	R []Annealing

	// OneBatch makes the particles their own self term. By default a second batch is generated for it in every step.
	OneBatch bool

	// Batch is the number of points of each cloud in a step, per class.
	Batch Sizes

	Steps int
	Rate  Rate   // of learning; zero means 1e-3 after 200 steps of warm-up
	Seed  uint64 // of the weights, the noise, the data and the scales

	// WeightDecay is AdamW's, on all weights.
	WeightDecay float64

	// Clip is the largest norm of the gradient. 0 means 2.
	Clip float64

	// Average is the decay of the weights' moving average, which is what one gets. 0 means 0.999. It should forget much
	// faster than the run is long: 1/(1 − Average) is its length in steps.
	Average float64

	// Checkpoint is the path of the file that keeps the run, written every Every steps (0 means 1000), at the end, and
	// when interrupted. If it is there already, the run goes on from it, to the same bytes as in one go. mlp.ReadFile
	// reads it as the generator it stands for. Its folder must exist. Empty means none.
	Checkpoint string `json:"-"`
	Every      int    `json:"-"`

	// Report is called after every step; nil means not to.
	Report func(Progress) `json:"-"`
}

// Sizes are numbers of points; 0 means 256 particles, 256 data and 16 unconditional points.
type Sizes struct{ Particles, Data, Unconditional int }

// Train trains a generator and returns it with the moving average of its weights. Every step draws noise, a second batch
// of noise, data and guidance scales from streams of the seed; generates both batches; takes the gradient of Loss, mean
// over classes; clips it; and updates with AdamW (β 0.9 and 0.95, ε 1e-8).
//
// When ctx ends or the program is interrupted, it stops after the step at hand, saves the checkpoint, and returns the
// generator so far together with an error that wraps ctx's and its cause. So it does, with the error of the file, when
// the checkpoint cannot be written; that it could be is tried before the first step. A loss that is not finite is an
// error too; the last checkpoint then stays as it was. Other errors, panics of Report and of sources among them, name
// the setting, source or file that is wrong.
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
		if training, err = t.fingerprint(); err != nil {
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
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	if thrown := exceptions.TryCatch[error](func() { err = t.run(ctx, backend, s) }); thrown != nil {
		err = thrown
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
	started, start := begin, s.step // once the first step has compiled
	step := s.step
	loop.OnStep("report", 0, func(_ *train.Loop, values []*tensors.Tensor) error {
		scalar := func(i int) float64 { return float64(tensors.ToScalar[float32](values[i])) }
		if loss := scalar(0); math.IsNaN(loss) || math.IsInf(loss, 0) {
			return fmt.Errorf("onestep: the loss of step %d is %v", step, loss)
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
			cause := context.Cause(ctx)
			if !errors.Is(cause, ctx.Err()) {
				cause = fmt.Errorf("%w: %w", ctx.Err(), cause)
			}
			return fmt.Errorf("onestep: stopped after step %d of %d: %w", step, t.Steps, cause)
		}
		if t.Checkpoint != "" && step%t.Every == 0 && step < t.Steps {
			return keep(step)
		}
		return nil
	})
	_, err = loop.RunSteps(feed{t, s.step}, t.Steps-s.step)
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
	descent.Average(scope, schedule.Graph(), t.Average)

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
		r = append(r, scheduled(1+k))
	}
	goal := Loss(t.Field, r, batch)
	return append([]*graph.Node{goal.Loss}, goal.MeanSquare...)
}

// feed is the data set of a run: one batch of inputs per step, from the given step on, each a function of its number.
type feed struct {
	Training
	first int
}

// Name implements train.Dataset.
func (f feed) Name() string { return "streams" }

// Iter implements train.Dataset.
func (f feed) Iter() iter.Seq2[train.Batch, error] {
	return func(yield func(train.Batch, error) bool) {
		for step := f.first; ; step++ {
			inputs, err := f.inputs(step)
			if !yield(train.Batch{Inputs: inputs}, err) || err != nil {
				return
			}
		}
	}
}

const unconditionalStream = "unconditional"

func dataStream(class int) string { return fmt.Sprintf("data %d", class) }

// inputs returns what the graph of one step takes, in its order.
func (t Training) inputs(step int) ([]*tensors.Tensor, error) {
	classes := len(t.Data)
	schedule := []float32{float32(t.Rate.At(step, t.Steps))}
	for _, r := range t.R {
		schedule = append(schedule, float32(r.At(step, t.Steps)))
	}
	in := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(schedule, len(schedule))}
	noise := func(name string) {
		n := classes * t.Batch.Particles
		in = append(in, tensor(classes, stream.New(t.Seed, name).Normals(step*n, n, t.Network.Noise)))
	}
	noise("noise")
	if !t.OneBatch {
		noise("second noise")
	}
	clouds := make([]*mat.Dense, classes)
	for c, source := range t.Data {
		var err error
		if clouds[c], err = t.draw(dataStream(c), source, step*t.Batch.Data, t.Batch.Data); err != nil {
			return nil, err
		}
	}
	in = append(in, tensor(classes, clouds...))
	if t.Unconditional == nil {
		return in, nil
	}
	n := classes * t.Batch.Unconditional
	cloud, err := t.draw(unconditionalStream, t.Unconditional, step*n, n)
	if err != nil {
		return nil, err
	}
	alpha := make([]float32, classes)
	scale, forced := stream.New(t.Seed, "scale"), stream.New(t.Seed, "unguided")
	for c := range alpha {
		i := uint64(step*classes + c)
		alpha[c] = float32(t.Scales.draw(scale.Uniform(i), forced.Uniform(i)))
	}
	return append(in, tensor(classes, cloud), tensors.FromFlatDataAndDimensions(alpha, classes)), nil
}

// largest is a number whose square float32 holds with room for sums.
const largest = 1e18

// draw takes n samples of a source and looks at them: they are [n, Out] and no larger than float32 can work with.
func (t Training) draw(name string, source Source, first, n int) (x *mat.Dense, err error) {
	if err := attempt(fmt.Sprintf("source %q", name), func() { x = source(stream.New(t.Seed, name), first, n) }); err != nil {
		return nil, err
	}
	if x == nil {
		return nil, fmt.Errorf("onestep: source %q gave nil, want [%d, %d]", name, n, t.Network.Out)
	}
	if rows, d := x.Dims(); rows != n || d != t.Network.Out {
		return nil, fmt.Errorf("onestep: source %q gave [%d, %d], want [%d, %d]", name, rows, d, n, t.Network.Out)
	}
	for i := range n {
		for _, v := range x.RawRowView(i) {
			if !(math.Abs(v) <= largest) {
				return nil, fmt.Errorf("onestep: source %q: sample %d holds %v, want numbers up to ±%v", name, first+i, v, largest)
			}
		}
	}
	return x, nil
}

// attempt calls a function of the caller's, and returns what it panics with as an error that says who did.
func attempt(who string, f func()) (err error) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case error:
			err = fmt.Errorf("onestep: %s panicked: %w", who, thrown)
		default:
			err = fmt.Errorf("onestep: %s panicked: %v", who, thrown)
		}
	}()
	f()
	return nil
}

// tensor returns clouds of d columns, one below the other, as float32 [b, ·, d].
func tensor(b int, clouds ...*mat.Dense) *tensors.Tensor {
	_, d := clouds[0].Dims()
	var flat []float32
	for _, x := range clouds {
		for i := range x.RawMatrix().Rows {
			for _, v := range x.RawRowView(i) {
				flat = append(flat, float32(v))
			}
		}
	}
	return tensors.FromFlatDataAndDimensions(flat, b, len(flat)/b/d, d)
}

// resolved returns the training with its defaults filled in, or an error that names the setting that makes no sense.
func (t Training) resolved() (Training, error) {
	if err := t.Network.Check(); err != nil {
		return t, err
	}
	if len(t.Data) != max(1, t.Network.Classes) {
		return t, fmt.Errorf("onestep: %d sources in Data for a network with %d classes", len(t.Data), t.Network.Classes)
	}
	for c, source := range t.Data {
		if source == nil {
			return t, fmt.Errorf("onestep: Data[%d] is nil, want a source", c)
		}
	}
	if t.Field == nil {
		t.Field = &wflow.Sinkhorn{Iterations: 10}
	}
	if err := checkField(t.Field); err != nil {
		return t, err
	}
	if len(t.R) == 0 {
		t.R = []Annealing{{0.05, 0.05}}
	}
	for _, r := range t.R {
		if !(r.From > 0 && r.To > 0) || math.IsInf(r.From+r.To, 1) {
			return t, fmt.Errorf("onestep: R from %v to %v, want positive numbers", r.From, r.To)
		}
	}
	if t.Unconditional != nil {
		if t.Scales == (Scales{}) {
			t.Scales = Scales{Min: 1, Max: 4, Exponent: 3}
		}
		if err := t.Scales.check(); err != nil {
			return t, err
		}
	} else if t.Scales != (Scales{}) || t.Network.Guided {
		return t, errors.New("onestep: Scales or Network.Guided without Unconditional: guidance wants samples of all classes")
	}
	for _, s := range []struct {
		name   string
		value  *int
		preset int
	}{{"Batch.Particles", &t.Batch.Particles, 256}, {"Batch.Data", &t.Batch.Data, 256},
		{"Batch.Unconditional", &t.Batch.Unconditional, 16}, {"Every", &t.Every, 1000}, {"Steps", &t.Steps, 0}} {
		if *s.value == 0 {
			*s.value = s.preset
		}
		if *s.value < 1 {
			return t, fmt.Errorf("onestep: %s is %d, want 1 or more", s.name, *s.value)
		}
	}
	if t.Rate == (Rate{}) {
		t.Rate = Rate{Peak: 1e-3, WarmUp: 200}
	}
	for _, s := range []struct {
		name        string
		value       *float64
		preset, end float64
	}{{"Rate.Peak", &t.Rate.Peak, 0, math.Inf(1)}, {"WeightDecay", &t.WeightDecay, 0, math.Inf(1)},
		{"Clip", &t.Clip, 2, math.Inf(1)}, {"Average", &t.Average, 0.999, 1}} {
		if *s.value == 0 {
			*s.value = s.preset
		}
		if !(*s.value >= 0 && *s.value < s.end) {
			return t, fmt.Errorf("onestep: %s is %v, want a number ≥ 0 and < %v", s.name, *s.value, s.end)
		}
	}
	if t.Rate.WarmUp < 0 {
		return t, fmt.Errorf("onestep: Rate.WarmUp is %d, want 0 or more", t.Rate.WarmUp)
	}
	return t, nil
}

// checkField returns an error that names a knob of the field that is NaN or infinite.
func checkField(field wflow.Field) error {
	v := reflect.Indirect(reflect.ValueOf(field))
	if !v.IsValid() {
		return fmt.Errorf("onestep: Field is a nil %T", field)
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	for knob, value := range v.Fields() {
		if value.CanFloat() && (math.IsNaN(value.Float()) || math.IsInf(value.Float(), 0)) {
			return fmt.Errorf("onestep: Field %T has %s %v", field, knob.Name, value.Float())
		}
	}
	return nil
}
