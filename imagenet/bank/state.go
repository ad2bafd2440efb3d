package bank

import "fmt"

// State returns the bank as integers, for a checkpoint. Of each class, and then of all classes, it has the place of the next image,
// the number of images, and the images in their places: twice the row, and one more for a mirror image.
func (b *Bank) State() (state []int64) {
	for _, r := range b.rings() {
		state = append(state, int64(r.next), int64(r.filled))
		state = append(state, r.images...)
	}
	return state
}

// Restore gives the bank the state of a bank of the same sizes, whose data set had a number of rows. The error says what is
// impossible in it, and the bank is then as before.
func (b *Bank) Restore(state []int64, rows int) error {
	rings := b.rings()
	size := 0
	for _, r := range rings {
		size += 2 + len(r.images)
	}
	if len(state) != size {
		return fmt.Errorf("bank: a state of %d numbers, want %d", len(state), size)
	}
	restored := make([]ring, len(rings))
	for k, r := range rings {
		next, filled, images := state[0], state[1], state[2:2+len(r.images)]
		state = state[2+len(r.images):]
		n := int64(len(images))
		if filled < 0 || filled > n || next < 0 || next >= n || filled < n && next != filled {
			return fmt.Errorf("bank: state of %s: %d of %d images, the next in place %d", b.name(k), filled, n, next)
		}
		restored[k] = newRing(len(images))
		restored[k].next, restored[k].filled = int(next), int(filled)
		for i, x := range images[:filled] {
			if x < 0 || x/2 >= int64(rows) {
				return fmt.Errorf("bank: state of %s: an image in row %d of %d", b.name(k), x/2, rows)
			}
			restored[k].images[i] = x
		}
	}
	for k, r := range rings {
		*r = restored[k]
	}
	return nil
}

// rings lists those of the classes, and then that of all classes.
func (b *Bank) rings() (list []*ring) {
	for c := range b.classes {
		list = append(list, &b.classes[c])
	}
	return append(list, &b.all)
}

// name says whose ring k of rings is.
func (b *Bank) name(k int) string {
	if k < len(b.classes) {
		return fmt.Sprintf("class %d", k)
	}
	return "all classes"
}
