package sample

import (
	"context"
	"fmt"
	"time"
)

// Rate is how fast images are made.
type Rate struct {
	Batch     int     `json:"batch"`     // images that are computed together
	WarmUp    int     `json:"warm_up"`   // batches before the measurement, in the first of which the graphs are compiled
	Repeats   int     `json:"repeats"`   // batches that are measured
	Generated float64 `json:"generated"` // images a second by the generator, as numbers in memory
	Decoded   float64 `json:"decoded"`   // images a second by generator and decoder, as bytes in memory
}

// Time measures how many images are made in a second. After some batches for warming up, it makes so many batches of the
// sequence, first without decoding them, then with. Noise is drawn within the time, and no file is written.
func (p *Pictures) Time(ctx context.Context, warmUp, repeats int, progress func(done, total int)) (*Rate, error) {
	batch := p.Sampler.Batch()
	if warmUp < 1 || repeats < 1 {
		return nil, fmt.Errorf("sample: %d batches to warm up and %d to measure, want 1 or more", warmUp, repeats)
	}
	q := p.Sequence
	q.Each = (batch + len(q.Classes) - 1) / max(len(q.Classes), 1)
	done, total := 0, 2*(warmUp+repeats)
	perSecond := func(decode bool) (float64, error) {
		var begun time.Time
		for k := range warmUp + repeats {
			if k == warmUp {
				begun = time.Now()
			}
			err := p.Sampler.Make(ctx, q, span(0, batch), func(numbers []int, made []float32) error {
				if !decode {
					return nil
				}
				_, err := p.Decoder.bytes(ctx, made, len(numbers))
				return err
			})
			if err != nil {
				return 0, err
			}
			done++
			if progress != nil {
				progress(done, total)
			}
		}
		return float64(repeats*batch) / time.Since(begun).Seconds(), nil
	}
	r := &Rate{Batch: batch, WarmUp: warmUp, Repeats: repeats}
	var err error
	if r.Generated, err = perSecond(false); err == nil {
		r.Decoded, err = perSecond(true)
	}
	return r, err
}
