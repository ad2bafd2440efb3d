package toy_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sbinet/npyio/npy"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/wflowlab/wflowlab/toy"
)

// TestReadArrays reads what NumPy wrote by testdata/make.py: x = np.arange(6).reshape(3, 2)/4 − 0.5 in many forms.
func TestReadArrays(t *testing.T) {
	x := mat.NewDense(3, 2, []float64{-0.5, -0.25, 0, 0.25, 0.5, 0.75})
	scaled := func(by, shift float64) *mat.Dense {
		var y mat.Dense
		y.Apply(func(_, _ int, v float64) float64 { return by*v + shift }, x)
		return &y
	}
	for name, want := range map[string]*mat.Dense{
		"float16.npy": x, "float16_big_endian.npy": x, "float16_fortran.npy": x, "float32.npy": x, "float32_big_endian.npy": x,
		"float64_fortran.npy": x, "three_axes.npy": x, "three_axes_middle.npy": x, "one.npz": x, "one_compressed.npz": x,
		"bool.npy":  mat.NewDense(3, 2, []float64{0, 0, 0, 1, 1, 1}),
		"bytes.npy": scaled(4, 2), "uint32_big_endian.npy": scaled(4, 2), "int16_big_endian.npy": scaled(4, 0),
		"line.npy": mat.NewDense(3, 1, []float64{-0.5, 0, 0.5}),
	} {
		if got, err := toy.ReadFile(filepath.Join("testdata", "arrays", name)); err != nil || !mat.Equal(got, want) {
			t.Errorf("%s: read as %v, error %v, want %v", name, got, err, want)
		}
	}
}

// TestHalves: every 97th finite float16, subnormal numbers and both zeros among them, is what NumPy makes of it.
func TestHalves(t *testing.T) {
	got, err := toy.ReadFile("testdata/arrays/halves.npy")
	if err != nil {
		t.Fatal(err)
	}
	want, err := toy.ReadFile("testdata/arrays/halves_as_float64.npy")
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(got, want) {
		t.Errorf("read as\n%v\nwant\n%v", mat.Formatted(got), mat.Formatted(want))
	}
}

// TestRefuseArrays: the error says what an array is and how to save it.
func TestRefuseArrays(t *testing.T) {
	for name, want := range map[string][]string{
		"images.npy":      {"shape [3 2 2], want [n d]", "x.reshape(len(x), -1)"},
		"images_last.npy": {"shape [2 2 3], want [n d]", "np.moveaxis(x, -1, 0)"},
		"scalar.npy":      {"shape []", "a single number"},
		"nothing.npy":     {"shape [0 2]", "no points"},
		"longdouble.npy":  {"type float128", "np.save(path, x.astype(np.float32))"},
		"complex64.npy":   {"type complex64", "np.concatenate([x.real, x.imag], axis=-1)"},
		"strings.npy":     {"type strings of length 1", "x.astype(np.float32)"},
		"dates.npy":       {"type dates"},
		"objects.npy":     {"type Python objects", "x.astype(np.float32)"},
		"structured.npy":  {"a structured array", "x.dtype.names"},
		"two.npz":         {"holds 3 arrays (x float64 [3 2], labels int64 [3], names Python objects [1 1]), want one", `np.load(path)["x"]`},
		"zip.npy":         {"is a zip file", "want a NumPy array (.npy)"},
	} {
		_, err := toy.ReadFile(filepath.Join("testdata", "arrays", name))
		for _, w := range append(want, "toy: cloud testdata/arrays/"+name) {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v, want %s", name, err, w)
			}
		}
	}
}

