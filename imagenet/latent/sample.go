package latent

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Sample is the mean and the standard deviation of all numbers in some rows of an array of latents.
type Sample struct {
	File      string  `json:"file"` // train_moments.npy
	Rows      int     `json:"rows"` // how many rows were drawn, without repetition
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"standard_deviation"`
}

// Sample draws n rows with the seed 0, or takes all rows if there are fewer, and reads their latents. It returns a Sample of
// the plain latents and one of the mirrored ones, or none if the split is empty. The error names a row that is damaged.
func (c *Cache) Sample(n int) ([]Sample, error) {
	n = min(n, c.Len())
	if n == 0 {
		return nil, nil
	}
	drawn := stream.New(0, "latent sample").Perm(0, c.Len())[:n]
	slices.Sort(drawn) // to read them as they lie
	var samples []Sample
	for k, u := range []float64{0, 0.5} {
		latent, values := make([]float32, c.numbers()), make([]float64, 0, n*c.numbers())
		for _, i := range drawn {
			if err := c.Read(i, u, latent); err != nil {
				return nil, err
			}
			for _, v := range latent {
				values = append(values, float64(v))
			}
		}
		mean, deviation := stat.PopMeanStdDev(values, nil)
		samples = append(samples, Sample{parts[k].name(c.split), n, mean, deviation})
	}
	return samples, nil
}

// Scale is the factor of the official autoencoder's latents. Multiplied by it, latents of photographs have a standard
// deviation near 1.
const Scale = 0.18215

// Scaled tells how often latents of photographs have been multiplied by Scale, by their standard deviation. Once is as it
// should be. It returns false if the deviation is that of no latents of photographs.
func (s Sample) Scaled() (times int, ok bool) {
	deviation := s.Deviation / Scale
	for times := 2; times >= 0; times-- {
		if leastUsual <= deviation && deviation <= mostUsual {
			return times, true
		}
		deviation *= Scale
	}
	return 0, false
}

// The standard deviation of latents that are scaled is usually between these.
const leastUsual, mostUsual = 0.6, 1.4

// Odd says what seems wrong with the scale of the latents. It returns "" if their standard deviation is between 0.6 and 1.4.
func (s Sample) Odd() string {
	text := fmt.Sprintf("%s: standard deviation %.3g, want %v to %v", s.File, s.Deviation, leastUsual, mostUsual)
	switch times, ok := s.Scaled(); {
	case ok && times == 1:
		return ""
	case ok && times == 2:
		return fmt.Sprintf("%s: it looks as if its latents had been multiplied by %v twice", text, Scale)
	case ok:
		return fmt.Sprintf("%s: it looks as if its latents had not been multiplied by %v", text, Scale)
	case s.Deviation == 0:
		return text + ": all its numbers are the same"
	}
	return text + ": these are not the latents of photographs by the official autoencoder"
}
