package latent

import (
	"fmt"
	"slices"
)

// part is one of the three arrays of a split.
type part struct {
	suffix string // of its file's name, behind that of the split
	kind   string // the type of its numbers
}

var parts = [3]part{
	{"_moments.npy", float32s},
	{"_moments_flip.npy", float32s},
	{"_targets.npy", int64s},
}

func (p part) name(s Split) string { return string(s) + p.suffix }

// shape returns the shape of the array: [rows, side, side, Channels] of latents, [rows] of targets.
func (p part) shape(rows, side int) []int {
	if p.kind == int64s {
		return []int{rows}
	}
	return []int{rows, side, side, Channels}
}

// row returns how many bytes a row has, if latents have a side.
func (p part) row(side int) int64 {
	if p.kind == int64s {
		return 8
	}
	return 4 * int64(numbersOf(side))
}

// mostSide is the largest side of a latent.
const mostSide = MaxResolution / Factor

// side returns the side of the latents in an array of a shape, 0 of targets. It returns false if the part has no such arrays.
func (p part) side(shape []int) (side int, ok bool) {
	if p.kind != int64s && len(shape) > 1 {
		side = shape[1]
	}
	ok = len(shape) > 0 && slices.Equal(shape, p.shape(shape[0], side))
	return side, ok && (p.kind == int64s || 1 <= side && side <= mostSide)
}

// shapes says which shapes arrays of the part have.
func (p part) shapes() string {
	if p.kind == int64s {
		return "[N]"
	}
	return fmt.Sprintf("[N S S %d] with S from 1 to %d", Channels, mostSide)
}

// numbersOf returns how many numbers a latent of a side has.
func numbersOf(side int) int { return side * side * Channels }
