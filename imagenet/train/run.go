package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/descent"
)

// run is a training under way.
type run struct {
	Training
	stepper  *Stepper
	source   *source
	start    string   // checksum of the weights that the training starts from, if they are given
	manifest manifest // of the next checkpoint
	done     int      // steps
}

// drawn is a batch and the banks' state after it was drawn.
type drawn struct {
	batch Batch
	bank  []int64
	err   error
}

// steps takes the steps that are left. The batch of the next is drawn meanwhile.
func (r *run) steps(ctx context.Context) error {
	if r.done == r.Steps {
		return nil
	}
	if ctx.Err() != nil {
		return r.stopped(ctx, nil)
	}
	batches, quit, ended := make(chan drawn), make(chan struct{}), make(chan struct{})
	defer func() {
		close(quit)
		<-ended // so that nobody reads the data when the training is over
	}()
	go func(first int) {
		defer close(ended)
		for step := first; step < r.Steps; step++ {
			b, err := r.source.batch(step)
			select {
			case batches <- drawn{b, r.source.bank.State(), err}:
			case <-quit:
				return
			}
		}
	}(r.done)

	begin := time.Now()
	since, from := begin, -1 // when the steps began that count for the pace, and behind which step; -1: none does yet
	for r.done < r.Steps {
		d := <-batches
		if d.err != nil {
			return fmt.Errorf("train: step %d: %w", r.done+1, d.err)
		}
		changed, err := r.stepper.compareAlone(r.done < r.FeaturesFrom)
		var m *Measure
		if err == nil {
			m, err = r.stepper.take(d.batch)
		}
		if err == nil {
			err = r.stepper.collapsed(m)
		}
		if err != nil {
			return fmt.Errorf("train: step %d: %w", r.done+1, err)
		}
		r.done++
		p := Progress{Step: r.done, Steps: r.Steps, Measure: m, Rate: d.batch.Rate, Elapsed: time.Since(begin), weights: r.weights}
		for _, v := range d.batch.R {
			p.R = append(p.R, float64(v))
		}
		if changed || from < 0 { // it has compiled
			since, from = time.Now(), r.done
		} else {
			each := time.Since(since) / time.Duration(r.done-from)
			p.Remaining = each * time.Duration(r.Steps-r.done)
			p.Images = float64(r.Classes*r.Particles) / each.Seconds()
		}
		last := r.done == r.Steps
		due := last || r.Folder != "" && r.done%r.SaveEvery == 0
		if due {
			if err := r.save(d.bank); err != nil {
				return r.stopped(ctx, err)
			}
		}
		if r.Report != nil {
			r.Report(p)
		}
		if ctx.Err() != nil && !last {
			if !due {
				err = r.save(d.bank)
			}
			return r.stopped(ctx, err)
		}
	}
	return nil
}

// stopped returns the error of a training that the context has ended, and beside it err, if that is one; err alone if it has not.
func (r *run) stopped(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return errors.Join(fmt.Errorf("train: %w", descent.Stopped(ctx, r.done, r.Steps)), err)
}

// compareAlone has the steps from now on compare images as they are, or in the features of the encoder too, and says
// whether that is a change.
func (t *Stepper) compareAlone(alone bool) (changed bool, err error) {
	if t.Encoder == nil || alone == t.alone {
		return false, nil
	}
	t.alone = alone
	if err := t.descent.Rebuild(); err != nil || t.parts == nil {
		return true, err
	}
	t.parts.finalize()
	return true, t.startParts(t.parts.backend)
}

// weights returns the moving average of the generator's weights, for the caller of Run.
func (r *run) weights() (map[string][]float32, error) {
	all, err := r.average()
	if err != nil {
		return nil, fmt.Errorf("train: trained %w", err)
	}
	return all, nil
}

// average returns the moving average of the generator's weights. A number that is not finite is an error.
func (r *run) average() (map[string][]float32, error) {
	scope := r.stepper.store.Scope(descent.AverageScope + generatorScope)
	if r.done == 0 { // then there is none yet
		scope = r.stepper.store.Scope(generatorScope)
	}
	return weights.All[float32](scope, r.Generator.Table())
}

// collapsed returns an error if a feature is the same for all images, so that its scale is the least that onestep.Loss divides by.
// What is left of it is rounding, which the normalisation of the velocity would turn into a direction. A feature that is constant
// by what it is has no gradient.
func (t *Stepper) collapsed(m *Measure) error {
	var list error
	for i, name := range m.Features {
		if !t.constant[i] && m.Scale[i] <= 1e-3*math.Sqrt(float64(t.channels[i])) {
			list = errors.Join(list, fmt.Errorf("feature %s is the same for all images, its scale is %.1e: the encoder has collapsed, or has as many groups as channels there (width 32 or less)", name, m.Scale[i]))
		}
	}
	return list
}
