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
		{"the same, shrunk to 0.9", shrunk(real, 0.9)},
		{"the same, shrunk to 0.8", shrunk(real, 0.8)},
		{"means of their classes", shrunk(real, 0)},
	}, nil
}

// shrunk returns images whose distances to the means of their classes are q times as large. Each class has the same number of
// images, one class behind the other.
func shrunk(m judge.Images, q float32) judge.Images {
	const size = judge.Side * judge.Side
	result := judge.Images{Numbers: make([]float32, len(m.Numbers)), Labels: m.Labels}
	for first := 0; first < len(m.Labels); first += each {
		for k := range size {
			mean := float32(0)
			for i := first; i < first+each; i++ {
				mean += m.Numbers[i*size+k] / each
			}
			for i := first; i < first+each; i++ {
				result.Numbers[i*size+k] = mean + q*(m.Numbers[i*size+k]-mean)
			}
		}
	}
	return result
}
