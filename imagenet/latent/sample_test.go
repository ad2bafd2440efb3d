package latent

import (
	"encoding/binary"
	"math"
	"math/bits"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// scaled writes the arrays of a split whose plain latents are those of a function, and whose mirrored ones are half of them.
func scaled(t *testing.T, rows int, value func(row, number int) float64) string {
	t.Helper()
	folder := t.TempDir()
	for k, p := range parts {
		file := arrayFile(p, rows)[:headerSize]
		for i := range rows {
			for j := range numbersOf(Side) {
				if k < 2 {
					file = binary.LittleEndian.AppendUint32(file, math.Float32bits(float32(value(i, j)/float64(k+1))))
				}
			}
			if k == 2 {
				file = binary.LittleEndian.AppendUint64(file, 0)
			}
		}
		write(t, filepath.Join(folder, p.name(Val)), file)
	}
	return folder
}

// Rows of +a and −a about a mean m have the mean m and the standard deviation a.
func TestSample(t *testing.T) {
	for _, c := range []struct{ mean, deviation float64 }{{0, 1}, {0.25, 0.75}, {-3, 0.125}} {
		folder := scaled(t, 9, func(_, j int) float64 { return c.mean + c.deviation*float64(1-j%2*2) })
		cache, err := Open(folder, Val)
		if err != nil {
			t.Fatal(err)
		}
		defer cache.Close()
		for _, n := range []int{4, 9, 100} {
			got, err := cache.Sample(n)
			want := []Sample{{"val_moments.npy", min(n, 9), c.mean, c.deviation}, {"val_moments_flip.npy", min(n, 9), c.mean / 2, c.deviation / 2}}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%v, %v, want %v", got, err, want)
			}
		}
	}
	// It is drawn: other rows than the first, the same every time, none twice.
	cache, err := Open(scaled(t, 40, func(i, _ int) float64 { return float64(int(1) << i) }), Val)
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	a, _ := cache.Sample(5)
	b, _ := cache.Sample(5)
	drawn := uint64(a[0].Mean * 5)
	if bits.OnesCount64(drawn) != 5 || drawn == 0b11111 || !slices.Equal(a, b) {
		t.Errorf("rows %b, %v and %v, want five rows, not the first five, and the same twice", drawn, a, b)
	}
	empty, err := Open(scaled(t, 0, nil), Val)
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	if got, err := empty.Sample(5); err != nil || got != nil {
		t.Errorf("of nothing: %v, error %v, want nothing and none", got, err)
	}
	damaged, err := Open(scaled(t, 3, func(i, j int) float64 { return 1 / float64(i+j-2) }), Val)
	if err != nil {
		t.Fatal(err)
	}
	defer damaged.Close()
	if _, err := damaged.Sample(3); err == nil || !strings.Contains(err.Error(), "val_moments.npy: row 0: number 2 is +Inf") {
		t.Errorf("error %v, want one that names row 0 and number 2", err)
	}
}

func TestSampleOdd(t *testing.T) {
	for deviation, want := range map[float64]string{
		0.6: "", 0.94: "", 1.4: "",
		0.94 * Scale:         "train_moments.npy: standard deviation 0.171, want 0.6 to 1.4: it looks as if its latents had been multiplied by 0.18215 twice",
		0.94 / Scale:         "standard deviation 5.16, want 0.6 to 1.4: it looks as if its latents had not been multiplied by 0.18215",
		0:                    "all its numbers are the same",
		0.94 * Scale * Scale: "these are not the latents",
		0.5:                  "standard deviation 0.5,",
	} {
		if got := (Sample{File: "train_moments.npy", Rows: 9, Deviation: deviation}).Odd(); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%v: %q, want %q", deviation, got, want)
		}
	}
}
