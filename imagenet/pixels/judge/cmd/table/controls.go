package main

import "github.com/wflowlab/wflowlab/imagenet/pixels/judge"

// control is a set of images that was made without a generator, to compare with.
type control struct {
	name   string
	images judge.Images
}

// controls returns digits of the training, as many of each as are judged, and what becomes of them towards the mean of their class.
// Means of classes are read well and are nobody's handwriting, so the other measures must tell them.
func controls(training judge.Images) ([]control, error) {
	real, err := training.Balanced(each)
	if err != nil {
		return nil, err
	}
	return []control{
		{"digits of the training", real},
		{"the same, shrunk to 0.9", real.Shrunk(0.9)},
		{"the same, shrunk to 0.8", real.Shrunk(0.8)},
		{"means of their classes", real.Shrunk(0)},
	}, nil
}
