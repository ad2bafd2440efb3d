// Package digits holds real images small enough to learn from in minutes: 1,797 handwritten digits of 8 × 8 pixels,
// embedded, split into what trains a generator, what trains the reader of its samples, and what judges them.
//
//	train, read, judge := digits.Split(1)             // 797, 600 and 400 images
//	reader := digits.NewReader(read)
//	fmt.Println(reader.Accuracy(train))               // share of real digits it reads correctly
//	labels := reader.Read(samples)                    // of generated ones [n, 64]
//
// The data: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits (1998), UCI Machine Learning Repository,
// CC BY 4.0; see data/SOURCE.md.
package digits

import (
	"bytes"
	"cmp"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

const (
	Classes = 10 // the digits 0 … 9
	Side    = 8  // pixels of an image's row and column
)

//go:embed data/digits.csv.gz
var file []byte

// Set is images with their labels.
type Set struct {
	Images *mat.Dense // [n, 64], ink from 0 (paper) to 1 in steps of 1/16, rows of an image one after the other
	Labels []int      // [n], 0 … 9
}

// All returns the 1,797 images in their original order.
func All() Set {
	unzipped, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		panic(fmt.Sprintf("digits: embedded file: %v", err))
	}
	lines, err := csv.NewReader(unzipped).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("digits: embedded file: %v", err))
	}
	s := Set{mat.NewDense(len(lines), Side*Side, nil), make([]int, len(lines))}
	for i, line := range lines {
		for j, field := range line {
			v, err := strconv.Atoi(field)
			if err != nil {
				panic(fmt.Sprintf("digits: embedded file: line %d: %v", i+1, err))
			}
			if j < Side*Side {
				s.Images.Set(i, j, float64(v)/16)
			} else {
				s.Labels[i] = v
			}
		}
	}
	return s
}

// Split returns all images, shuffled by the seed and dealt into three sets without overlap: 797 to train a generator,
// 600 to fit the reader, 400 to judge by. Each holds every class in proportion, to within one image.
func Split(seed uint64) (train, read, judge Set) {
	s := All()
	shuffled := stream.New(seed, "digits split").Perm(0, len(s.Labels))
	var size, seen [Classes]int
	for _, label := range s.Labels {
		size[label]++
	}
	// An image's quantile is its place among the shuffled images of its class: (rank + ½)/size. In the order of
	// quantiles every stretch is proportional.
	quantile := make([]float64, len(shuffled))
	for _, i := range shuffled {
		label := s.Labels[i]
		quantile[i] = (float64(seen[label]) + 0.5) / float64(size[label])
		seen[label]++
	}
	slices.SortStableFunc(shuffled, func(i, j int) int { return cmp.Compare(quantile[i], quantile[j]) })
	return s.rows(shuffled[:797]), s.rows(shuffled[797:1397]), s.rows(shuffled[1397:])
}

// Class returns the images [m, 64] with this label, in their order in s. It panics if there are none.
func (s Set) Class(label int) *mat.Dense {
	var rows []int
	for i, l := range s.Labels {
		if l == label {
			rows = append(rows, i)
		}
	}
	if rows == nil {
		panic(fmt.Sprintf("digits: no image of class %d", label))
	}
	return s.rows(rows).Images
}

func (s Set) rows(rows []int) Set {
	t := Set{mat.NewDense(len(rows), Side*Side, nil), make([]int, len(rows))}
	for k, i := range rows {
		t.Images.SetRow(k, s.Images.RawRowView(i))
		t.Labels[k] = s.Labels[i]
	}
	return t
}