// TestReadNPYOfAnotherWriter lets npyio write random clouds, and all its kinds of numbers.
func TestReadNPYOfAnotherWriter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, d := rapid.IntRange(1, 6).Draw(t, "n"), rapid.IntRange(1, 6).Draw(t, "d")
		want := mat.NewDense(n, d, rapid.SliceOfN(rapid.Float64(), n*d, n*d).Draw(t, "x"))
		var file bytes.Buffer
		if err := npy.Write(&file, want); err != nil {
			t.Fatal(err)
		}
		if got, err := toy.ReadNPY("x.npy", &file); err != nil || !mat.Equal(got, want) {
			t.Fatalf("read as %v, error %v, want %v", got, err, want)
		}
	})
	want := mat.NewDense(3, 1, []float64{1, 2, 100})
	for _, v := range []any{[]float32{1, 2, 100}, []int8{1, 2, 100}, []int16{1, 2, 100}, []int32{1, 2, 100}, []int64{1, 2, 100},
		[]uint8{1, 2, 100}, []uint16{1, 2, 100}, []uint32{1, 2, 100}, []uint64{1, 2, 100}} {
		var file bytes.Buffer
		if err := npy.Write(&file, v); err != nil {
			t.Fatal(err)
		}
		if got, err := toy.ReadNPY("x.npy", &file); err != nil || !mat.Equal(got, want) {
			t.Errorf("%T: read as %v, error %v, want %v", v, got, err, want)
		}
	}
}

// npyFile is an .npy file of version 1 by hand.
func npyFile(header string, body ...byte) string {
	header += "\n"
	return "\x93NUMPY\x01\x00" + string([]byte{byte(len(header)), byte(len(header) >> 8)}) + header + string(body)
}

func TestReadNPYRefuses(t *testing.T) {
	nan := npyFile("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", 0, 0, 0, 0, 0, 0, 0xc0, 0x7f, 0, 0, 0, 0, 0, 0, 0x80, 0xff)
	for file, want := range map[string]string{
		"":                                    `is an empty file; want a NumPy array (.npy)`,
		"\x93NUMPY\x01\x00\xff\xff{":          "a header of 65535 bytes in a file of 11",
		"\x93NUMPY\x02\x00\xff\xff\xff\xff{ ": "a header of 4294967295 bytes in a file of 14",
		"\x93NUMPY\x04\x00\x02\x00{}    ":     "an .npy file of version 4.0, want 1.0 to 3.0",
		"x,y\n1,2\n3,4\n5,6\n":                "is of unknown kind: it begins with \"x,y",
		npyFile("{'descr': '<f8'}"):           `header "{'descr': '<f8'}\n", want descr`,
		npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (), }"):                                               "shape [], want",
		npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2, 2), }"):                                        "shape [1 2 2], want",
		npyFile("{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (1, 1), }"):                                  "a structured array",
		npyFile("{'descr': '<c8', 'fortran_order': False, 'shape': (1, 1), }"):                                           `numbers of type complex64, want float16, float32, float64, integers or bool`,
		npyFile("{'descr': '|O', 'fortran_order': False, 'shape': (1, 1), }", 1):                                         `numbers of type Python objects`,
		npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 2), }"):                                           "shape [0 2], want [n d] of 1 or more",
		npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 0), }"):                                           "shape [2 0]",
		npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999, 2), }"):                        "shape (9",
		npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4611686018427387904), }", 1):    "1 bytes of numbers, want",
		npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952, 1), }", 0, 0, 0, 0, 0, 0, 0, 0): "8 bytes of numbers, want 2305843009213693952 × 1 × 8",
		npyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }", 0, 0, 0):                                  "3 bytes of numbers, want 1 × 1 × 4",
		npyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }", 0, 0, 0, 0, 0):                            "5 bytes of numbers",
		nan: "row 1, column 0: NaN is not a finite number",
		npyFile("{'descr': '>f4', 'fortran_order': False, 'shape': (1, 1), }", 0xff, 0x80, 0, 0): "row 0, column 0: -Inf is not a finite number",
	} {
		_, err := toy.ReadNPY("100%.npy", strings.NewReader(file))
		if want = "toy: cloud 100%.npy: " + want; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", file, err, want)
		}
	}
}

func FuzzReadNPY(f *testing.F) {
	f.Add([]byte(npyFile("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1), }", 1, 2, 3, 4, 5, 6, 7, 8)))
	f.Add([]byte(npyFile("{'descr': '|i1', 'fortran_order': False, 'shape': (3,), }", 1, 2, 3)))
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"))
	f.Add([]byte(npyFile("{'descr': '>f2', 'fortran_order': True, 'shape': (2, 1, 1), }", 1, 2, 3, 4)))
	f.Fuzz(func(t *testing.T, file []byte) {
		x, err := toy.ReadNPY("fuzz.npy", bytes.NewReader(file))
		checkCloud(t, x, err)
	})
}
