package vae

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/wflowlab/wflowlab/imagenet/internal/steps"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/onestep"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Fitting says how a small autoencoder is trained from nothing, if the released one cannot be had or is too large.
type Fitting struct {
	Steps int
	Batch int          // images of a step
	Size  int          // pixels of the sides of the images; trained on small images, an autoencoder encodes large ones too
	Rate  onestep.Rate // of Adam, with β 0.9 and 0.999
	Prior float64      // λ, the weight of the divergence to the standard normal law
	Seed  uint64       // of the weights and the noise

	// Checkpoint is the path of the file that keeps the training, written every Every steps (0 means 1000), at the end, and when
	// the context ends. If it is there already, the training goes on from it, to the same weights as in one go. It belongs to
	// these settings, images and engine; others are an error. Empty means none.
	Checkpoint string `json:"-"`
	Every      int    `json:"-"`
}

// Fit trains an autoencoder of a configuration. Over images in [−1, 1] and noise n it minimises the mean squared error of
// the decoded images, plus λ times the divergence of the latents to the standard normal law, averaged over their numbers:
//
//	mean (Decode(Sample(m, v, n)) − image)² + λ · mean ½ (m² + eᵛ − 1 − v),   (m, v) = Encode(image)
//
// Image returns image i of the training, [Size, Size, 3] with bytes as for [Autoencoder.Encode], for i from 0 to
// Steps·Batch − 1. If report is not nil, it is told the mean squared error of each step. Fit returns the weights by the names
// of the Table, in the official layout. The same call gives the same weights on the same engine. When the context is done, Fit stops
// between two steps, and returns the weights so far with an error that wraps the context's.
//
// Source: Kingma and Welling, Auto-Encoding Variational Bayes (2014).
func (f Fitting) Fit(ctx context.Context, backend compute.Backend, c Config, image func(i int) []byte, report func(step int, loss float64)) (map[string][]float32, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if f.Steps < 1 || f.Batch < 1 || f.Size < 1 || f.Size%c.Factor() != 0 {
		return nil, fmt.Errorf("vae: %d steps of %d images of %d×%d pixels, want positive numbers, of pixels a multiple of %d", f.Steps, f.Batch, f.Size, f.Size, c.Factor())
	}
	store := model.NewStore()
	defer store.Finalize()
	if err := weights.Load(store.RootScope(), c.Table(), initial(f.Seed)); err != nil {
		return nil, fmt.Errorf("vae: %w", err)
	}
	network := func(scope *model.Scope, in []*graph.Node) []*graph.Node {
		pixels, noise, rate := in[0], in[1], in[2]
		optimizer.LearningRateVar(scope, rate.DType(), 0).SetNodeValue(rate)
		x := graph.AddScalar(graph.DivScalar(graph.ConvertDType(pixels, noise.DType()), 127.5), -1)
		mean, logVariance := c.Encode(scope, x)
		squares := graph.ReduceAllMean(graph.Square(graph.Sub(c.Decode(scope, Sample(mean, logVariance, noise)), x)))
		spread := graph.Sub(graph.AddScalar(graph.Exp(logVariance), -1), logVariance)
		prior := graph.MulScalar(graph.ReduceAllMean(graph.Add(graph.Square(mean), spread)), f.Prior/2)
		return []*graph.Node{graph.Add(squares, prior), squares}
	}
	total := func(_, predictions []*graph.Node) *graph.Node { return predictions[0] }
	wrong := func(_ *model.Scope, _, predictions []*graph.Node) *graph.Node { return predictions[1] }
	metrics := []metric.Interface{metric.NewBaseMetric("mean squared error", "MSE", "MSE", wrong, nil)}
	trainer := train.NewTrainer(backend, store, network, total, optimizer.Adam().Done(), metrics, nil)
	defer trainer.ResetComputationGraphs()
	batch := func(step int) ([]*tensors.Tensor, error) { return f.batch(c, step, image) }
	kept := steps.Checkpoint{Path: f.Checkpoint, Every: f.Every}
	if f.Checkpoint != "" {
		first, err := f.batch(c, 0, image)
		if err == nil {
			kept.Of, err = steps.Of(backend, first, f, c)
		}
		if err != nil {
			return nil, fmt.Errorf("vae: %w", err)
		}
	}
	_, stopped := steps.Run(ctx, store, kept, f.Steps, steps.Taker(trainer, batch), report)
	if stopped != nil {
		if stopped = fmt.Errorf("vae: %w", stopped); ctx.Err() == nil {
			return nil, stopped
		}
	}
	trained, err := weights.All[float32](store.RootScope(), c.Table())
	if err != nil {
		return nil, fmt.Errorf("vae: trained %w", err)
	}
	return trained, stopped
}

// batch returns the inputs of a step: images, noise and the learning rate.
func (f Fitting) batch(c Config, step int, image func(i int) []byte) ([]*tensors.Tensor, error) {
	var pixels []byte
	for i := step * f.Batch; i < (step+1)*f.Batch; i++ {
		m := image(i)
		if want := f.Size * f.Size * 3; len(m) != want {
			return nil, fmt.Errorf("image %d: %d bytes, want %d for %d×%d pixels", i, len(m), want, f.Size, f.Size)
		}
		pixels = append(pixels, m...)
	}
	side := f.Size / c.Factor()
	noise, n := make([]float32, f.Batch*side*side*c.Latent), stream.New(f.Seed, "noise")
	for k := range noise {
		noise[k] = float32(n.Normal(uint64(step*len(noise) + k)))
	}
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(pixels, f.Batch, f.Size, f.Size, 3),
		tensors.FromFlatDataAndDimensions(noise, f.Batch, side, side, c.Latent),
		tensors.FromScalar(float32(f.Rate.At(step, f.Steps))),
	}, nil
}

// initial returns the function that gives weights.Load the numbers from which training starts. They depend on the seed and on
// the parameter's name. Weights are normal, with variance 1 / (inputs of an output); weights of norms are 1, biases 0. There
// are three exceptions: residual layers begin as the identity, the means of the latents begin with a deviation of about 1
// once they are scaled, and the deviation of their noise begins at e⁻² before it is scaled.
func initial(seed uint64) func(weights.Parameter) ([]float32, error) {
	return func(p weights.Parameter) ([]float32, error) {
		values := make([]float32, p.Size())
		switch {
		case strings.HasSuffix(p.Name, ".conv2.weight"):
		case len(p.Shape) > 1:
			deviation := math.Sqrt(float64(p.Shape[0]) / float64(p.Size()))
			switch p.Name {
			case "quant_conv.weight":
				deviation /= Scale
			case "post_quant_conv.weight":
				deviation *= Scale
			}
			s := stream.New(seed, "weights "+p.Name)
			for i := range values {
				values[i] = float32(deviation * s.Normal(uint64(i)))
			}
		case strings.HasSuffix(p.Name, ".weight"):
			for i := range values {
				values[i] = 1
			}
		case p.Name == "quant_conv.bias":
			for i := len(values) / 2; i < len(values); i++ {
				values[i] = -4
			}
		}
		return values, nil
	}
}
