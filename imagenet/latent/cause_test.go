package latent

import (
	"bytes"
	"encoding/binary"
	"errors"
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

// TestDecodeImageRefuses: every refusal has its cause.
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
	large := bytes.Clone(huge)
	copy(large[bytes.Index(large, []byte("\xff\xc0"))+5:], "\xff\xdc\xff\xdc")
	checksum := bytes.Clone(drawing)
	checksum[30]++
	wide := bytes.Clone(photograph) // 2000 × 2000 pixels do not fit 3.5 kB
	copy(wide[bytes.Index(wide, []byte("\xff\xc0"))+5:], "\x07\xd0\x07\xd0")
	scans := file("420-progressive.jpg") // of 16 million pixels, 200 times over
	copy(scans[bytes.Index(scans, []byte("\xff\xc2"))+5:], "\x0f\xa0\x0f\xa0")
	last := bytes.Clone(scans[bytes.LastIndex(scans, []byte("\xff\xda")) : len(scans)-2])
	scans = slices.Concat(scans[:len(scans)-2], bytes.Repeat(last, 200), []byte("\xff\xd9"), make([]byte, 1<<16))
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
		file        []byte
		cause, want string
	}{
		"empty":           {nil, "an empty file", "an empty file"},
		"zeros":           {make([]byte, 999), "neither PNG nor JPEG: nothing but zero bytes", "not written to its end"},
		"unknown":         {[]byte("hello"), "neither PNG nor JPEG: of unknown kind", `it begins with "hello"`},
		"4 bytes of PNG":  {drawing[:4], "cut off", "after 4 bytes"},
		"2 bytes of JPEG": {photograph[:2], "cut off", "after 2 bytes"},
		"cut JPEG header": {photograph[:300], "cut off", "after 300 bytes"},
		"cut JPEG":        {photograph[:len(photograph)-40], "cut off", "after 3476 bytes"},
		"cut PNG":         {drawing[:200], "cut off", "not enough pixel data"},
		"huge JPEG":       {huge, "too large", "a side of more than 65500 pixels"},
		"large JPEG":      {large, "too large", "65500×65500 pixels, want at most 89478485"},
		"wide JPEG":       {wide, "cut off", "2000×2000 pixels in 3516 bytes"},
		"huge PNG":        {header, "too large", "65536×65536 pixels, want at most"},
		"many scans":      {scans, "damaged JPEG", "scans of 4000×4000 pixels, want at most 125 of so many"},
		"16 bits":         {grey16.Bytes(), "unsupported PNG of grey in 16 bits", "8"},
		"16 bits, clear":  {clear16, "unsupported PNG of grey in 16 bits", "8"},
		"no pixels":       {append([]byte("\xff\xd8\xff\xc0\x00\x0b\x08\x00\x00\x00\x00\x01\x01\x11\x00\xff\xda"), 0, 2), "no pixels", "length 0"},
		"checksum of PNG": {checksum, "damaged PNG", "invalid checksum"},
		"JPEG-LS":         {append([]byte("\xff\xd8\xff\xf7"), 0, 11), "unsupported JPEG-LS", "PNG"},
	} {
		m, err := DecodeImage(c.file)
		if err == nil || !strings.Contains(err.Error(), c.want) || Cause(err) != c.cause {
			t.Errorf("%s: %v, %v of cause %q, want %q of cause %q", name, m, err, Cause(err), c.want, c.cause)
		}
	}
	path := filepath.Join(t.TempDir(), "x.jpg")
	write(t, path, photograph[:300])
	waiting := path + "pipe"
	pipe.Make(t, waiting)
	for _, p := range []string{path, path + "none", filepath.Dir(path), waiting} {
		if _, err := ReadImage(p); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("error %v, want one that names %s", err, p)
		}
	}
	if _, err := ReadImage(path + "none"); Cause(err) != "not readable" {
		t.Errorf("%v has the cause %q, want not readable", err, Cause(err))
	}
	if Cause(nil) != "" {
		t.Errorf("no error has the cause %q, want none", Cause(nil))
	}
}

