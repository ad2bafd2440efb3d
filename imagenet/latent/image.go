package latent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/wflowlab/wflowlab/internal/magic"
	"github.com/wflowlab/wflowlab/internal/regular"
)

// Image is a picture with 8 bits for each channel. Pix is [Height, Width, 3], row by row, with red, green and blue.
type Image struct {
	Width, Height int
	Pix           []byte

	// Converted says what DecodeImage made the colours of: "grey", "a palette", "alpha", "16 bits", "16 bits and alpha", "inks", or "an
	// animation", of which it takes the first picture. It is "" if the file has red, green and blue of 8 bits.
	Converted string
}

// NewImage returns a black image.
func NewImage(width, height int) *Image {
	return &Image{Width: width, Height: height, Pix: make([]byte, 3*width*height)}
}

// row returns the 3·Width bytes of line y.
func (m *Image) row(y int) []byte { return m.Pix[3*m.Width*y:][:3*m.Width] }

// Mirror returns the image with left and right exchanged.
func (m *Image) Mirror() *Image {
	out := NewImage(m.Width, m.Height)
	for y := range m.Height {
		from, to := m.row(y), out.row(y)
		for x := 0; x < len(from); x += 3 {
			copy(to[len(to)-3-x:], from[x:x+3])
		}
	}
	return out
}

// Normalize writes (p/255 − ½)/½ for every byte p to pixels [Height, Width, 3]. It computes in float32, as PyTorch does for
// the official encoder. It panics if pixels has another length than Pix.
func (m *Image) Normalize(pixels []float32) {
	if len(pixels) != len(m.Pix) {
		panic("latent: Normalize into another length than the image's")
	}
	var value [256]float32
	for p := range value {
		value[p] = (float32(p)/255 - 0.5) / 0.5
	}
	for i, p := range m.Pix {
		pixels[i] = value[p]
	}
}

// MaxPixels is how many pixels an image may have. Above it, Pillow begins to warn of a decompression bomb.
const MaxPixels = 89_478_485

// ReadImage reads a PNG or JPEG file as [DecodeImage] does. The content tells which it is, not the name.
func ReadImage(path string) (*Image, error) {
	file, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("latent: image: %w", err)
	}
	m, err := DecodeImage(file)
	if err != nil {
		return nil, fmt.Errorf("latent: image %s: %w", path, err)
	}
	return m, nil
}

// readFile reads a file of an image.
func readFile(path string) ([]byte, error) {
	f, info, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := readable(info); err != nil {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	file := make([]byte, info.Size())
	switch n, err := io.ReadFull(f, file); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%s ends after %d bytes and was said to have %d: it has changed, or its file system is at fault", path, n, len(file))
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// readable returns an error if a file has no length, as pipes and devices, or if it is longer than any image that has
// MaxPixels or fewer.
func readable(info fs.FileInfo) error {
	const most = 1 << 30
	switch {
	case !info.Mode().IsRegular():
		return errors.New("is not a file")
	case info.Size() > most:
		return fmt.Errorf("has %d bytes, want at most %d", info.Size(), most)
	}
	return nil
}

// DecodeImage decodes a PNG or JPEG file to the same bytes as Pillow's open and convert("RGB"). Grey and palettes become
// colours, alpha is dropped, and of 16 bits the upper 8 are kept. CMYK is taken as inverted, whether or not a marker says
// so. The rotation that EXIF asks for is ignored. JPEG is read by libjpeg-turbo, as in Pillow: see [Decoder].
//
// If the file cannot be read, the error is a *DecodeError. Pillow refuses such files too, except for two kinds: it makes PNG
// files in grey of 16 bits white, and it reads some PNG files with a wrong checksum.
//
// A JPEG file whose data are damaged is read as libjpeg mends it, without an error. Behind a restart marker that is out of
// order, libjpeg goes on where the order is right again. Where data are missing, it fills in grey or the last colour.
// [CheckImage] finds such files. Where the damage makes numbers overflow, Pillow's pixels depend on the processor, and the
// pixels here do not.
//
// Before memory is taken, the size of the picture is compared with MaxPixels and with the length of the file. A block of
// JPEG, which is 64 pixels, takes at least a bit unless it is arithmetically coded, and PNG shrinks to no less than a 1032nd.
func DecodeImage(file []byte) (*Image, error) {
	switch {
	case bytes.HasPrefix(file, []byte(jpegBegins)):
		return decodeJPEG(file)
	case bytes.HasPrefix(file, []byte(pngBegins)):
		return decodePNG(file)
	}
	return nil, foreign(file)
}

// CheckImage returns the error that [DecodeImage] returns for the same file. If DecodeImage reads a JPEG file although its
// data are damaged, CheckImage returns a *DecodeError that is Mended. It makes no picture of a JPEG file, so that it takes a
// third of the time.
func CheckImage(file []byte) error {
	if bytes.HasPrefix(file, []byte(jpegBegins)) {
		return checkJPEG(file)
	}
	_, err := DecodeImage(file)
	return err
}

const (
	jpegBegins = "\xff\xd8\xff"
	pngBegins  = "\x89PNG\r\n\x1a\n"
)

// foreign returns the error of a file that is neither PNG nor JPEG. It says what the file is.
func foreign(file []byte) error {
	if len(file) == 0 {
		return &DecodeError{Cause: "an empty file"}
	}
	if strings.HasPrefix(jpegBegins, string(file)) || strings.HasPrefix(pngBegins, string(file)) {
		return &DecodeError{Cause: "cut off", Detail: fmt.Sprintf("after %d bytes", len(file))}
	}
	kind, more, _ := strings.Cut(magic.Describe(file[:min(len(file), magic.Enough)]), ": ")
	return &DecodeError{Cause: "neither PNG nor JPEG: " + kind, Detail: more}
}

// fits returns an error if a picture has more than MaxPixels, or more than its file can hold. Density is the most pixels that
// a byte of the file holds.
func fits(width, height int, file []byte, density int) error {
	switch {
	case width < 1 || height < 1:
		return &DecodeError{Cause: "no pixels", Detail: fmt.Sprintf("%d×%d", width, height)}
	case width > MaxPixels/height:
		return &DecodeError{Cause: "too large", Detail: fmt.Sprintf("%d×%d pixels, want at most %d", width, height, MaxPixels)}
	case width*height/density > len(file):
		return &DecodeError{Cause: "cut off", Detail: fmt.Sprintf("%d×%d pixels in %d bytes", width, height, len(file))}
	}
	return nil
}
