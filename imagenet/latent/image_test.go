package latent

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/wflowlab/wflowlab/internal/golden"
)

// pillow is what testdata/pillow.py wrote.
type pillow struct {
	Pillow       string
	LibjpegTurbo string `json:"libjpeg_turbo"`
	Crops        []struct {
		Name                string
		Height, Width, Size int
		SHA256              string
	}
	Images map[string]struct {
		Width, Height int
		SHA256        string
	}
	Refused map[string]string
}

func readPillow(t *testing.T) (p pillow) {
	t.Helper()
	text, err := os.ReadFile("testdata/pillow.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := golden.Decode(text, &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Crops) == 0 || len(p.Images) == 0 {
		t.Fatal("the file has no crops or no images, want both")
	}
	return p
}

// noise is the image of bytes whose i-th is the upper 8 bits of the i-th word of a name.
func noise(name string, height, width int) *Image {
	m, hash := NewImage(width, height), golden.Hash(name)
	for i := range m.Pix {
		m.Pix[i] = byte(golden.Mix(hash+uint64(i)) >> 56)
	}
	return m
}

// TestGoldenPillowCrops crops noise of many sizes and shapes, the thinnest included.
func TestGoldenPillowCrops(t *testing.T) {
	for _, c := range readPillow(t).Crops {
		if got := sum(noise(c.Name, c.Height, c.Width).Crop(c.Size).Pix); got != c.SHA256 {
			t.Errorf("%s → %d: SHA-256 of the crop is %s, want %s", c.Name, c.Size, got, c.SHA256)
		}
	}
}

// TestGoldenPillowImages compares every file with Pillow's bytes, or with Pillow's refusal.
func TestGoldenPillowImages(t *testing.T) {
	p := readPillow(t)
	files, err := filepath.Glob("testdata/images/*")
	if err != nil {
		t.Fatal(err)
	}
	if want := len(p.Images) + len(p.Refused); len(files) != want {
		t.Errorf("%d files, want %d", len(files), want)
	}
	for _, path := range files {
		m, err := ReadImage(path)
		want, read := p.Images[filepath.Base(path)]
		switch {
		case read && err != nil:
			t.Errorf("error %v, want none, for Pillow reads it", err)
		case !read && err == nil:
			t.Errorf("%s is read, want an error, for Pillow says %q", path, p.Refused[filepath.Base(path)])
		case !read && Cause(err) == "":
			t.Errorf("%v has no cause, want one", err)
		case read && (m.Width != want.Width || m.Height != want.Height):
			t.Errorf("%s: %d×%d pixels, want %d×%d", path, m.Width, m.Height, want.Width, want.Height)
		case read && sum(m.Pix) != want.SHA256:
			t.Errorf("%s: SHA-256 of the pixels is %s, want %s", path, sum(m.Pix), want.SHA256)
		}
	}
}

// TestPillowJPEG compares whole photographs, which testdata/pillow.py --measure writes, with Pillow's bytes.
func TestPillowJPEG(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(os.Getenv("WFLOW_JPEGS"), "*.jpg"))
	if os.Getenv("WFLOW_JPEGS") == "" || len(files) == 0 {
		t.Skip("WFLOW_JPEGS does not name a folder of testdata/pillow.py --measure")
	}
	for _, path := range files {
		m, err := ReadImage(path)
		if err != nil {
			t.Fatal(err)
		}
		truth, err := ReadImage(path + ".png")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(m.Pix, truth.Pix) {
			t.Errorf("%s: want the pixels of Pillow", path)
		}
	}
}

// small adds the small files of testdata to a corpus.
func small(f *testing.F) {
	files, _ := filepath.Glob("testdata/images/*")
	for _, path := range files {
		file, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(file) < 2000 {
			f.Add(file)
		}
	}
}

func FuzzCheckImage(f *testing.F) {
	small(f)
	f.Fuzz(func(t *testing.T, file []byte) { sameVerdict(t, file) })
}

func FuzzDecodeImage(f *testing.F) {
	small(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := DecodeImage(file)
		if err != nil {
			return
		}
		if len(m.Pix) != 3*m.Width*m.Height || m.Width < 1 || m.Height < 1 {
			t.Errorf("%d bytes of %d×%d pixels, want three for each", len(m.Pix), m.Width, m.Height)
		}
		if c := m.Crop(16); c.Width != 16 || c.Height != 16 {
			t.Errorf("a crop of %d×%d, want 16×16", c.Width, c.Height)
		}
	})
}

// What reading changes in the colours of a file is said.
func TestConverted(t *testing.T) {
	for name, want := range map[string]string{"444.jpg": "", "420-progressive.jpg": "", "grey.jpg": "grey", "cmyk.jpg": "inks", "grey.png": "grey", "grey1.png": "grey",
		"grey-alpha.png": "alpha", "grey-alpha16.png": "16 bits and alpha"} {
		m, err := ReadImage(filepath.Join("testdata/images", name))
		if err != nil {
			t.Fatal(err)
		}
		if m.Converted != want {
			t.Errorf("%s: converted of %q, want %q", name, m.Converted, want)
		}
	}
}
