package latent

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/internal/pipe"
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
		t.Fatal("no case")
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

// TestGoldenPillowImages holds every file to Pillow's bytes, or to Pillow's refusal.
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
			t.Errorf("%v, and Pillow reads it", err)
		case !read && err == nil:
			t.Errorf("%s is read, and Pillow says %q", path, p.Refused[filepath.Base(path)])
		case !read && Cause(err) == "":
			t.Errorf("%v has no cause", err)
		case read && (m.Width != want.Width || m.Height != want.Height):
			t.Errorf("%s: %d×%d pixels, want %d×%d", path, m.Width, m.Height, want.Width, want.Height)
		case read && sum(m.Pix) != want.SHA256:
			t.Errorf("%s: SHA-256 of the pixels is %s, want %s", path, sum(m.Pix), want.SHA256)
		}
	}
}

// TestPillowJPEG holds whole photographs, which testdata/pillow.py --measure writes, to Pillow's bytes.
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
			t.Errorf("%s: other pixels than Pillow's", path)
		}
	}
}

// TestDecodeImageRefuses holds every refusal to its cause.
func TestDecodeImageRefuses(t *testing.T) {
	file := func(name string) []byte {
		data, err := os.ReadFile("testdata/images/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	photograph, drawing := file("444.jpg"), file("rgb.png")
	huge := bytes.Clone(photograph)
	copy(huge[bytes.Index(huge, []byte("\xff\xc0"))+5:], "\xff\xff\xff\xff")
	wide := bytes.Clone(photograph) // 2000 × 2000 pixels do not fit 3.5 kB
	copy(wide[bytes.Index(wide, []byte("\xff\xc0"))+5:], "\x07\xd0\x07\xd0")
	grey16 := new(bytes.Buffer)
	if err := png.Encode(grey16, image.NewGray16(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	clear16 := bytes.Clone(grey16.Bytes()) // with a colour that is transparent, before the pixels
	chunk := []byte("\x00\x00\x00\x02tRNS\x00\x01")
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	clear16 = slices.Insert(clear16, bytes.Index(clear16, []byte("IDAT"))-4, chunk...)
	header := bytes.Clone(drawing)
	copy(header[16:], "\x00\x01\x00\x00\x00\x01\x00\x00") // 65536 × 65536
	binary.BigEndian.PutUint32(header[29:], crc32.ChecksumIEEE(header[12:29]))
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":           {nil, "empty"},
		"text":            {[]byte("<html>"), "neither PNG nor JPEG"},
		"GIF":             {[]byte("GIF89a..."), "GIF89a"},
		"cut JPEG header": {photograph[:300], "cut short after 300 bytes"},
		"cut JPEG":        {photograph[:len(photograph)-40], "short Huffman data"},
		"cut PNG":         {drawing[:200], "not enough pixel data"},
		"huge JPEG":       {huge, "65535×65535 pixels, want at most 89478485"},
		"wide JPEG":       {wide, "2000×2000 pixels in 3516 bytes: it is cut short"},
		"huge PNG":        {header, "65536×65536 pixels, want at most"},
		"16 bits":         {grey16.Bytes(), "16 bits"},
		"16 bits, clear":  {clear16, "16 bits"},
		"no pixels":       {append([]byte("\xff\xd8\xff\xc0\x00\x0b\x08\x00\x00\x00\x00\x01\x01\x11\x00\xff\xda"), 0, 2), "0×0 pixels"},
	} {
		if m, err := DecodeImage(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v, want %q", name, m, err, c.want)
		}
	}
	path := filepath.Join(t.TempDir(), "x.jpg")
	write(t, path, photograph[:300])
	waiting := path + "pipe"
	pipe.Make(t, waiting)
	for _, p := range []string{path, path + "none", filepath.Dir(path), waiting} {
		if _, err := ReadImage(p); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%v does not name %s", err, p)
		}
	}
}

func FuzzDecodeImage(f *testing.F) {
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
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := DecodeImage(file)
		if err != nil {
			return
		}
		if len(m.Pix) != 3*m.Width*m.Height || m.Width < 1 || m.Height < 1 {
			t.Errorf("%d×%d pixels in %d bytes", m.Width, m.Height, len(m.Pix))
		}
		if c := m.Crop(16); c.Width != 16 || c.Height != 16 {
			t.Errorf("a crop of %d×%d", c.Width, c.Height)
		}
	})
}
