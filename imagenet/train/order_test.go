package train

import (
	"math"
	"slices"
	"testing"
)

// TestOrder: an epoch has each image at most once, leaves out fewer than a batch, and another epoch has another order. Half of the
// images are mirrored.
func TestOrder(t *testing.T) {
	o := NewOrder(50, 12, 3)
	if o.perEpoch() != 4 {
		t.Fatalf("%d batches of 12 in 50 images, want 4", o.perEpoch())
	}
	mirrored, total := 0.0, 0.0
	var before []int
	for epoch := range 40 {
		var rows []int
		for k := range 4 {
			for _, image := range o.Images(4*epoch + k) {
				rows = append(rows, image.Row)
				if total++; image.Mirrored {
					mirrored++
				}
			}
		}
		if slices.Equal(rows, before) {
			t.Errorf("epochs %d and %d have one order", epoch-1, epoch)
		}
		before = slices.Clone(rows)
		slices.Sort(rows)
		if len(rows) != 48 || len(slices.Compact(rows)) != 48 || rows[0] < 0 || rows[47] >= 50 {
			t.Errorf("epoch %d: %v, want 48 different rows below 50", epoch, rows)
		}
	}
	if math.Abs(mirrored-total/2) > 5*math.Sqrt(total)/2 {
		t.Errorf("%v of %v images are mirrored, want half", mirrored, total)
	}
}

// TestOrderIsAFunction: a batch does not depend on those that were asked for before.
func TestOrderIsAFunction(t *testing.T) {
	inTurn := NewOrder(50, 12, 3)
	for k := range 20 {
		want := inTurn.Images(k)
		if got := NewOrder(50, 12, 3).Images(k); !slices.Equal(got, want) {
			t.Errorf("batch %d is %v alone, and %v in turn", k, got, want)
		}
	}
}
