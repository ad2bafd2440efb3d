package pixels

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/latent"
)

// idxFile returns an IDX file as its specification says: two zero bytes, 8 for bytes, how many dimensions, these as
// big-endian integers, and the bytes.
func idxFile(values []byte, dims ...int) []byte {
	file := []byte{0, 0, 8, byte(len(dims))}
	for _, d := range dims {
		file = binary.BigEndian.AppendUint32(file, uint32(d))
	}
	return append(file, values...)
}

func zipped(t testing.TB, file []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// latentOf returns an image of a set.
func latentOf(t *testing.T, s *Set, i int, u float64) []float32 {
	t.Helper()
	into := make([]float32, s.Side()*s.Side()*s.Channels())
	if err := s.Read(i, u, into); err != nil {
		t.Fatal(err)
	}
	return into
}

// Numbers are 2p/255 − 1 for bytes p, in the order of the file, and a mirror image has the columns the other way round:
// only if the set may be mirrored, and only from u = ½ on.
func TestLatent(t *testing.T) {
	s, err := ParseIDX(idxFile([]byte{0, 255, 51, 102, 1, 2, 3, 4}, 2, 2, 2), idxFile([]byte{3, 12}, 2))
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() != 2 || s.Side() != 2 || s.Channels() != 1 || s.Label(0) != 3 || s.Label(1) != 12 || len(s.Classes()) != 13 || s.Classes()[12] != "12" {
		t.Errorf("%d images [%d, %d], labels %d and %d of %v", s.Len(), s.Side(), s.Channels(), s.Label(0), s.Label(1), s.Classes())
	}
	plain, mirrored := []float32{-1, 1, -0.6, -0.2}, []float32{1, -1, -0.2, -0.6}
	near := func(a, b float32) bool { return a-b < 1e-6 && b-a < 1e-6 }
	for _, c := range []struct {
		mirror bool
		u      float64
		want   []float32
	}{{false, 0, plain}, {false, 0.99, plain}, {true, 0.49, plain}, {true, 0.5, mirrored}} {
		s.Mirror = c.mirror
		if got := latentOf(t, s, 0, c.u); !slices.EqualFunc(got, c.want, near) {
			t.Errorf("mirror %v, u %v: %v, want %v", c.mirror, c.u, got, c.want)
		}
	}
}

// An image of 28 × 28 lies in the middle of 32 × 32, and the margin is paper.
func TestMargin(t *testing.T) {
	values := make([]byte, 3*28*28)
	for i := range values {
		values[i] = byte(1 + i%251)
	}
	s, err := ParseIDX(idxFile(values, 3, 28, 28), idxFile(make([]byte, 3), 3))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		for k, got := range latentOf(t, s, i, 0) {
			y, x := k/32-2, k%32-2
			want := float32(-1)
			if y >= 0 && y < 28 && x >= 0 && x < 28 {
				want = scaled(values[(i*28+y)*28+x])
			}
			if got != want {
				t.Fatalf("image %d, number %d is %v, want %v", i, k, got, want)
			}
		}
	}
}

