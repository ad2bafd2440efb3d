package digits

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	_ "embed"

	"github.com/wflowlab/wflowlab/imagenet/pixels"
)

//go:embed data/SOURCE.md
var source string

// Every file has its line in SOURCE.md: bytes, checksum, and the checksum of its content.
func TestFiles(t *testing.T) {
	names, err := files.ReadDir("data")
	if err != nil || len(names) != 6 {
		t.Fatalf("%d files (error %v), want 6", len(names), err)
	}
	for _, name := range names {
		file, err := files.ReadFile("data/" + name.Name())
		if err != nil {
			t.Fatal(err)
		}
		r, err := gzip.NewReader(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("` | `%x` | `%x` |", sha256.Sum256(file), sha256.Sum256(content))
		line = strings.TrimPrefix(line, "`")
		if !strings.Contains(source, line) || !strings.Contains(source, "| `"+name.Name()+"` |") {
			t.Errorf("SOURCE.md has no line for %s with%s", name.Name(), line)
		}
	}
}

// The package has so many images of each digit: counted by another program, as the lengths of its JSON files over 784.
var ofDigit = [10]int{1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978}

// Each set has its size and its share of every digit, to within one image; together they have all images; and no image is
// in them twice.
func TestSets(t *testing.T) {
	seen := map[string]string{}
	var all [10]int
	for _, c := range []struct {
		name string
		set  *pixels.Set
		size int
	}{{"train", Train(), 6000}, {"reader", Reader(), 2000}, {"judge", Judge(), 2000}} {
		s := c.set
		if s.Len() != c.size || s.Side() != 32 || s.Channels() != 1 || s.Mirror || len(s.Classes()) != 10 {
			t.Fatalf("%s: %d images [%d, %d], mirrored %v, classes %v", c.name, s.Len(), s.Side(), s.Channels(), s.Mirror, s.Classes())
		}
		var counts [10]int
		image := make([]float32, 32*32)
		for i := range s.Len() {
			counts[s.Label(i)]++
			if err := s.Read(i, 0.9, image); err != nil {
				t.Fatal(err)
			}
			key := fmt.Sprint(image)
			if where := seen[key]; where != "" {
				t.Errorf("image %d of %s is in %s too", i, c.name, where)
			}
			seen[key] = c.name
		}
		for digit, n := range counts {
			all[digit] += n
			if share := float64(ofDigit[digit]) * float64(c.size) / 10000; math.Abs(float64(n)-share) > 1 {
				t.Errorf("%s has %d images of %d, want %.1f to within 1", c.name, n, digit, share)
			}
		}
	}
	if all != ofDigit {
		t.Errorf("images of the digits %v, want %v", all, ofDigit)
	}
}

// Over 28 × 28 pixels with ink from 0 to 1, MNIST has mean 0.1307 and standard deviation 0.3081, the numbers with which
// most programs normalise it. These 10,000 images are a sixth of it, so that their mean is off by a few thousandths at
// most: the mean of one image deviates by 0.04. Of all digits 1 has the least ink and 0 the most.
func TestStatistics(t *testing.T) {
	var sum, square float64
	var ink [10]float64
	for _, s := range []*pixels.Set{Train(), Reader(), Judge()} {
		image := make([]float32, 32*32)
		for i := range s.Len() {
			if err := s.Read(i, 0, image); err != nil {
				t.Fatal(err)
			}
			for k, v := range image {
				if y, x := k/32, k%32; y < 2 || y > 29 || x < 2 || x > 29 {
					if v != -1 {
						t.Fatalf("image %d has %v in its margin, want -1", i, v)
					}
					continue
				}
				p := (float64(v) + 1) / 2
				sum, square = sum+p, square+p*p
				ink[s.Label(i)] += p / float64(ofDigit[s.Label(i)])
			}
		}
	}
	const n = 10000 * 28 * 28
	mean := sum / n
	deviation := math.Sqrt(square/n - mean*mean)
	if math.Abs(mean-0.1307) > 0.002 || math.Abs(deviation-0.3081) > 0.002 {
		t.Errorf("mean %.4f and deviation %.4f, want 0.1307 and 0.3081", mean, deviation)
	}
	// The sum of all bytes over 255, counted by another program in the package's JSON files.
	if want := 262146600.0 / 255 / n; math.Abs(mean-want) > 1e-6 {
		t.Errorf("mean %.8f, want %.8f", mean, want)
	}
	for digit := range ink {
		if digit != 0 && ink[digit] >= ink[0] || digit != 1 && ink[digit] <= ink[1] {
			t.Errorf("ink of the digits %.0f, want most in 0 and least in 1", ink)
			break
		}
	}
}
