// Package libjpeg decodes JPEG files with libjpeg-turbo. So it gives the pixels that Pillow, OpenCV and torchvision give, to
// the byte: it has the accurate integer transform, interpolated chroma, and what libjpeg makes of damaged data. It reads
// baseline, extended, progressive, arithmetic and lossless files of 8 bits with every sampling that libjpeg knows.
//
// The library is compiled to WebAssembly, without imports, and runs inside wazero. So no C compiler is needed, a file
// can touch no memory but its decoder's own, and the bytes are the same on every machine. The folder wasm holds what the
// library is made with, and its licences. This software is based in part on the work of the Independent JPEG Group.
package libjpeg

import (
	"context"
	_ "embed"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// Version names the decoder: another one may give other pixels.
const Version = "libjpeg-turbo 3.1.0"

//go:embed libjpeg.wasm
var program []byte

// machine compiles the library at its first use, 0.1 s.
var machine = sync.OnceValues(func() (func() (api.Module, error), error) {
	ctx := context.Background()
	r := wazero.NewRuntime(ctx)
	m, err := r.CompileModule(ctx, program)
	if err != nil {
		return nil, err
	}
	c := wazero.NewModuleConfig().WithName("") // many at a time
	return func() (api.Module, error) { return r.InstantiateModule(ctx, m, c) }, nil
})

// Frame is what the header of a file says of its picture.
type Frame struct {
	Width, Height int
	Bits          int // a sample
	Arithmetic    bool
	Sampling      [][2]int // of each component, across and down
	Scans         int
}

// Decoder decodes one file. It must be closed.
type Decoder struct {
	Frame
	module api.Module
	report uint32
	length int
}

const mostComponents = 10 // MAX_COMPONENTS of libjpeg

// The places of report in decode.c.
const (
	placeError      = 0 // and its four values
	placeDamage     = 5 // and its four values
	placeWidth      = 10
	placeHeight     = 11
	placeBits       = 12
	placeArithmetic = 13
	placeComponents = 14
	placeAcross     = 15
	placeDown       = placeAcross + mostComponents
	placeChannels   = placeDown + mostComponents
	places          = placeChannels + 1
)

// Open reads the header of a file, and allocates nothing of the size of its picture. What is wrong with a file is an
// *Error.
func Open(file []byte) (*Decoder, error) {
	instance, err := machine()
	if err != nil {
		return nil, fmt.Errorf("libjpeg: %w", err)
	}
	module, err := instance()
	if err != nil {
		return nil, fmt.Errorf("libjpeg: %w", err)
	}
	d := &Decoder{module: module, length: len(file)}
	if err := d.header(file); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Decoder) header(file []byte) (err error) {
	if d.report, err = d.call("results"); err != nil {
		return err
	}
	at, err := d.call("allocate", uint64(len(file)))
	if err != nil {
		return err
	}
	if at == 0 || !d.module.Memory().Write(at, file) {
		return &Error{"too long a file", fmt.Sprintf("%d bytes", len(file))}
	}
	if _, err := d.call("header", uint64(at), uint64(len(file))); err != nil {
		return err
	}
	r := d.results()
	d.Frame = Frame{Width: r[placeWidth], Height: r[placeHeight], Bits: r[placeBits], Arithmetic: r[placeArithmetic] != 0, Scans: countScans(file)}
	for i := range r[placeComponents] {
		d.Sampling = append(d.Sampling, [2]int{r[placeAcross+i], r[placeDown+i]})
	}
	return nil
}

// Decode calls line for each line of the picture, from the top, with Width pixels of 1 byte (grey), 3 (red, green, blue)
// or 4 (as they are stored: the inks of cyan, magenta, yellow and black, which most programs store inverted).
func (d *Decoder) Decode(line func(samples []byte)) error { return d.run(false, line) }

// Check reads all that Decode reads, and returns its error, but makes no picture.
func (d *Decoder) Check() error { return d.run(true, func([]byte) {}) }

func (d *Decoder) run(eighth bool, line func([]byte)) error {
	var scale uint64
	if eighth {
		scale = 1
	}
	at, err := d.call("start", scale)
	if err != nil {
		return err
	}
	size := uint32(d.Width * d.results()[placeChannels])
	if eighth {
		size = 0
	}
	next, result := d.module.ExportedFunction("next"), []uint64{0}
	for {
		if err := next.CallWithStack(context.Background(), result); err != nil {
			return d.fault(err)
		}
		if result[0] == 0 {
			break
		}
		samples, ok := d.module.Memory().Read(at, size)
		if !ok {
			return &Error{Cause: "damaged JPEG"}
		}
		line(samples)
	}
	_, err = d.call("finish")
	return err
}

// Damage returns the first damage that was met and passed over, after Decode or Check: the picture is as libjpeg, and
// Pillow with it, mends such files. It returns nil where there was none.
func (d *Decoder) Damage() *Error { return d.words(placeDamage) }

// Close frees the decoder.
func (d *Decoder) Close() error { return d.module.Close(context.Background()) }

// call returns the result of a function, 0 where it has none.
func (d *Decoder) call(name string, parameters ...uint64) (uint32, error) {
	results, err := d.module.ExportedFunction(name).Call(context.Background(), parameters...)
	if err != nil {
		return 0, d.fault(err)
	}
	if len(results) == 0 {
		return 0, nil
	}
	return uint32(results[0]), nil
}

// results returns the numbers of the report.
func (d *Decoder) results() (numbers [places]int) {
	raw, _ := d.module.Memory().Read(d.report, 4*places)
	for i := range len(raw) / 4 {
		numbers[i] = int(int32(binary.LittleEndian.Uint32(raw[4*i:])))
	}
	return numbers
}

// fault returns what was wrong when the program stopped.
func (d *Decoder) fault(err error) error {
	if e := d.words(placeError); e != nil {
		return e
	}
	return &Error{"damaged JPEG", err.Error()}
}
