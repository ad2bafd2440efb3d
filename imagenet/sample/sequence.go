package sample

import (
	"errors"
	"fmt"
	"math"

	"github.com/wflowlab/wflowlab/imagenet/generator"
)

// Sequence says which images are made: first all of the first class, then all of the second, and so on. An image is a
// function of the sequence and of its number in it. It does not depend on which other images are made.
type Sequence struct {
	Classes     []int   `json:"classes"`
	Each        int     `json:"each"`        // images of a class
	Alpha       float64 `json:"alpha"`       // guidance scale; 1 is no guidance
	Temperature float64 `json:"temperature"` // by which the noise is multiplied; 1 is what generators are trained with
	Seed        uint64  `json:"seed"`
}

// Demo returns the sequence of the 12 images that the authors show, one of each of 12 classes, with α = 3. They are shown in
// 3 rows of [DemoColumns].
//
// Source: the official code's demo.
func Demo() Sequence {
	classes := []int{207, 829, 387, 386, 360, 817, 95, 927, 263, 698, 483, 88}
	return Sequence{Classes: classes, Each: 1, Alpha: 3, Temperature: 1, Seed: 42}
}

// DemoColumns is how many images of [Demo] stand in a row.
const DemoColumns = 4

// Len returns how many images there are.
func (q Sequence) Len() int { return len(q.Classes) * q.Each }

// Class returns the class of image i.
func (q Sequence) Class(i int) int { return q.Classes[i/q.Each] }

// Check returns an error that names what a generator of a shape cannot make.
func (q Sequence) Check(shape generator.Shape) error {
	positive := func(x float64) bool { return x > 0 && x <= math.MaxFloat32 }
	switch {
	case len(q.Classes) == 0:
		return errors.New("sample: no classes")
	case q.Each < 1:
		return fmt.Errorf("sample: %d images of a class, want 1 or more", q.Each)
	case !positive(q.Alpha):
		return fmt.Errorf("sample: α is %v, want a number above 0; 1 is no guidance", q.Alpha)
	case !positive(q.Temperature):
		return fmt.Errorf("sample: the temperature is %v, want a number above 0; generators are trained with 1", q.Temperature)
	}
	for _, class := range q.Classes {
		if class < 0 || class >= shape.Classes {
			return fmt.Errorf("sample: class %d, want 0 to %d, which the generator has", class, shape.Classes-1)
		}
	}
	return nil
}

// streams is the name of the streams of noise and of styles.
const streams = "sample"

// draw returns the noise, the styles, the class and the guidance scale of some images, of which each has its place. At a
// place without an image, where the number is negative, they are all 0.
func (q Sequence) draw(shape generator.Shape, places []int) (noise []float32, styles, classes []int32, alpha []float32) {
	size := 1
	for _, d := range shape.Noise {
		size *= d
	}
	n := len(places)
	noise, styles = make([]float32, n*size), make([]int32, n*shape.Codebooks)
	classes, alpha = make([]int32, n), make([]float32, n)
	for k, i := range places {
		if i < 0 {
			continue
		}
		z, s := shape.Draw(q.Seed, streams, i, 1)
		for j, v := range z {
			noise[k*size+j] = float32(q.Temperature) * v
		}
		copy(styles[k*shape.Codebooks:], s)
		classes[k], alpha[k] = int32(q.Class(i)), float32(q.Alpha)
	}
	return noise, styles, classes, alpha
}