// TestCauseOfFiles: the errors of the refused files of testdata are in words for people. CheckImage tells of those that are
// damaged and read all the same.
func TestCauseOfFiles(t *testing.T) {
	want := map[string]string{
		"cmyk-22-22-22-22-bare.jpg":        "unsupported JPEG sampling 2x2, 2x2, 2x2, 2x2: save it again, as 4:4:4 or 4:2:0",
		"cmyk-22-22-22-22.jpg":             "unsupported JPEG sampling 2x2, 2x2, 2x2, 2x2: save it again, as 4:4:4 or 4:2:0",
		"ycck-22-22-22-22.jpg":             "unsupported JPEG sampling 2x2, 2x2, 2x2, 2x2: save it again, as 4:4:4 or 4:2:0",
		"sampling-22-22-22.jpg":            "unsupported JPEG sampling 2x2, 2x2, 2x2: save it again, as 4:4:4 or 4:2:0",
		"sampling-23-22-11.jpg":            "unsupported JPEG sampling 2x3, 2x2, 1x1: save it again, as 4:4:4 or 4:2:0",
		"sampling-31-21-11.jpg":            "unsupported JPEG sampling 3x1, 2x1, 1x1: save it again, as 4:4:4 or 4:2:0",
		"sampling-42-21-11.jpg":            "unsupported JPEG sampling 4x2, 2x1, 1x1: save it again, as 4:4:4 or 4:2:0",
		"components-2.jpg":                 "unsupported JPEG of 2 components: want 1 for grey, 3 for colours or 4 for inks",
		"components-5.jpg":                 "unsupported JPEG of 5 components: want 1 for grey, 3 for colours or 4 for inks",
		"process-12-bit.jpg":               "unsupported JPEG of 12 bits: save it again in 8",
		"process-hierarchical.jpg":         "unsupported JPEG process hierarchical: save it again as baseline or progressive",
		"damage-cut-off.jpg":               "cut off: the file ends after 398 bytes, its picture does not",
		"damage-no-end.jpg":                "cut off: the file ends after 474 bytes, its picture does not",
		"damage-no-height.jpg":             "no pixels: a side of length 0",
		"damage-no-quantisation-table.jpg": "damaged JPEG: quantization table 0x00 was not defined",
		"damage-two-frames.jpg":            "damaged JPEG: invalid JPEG file structure: two SOF markers",
		"odd-spaces-at-start.jpg":          `neither PNG nor JPEG: of unknown kind: it begins with "  \xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00"`,
		"damage-restart-swapped.jpg":       "damaged restart markers: restart marker 2 where 1 is due (read all the same, mended as Pillow mends it)",
		"damage-restart-interval-lost.jpg": "damaged restart markers: restart marker 3 where 2 is due (read all the same, mended as Pillow mends it)",
	}
	files, _ := filepath.Glob("testdata/images/*")
	for _, path := range files {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		got := CheckImage(file)
		text, named := want[name]
		damaged := strings.HasPrefix(name, "damage") || strings.HasPrefix(name, "odd")
		if named && (got == nil || got.Error() != text) || !named && !damaged && got != nil {
			t.Errorf("%s: %v, want %q", name, got, text)
		}
	}
}

// TestForeign: what lies in folders of images is named by its content, whatever its extension.
func TestForeign(t *testing.T) {
	for head, want := range map[string]string{
		"BM6$\x00\x00":                         "a BMP image: save it as PNG",
		"RIFF\xea\x00\x00\x00WEBPVP8 ":         "a WebP image: save it as PNG",
		"GIF89a\x01\x00":                       "a GIF image: save it as PNG",
		"\x00\x00\x00\x18ftypheic":             "a HEIC image: save it as PNG",
		"\x00\x00\x00\x20ftypavif":             "an AVIF image: save it as PNG",
		"\x00\x00\x00\x1cftypisom":             "an MP4 or QuickTime video: save its frames as PNG or JPEG",
		"II*\x00":                              "a TIFF image: save it as PNG",
		"P6\n2 2\n255\n":                       "a PPM image: save it as PNG",
		"8BPS\x00\x01":                         "a Photoshop image: save it as PNG",
		"\x00\x00\x00\x0cjP  \r\n\x87\n":       "a JPEG 2000 image: save it as PNG",
		"\xff\x0a\xff\x07":                     "a JPEG XL image: save it as PNG",
		"  <svg xmlns=":                        "an SVG drawing: save it as PNG",
		"<!DOCTYPE html><html>":                "an HTML page, perhaps a server's error or login page: download it again",
		"version https://git-lfs.github.com/x": "a Git LFS pointer, not the file it stands for: git lfs pull",
		"\x00\x05\x16\x07\x00\x02":             "a Mac's AppleDouble file, which holds no image: remove it",
		"\x00\x00\x00\x01Bud1\x00":             "a Mac's .DS_Store, which holds no image: remove it",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":     "an old Microsoft Office file, or Windows' Thumbs.db",
		"[.ShellClassInfo]\r\n":                "a desktop.ini of Windows, which holds no image: remove it",
		"PK\x03\x04":                           "a zip file",
		"/9j/4AAQSkZJRg":                       "a JPEG image in base64: decode it: base64 -d",
		"n01440764 1\n":                        `of unknown kind: it begins with "n01440764 1\n"`,
	} {
		if got := CheckImage([]byte(head)); got == nil || got.Error() != "neither PNG nor JPEG: "+want {
			t.Errorf("%q: %v, want %q", head, got, want)
		}
	}
}

// sameVerdict holds CheckImage to DecodeImage, and returns the picture.
func sameVerdict(t *testing.T, file []byte) *Image {
	m, err := DecodeImage(file)
	got := CheckImage(file)
	var mended *DecodeError
	switch {
	case err != nil && (got == nil || got.Error() != err.Error() || Cause(got) == ""):
		t.Errorf("CheckImage: %v, want what DecodeImage says: %v", got, err)
	case err == nil && got != nil && !(errors.As(got, &mended) && mended.Mended):
		t.Errorf("CheckImage: %v, want none or a mended one, for DecodeImage reads it", got)
	}
	return m
}

// TestCheckImage compares verdicts on all files of testdata, whole, shortened and with bytes changed.
func TestCheckImage(t *testing.T) {
	files, _ := filepath.Glob("testdata/images/*")
	for _, path := range files {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sameVerdict(t, file)
		hash := golden.Hash(path)
		for i := range uint64(8) {
			at := golden.Mix(hash+i) % uint64(len(file))
			sameVerdict(t, file[:at])
			changed := bytes.Clone(file)
			changed[at] ^= byte(golden.Mix(hash+i) >> 56)
			sameVerdict(t, changed)
		}
	}
}
