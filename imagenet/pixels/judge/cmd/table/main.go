// Program table judges a generator of digits that wflow train has trained, at several guidance scales α:
//
//	go run ./imagenet/pixels/judge/cmd/table RUN [α ...]
//
// It takes the newest checkpoint of the run, with the moving average of the weights, and the scales of its configuration unless
// others are given. It makes 2,000 images, 200 of each digit, and prints a line of measures for each scale. The line with a star
// is that of the scale that is chosen: the largest whose images are at most twice as far from the digits of the training as those
// of the nearest. They are images of another seed than those that are judged, so that neither these nor the digits to judge by
// have a part in the choice. Scales are taken in rising order.
//
// Four lines of digits that no generator made follow, to compare with: digits of the training as they are, nearer to the means of
// their classes, and these means.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/gomlx/compute"

	"github.com/wflowlab/wflowlab/imagenet/pixels/digits"
	"github.com/wflowlab/wflowlab/imagenet/pixels/judge"
	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/imagenet/sample"
	"github.com/wflowlab/wflowlab/imagenet/train"
	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: table RUN [α ...], the folder of a run of wflow train and guidance scales")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // so that a second interrupt ends the program
	defer stop()
	if err := table(ctx, os.Stdout, os.Args[1], os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}

// Seeds of the images that are judged, and of those by which the scale is chosen.
const judged, chosen = 0, 1

const each = 200 // images of a digit

// table prints the lines of a run.
func table(ctx context.Context, to io.Writer, run string, words []string) error {
	p, err := preset.ReadFile(filepath.Join(run, "config.yaml"))
	if err != nil {
		return err
	}
	if p.Generator == nil {
		return fmt.Errorf("%s: the run of an encoder, want that of a generator", run)
	}
	scales, err := scalesOf(p.Generator, words)
	if err != nil {
		return err
	}
	backend, engine, err := engine.Find()
	if err != nil {
		return err
	}
	defer backend.Finalize()
	sampler, step, err := newest(backend, run, p.Generator)
	if err != nil {
		return err
	}
	defer sampler.Finalize()
	fmt.Fprintf(to, "%s, step %d, %d images, %s\n\n", run, step, judge.Classes*each, engine)
	return compare(ctx, to, backend, sampler, scales)
}

// compare prints a line for each guidance scale.
func compare(ctx context.Context, to io.Writer, backend compute.Backend, sampler *sample.Sampler, scales []float64) error {
	j, err := judge.New(backend)
	if err != nil {
		return err
	}
	defer j.Finalize()
	best, distances, err := choose(ctx, j, sampler, scales)
	if err != nil {
		return err
	}
	lines := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(lines, "α\t\tread\tFréchet\t÷ floor\tdiversity\tsmallest class\tnearest\tFréchet to training")
	line := func(name, star string, v judge.Verdict, toTraining string) {
		fmt.Fprintf(lines, "%s\t%s\t%.2f %%\t%.2f\t%.2f\t%.3f\t%.3f\t%.3f\t%s\n",
			name, star, 100*v.Read, v.Frechet, v.Frechet/v.Floor, v.Diversity, v.Least, v.Nearest, toTraining)
	}
	for k, alpha := range scales {
		images, err := judge.Sample(ctx, sampler, alpha, each, judged)
		if err != nil {
			return err
		}
		v, err := j.Judge(images)
		if err != nil {
			return err
		}
		star := ""
		if k == best {
			star = "*"
		}
		line(fmt.Sprint(alpha), star, v, fmt.Sprintf("%.2f", distances[k]))
	}
	others, err := controls(judge.Of(digits.Train()))
	if err != nil {
		return err
	}
	for _, c := range others {
		v, err := j.Judge(c.images)
		if err != nil {
			return err
		}
		line(c.name, "", v, "")
	}
	return lines.Flush()
}

// choose returns which of some scales is taken, and the distances of their images to the digits of the training.
func choose(ctx context.Context, j *judge.Judge, s *sample.Sampler, scales []float64) (best int, distances []float64, err error) {
	sets := make([]judge.Images, len(scales))
	for k, alpha := range scales {
		if sets[k], err = judge.Sample(ctx, s, alpha, each, chosen); err != nil {
			return 0, nil, err
		}
	}
	return j.Choose(sets)
}

// scalesOf returns the guidance scales that were given or, without any, those of the configuration.
func scalesOf(g *preset.Generator, words []string) ([]float64, error) {
	if len(words) == 0 {
		return g.Train.Alphas, nil
	}
	var scales []float64
	for _, word := range words {
		alpha, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, fmt.Errorf("guidance scale %q is no number", word)
		}
		scales = append(scales, alpha)
	}
	slices.Sort(scales)
	return scales, nil
}

// newest returns a sampler with the generator of the newest checkpoint of a run, and its step.
func newest(backend compute.Backend, run string, g *preset.Generator) (*sample.Sampler, int, error) {
	list, err := train.Checkpoints(filepath.Join(run, "checkpoints"))
	if err != nil {
		return nil, 0, err
	}
	if len(list) == 0 {
		return nil, 0, fmt.Errorf("%s has no checkpoint yet", run)
	}
	last := list[len(list)-1]
	network, err := train.Network(g)
	if err != nil {
		return nil, 0, err
	}
	if s := network.Shape(); s.Side != judge.Side || s.Channels != 1 || s.Classes != judge.Classes {
		return nil, 0, fmt.Errorf("%s: images [%d, %d, %d] of %d classes, want digits: [%d, %d, 1] of %d",
			run, s.Side, s.Side, s.Channels, s.Classes, judge.Side, judge.Side, judge.Classes)
	}
	file, err := safetensors.ReadFile(last.Generator())
	if err != nil {
		return nil, 0, err
	}
	read := func(p weights.Parameter) ([]float32, error) { return file.Floats(p.Name, p.Shape...) }
	sampler, err := sample.New(backend, network, read, &sample.Settings{Batch: each})
	return sampler, last.Step, err
}
