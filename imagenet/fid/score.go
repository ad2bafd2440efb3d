package fid

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Score is the mean of the Inception score over parts of the images, and its standard deviation over them, which divides by their
// number.
type Score struct{ Mean, Deviation float64 }

// InceptionScore returns the score of logits [n, classes]. It is high if each image is surely of one class, and if all classes come
// equally often. Of one part it is
//
//	exp( mean over x of Σ over y of p(y|x) (log p(y|x) − log p(y)) ),   p(y) = mean over x of p(y|x)
//
// The images are shuffled by NumPy's generator with the seed, and divided into parts, part i being images ⌊i n/parts⌋ to
// ⌊(i + 1) n/parts⌋ − 1. Usual are 10 parts, seed 2020, and logits without the bias of the last layer. The score knows nothing of
// real images.
//
// Source: Salimans et al., Improved Techniques for Training GANs (2016); the parts are torch-fidelity's.
func InceptionScore[T float32 | float64](logits Features[T], parts int, seed uint32) (Score, error) {
	n := logits.Len()
	return score(logits, newNumPy(seed).permutation(n), parts, func(i int) int { return i * n / parts })
}

// TrainingScore returns the score as W-Flow's training reports it: the parts are of ⌊n/parts⌋ images, and the last images are left
// out. It is InceptionScore if parts divides n. The trainer computes in float32 and adds 1e-10 to probabilities in logarithms, which
// changes the eighth digit, and which is not done here.
func TrainingScore[T float32 | float64](logits Features[T], parts int, seed uint32) (Score, error) {
	n := logits.Len()
	return score(logits, newNumPy(seed).permutation(n), parts, func(i int) int { return i * (n / parts) })
}

// score returns the score of logits in an order. Part i begins at begin(i) and ends before begin(i + 1).
func score[T float32 | float64](logits Features[T], order []int, parts int, begin func(i int) int) (Score, error) {
	if err := logits.check("logits"); err != nil {
		return Score{}, err
	}
	if parts < 1 || len(order) < parts {
		return Score{}, fmt.Errorf("fid: Inception score of %d images in %d parts, want an image or more in each part", len(order), parts)
	}
	scores := make([]float64, parts)
	for i := range scores {
		part := order[begin(i):begin(i+1)]
		marginal, information := make([]float64, logits.Columns), 0.0 // Σ over x of p(y|x), and of Σ over y of p(y|x) log p(y|x)
		for _, image := range part {
			logs := logProbabilities(logits.Row(image))
			for y, l := range logs {
				p := math.Exp(l)
				marginal[y] += p
				information += p * l
			}
		}
		n := float64(len(part))
		for _, sum := range marginal {
			if sum > 0 {
				information -= sum * math.Log(sum/n)
			}
		}
		scores[i] = math.Exp(information / n)
	}
	mean, deviation := stat.PopMeanStdDev(scores, nil)
	return Score{mean, deviation}, nil
}

// logProbabilities returns log softmax of logits.
func logProbabilities[T float32 | float64](logits []T) []float64 {
	logs := make([]float64, len(logits))
	for y, l := range logits {
		logs[y] = float64(l)
	}
	floats.AddConst(-floats.LogSumExp(logs), logs)
	return logs
}
