package imageset_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/imageset"
	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/internal/npy"
)

const height, width = 5, 7

// picture returns the pixels of image i, and its PNG file.
func picture(t testing.TB, i int) (pixels, file []byte) {
	t.Helper()
	pixels = golden.Image(fmt.Sprint("set ", i), height, width)
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for k := range height * width {
		copy(m.Pix[4*k:], append(slices.Clone(pixels[3*k:3*k+3]), 255))
	}
	return pixels, encoded(t, m)
}

func encoded(t testing.TB, m image.Image) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func write(t testing.TB, path string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// zipped returns a zip file of names and contents.
func zipped(t testing.TB, method uint16, members ...string) []byte {
	t.Helper()
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	for i := 0; i < len(members); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: members[i], Method: method})
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(members[i+1]))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func array(kind string, shape []int, data []byte) string {
	return string(npy.Header{Type: kind, Shape: shape}.Encode()) + string(data)
}

// The same images have the same pixels in a folder, in a zip file and in arrays, whatever the order in which they are read.
func TestOpenSame(t *testing.T) {
	const n = 4
	folder := filepath.Join(t.TempDir(), "folder")
	names := []string{"a/1.png", "a/2.PNG", "b.png", "b/0.png"} // sorted byte by byte
	var all [][]byte
	var members []string
	var joined []byte
	for i, name := range names {
		pixels, file := picture(t, i)
		all, joined = append(all, pixels), append(joined, pixels...)
		write(t, filepath.Join(folder, name), file)
		members = append([]string{name, string(file)}, members...)
	}
	write(t, filepath.Join(folder, ".DS_Store"), nil)
	write(t, filepath.Join(folder, "a/labels.txt"), nil)
	members = append(members, "__MACOSX/._b.png", "x", "readme.md", "x")
	data := array("|u1", []int{n, height, width, 3}, joined)
	for kind, path := range map[string]string{
		"a folder":            folder,
		"a zip file":          write(t, filepath.Join(t.TempDir(), "x.zip"), zipped(t, zip.Deflate, members...)),
		"an array of NumPy":   write(t, filepath.Join(t.TempDir(), "x.npy"), []byte(data)),
		"an array of NumPy ":  write(t, filepath.Join(t.TempDir(), "x.npz"), zipped(t, zip.Store, "mu.npy", array("<f8", []int{1}, make([]byte, 8)), "arr_0.npy", data, "readme.txt", "x")),
		"an array of NumPy  ": write(t, filepath.Join(t.TempDir(), "x.npz"), zipped(t, zip.Deflate, "x.npy", array("|u1", []int{1, 1, 1, 3}, []byte("rgb")), "arr_0.npy", data)),
	} {
		s, err := imageset.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if s.Kind != strings.TrimSpace(kind) || s.Len() != n {
			t.Errorf("%s with %d images, want %s with %d", s.Kind, s.Len(), kind, n)
		}
		for _, i := range []int{0, 2, 3, 1, 1} {
			m, err := s.Read(i)
			if err != nil || !bytes.Equal(m.Pix, all[i]) || m.Height != height || m.Width != width || m.Converted != "" && m.Converted != "alpha" {
				t.Errorf("%s: image %d is %+v, error %v, want the same pixels", kind, i, m, err)
			}
		}
		switch {
		case strings.HasPrefix(kind, "an array"):
			if s.Name(2) != "2" || s.Class(2) != "" {
				t.Errorf("%s: image 2 is %q of class %q", kind, s.Name(2), s.Class(2))
			}
		case s.Name(0) != "a/1.png" || s.Class(0) != "a" || s.Class(2) != "" || len(s.Notes) != 2:
			t.Errorf("%s: %q of class %q, notes %q", kind, s.Name(0), s.Class(0), s.Notes)
		}
	}
}

