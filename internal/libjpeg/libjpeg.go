// Package libjpeg decodes JPEG files with libjpeg-turbo, to the same bytes as Pillow, OpenCV and torchvision. It has that
// library's accurate integer transform, interpolates chroma, and makes of damaged data what libjpeg does. It reads baseline,
// extended, progressive, arithmetic and lossless files of 8 bits, with every sampling that libjpeg knows.
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

// Version names the library and its version: another one may give other pixels.
const Version = "libjpeg-turbo 3.1.0"

//go:embed libjpeg.wasm
var program []byte

// machine returns the function that makes an instance of the library. Its first call compiles the library, in 0.1 s.
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

// Frame is what a file says of its picture.
type Frame struct {
	Width, Height int
	Bits          int      // of a sample
	Arithmetic    bool     // the samples are arithmetically coded
	Sampling      [][2]int // the factors of each component, across and down
	Scans         int      // how many times the file goes over the picture
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

// Open reads the header of a file, and takes no memory for its picture. If something is wrong with the file, the error is an
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

// Decode calls line for each line of the picture, from the top, with the bytes of Width pixels. A pixel has one byte in grey
// and three in red, green and blue. It has four if the picture is stored in cyan, magenta, yellow and black: these are as
// they are stored, which most programs do inverted.
func (d *Decoder) Decode(line func(samples []byte)) error { return d.run(false, line) }

// Check reads all that [Decoder.Decode] reads, and returns the same error, but makes no picture.
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

// Damage returns the first damage that Decode or Check met and passed over, or nil if there was none. The picture of such a
// file is as libjpeg mends it, and so does Pillow.
func (d *Decoder) Damage() *Error { return d.words(placeDamage) }

// Close frees the decoder.
func (d *Decoder) Close() error { return d.module.Close(context.Background()) }

// call calls a function of the library and returns its result, 0 if it has none.
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

// results returns the numbers of the library's report.
func (d *Decoder) results() (numbers [places]int) {
	raw, _ := d.module.Memory().Read(d.report, 4*places)
	for i := range len(raw) / 4 {
		numbers[i] = int(int32(binary.LittleEndian.Uint32(raw[4*i:])))
	}
	return numbers
}

// fault returns the error that stopped the library, as its report has it, or err as an *Error if the report has none.
func (d *Decoder) fault(err error) error {
	if e := d.words(placeError); e != nil {
		return e
	}
	return &Error{"damaged JPEG", err.Error()}
}
