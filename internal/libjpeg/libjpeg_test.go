package libjpeg

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
)

// flat is a picture of one colour in a file of Go's encoder.
func flat(t *testing.T, width, height int, grey uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = grey
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func decode(file []byte) (pix []byte, err error) {
	d, err := Open(file)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	err = d.Decode(func(line []byte) { pix = append(pix, line...) })
	return pix, err
}

// TestSandbox: the program asks for nothing from outside.
func TestSandbox(t *testing.T) {
	r := wazero.NewRuntime(context.Background())
	defer r.Close(context.Background())
	m, err := r.CompileModule(context.Background(), program)
	if err != nil {
		t.Fatal(err)
	}
	if f, m := m.ImportedFunctions(), m.ImportedMemories(); len(f) > 0 || len(m) > 0 {
		t.Errorf("imports %v and %v, want none", f, m)
	}
}

// TestDecode: flat pictures have their colour, also when many are decoded at a time.
func TestDecode(t *testing.T) {
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			file := flat(t, 30+i, 17, uint8(10*i))
			pix, err := decode(file)
			if want := bytes.Repeat([]byte{uint8(10 * i)}, 17*(30+i)); err != nil || !bytes.Equal(pix, want) {
				t.Errorf("%d: %v, error %v, want %v and none", i, pix, err, want)
			}
			d, err := Open(file)
			if err != nil {
				t.Error(err)
				return
			}
			defer d.Close()
			if d.Width != 30+i || d.Height != 17 || d.Bits != 8 || d.Arithmetic || len(d.Sampling) != 1 || d.Sampling[0] != [2]int{1, 1} {
				t.Errorf("%+v, want one component of %d×17 in 8 bits, baseline", d.Frame, 30+i)
			}
			if err := d.Check(); err != nil || d.Damage() != nil {
				t.Errorf("error %v, damage %v, want none", err, d.Damage())
			}
		})
	}
	all.Wait()
}

// TestColours: the channels come in the order red, green, blue.
func TestColours(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 16, 16))
	for i := range 16 * 16 {
		m.Set(i%16, i/16, color.RGBA{250, 130, 10, 255})
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	pix, err := decode(file.Bytes())
	if err != nil || len(pix) != 3*16*16 {
		t.Fatalf("%d bytes, error %v, want %d and none", len(pix), err, 3*16*16)
	}
	for i, want := range []int{250, 130, 10} {
		if got := int(pix[i]); got < want-2 || got > want+2 {
			t.Errorf("channel %d is %d, want %d", i, got, want)
		}
	}
}

// TestErrors: errors are in words for people.
func TestErrors(t *testing.T) {
	file := flat(t, 40, 30, 99)
	scan := bytes.Index(file, []byte("\xff\xda"))
	many := bytes.Clone(file[:scan]) // a progressive file of 2000 empty scans
	many[bytes.Index(many, []byte("\xff\xc0"))+1] = 0xc2
	for range 2000 {
		many = append(many, "\xff\xda\x00\x08\x01\x01\x00\x01\x05\x00"...)
	}
	many = append(many, 0xff, 0xd9)
	table := bytes.Clone(file)
	copy(table[bytes.Index(table, []byte("\xff\xc4"))+5:], bytes.Repeat([]byte{9}, 16))
	for name, c := range map[string]struct {
		file          []byte
		cause, detail string
	}{
		"nothing":      {nil, "cut off", "after 0 bytes"},
		"text":         {[]byte("hello, world"), "not a JPEG image", ""},
		"cut off":      {file[:scan+12], "cut off", "its picture does not"},
		"scans":        {many, "damaged JPEG", "more than 1000 scans"},
		"no scan":      {append(bytes.Clone(file[:scan]), 0xff, 0xd9), "damaged JPEG", "missing SOS marker"},
		"Huffman code": {table, "damaged JPEG", "bogus Huffman table definition"},
		"two starts":   {append([]byte("\xff\xd8\xff\xd8"), file...), "damaged JPEG", "two SOI markers"},
	} {
		_, err := decode(c.file)
		var e *Error
		if !errors.As(err, &e) || e.Cause != c.cause || !strings.Contains(e.Detail, c.detail) {
			t.Errorf("%s: %v, want %s: %s", name, err, c.cause, c.detail)
		}
	}
}

func TestFill(t *testing.T) {
	for text, want := range map[string]string{
		"nothing":                     "nothing",
		"marker 0x%02x, length %u":    "marker 0x07, length 8",
		"failed file %s":              "failed file %s",
		"%d %d %d %d %d":              "%d %d %d %d %d",
		"Invalid DAC index %d of %ld": "Invalid DAC index 7 of 8",
	} {
		if got := fill(text, []int{7, 8, 9, 10}); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestScans: the scans of a small picture in the header do not count, nor does what follows the picture.
func TestScans(t *testing.T) {
	file := flat(t, 40, 30, 99)
	scan := bytes.Index(file, []byte("\xff\xda"))
	for name, c := range map[string]struct {
		file []byte
		want int
	}{
		"one":              {file, 1},
		"with another":     {slices.Concat(file[:2], []byte{0xff, 0xe1, byte((len(file) + 2) >> 8), byte(len(file) + 2)}, file, file[2:]), 1},
		"followed by more": {slices.Concat(file, file, file), 1},
		"three":            {slices.Concat(file[:len(file)-2], file[scan:len(file)-2], file[scan:]), 3},
		"cut off":          {slices.Concat(file[:len(file)-2], []byte("\xff\xff\xff\xda")), 1},
		"none":             {file[:scan], 0},
		"nothing":          {nil, 0},
	} {
		if got := countScans(c.file); got != c.want {
			t.Errorf("%s: %d scans, want %d", name, got, c.want)
		}
	}
}
