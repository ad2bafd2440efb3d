// Package bank remembers the newest images of each class, and of all classes together, for training to draw data from.
//
//	b := bank.New(1000, 128, 1000)                  // classes, images of each, images of all
//	b.Push(bank.Image{Row: 17}, class)              // as the loader meets them
//	real, err := b.OfClass(class, draws.Sub(0), 64) // 64 different ones
//
// A bank holds the rows of images in their data set, not their numbers. So it is small: 8 bytes an image, 1 MB in all for the
// released trainings, where the official code holds 2 GB. Every process of a training can hold the whole bank, and a checkpoint
// keeps it as it is. Who draws reads the images then, from a file of which the system keeps in memory what it can.
//
// Source: arXiv 2605.11755 and its code; arXiv 2602.04770, which introduced the banks.
package bank

import (
	"fmt"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Image is an image of a data set, or its mirror image.
type Image struct {
	Row      int
	Mirrored bool
}

// code returns twice the row, and one more for a mirror image.
func (i Image) code() int64 {
	if i.Mirrored {
		return 2*int64(i.Row) + 1
	}
	return 2 * int64(i.Row)
}

func imageOf(code int64) Image { return Image{Row: int(code / 2), Mirrored: code%2 == 1} }

// Bank holds the newest images of each class, and of all classes.
type Bank struct {
	classes []ring
	all     ring
}

// New returns an empty bank that holds up to ofClass images of each class, and up to ofAll of all classes together. It panics
// if one of the numbers is below 1.
func New(classes, ofClass, ofAll int) *Bank {
	if classes < 1 || ofClass < 1 || ofAll < 1 {
		panic(fmt.Sprintf("bank: New(%d, %d, %d) wants positive numbers", classes, ofClass, ofAll))
	}
	b := &Bank{classes: make([]ring, classes), all: newRing(ofAll)}
	for c := range b.classes {
		b.classes[c] = newRing(ofClass)
	}
	return b
}

// Push adds an image of a class. Where the bank is full, it takes the place of the oldest. Push panics if there is no such class.
func (b *Bank) Push(image Image, class int) {
	b.classes[class].push(image)
	b.all.push(image)
}

// OfClass draws n images of a class, uniformly: different ones if the bank holds as many, otherwise with replacement. It is an
// error if the bank holds none.
func (b *Bank) OfClass(class int, s stream.Stream, n int) ([]Image, error) {
	if b.classes[class].filled == 0 {
		return nil, fmt.Errorf("bank: no image of class %d has been seen", class)
	}
	return b.classes[class].draw(s, n), nil
}

// OfAll draws n images of all classes, as OfClass does.
func (b *Bank) OfAll(s stream.Stream, n int) ([]Image, error) {
	if b.all.filled == 0 {
		return nil, fmt.Errorf("bank: no image has been seen")
	}
	return b.all.draw(s, n), nil
}

// ring holds the newest images. The oldest is overwritten first.
type ring struct {
	images       []int64 // their codes
	next, filled int     // where the next image goes, and how many there are
}

func newRing(size int) ring { return ring{images: make([]int64, size)} }

func (r *ring) push(image Image) {
	r.images[r.next] = image.code()
	r.next = (r.next + 1) % len(r.images)
	r.filled = min(r.filled+1, len(r.images))
}

func (r *ring) draw(s stream.Stream, n int) []Image {
	drawn := make([]Image, n)
	if n > r.filled {
		for k := range drawn {
			drawn[k] = imageOf(r.images[s.Intn(uint64(k), r.filled)])
		}
		return drawn
	}
	for k, slot := range s.Perm(0, r.filled)[:n] {
		drawn[k] = imageOf(r.images[slot])
	}
	return drawn
}
