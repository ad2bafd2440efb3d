package toy_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sbinet/npyio/npy"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/wflowlab/wflowlab/toy"
)

func TestReadCSV(t *testing.T) {
	want := mat.NewDense(3, 2, []float64{1, -2.5, 3e-3, 4, 0, 1e300})
	for name, text := range map[string]string{
		"plain":                    "1,-2.5\n3e-3,4\n0,1e300\n",
		"header":                   "x,y\n1,-2.5\n3e-3,4\n0,1e300\n",
		"half a header":            ",y\n1,-2.5\n3e-3,4\n0,1e300\n",
		"spaces, blank lines, end": "\n  x , y\n 1, -2.5 \n\n3e-3,4\n0,1e300",
		"lines of spaces":          " \t\nx,y\n  \n1,-2.5\n\t\r\n3e-3,4\n0,1e300\n   ",
		"CRLF and byte order mark": "\ufeff1,-2.5\r\n3e-3,4\r\n0,1e300\r\n",
		"quotes after the mark":    "\ufeff\"x\",\"y\"\n\"1\",\"-2.5\"\n3e-3,4\n0,1e300\n",
	} {
		got, err := toy.ReadCSV("points.csv", strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !mat.Equal(got, want) {
			t.Errorf("%s: %v", name, mat.Formatted(got))
		}
	}
	for text, want := range map[string]string{
		"":                    `no rows of numbers`,
		"x,y\n":               `no rows of numbers`,
		"x,y\n1,2\n3,z\n":     `row 1 (line 3), column 1: "z" is not a finite decimal number`,
		"1,x\n1,2\n":          `row 0 (line 1), column 1: "x" is not a finite decimal number`,
		"1,2\n\n3,NaN\n":      `row 1 (line 3), column 1: "NaN" is not a finite decimal number`,
		"inf,2\n":             `row 0 (line 1), column 0: "inf" is not a finite decimal number`,
		"x,y\n1,1e999\n":      `row 0 (line 2), column 1: "1e999" is not a finite decimal number`,
		"1,2\n3,\n":           `row 1 (line 2), column 1: "" is not a finite decimal number`,
		",\n":                 `row 0 (line 1), column 0: "" is not a finite decimal number`,
		"0x10p0,1_000\n":      `row 0 (line 1), column 0: "0x10p0" is not a finite decimal number`,
		"0x10\n1\n":           `row 0 (line 1), column 0: "0x10" is not a finite decimal number`,
		"1,1_000\n":           `row 0 (line 1), column 1: "1_000" is not a finite decimal number`,
		"1\n\"\"\n":           `row 1 (line 2), column 0: "" is not a finite decimal number`,
		"1,2\n , \n":          `row 1 (line 2), column 0: " " is not a finite decimal number`,
		"1,2\n3\n":            `row 1 (line 2) has 1 columns, want 2 as in the first line`,
		"x,y\n1,2,3\n":        `row 0 (line 2) has 3 columns, want 2 as in the first line`,
		"1;2\n":               `no rows of numbers`,
		"1;2\n3;4\n":          `row 0 (line 2), column 0: "3;4" is not a finite decimal number`,
		"1,2\n3,\"4\n":        `parse error on line 2, column 6: extraneous or missing " in quoted-field`,
		"one,two\nthree,fo\n": `row 0 (line 2), column 0: "three" is not a finite decimal number`,
	} {
		_, err := toy.ReadCSV("points.csv", strings.NewReader(text))
		if want = "toy: cloud points.csv: " + want; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// TestReadNPYFromNumPy reads files that NumPy 2.4.6 wrote: x = np.arange(6, dtype='<f4').reshape(3, 2)/4 − 0.5, itself,
// np.asfortranarray(x.astype('<f8')) and (4·x).astype('>i2').
func TestReadNPYFromNumPy(t *testing.T) {
	x := mat.NewDense(3, 2, []float64{-0.5, -0.25, 0, 0.25, 0.5, 0.75})
	for name, scale := range map[string]float64{"c_float32": 1, "fortran_float64": 1, "big_endian_int16": 4} {
		got, err := toy.ReadFile(filepath.Join("testdata", name+".npy"))
		if err != nil {
			t.Error(err)
			continue
		}
		var want mat.Dense
		want.Scale(scale, x)
		if !mat.Equal(got, &want) {
			t.Errorf("%s: %v", name, mat.Formatted(got))
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
			t.Fatal(got, err)
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
			t.Errorf("%T: %v, %v", v, got, err)
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
		"":                                    `begins with "", want an .npy file of version 1 to 3`,
		"\x93NUMPY\x01\x00\xff\xff{":          "a header of 65535 bytes in a file of 11",
		"\x93NUMPY\x02\x00\xff\xff\xff\xff{ ": "a header of 4294967295 bytes in a file of 14",
		"\x93NUMPY\x04\x00\x02\x00{}    ":     "begins with",
		"x,y\n1,2\n3,4\n5,6\n":                "begins with \"x,y",
		npyFile("{'descr': '<f8'}"):           `header "{'descr': '<f8'}\n", want descr`,
		npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (), }"):                                               "shape [], want",
		npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 1), }"):                                        "shape [1 1 1], want",
		npyFile("{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (1, 1), }"):                                  "header",
		npyFile("{'descr': '<c8', 'fortran_order': False, 'shape': (1, 1), }"):                                           `type "<c8", want float32, float64 or integers`,
		npyFile("{'descr': '|b1', 'fortran_order': False, 'shape': (1, 1), }", 1):                                        `type "|b1"`,
		npyFile("{'descr': '|O', 'fortran_order': False, 'shape': (1, 1), }", 1):                                         `type "|O"`,
		npyFile("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 2), }"):                                           "shape [0 2], want [n d] or [n], of 1 or more",
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

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "Cloud.CSV")
	if err := os.WriteFile(path, []byte("1,2\n3,four\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]string{
		path:         fmt.Sprintf(`toy: cloud %s: row 1 (line 2), column 1: "four" is not a finite decimal number`, path),
		"cloud.xlsx": `toy: cloud cloud.xlsx: extension ".xlsx", want .csv or .npy`,
		"none.csv":   `toy: cloud: open none.csv: `,
	} {
		if _, err := toy.ReadFile(p); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", p, err, want)
		}
	}
}

// checkCloud holds the promise of both readers: an error, or at least one row of finite numbers.
func checkCloud(t *testing.T, x *mat.Dense, err error) {
	if (x == nil) == (err == nil) {
		t.Fatalf("cloud %v and error %v", x, err)
	}
	if err != nil {
		return
	}
	if n, d := x.Dims(); n < 1 || d < 1 {
		t.Fatalf("cloud [%d, %d]", n, d)
	}
	for _, v := range x.RawMatrix().Data {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("cloud holds %v", v)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{"x,y\n1,2\n", "\ufeff1,2\r\n", "1,\"2\n", "1,2\n3\n", "nan,1\n", "\"\n\",1\n", "0x1p-1000,1_0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := toy.ReadCSV("fuzz.csv", strings.NewReader(text))
		checkCloud(t, x, err)
	})
}

func FuzzReadNPY(f *testing.F) {
	f.Add([]byte(npyFile("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1), }", 1, 2, 3, 4, 5, 6, 7, 8)))
	f.Add([]byte(npyFile("{'descr': '|i1', 'fortran_order': False, 'shape': (3,), }", 1, 2, 3)))
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		x, err := toy.ReadNPY("fuzz.npy", bytes.NewReader(file))
		checkCloud(t, x, err)
	})
}
