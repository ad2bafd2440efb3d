package latent

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"
)

func decodePNG(file []byte) (*Image, error) {
	if len(file) > 25 && file[24] == 16 && file[25] == 0 { // bits and kind, in the first chunk
		return nil, &DecodeError{Cause: "unsupported PNG of grey in 16 bits", Detail: "save it again in 8"}
	}
	c, err := png.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, errorOfPNG(err, file)
	}
	if err := fits(c.Width, c.Height, file, 1032*8); err != nil {
		return nil, err
	}
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, errorOfPNG(err, file)
	}
	m, err := fromPicture(picture)
	if err == nil && animated(file) {
		m.Converted = "an animation"
	}
	return m, err
}

// animated tells whether a PNG file holds further pictures. Then a chunk acTL stands before the first picture's.
func animated(file []byte) bool {
	before, _, _ := bytes.Cut(file, []byte("IDAT"))
	return bytes.Contains(before, []byte("\x00\x00\x00\x08acTL"))
}

// errorOfPNG returns the *DecodeError for an error of Go's decoder.
func errorOfPNG(err error, file []byte) error {
	var damaged png.FormatError
	var unsupported png.UnsupportedError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &DecodeError{Cause: "cut off", Detail: fmt.Sprintf("the file ends after %d bytes, its picture does not", len(file))}
	case errors.As(err, &damaged) && strings.HasSuffix(string(damaged), "not enough pixel data"):
		return &DecodeError{Cause: "cut off", Detail: "not enough pixel data"}
	case errors.As(err, &unsupported):
		return &DecodeError{Cause: "unsupported PNG", Detail: string(unsupported)}
	case errors.As(err, &damaged):
		return &DecodeError{Cause: "damaged PNG", Detail: string(damaged)}
	}
	return &DecodeError{Cause: "damaged PNG", Detail: strings.TrimPrefix(err.Error(), "png: ")}
}

// fromPicture converts a picture of Go's decoder.
func fromPicture(picture image.Image) (*Image, error) {
	m := NewImage(picture.Bounds().Dx(), picture.Bounds().Dy())
	switch p := picture.(type) {
	case *image.Gray:
		m.Converted = "grey"
		m.fromSamples(p.Pix, p.Stride, 1, [3]int{0, 0, 0})
	case *image.RGBA: // opaque: without alpha in the file
		m.fromSamples(p.Pix, p.Stride, 4, [3]int{0, 1, 2})
	case *image.NRGBA:
		m.Converted = "alpha"
		m.fromSamples(p.Pix, p.Stride, 4, [3]int{0, 1, 2})
	case *image.RGBA64:
		m.Converted = "16 bits"
		m.fromSamples(p.Pix, p.Stride, 8, [3]int{0, 2, 4})
	case *image.NRGBA64:
		m.Converted = "16 bits and alpha"
		m.fromSamples(p.Pix, p.Stride, 8, [3]int{0, 2, 4})
	case *image.Paletted:
		m.Converted = "a palette"
		m.fromPaletted(p)
	default:
		return nil, &DecodeError{Cause: "unsupported PNG", Detail: fmt.Sprintf("pixels of type %T", picture)}
	}
	return m, nil
}

// fromSamples takes red, green and blue from three offsets in the bytes of every pixel.
func (m *Image) fromSamples(pix []byte, stride, size int, offset [3]int) {
	for y := range m.Height {
		from, to := pix[y*stride:], m.row(y)
		for x := range m.Width {
			for c, o := range offset {
				to[3*x+c] = from[size*x+o]
			}
		}
	}
}

func (m *Image) fromPaletted(p *image.Paletted) {
	var colours [256][3]byte
	for i, c := range p.Palette {
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		colours[i] = [3]byte{n.R, n.G, n.B}
	}
	for y := range m.Height {
		to := m.row(y)
		for x, i := range p.Pix[y*p.Stride:][:m.Width] {
			copy(to[3*x:], colours[i][:])
		}
	}
}
