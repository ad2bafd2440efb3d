//go:build linux && amd64

package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/gonum/mat"
)

// numbers reads an input that peers.py has written: little-endian float64.
func (c config) numbers(name string) []float64 {
	data, err := os.ReadFile(filepath.Join(c.Inputs, name+".f64"))
	if err != nil {
		log.Fatal(err)
	}
	v := make([]float64, len(data)/8)
	for i := range v {
		v[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
	}
	return v
}

// clouds returns the two clouds [n, d] of workload W1 and their mean cost.
func (c config) clouds(n, d int) (x, y *mat.Dense, meanCost float64) {
	x = mat.NewDense(n, d, c.numbers(fmt.Sprintf("w1_x_%d_%d", n, d)))
	y = mat.NewDense(n, d, c.numbers(fmt.Sprintf("w1_y_%d_%d", n, d)))
	meanX, meanY := make([]float64, d), make([]float64, d)
	for i := range n {
		for k := range d {
			a, b := x.At(i, k), y.At(i, k)
			meanX[k] += a / float64(n)
			meanY[k] += b / float64(n)
			meanCost += (a*a + b*b) / float64(2*n)
		}
	}
	for k := range d {
		meanCost -= meanX[k] * meanY[k]
	}
	return x, y, meanCost
}

// centred returns the points relative to their mean.
func centred(x *mat.Dense) []float64 {
	n, d := x.Dims()
	out := make([]float64, 0, n*d)
	mean := make([]float64, d)
	for i := range n {
		for k, v := range x.RawRowView(i) {
			mean[k] += v / float64(n)
		}
	}
	for i := range n {
		for k, v := range x.RawRowView(i) {
			out = append(out, v-mean[k])
		}
	}
	return out
}
