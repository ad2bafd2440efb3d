package digits

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	_ "embed"
)

//go:embed data/SOURCE.md
var source string

func TestFile(t *testing.T) {
	const want = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"
	sum := sha256.Sum256(file)
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("SHA-256 of the embedded file is %s, want %s", got, want)
	}
	for _, text := range []string{want, "CC BY 4.0", "Alpaydin"} {
		if !strings.Contains(source, text) {
			t.Errorf("SOURCE.md does not say %q", text)
		}
	}
}

func TestAll(t *testing.T) {
	s := All()
	if n, d := s.Images.Dims(); n != 1797 || d != Side*Side || len(s.Labels) != n {
		t.Fatalf("images [%d, %d] and %d labels, want [1797, 64] and as many labels", n, d, len(s.Labels))
	}
	var count [Classes]int
	for _, label := range s.Labels {
		count[label]++
	}
	if want := [Classes]int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}; count != want { // UCI's table for the test set
		t.Errorf("images per class %v, want %v", count, want)
	}
	for i, v := range s.Images.RawMatrix().Data {
		if v < 0 || v > 1 || v*16 != math.Trunc(v*16) {
			t.Fatalf("image %d, pixel %d is %v, want a multiple of 1/16 from 0 to 1", i/64, i%64, v)
		}
	}
	want := []float64{0, 0, 5. / 16, 13. / 16, 9. / 16, 1. / 16, 0, 0}
	if top := s.Images.RawRowView(0)[:8]; s.Labels[0] != 0 || !slices.Equal(top, want) {
		t.Errorf("the first image is a %d with the top row %v, want a 0 with %v", s.Labels[0], top, want)
	}
}

// TestBytes hashes the split. The test of package toy runs it under js/wasm.
func TestBytes(t *testing.T) {
	const want = "1c86d23356e0851930fe136be7f59f99a3db2749bd29b7810fbb36fc0d73e6f9"
	h := sha256.New()
	train, read, judge := Split(1)
	for _, s := range []Set{train, read, judge} {
		binary.Write(h, binary.LittleEndian, s.Images.RawMatrix().Data)
		for _, l := range s.Labels {
			h.Write([]byte{byte(l)})
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("SHA-256 of the split is %s, want %s", got, want)
	}
}

func TestSplit(t *testing.T) {
	key := func(s Set, i int) [65]float64 {
		return [65]float64(append(slices.Clone(s.Images.RawRowView(i)), float64(s.Labels[i])))
	}
	all := All()
	want := map[[65]float64]int{}
	var size [Classes]float64
	for i, label := range all.Labels {
		want[key(all, i)]++
		size[label]++
	}
	first := map[[65]float64]bool{}
	for seed := range uint64(5) {
		got := map[[65]float64]int{}
		train, read, judge := Split(seed)
		for _, part := range []struct {
			Set
			n int
		}{{train, 797}, {read, 600}, {judge, 400}} {
			var count [Classes]float64
			for i, label := range part.Labels {
				got[key(part.Set, i)]++
				count[label]++
			}
			if n, _ := part.Images.Dims(); n != part.n || len(part.Labels) != n {
				t.Errorf("seed %d: %d images and %d labels, want %d", seed, n, len(part.Labels), part.n)
			}
			for label, c := range count {
				if share := size[label] * float64(part.n) / 1797; math.Abs(c-share) > 1 {
					t.Errorf("seed %d: %v of %d images are of class %d, want %.1f", seed, c, part.n, label, share)
				}
			}
		}
		if len(got) != len(want) {
			t.Errorf("seed %d: the three sets hold %d different images, want %d", seed, len(got), len(want))
		}
		for k, n := range want {
			if got[k] != n {
				t.Errorf("seed %d: an image is dealt %d times, want %d", seed, got[k], n)
			}
		}
		first[key(train, 0)] = true
	}
	if len(first) < 4 {
		t.Errorf("five seeds deal %d different first images, want at least 4", len(first))
	}
}

func TestClass(t *testing.T) {
	train, _, _ := Split(2)
	total := 0
	for label := range Classes {
		n, d := train.Class(label).Dims()
		if d != Side*Side || n < 77 || n > 82 {
			t.Errorf("class %d: [%d, %d], want 77 to 82 images of 64 pixels", label, n, d)
		}
		total += n
	}
	if total != 797 {
		t.Errorf("the classes hold %d images, want 797", total)
	}
	first := slices.Index(train.Labels, 7)
	if !slices.Equal(train.Class(7).RawRowView(0), train.Images.RawRowView(first)) {
		t.Error("the first 7 is not the first of class 7")
	}
}

func TestReader(t *testing.T) {
	total := 0.0
	const seeds = 5
	for seed := range uint64(seeds) {
		train, read, judge := Split(seed)
		reader := NewReader(read)
		for name, s := range map[string]Set{"train": train, "judge": judge} {
			accuracy := reader.Accuracy(s)
			t.Logf("seed %d: reads %.2f %% of %s", seed, 100*accuracy, name)
			total += accuracy / 2 / seeds
		}
	}
	if total < 0.97 || total > 0.985 {
		t.Errorf("mean accuracy on real digits is %.4f, want 0.978 or near", total)
	}
}

// TestReaderByHand: points of the line instead of images.
func TestReaderByHand(t *testing.T) {
	r := NewReader(Set{mat.NewDense(6, 1, []float64{0, 2, 3, 10, 10, 14}), []int{5, 1, 1, 2, 3, 2}})
	for x, want := range map[float64]int{
		-1:           1,  // 5 is nearest, the next two are 1
		2.9:          1,  // 1, 1, 5
		6.4:          1,  // 1 at 3.4; 2 and 3 at 3.6: all different, the nearest
		6.6:          2,  // 2 and 3 at 3.4, 1 at 3.6: all different, the earlier of the nearest
		11:           2,  // 2, 3, 2
		100:          2,  // 2, 2, 3
		math.NaN():   -1, // nothing is near
		math.Inf(-1): -1,
	} {
		if got := r.Read(mat.NewDense(1, 1, []float64{x})); got[0] != want {
			t.Errorf("%v is read as %d, want %d", x, got[0], want)
		}
	}
	known := Set{mat.NewDense(3, 1, []float64{1, 1, 1}), []int{4, 5, 6}}
	if got := NewReader(known).Read(mat.NewDense(1, 1, []float64{1}))[0]; got != 4 {
		t.Errorf("three equally near labels 4, 5, 6 are read as %d, want the first", got)
	}
}

func TestMisusePanics(t *testing.T) {
	three := Set{mat.NewDense(3, 2, nil), []int{1, 2, 3}}
	for name, f := range map[string]func(){
		"two known images": func() { NewReader(Set{mat.NewDense(2, 2, nil), []int{1, 2}}) },
		"a label short":    func() { NewReader(Set{three.Images, []int{1, 2}}) },
		"other pixels":     func() { NewReader(three).Read(mat.NewDense(1, 3, nil)) },
		"no such class":    func() { three.Class(4) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkRead(b *testing.B) {
	train, read, _ := Split(1)
	reader := NewReader(read)
	for b.Loop() {
		reader.Read(train.Images)
	}
	b.ReportMetric(float64(b.N)*797/b.Elapsed().Seconds(), "images/s")
}
