package fid

import "math"

// resize returns an image [height, width, 3] of bytes at the size that the network sees, [299, 299, 3], with numbers from 0 to 255 that
// are not rounded. Along each axis, place i of the result lies at i·(old/new) of the image. A number between two places is the mean
// of theirs, weighted by nearness; behind the last place the image goes on as there.
//
// This is how TensorFlow 1 resized. It has no half pixel: the result is shifted by up to half a pixel up and left. And it does not
// smooth: of a large image it leaves most pixels out. The statistics of images that people compare with were all made so. The numbers
// are float32, rounded after every step as PyTorch's are.
func resize(pixels []byte, height, width int) []float32 {
	rows, columns := places(height), places(width)
	out := make([]float32, side*side*3)
	for i, row := range rows {
		above, below := pixels[row.low*width*3:], pixels[row.high*width*3:]
		for j, column := range columns {
			for c := range 3 {
				low, high := column.low*3+c, column.high*3+c
				top := between(float32(above[low]), float32(above[high]), column.share)
				bottom := between(float32(below[low]), float32(below[high]), column.share)
				out[(i*side+j)*3+c] = between(top, bottom, row.share)
			}
		}
	}
	return out
}

// between returns a + (b − a) share, rounded after each step.
func between(a, b, share float32) float32 { return a + float32(float32(b-a)*share) }

// place is a place between two pixels of an axis, and the share of the second.
type place struct {
	low, high int
	share     float32
}

// places returns where the places of the result lie on an axis of n pixels.
func places(n int) (all [side]place) {
	step := float32(n) / float32(side)
	for i := range all {
		at := float32(i) * step
		low := int(math.Floor(float64(at)))
		all[i] = place{low, min(low+1, n-1), at - float32(low)}
	}
	return all
}
