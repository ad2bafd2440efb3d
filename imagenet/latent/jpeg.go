package latent

import (
	"errors"
	"fmt"
	"math"

	"github.com/wflowlab/wflowlab/internal/libjpeg"
)

// Decoder names the library that decodes JPEG files. The bytes of a picture, and so those of a cache, depend on it.
const Decoder = libjpeg.Version

func decodeJPEG(file []byte) (*Image, error) {
	d, err := openJPEG(file)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	m, y := NewImage(d.Width, d.Height), 0
	m.Converted = map[int]string{1: "grey", 4: "inks"}[len(d.Sampling)]
	convert := map[int]func(to, from []byte){1: fromGrey, 3: func(to, from []byte) { copy(to, from) }, 4: fromInks}[len(d.Sampling)]
	err = d.Decode(func(line []byte) {
		convert(m.row(y), line)
		y++
	})
	if err != nil {
		return nil, errorOfJPEG(err)
	}
	return m, nil
}

func checkJPEG(file []byte) error {
	d, err := openJPEG(file)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Check(); err != nil {
		return errorOfJPEG(err)
	}
	if e := d.Damage(); e != nil {
		return &DecodeError{Cause: e.Cause, Detail: e.Detail, Mended: true}
	}
	return nil
}

// Bounds on the scans of a JPEG file. Each scan takes a few bytes and goes over the whole picture, so that a small file could
// keep a processor busy for hours.
const (
	usualScans = 100    // are always read; no program writes so many
	mostWork   = 2000e6 // pixels times scans of a file with more, half a minute
)

// openJPEG opens a JPEG file. It refuses a file that is refused by its header alone.
func openJPEG(file []byte) (*libjpeg.Decoder, error) {
	d, err := libjpeg.Open(file)
	if err != nil {
		return nil, errorOfJPEG(err)
	}
	density := 64 * 8
	if d.Arithmetic {
		density = math.MaxInt
	}
	err = fits(d.Width, d.Height, file, density)
	switch n := len(d.Sampling); {
	case err != nil:
	case d.Scans > usualScans && d.Width*d.Height > mostWork/d.Scans:
		err = &DecodeError{Cause: "damaged JPEG", Detail: fmt.Sprintf("%d scans of %d×%d pixels, want at most %d of so many", d.Scans, d.Width, d.Height, max(usualScans, mostWork/(d.Width*d.Height)))}
	case d.Bits != 8:
		err = &DecodeError{Cause: fmt.Sprintf("unsupported JPEG of %d bits", d.Bits), Detail: "save it again in 8"}
	case n != 1 && n != 3 && n != 4:
		err = &DecodeError{Cause: fmt.Sprintf("unsupported JPEG of %d components", n), Detail: "want 1 for grey, 3 for colours or 4 for inks"}
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// errorOfJPEG returns the *DecodeError for an error of the decoder.
func errorOfJPEG(err error) error {
	var e *libjpeg.Error
	if errors.As(err, &e) {
		return &DecodeError{Cause: e.Cause, Detail: e.Detail}
	}
	return err
}

func fromGrey(to, grey []byte) {
	for x, v := range grey {
		to[3*x], to[3*x+1], to[3*x+2] = v, v, v
	}
}

// fromInks takes black and the other inks away from white, and rounds products of bytes as Pillow does. The samples are
// inverted: they say how much ink is missing.
func fromInks(to, samples []byte) {
	for x := range len(samples) / 4 {
		white := int32(samples[4*x+3])
		for c, missing := range samples[4*x : 4*x+3] {
			product := (255-int32(missing))*white + 128
			to[3*x+c] = byte(white - (product>>8+product)>>8)
		}
	}
}
