package sample_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/dit"
	"github.com/wflowlab/wflowlab/imagenet/sample"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

// A small generator makes two images of each of three classes. It has not been trained, so that its pixels are 0, which is
// grey.
func Example() {
	network := dit.Config{Size: 8, Channels: 3, Patch: 4, Width: 16, Depth: 1, Heads: 2, MLPRatio: 4, Classes: 10, RMSNorm: true}
	backend, _ := must.M2(engine.Find())
	defer backend.Finalize()
	sampler := must.M1(sample.New(backend, network, network.Initial(0), nil))
	defer sampler.Finalize()

	pictures := sample.Pictures{
		Sampler:  sampler,
		Decoder:  sample.Pixels(network.Shape()),
		Sequence: sample.Sequence{Classes: []int{7, 1, 3}, Each: 2, Alpha: 1.5, Temperature: 1},
	}
	folder := must.M1(os.MkdirTemp("", "samples"))
	defer os.RemoveAll(folder)
	must.M(pictures.WriteFolder(context.Background(), folder, 0, pictures.Sequence.Len(), nil))

	for i, path := range must.M1(filepath.Glob(filepath.Join(folder, "*.png"))) {
		fmt.Println(filepath.Base(path), "of class", pictures.Sequence.Class(i))
	}
	grid := must.M1(pictures.Grid(context.Background(), 2, 0, pictures.Sequence.Len(), nil))
	grey, _, _, _ := grid.At(0, 0).RGBA()
	fmt.Println("grid of", grid.Bounds().Size(), "pixels, the first", grey>>8)
	// Output:
	// 00000.png of class 7
	// 00001.png of class 7
	// 00002.png of class 1
	// 00003.png of class 1
	// 00004.png of class 3
	// 00005.png of class 3
	// grid of (16,24) pixels, the first 128
}