// What reading changes in an image is said.
func TestConverted(t *testing.T) {
	grey, deep, clear := image.NewGray(image.Rect(0, 0, 2, 2)), image.NewRGBA64(image.Rect(0, 0, 2, 2)), image.NewNRGBA(image.Rect(0, 0, 2, 2))
	for i := range deep.Pix {
		deep.Pix[i] = 0xff
	}
	clear.Pix[3] = 7
	palette := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black, color.White})
	// An animation has a chunk with the number of its pictures before the first.
	control := append([]byte("acTL"), 0, 0, 0, 1, 0, 0, 0, 0)
	control = binary.BigEndian.AppendUint32(append([]byte{0, 0, 0, 8}, control...), crc32.ChecksumIEEE(control))
	still := encoded(t, clear)
	at := bytes.Index(still, []byte("IDAT")) - 4
	animated := slices.Concat(still[:at], control, still[at:])
	for want, file := range map[string][]byte{"grey": encoded(t, grey), "16 bits": encoded(t, deep), "alpha": encoded(t, clear), "a palette": encoded(t, palette), "an animation": animated} {
		s, err := imageset.Open(filepath.Dir(write(t, filepath.Join(t.TempDir(), "x.png"), file)))
		if err != nil {
			t.Fatal(err)
		}
		if m, err := s.Read(0); err != nil || m.Converted != want {
			t.Errorf("converted of %q, error %v, want %q", m.Converted, err, want)
		}
	}
	s, err := imageset.Open(write(t, filepath.Join(t.TempDir(), "x.npy"), []byte(array("|u1", []int{1, 1, 2}, []byte{3, 9}))))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if m, err := s.Read(0); err != nil || m.Converted != "grey" || !bytes.Equal(m.Pix, []byte{3, 3, 3, 9, 9, 9}) {
		t.Errorf("%+v, error %v, want grey", m, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	pixels, file := picture(t, 0)
	npyFile := func(kind string, shape []int, data []byte) []byte { return []byte(array(kind, shape, data)) }
	for want, data := range map[string][]byte{
		"numbers of type float32, want bytes":                           npyFile("<f4", []int{1, 1, 1, 3}, make([]byte, 12)),
		"[1 3 5 7], with the channels first":                            npyFile("|u1", []int{1, 3, height, width}, pixels),
		"shape [5 21], want [n height width 3]":                         npyFile("|u1", []int{5, 21}, pixels),
		"shape [1 5 7 4], want [n height width":                         npyFile("|u1", []int{1, 5, 7, 4}, make([]byte, 140)),
		"104 bytes of images, want 1 × 105":                             npyFile("|u1", []int{1, 5, 7, 3}, pixels[:104]),
		"images of 0 × 5 pixels":                                        npyFile("|u1", []int{1, 5, 0, 3}, nil),
		"holds no images":                                               npyFile("|u1", []int{0, 5, 7, 3}, nil),
		"want a NumPy array":                                            file,
		"holds no images; left out: files whose":                        zipped(t, zip.Store, "a.txt", "x"),
		`holds no array of images: array "mu": numbers of type float64`: zipped(t, zip.Store, "mu.npy", array("<f8", []int{1}, make([]byte, 8))),
		"several arrays of images":                                      zipped(t, zip.Store, "a.npy", array("|u1", []int{1, 5, 7, 3}, pixels), "b.npy", array("|u1", []int{1, 5, 7, 3}, pixels)),
	} {
		path := write(t, filepath.Join(t.TempDir(), "x"), data)
		if _, err := imageset.Open(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one with %q and the path", err, want)
		}
	}
	if _, err := imageset.Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no images") {
		t.Errorf("error %v, want one for a folder without images", err)
	}
	folder := t.TempDir()
	write(t, filepath.Join(folder, "a.png"), file[:len(file)/2])
	s, err := imageset.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(0); err == nil || !strings.Contains(err.Error(), "a.png: ") || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("error %v, want one for a file that is cut off", err)
	}
	if err := os.Symlink(folder, filepath.Join(folder, "again")); err == nil {
		if _, err := imageset.Open(folder); err == nil || !strings.Contains(err.Error(), "leads back") {
			t.Errorf("error %v, want one for a link to the folder itself", err)
		}
	}
}

// FuzzOpen: whatever a file holds, opening and reading it ends, with an error or with images of the size that it says.
func FuzzOpen(f *testing.F) {
	pixels, file := picture(f, 0)
	f.Add([]byte(array("|u1", []int{1, height, width, 3}, pixels)))
	f.Add(zipped(f, zip.Store, "arr_0.npy", array("|u1", []int{1, height, width, 3}, pixels)))
	f.Add(zipped(f, zip.Deflate, "a.png", string(file)))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := imageset.Open(write(t, filepath.Join(t.TempDir(), "x"), data))
		if err != nil {
			return
		}
		defer s.Close()
		for i := range min(s.Len(), 3) {
			if m, err := s.Read(i); err == nil && len(m.Pix) != 3*m.Width*m.Height {
				t.Fatalf("%d bytes for %d × %d pixels", len(m.Pix), m.Width, m.Height)
			}
		}
	})
}