// The official files are found by every name they are published under, gzipped or not, and give one set.
func TestReadMNIST(t *testing.T) {
	images, labels := idxFile([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2), idxFile([]byte{7, 1}, 2)
	for _, c := range []struct {
		images, labels string
		zipped         bool
		split          latent.Split
	}{
		{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", false, latent.Train},
		{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", true, latent.Train},
		{"train-images.idx3-ubyte", "train-labels.idx1-ubyte", false, latent.Train},
		{"t10k-images.idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", true, latent.Val},
		{"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte", false, latent.Val}, // unzipped by a browser
	} {
		folder := t.TempDir()
		for name, file := range map[string][]byte{c.images: images, c.labels: labels} {
			if c.zipped {
				file = zipped(t, file)
			}
			write(t, filepath.Join(folder, name), file)
		}
		s, err := ReadMNIST(folder, c.split)
		if err != nil {
			t.Errorf("%s: error %v, want none", c.images, err)
			continue
		}
		if s.Len() != 2 || s.Label(0) != 7 || latentOf(t, s, 1, 0)[3] != scaled(8) {
			t.Errorf("%s: %d images, the first of class %d", c.images, s.Len(), s.Label(0))
		}
	}
	folder := t.TempDir()
	if _, err := ReadMNIST(folder, latent.Train); err == nil || !strings.Contains(err.Error(), "train-images-idx3-ubyte") || !strings.Contains(err.Error(), folder) {
		t.Errorf("an empty folder: error %v, want one that names the folder and the missing file", err)
	}
	if _, err := ReadMNIST(folder, "test"); err == nil || !strings.Contains(err.Error(), `"test"`) {
		t.Errorf("split test: error %v, want one that names it", err)
	}
}

// What is wrong with a pair of files is said in words, and with the name of the file that it is wrong with.
func TestParseIDXErrors(t *testing.T) {
	images, labels := idxFile(make([]byte, 12), 3, 2, 2), idxFile(make([]byte, 3), 3)
	gz := zipped(t, images)
	damaged := slices.Clone(gz)
	damaged[len(damaged)-6] ^= 1 // of the checksum
	for name, c := range map[string]struct {
		images, labels []byte
		want           []string
	}{
		"exchanged":        {labels, images, []string{"images: is an IDX file of labels", `want an IDX file of images, which begins with "\x00\x00\b\x03"`}},
		"images twice":     {images, images, []string{"labels: is an IDX file of images"}},
		"another kind":     {[]byte("\x89PNG\r\n\x1a\n........"), labels, []string{"images: is a PNG image"}},
		"empty":            {nil, labels, []string{"images: is an empty file"}},
		"cut off":          {images[:len(images)-1], labels, []string{"images: ", "[3 2 2], which is 12 bytes, and there are 11"}},
		"too long":         {append(slices.Clone(images), 0), labels, []string{"12 bytes, and there are 13"}},
		"short header":     {images[:10], labels, []string{"images: cut off after 10 bytes, in a header of 16"}},
		"huge header":      {idxFile(nil, 1<<32-1, 1<<32-1, 1<<32-1), labels, []string{"images: the header says", "want at most"}},
		"large header":     {idxFile(nil, 60000, 28, 28), labels, []string{"which is 47040000 bytes, and there are 0"}},
		"no images":        {idxFile(nil, 0, 2, 2), idxFile(nil, 0), []string{"images: 0 images"}},
		"not square":       {idxFile(make([]byte, 12), 2, 2, 3), idxFile(make([]byte, 2), 2), []string{"images: 2 images of 2 × 3 pixels", "square"}},
		"fewer labels":     {images, idxFile(make([]byte, 2), 2), []string{"3 images in images and 2 labels in labels"}},
		"labels cut off":   {images, labels[:10], []string{"labels: the header says [3], which is 3 bytes, and there are 2"}},
		"gzip cut off":     {gz[:len(gz)-9], labels, []string{"images: the gzipped data are cut off after"}},
		"gzip of header":   {gz[:5], labels, []string{"images: the gzipped data are cut off after 5 bytes"}},
		"gzip damaged":     {damaged, labels, []string{"images: the gzipped data are damaged", "checksum"}},
		"gzip in gzip":     {zipped(t, gz), labels, []string{"images: is "}},
		"float dimensions": {append([]byte{0, 0, 13}, images[3:]...), labels, []string{"images: is "}},
	} {
		_, err := ParseIDX(c.images, c.labels)
		for _, words := range append(c.want, "pixels: ") {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: error %v, want %q", name, err, words)
			}
		}
	}
}

// Whatever the bytes, the pair is refused, or it is a set that can be read to its end and holds what the files hold.
func FuzzParseIDX(f *testing.F) {
	images, labels := idxFile([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2), idxFile([]byte{7, 1}, 2)
	f.Add(images, labels)
	f.Add(zipped(f, images), zipped(f, labels))
	f.Add(zipped(f, images)[:20], labels)
	f.Add(idxFile(nil, 1<<32-1, 1<<31, 1<<31), labels)
	f.Add(idxFile(nil, 1<<16, 1<<16, 1<<16), idxFile(nil, 0))
	f.Fuzz(func(t *testing.T, images, labels []byte) {
		s, err := ParseIDX(images, labels)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "pixels: ") {
				t.Errorf("error %q, want one of this package", err)
			}
			return
		}
		into := make([]float32, s.Side()*s.Side()*s.Channels())
		for i := range s.Len() {
			if err := s.Read(i, 0, into); err != nil || s.Label(i) >= len(s.Classes()) {
				t.Fatalf("image %d of class %d: %v", i, s.Label(i), err)
			}
		}
		if s.Len() < 1 || len(s.values) != s.Len()*len(into) {
			t.Errorf("%d images and %d bytes", s.Len(), len(s.values))
		}
	})
}

func write(t *testing.T, path string, file []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
}

func pngOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// grey returns an image whose every pixel is v, but for the first.
func grey(side int, first, v byte) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, side, side))
	for i := range m.Pix {
		m.Pix[i] = v
	}
	m.Pix[0] = first
	return m
}

