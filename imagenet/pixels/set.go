// Package pixels holds data sets of small images in memory, for training on pixels as package latent does on latents.
//
// An image is [Side, Side, Channels], row by row from the top left, with numbers from −1 to 1. For digits, which have one
// channel, −1 is paper and 1 is ink. Every image has a label, the number of its class.
//
//	train, err := pixels.ReadMNIST("mnist", latent.Train)  // train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz
//	flowers, err := pixels.ReadFolder("flowers/train", 3)  // flowers/train/<class>/<image>, PNG or JPEG of one size
//
//	image := make([]float32, train.Side()*train.Side()*train.Channels())
//	err = train.Read(0, 0, image)
//
// Package pixels/digits has real digits, for which no file is needed. A set keeps a byte for each number: MNIST's 60,000
// images of 32 × 32 take 61 MB.
package pixels

import "fmt"

// Set is a data set. It may be read from many goroutines. The zero Set has no images.
type Set struct {
	// Mirror lets Read return mirror images. It is false in every set that is read: a mirrored digit is none, and whoever
	// knows that the classes of a folder look the same in a mirror sets it.
	Mirror bool

	side, channels int
	classes        []string
	labels         []int
	values         []byte // [Len, side, side, channels]
}

// Len returns the number of images.
func (s *Set) Len() int { return len(s.labels) }

// Side returns the height and the width of an image.
func (s *Set) Side() int { return s.side }

// Channels returns how many numbers a pixel has: 1 for grey, 3 for red, green and blue.
func (s *Set) Channels() int { return s.channels }

// Classes returns the names of the classes, of which the label is the index. Of digits they are "0" to "9".
func (s *Set) Classes() []string { return s.classes }

// Label returns the class of image i.
func (s *Set) Label(i int) int { return s.labels[i] }

// Read writes image i to [Side, Side, Channels], with the numbers (p/255 − ½)/½ for bytes p. If the set has Mirror and
// u ≥ ½, it writes the mirror image, left and right exchanged: a uniform u on [0, 1) gives each with probability ½. It has
// the form of latent.Cache.Read, but here the images are in memory and the error is always nil. It panics if into has
// another length than an image.
func (s *Set) Read(i int, u float64, into []float32) error {
	row := s.side * s.channels
	size := s.side * row
	if len(into) != size {
		panic(fmt.Sprintf("pixels: Read of an image [%d, %d, %d] into %d numbers", s.side, s.side, s.channels, len(into)))
	}
	image := s.values[i*size : (i+1)*size]
	if !s.Mirror || u < 0.5 {
		for k, p := range image {
			into[k] = scaled(p)
		}
		return nil
	}
	for k := range into {
		line, column, channel := k/row*row, k%row/s.channels, k%s.channels
		into[k] = scaled(image[line+(s.side-1-column)*s.channels+channel])
	}
	return nil
}

// scaled returns the number of a byte, computed in float32 as the input of the official encoder is.
func scaled(p byte) float32 { return (float32(p)/255 - 0.5) / 0.5 }
