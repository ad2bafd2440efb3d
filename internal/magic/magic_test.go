package magic

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"archive/tar"
	"archive/zip"
)

// made are files as the standard library's writers make them.
func made(t *testing.T) map[string][]byte {
	t.Helper()
	picture := image.NewPaletted(image.Rect(0, 0, 2, 3), nil)
	files := map[string][]byte{}
	for kind, write := range map[string]func(*bytes.Buffer) error{
		"a PNG image":  func(b *bytes.Buffer) error { return png.Encode(b, image.NewGray(picture.Rect)) },
		"a JPEG image": func(b *bytes.Buffer) error { return jpeg.Encode(b, image.NewGray(picture.Rect), nil) },
		"a GIF image":  func(b *bytes.Buffer) error { return gif.Encode(b, image.NewGray(picture.Rect), nil) },
		"a gzip file":  func(b *bytes.Buffer) error { return gzip.NewWriter(b).Close() },
		"a tar file": func(b *bytes.Buffer) error {
			return tar.NewWriter(b).WriteHeader(&tar.Header{Name: "a", Format: tar.FormatUSTAR})
		},
		"an empty zip file": func(b *bytes.Buffer) error { return zip.NewWriter(b).Close() },
		"a zip file": func(b *bytes.Buffer) error {
			w := zip.NewWriter(b)
			if _, err := w.Create("a"); err != nil {
				return err
			}
			return w.Close()
		},
		"a JSON file": func(b *bytes.Buffer) error { return json.NewEncoder(b).Encode(map[string]int{"a": 1}) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(kind, err)
		}
		files[kind] = b.Bytes()
	}
	return files
}

func TestOf(t *testing.T) {
	files := made(t)
	for kind, text := range map[string]string{
		"a Git LFS pointer, not the file it stands for":        "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
		"an HTML page, perhaps a server's error or login page": "\n <!DOCTYPE html><html></html>",
		"a WebP image": "RIFF\x24\x00\x00\x00WEBPVP8 ",
		"a HEIC image": "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
	} {
		files[kind] = []byte(text)
	}
	var asText []rune // each byte a letter, as in Latin-1
	for _, b := range files["a JPEG image"] {
		asText = append(asText, rune(b))
	}
	files["a JPEG image that was written as text"] = []byte(string(asText))
	files["a file that was written as text"] = bytes.Map(func(r rune) rune { return r }, files["a JPEG image"]) // what is no UTF-8 is lost
	files["a PNG image that was written as text"] = bytes.Map(func(r rune) rune { return r }, files["a PNG image"])
	files["a PNG image whose line ends a transfer has changed"] = bytes.ReplaceAll(files["a PNG image"], []byte("\r\n"), []byte("\n"))
	for kind, file := range files {
		if got, ok := Of(file); !ok || got.Name != kind {
			t.Errorf("%q, %v, want %q", got.Name, ok, kind)
		}
	}
}

// TestTable: no row hides another, and each says what it is.
func TestTable(t *testing.T) {
	for _, rows := range [][]row{binaries, texts} {
		for _, r := range rows {
			head := append(make([]byte, r.at), r.begins...)
			if k, ok := Of(head); !ok || k != r.Kind {
				t.Errorf("%q is %v, want %v", r.begins, k, r.Kind)
			}
			if article, _, _ := strings.Cut(r.Name, " "); article != "a" && article != "an" && article != "the" && article != "text" && article != "nothing" {
				t.Errorf("%q begins with %q, want an article", r.Name, article)
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	for head, want := range map[string]string{
		"":                     "an empty file",
		"\x00\x00\x00":         "nothing but zero bytes: it was not written to its end",
		"hello, world, hello":  `of unknown kind: it begins with "hello, world, he"`,
		"Rar!\x1a\x07\x01\x00": "a RAR file: unpack it first",
		"\xff\xd8\xff\xe0":     "a JPEG image",
	} {
		if got := Describe([]byte(head)); got != want {
			t.Errorf("%q: %q, want %q", head, got, want)
		}
	}
}

// pickles are what Python's pickle.dumps returns for {"w": 1}, by protocol, and torchMagic for the number with which PyTorch
// before version 1.6 began a file: pickle.dumps(0x1950a86a20f9469cfc6c, protocol).
var (
	pickles = [6]string{
		"(dp0\nVw\np1\nI1\ns.",
		"}q\x00X\x01\x00\x00\x00wq\x01K\x01s.",
		"\x80\x02}q\x00X\x01\x00\x00\x00wq\x01K\x01s.",
		"\x80\x03}q\x00X\x01\x00\x00\x00wq\x01K\x01s.",
		"\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01w\x94K\x01s.",
		"\x80\x05\x95\x0a\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01w\x94K\x01s.",
	}
	torchMagic = [6]string{
		"L119547037146038801333356L\n.",
		"L119547037146038801333356L\n.",
		"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
		"\x80\x03\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
		"\x80\x04\x95\r\x00\x00\x00\x00\x00\x00\x00\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
		"\x80\x05\x95\r\x00\x00\x00\x00\x00\x00\x00\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
	}
)

// Pickles from protocol 2 on are known by their mark. Older ones may be pickles, and so may few other texts.
func TestPickles(t *testing.T) {
	for protocol, text := range pickles {
		kind, known := Of([]byte(text))
		if marked := protocol >= 2; known != marked || marked && kind != Pickle || !marked && !MayBePickle([]byte(text)) {
			t.Errorf("protocol %d: known %v as %v, may be one %v, want it known from protocol 2 on, and may be one before", protocol, known, kind, MayBePickle([]byte(text)))
		}
		if kind, _ := Of([]byte(torchMagic[protocol])); kind.Name != "a PyTorch file from before version 1.6" {
			t.Errorf("protocol %d: %v, want a PyTorch file from before version 1.6", protocol, kind)
		}
	}
	for text, want := range map[string]bool{
		"cnumpy.core.multiarray\n_reconstruct\n": true, "(lp0\nI1\na.": true, "]q\x00K\x01a.": true, "(tp0\n.": true,
		"": false, "c": false, "}q": false, "cat.jpg,n01440764\ndog.jpg,n01440765\n": false, "cat\ndog house\n": false, "(a list)\nof words\n": false, "copy\n": false,
	} {
		if got := MayBePickle([]byte(text)); got != want {
			t.Errorf("%q: may be a pickle: %v, want %v", text, got, want)
		}
	}
}

func FuzzDescribe(f *testing.F) {
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Fuzz(func(t *testing.T, head []byte) {
		if Describe(head) == "" {
			t.Error("nothing is said, want something")
		}
	})
}
