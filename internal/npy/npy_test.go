package npy

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestEncodeAsNumPy compares with what NumPy 2.4.6 wrote by
//
//	numpy.lib.format.write_array_header_1_0(file, {"descr": …, "fortran_order": …, "shape": …})
func TestEncodeAsNumPy(t *testing.T) {
	for _, c := range []struct {
		header Header
		want   string
	}{
		{Header{"<f4", false, nil}, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }"},
		{Header{"<i8", false, []int{50_000}}, "{'descr': '<i8', 'fortran_order': False, 'shape': (50000,), }"},
		{Header{"<f4", false, []int{1_281_167, 32, 32, 4}}, "{'descr': '<f4', 'fortran_order': False, 'shape': (1281167, 32, 32, 4), }"},
		{Header{"<f8", true, []int{3, 1000}}, "{'descr': '<f8', 'fortran_order': True, 'shape': (3, 1000), }"},
	} {
		want := fmt.Sprintf("\x93NUMPY\x01\x00v\x00%-117s\n", c.want)
		if got := c.header.Encode(); !bytes.Equal(got, []byte(want)) {
			t.Errorf("%+v: %q, want %q", c.header, got, want)
		}
	}
	// for k in range(200): "<f4", False, (7,)*(k % 16) + (10**(k//16),)
	sum := sha256.New()
	for k := range 200 {
		shape := append(slices.Repeat([]int{7}, k%16), int(math.Pow10(k/16)))
		sum.Write(Header{"<f4", false, shape}.Encode())
	}
	if got, want := fmt.Sprintf("%x", sum.Sum(nil)), "fe17202601175e7ed571da53c905d2c6edeff13779f28e0ec32ad25455c033c1"; got != want {
		t.Errorf("200 headers: SHA-256 %s, want %s", got, want)
	}
}

func TestReadWhatIsEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Header{
			rapid.SampledFrom([]string{"<f4", ">i2", "|b1", "|O"}).Draw(t, "type"),
			rapid.Bool().Draw(t, "Fortran"),
			rapid.SliceOfN(rapid.IntRange(0, math.MaxInt), 0, 40).Draw(t, "shape"),
		}
		file := want.Encode()
		numbers := rapid.IntRange(0, 9).Draw(t, "numbers")
		got, begin, err := Read(bytes.NewReader(file), int64(len(file)+numbers))
		if err != nil || got.Type != want.Type || got.Fortran != want.Fortran || !slices.Equal(got.Shape, want.Shape) || begin != int64(len(file)) {
			t.Fatalf("%+v from %d, %v, want %+v from %d", got, begin, err, want, len(file))
		}
	})
}

