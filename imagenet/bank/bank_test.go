package bank

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/wflow/stream"
)

// filled returns a bank of three classes with 4 images each and 6 of all. Class 0 has seen rows 0 to 9, class 1 rows 100 and 101.
func filled() *Bank {
	b := New(3, 4, 6)
	for row := range 10 {
		b.Push(Image{Row: row, Mirrored: row%2 == 1}, 0)
	}
	b.Push(Image{Row: 100}, 1)
	b.Push(Image{Row: 101}, 1)
	return b
}

func rows(images []Image) (list []int) {
	for _, image := range images {
		list = append(list, image.Row)
		if image.Mirrored != (image.Row < 100 && image.Row%2 == 1) {
			list = append(list, -1)
		}
	}
	slices.Sort(list)
	return list
}

// TestNewest: a bank keeps the newest images, and draws each of them once where there are enough.
func TestNewest(t *testing.T) {
	b := filled()
	for _, c := range []struct {
		draw func(s stream.Stream, n int) ([]Image, error)
		n    int
		want []int
	}{
		{func(s stream.Stream, n int) ([]Image, error) { return b.OfClass(0, s, n) }, 4, []int{6, 7, 8, 9}},
		{func(s stream.Stream, n int) ([]Image, error) { return b.OfClass(1, s, n) }, 2, []int{100, 101}},
		{b.OfAll, 6, []int{6, 7, 8, 9, 100, 101}},
	} {
		for k := range uint64(20) {
			got, err := c.draw(stream.New(1, "draw").Sub(k), c.n)
			if err != nil || !slices.Equal(rows(got), c.want) {
				t.Errorf("draw %d: rows %v, error %v, want %v", k, rows(got), err, c.want)
			}
		}
	}
}

// TestUniform: every image is drawn as often as every other, with and without replacement, within five standard deviations.
func TestUniform(t *testing.T) {
	b := filled()
	const draws = 3000
	for _, n := range []int{3, 9} { // of 4 images
		count := map[int]float64{}
		for k := range uint64(draws) {
			images, err := b.OfClass(0, stream.New(2, "draw").Sub(k), n)
			if err != nil {
				t.Fatal(err)
			}
			list := rows(images)
			if n <= 4 && len(slices.Compact(slices.Clone(list))) != n {
				t.Fatalf("%d images, some twice: %v", n, list)
			}
			for _, row := range list {
				count[row]++
			}
		}
		mean := draws * float64(n) / 4
		for row := 6; row < 10; row++ {
			if math.Abs(count[row]-mean) > 5*math.Sqrt(mean) {
				t.Errorf("%d at a time: row %d is drawn %v times, want about %v", n, row, count[row], mean)
			}
		}
	}
}

func TestEmpty(t *testing.T) {
	b := filled()
	if _, err := b.OfClass(2, stream.New(1, "draw"), 1); err == nil || !strings.Contains(err.Error(), "no image of class 2") {
		t.Errorf("an empty class: %v", err)
	}
	if _, err := New(1, 1, 1).OfAll(stream.New(1, "draw"), 1); err == nil {
		t.Error("an empty bank: no error")
	}
}

// TestState: a restored bank draws what the bank draws, now and after more images.
func TestState(t *testing.T) {
	b, other := filled(), New(3, 4, 6)
	if err := other.Restore(b.State(), 102); err != nil {
		t.Fatal(err)
	}
	for k := range 20 {
		s := stream.New(3, "draw").Sub(uint64(k))
		for class := range 2 {
			want, _ := b.OfClass(class, s, 3)
			if got, err := other.OfClass(class, s, 3); err != nil || !slices.Equal(got, want) {
				t.Fatalf("after %d images: class %d: %v, error %v, want %v", k, class, got, err, want)
			}
		}
		want, _ := b.OfAll(s, 5)
		if got, _ := other.OfAll(s, 5); !slices.Equal(got, want) {
			t.Fatalf("after %d images: %v, want %v", k, got, want)
		}
		b.Push(Image{Row: k}, k%2)
		other.Push(Image{Row: k}, k%2)
	}
}

func TestImpossibleStates(t *testing.T) {
	b := filled()
	good := b.State() // next and filled of class 0 are its numbers 0 and 1, of class 1 numbers 6 and 7
	for what, change := range map[string]func(s []int64) []int64{
		"a state of 19 numbers, want 26":              func(s []int64) []int64 { return s[:len(s)-1][:19] },
		"class 0: 5 of 4 images":                      func(s []int64) []int64 { s[1] = 5; return s },
		"class 0: -1 of 4":                            func(s []int64) []int64 { s[1] = -1; return s },
		"class 1: 2 of 4 images, the next in place 3": func(s []int64) []int64 { s[6] = 3; return s },
		"class 1: an image in row 102 of 102":         func(s []int64) []int64 { s[8] = 204; return s },
		"all classes: an image in row":                func(s []int64) []int64 { s[len(s)-1] = -7; return s },
	} {
		err := b.Restore(change(slices.Clone(good)), 102)
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want %q", err, what)
		}
		if !slices.Equal(b.State(), good) {
			t.Errorf("%s: the bank has changed", what)
		}
	}
}

func FuzzRestore(f *testing.F) {
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		b := New(2, 2, 3)
		state := make([]int64, 2+2+2+2+2+3)
		for i := range state {
			if i < len(data) {
				state[i] = int64(int8(data[i]))
			}
		}
		if b.Restore(state, 5) != nil {
			return
		}
		for class := range 2 {
			images, err := b.OfClass(class, stream.New(1, "draw"), 3)
			for _, image := range images {
				if err != nil || image.Row < 0 || image.Row >= 5 {
					t.Fatalf("%v: %v, error %v", state, images, err)
				}
			}
		}
	})
}