// A folder gives its images by class and by name; what is no image, and what is hidden, is left out.
func TestReadFolder(t *testing.T) {
	root := t.TempDir()
	colour := image.NewRGBA(image.Rect(0, 0, 3, 3))
	for i := range 9 {
		colour.Set(i%3, i/3, color.RGBA{byte(10 * i), byte(20 * i), 255, 255})
	}
	var jpg bytes.Buffer
	if err := jpeg.Encode(&jpg, grey(3, 128, 128), &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"b/2.PNG": pngOf(t, grey(3, 1, 2)), "b/1.png": pngOf(t, grey(3, 3, 4)), "a/z.jpeg": jpg.Bytes(),
		"b/readme.txt": []byte("text"), ".git/x.png": nil, "b/.DS_Store": nil, "list.csv": nil,
	} {
		write(t, filepath.Join(root, name), file)
	}
	s, err := ReadFolder(root, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() != 3 || s.Side() != 3 || s.Channels() != 1 || s.Mirror || !slices.Equal(s.Classes(), []string{"a", "b"}) ||
		!slices.Equal(s.labels, []int{0, 1, 1}) || s.values[0] != 128 || s.values[9] != 3 || s.values[18] != 1 {
		t.Errorf("%d images [%d, %d] of %v, labels %v, bytes %v", s.Len(), s.Side(), s.Channels(), s.Classes(), s.labels, s.values)
	}

	write(t, filepath.Join(root, "b", "3.png"), pngOf(t, colour))
	if s, err = ReadFolder(root, 3); err != nil {
		t.Fatal(err)
	}
	s.Mirror = true
	want := []float32{scaled(20), scaled(40), scaled(255), scaled(10), scaled(20), scaled(255), scaled(0), scaled(0), scaled(255)}
	if got := latentOf(t, s, 3, 0.5)[:9]; !slices.Equal(got, want) {
		t.Errorf("the first line in the mirror is %v, want %v", got, want)
	}
}

// What is wrong with a folder is said with the name of the file, the class or the folder.
func TestReadFolderErrors(t *testing.T) {
	good := pngOf(t, grey(3, 1, 2))
	colour := image.NewRGBA(image.Rect(0, 0, 3, 3))
	colour.Set(2, 1, color.RGBA{1, 2, 3, 255})
	for name, c := range map[string]struct {
		files map[string][]byte
		want  []string
	}{
		"another size": {map[string][]byte{"a/1.png": good, "a/2.png": pngOf(t, grey(4, 1, 2))}, []string{"2.png: 4 × 4 pixels, and those before it 3 × 3"}},
		"not square":   {map[string][]byte{"a/1.png": pngOf(t, image.NewGray(image.Rect(0, 0, 3, 4)))}, []string{"1.png: 3 × 4 pixels", "square"}},
		"colours":      {map[string][]byte{"a/1.png": pngOf(t, colour)}, []string{"1.png: pixel 2 of line 1 is red 1, green 2, blue 3"}},
		"cut off":      {map[string][]byte{"a/1.png": good[:40]}, []string{"1.png: cut off"}},
		"no image":     {map[string][]byte{"a/1.png": []byte("GIF89a")}, []string{"1.png: neither PNG nor JPEG: a GIF"}},
		"empty class":  {map[string][]byte{"a/1.png": good, "b/x.txt": nil}, []string{filepath.Join("", "b") + ": no files that end in .png"}},
		"splits":       {map[string][]byte{"train/a/1.png": good}, []string{"train: no files", "a folder of classes?"}},
		"no classes":   {map[string][]byte{"1.png": good}, []string{"no folders, want one for each class"}},
	} {
		root := t.TempDir()
		for file, content := range c.files {
			write(t, filepath.Join(root, file), content)
		}
		_, err := ReadFolder(root, 1)
		for _, words := range append(c.want, "pixels: ", root) {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: error %v, want %q", name, err, words)
			}
		}
	}
	if _, err := ReadFolder(t.TempDir(), 2); err == nil || !strings.Contains(err.Error(), "2 channels") {
		t.Errorf("2 channels: error %v, want one that says so", err)
	}
}