func TestReadRefuses(t *testing.T) {
	const whole = "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }\n"
	file := func(text string) string { return fmt.Sprintf("\x93NUMPY\x01\x00%c\x00%s", len(text), text) }
	for _, c := range []struct{ file, want string }{
		{"", `is an empty file; want a NumPy array (.npy)`},
		{"PK\x03\x04 and more", `is a zip file`},
		{"\x89PNG\r\n\x1a\n" + strings.Repeat(" ", 600), `is a PNG image; want a NumPy array`},
		{strings.Repeat("\x01", 257) + "ustar", `is a tar file`},
		{"\x93NUM", `it begins with "\x93NUM"`},
		{"\x93NUMPY\x01\x00", "cut off in its header"},
		{"\x93NUMPY\x00\x00\x00\x00", "version 0.0, want 1.0 to 3.0"},
		{"\x93NUMPY\x04\x00\x00\x00", "version 4.0, want 1.0 to 3.0"},
		{"\x93NUMPY\x01\x01\x00\x00", "version 1.1, want 1.0 to 3.0"},
		{"\x93NUMPY\x02\x00\x00\x00", "cut off in its header"},
		{"\x93NUMPY\x03\x00\xff\xff\xff\xff{ ", "a header of 4294967295 bytes in a file of 14"},
		{"\x93NUMPY\x02\x00\x01\x00\x01\x00" + strings.Repeat(" ", 1<<17), "a header of 65537 bytes"},
		{file(whole)[:40], "a header of 58 bytes in a file of 40"},
		{file("{'descr': '<i8'}\n"), `header "{'descr': '<i8'}\n", want descr, fortran_order and shape`},
		{file("{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (1,), }\n"), "a structured array"},
		{file("{'descr': '<i8', 'fortran_order': False, 'shape': (2LL,), }\n"), "as NumPy writes them"},
		{file("{'descr': '<i8', 'fortran_order': False, 'shape': (-2,), }\n"), "as NumPy writes them"},
		{file("{'descr': '<i8', 'fortran_order': False, 'shape': (__import__('os').system('true'),), }\n"), "as NumPy writes them"},
		{file("{'descr': '<i8', 'fortran_order': False, 'shape': (,2), }\n"), "as NumPy writes them"},
		{file("{'descr': '<i8', 'fortran_order': False, 'shape': (2 2,), }\n"), "as NumPy writes them"},
		{file("{'descr': '<i8', 'fortran_order': False, 'shape': (2), }\n"), "as NumPy writes them"},
		{file("{'descr': '<i8', 'fortran_order': False, 'shape': (2,,2), }\n"), "as NumPy writes them"},
		{file("{'descr': '<i8', 'fortran_order': False, 'shape': (02,), }\n"), "as NumPy writes them"},
		{file("{'descr': '<i8', 'fortran_order': False, 'shape': (99999999999999999999,), }\n"), "shape (99999999999999999999,), want"},
	} {
		if _, _, err := Read(strings.NewReader(c.file), int64(len(c.file))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.file, err, c.want)
		}
	}
	for _, shape := range []string{"(3,4)", "(3, 4,)", "( 3 , 4 , )", "(3L, 4L)"} { // as Python reads them; the last from NumPy on Python 2
		text := strings.Replace(whole, "(2,)", shape, 1)
		if h, _, err := Read(strings.NewReader(file(text)), 1000); err != nil || !slices.Equal(h.Shape, []int{3, 4}) {
			t.Errorf("%s: %+v, error %v, want the shape [3 4] and none", shape, h, err)
		}
	}
	for _, text := range []string{ // as other programs write it, and NumPy reads it
		`{'shape': (2,), 'fortran_order': False, 'descr': '<i8'}`, "{'descr':'<i8','fortran_order':False,'shape':(2,)}\n",
		`{"descr": "<i8", "fortran_order": False, "shape": (2,)}  `, " {'descr': '<i8', 'fortran_order': False,\n 'shape': (2,), }  \n",
	} {
		if h, _, err := Read(strings.NewReader(file(text)), 1000); err != nil || !slices.Equal(h.Shape, []int{2}) || h.Type != "<i8" || h.Fortran {
			t.Errorf("%s: %+v, error %v, want <i8 [2] in C order and none", text, h, err)
		}
	}
	for _, text := range []string{
		"{'descr': '<i8', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}", "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), 'x': 1}",
		"{'descr': '<i8', 'fortran_order': False, 'shape': (2,)", "{'descr': '<i8' 'fortran_order': False, 'shape': (2,)}", "{'descr': '<i8\", 'fortran_order': False, 'shape': (2,)}",
	} {
		if h, _, err := Read(strings.NewReader(file(text)), 1000); err == nil {
			t.Errorf("%s: %+v, want an error", text, h)
		}
	}
	if _, _, err := Read(strings.NewReader(file(whole)[:30]), 100); err == nil || err.Error() != "cut off in its header" {
		t.Errorf("shorter than it was said to be: error %v, want cut off in its header", err)
	}
	if h, begin, err := Read(strings.NewReader(file(whole)), 84); err != nil || begin != 68 || h.Type != "<i8" || !slices.Equal(h.Shape, []int{2}) {
		t.Errorf("%+v from %d, error %v, want <i8 [2] from 68 and none", h, begin, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(Header{"<f4", true, []int{2, 1}}.Encode())
	f.Add([]byte("\x93NUMPY\x02\x00\x3a\x00\x00\x00{'descr': '<i8', 'fortran_order': False, 'shape': (0,), }\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		h, begin, err := Read(bytes.NewReader(file), int64(len(file)))
		if err == nil && (begin > int64(len(file)) || slices.ContainsFunc(h.Shape, func(d int) bool { return d < 0 })) {
			t.Fatalf("%+v from %d, want no negative side and a begin within the %d bytes", h, begin, len(file))
		}
	})
}

func TestTypeName(t *testing.T) {
	for header, want := range map[string]string{"<f2": "float16", ">f4": "float32 (big-endian)", "<f8": "float64", "<f16": "float128", "|i1": "int8", "<u4": "uint32",
		"|b1": "bool", "<c8": "complex64", ">c16": "complex128 (big-endian)", "|O": "Python objects", "<U5": "strings of length 5",
		"|S3": "byte strings of length 3", "|V2": "raw bytes, each item of length 2", "<M8[ns]": "dates", "<m8": "time spans", "<x4": `"<x4"`, "": `""`} {
		if got := TypeName(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
