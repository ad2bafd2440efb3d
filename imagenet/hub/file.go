package hub

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wflowlab/wflowlab/internal/counter"
	"github.com/wflowlab/wflowlab/internal/magic"
	"github.com/wflowlab/wflowlab/internal/npy"
	"github.com/wflowlab/wflowlab/internal/regular"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// Format is a kind of file.
type Format string

const (
	Safetensors Format = "safetensors"
	PyTorch     Format = "PyTorch"
	Flax        Format = "Flax msgpack"
	NPY         Format = "npy"
	NPZ         Format = "npz"
)

// File is an open weight file. Its methods may be called at the same time. Errors name the path and the tensor.
type File struct {
	path  string
	parts []*os.File // the file alone, or the index of sharded weights and then the shards
	size  int64      // of all parts
	content
}

// content is what is found in a file.
type content struct {
	format  Format
	tensors []Tensor
	meta    map[string]string
	index   map[string]int // of a tensor, by its name
	omitted []LeftOut
	notes   []string
}

// addTensor appends a tensor.
func (c *content) addTensor(t Tensor) error {
	if _, twice := c.index[t.Name]; twice {
		return fmt.Errorf("tensor %q is there twice", t.Name)
	}
	c.index[t.Name] = len(c.tensors)
	c.tensors = append(c.tensors, t)
	if err := t.Readable(); err != nil {
		c.omitted = append(c.omitted, LeftOut{t.Name, fmt.Sprintf("%s %v", t.Type, t.Shape), err.Error()})
	}
	return nil
}

// Open opens a weight file and reads what it says of its tensors, not their numbers. Nested names are joined by dots. The
// index of sharded weights, such as model.safetensors.index.json, is opened with the shards beside it, as one file. What is
// no tensor, number or text is left out, and listed by [File.LeftOut]. A file that contradicts itself is an error. So is a
// file that holds no weights: the error says what it is. The checksums of a zip file are checked when numbers are read.
func Open(path string) (*File, error) {
	file, err := openFile(path)
	if err != nil {
		return nil, fmt.Errorf("hub: %w", err)
	}
	f := &File{path: path, parts: []*os.File{file}}
	if err := f.open(); err != nil {
		f.Close()
		return nil, fmt.Errorf("hub: %s: %w%s", path, err, advice(path))
	}
	return f, nil
}

// openFile opens a regular file. If the path is a folder of weights, the error says what to open instead.
func openFile(path string) (*os.File, error) {
	file, _, err := regular.Open(path)
	if err != nil {
		if advice, ok := Folder(path); ok {
			err = fmt.Errorf("%s: is %s", path, advice)
		}
		return nil, err
	}
	return file, nil
}

func (f *File) open() error {
	index, err := readIndex(f.parts[0])
	if err != nil {
		return err
	}
	if index != nil {
		return f.openShards(index)
	}
	f.content, f.size, err = readFile(f.parts[0])
	return err
}

// readFile reads an open file and returns its content and its size. An array without a name gets the name of the file.
func readFile(file *os.File) (content, int64, error) {
	info, err := file.Stat()
	if err != nil {
		return content{}, 0, err
	}
	base := filepath.Base(file.Name())
	c, err := read(file, info.Size(), strings.TrimSuffix(base, filepath.Ext(base)))
	return c, info.Size(), err
}

func newContent() content { return content{meta: map[string]string{}, index: map[string]int{}} }

// read recognises a file by its first bytes and reads it. An array without a name gets the given one. An error begins with
// what the file is.
func read(r io.ReaderAt, size int64, name string) (content, error) {
	c := newContent()
	head := make([]byte, min(size, magic.Enough))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), head); err != nil {
		return c, err
	}
	err := c.recognise(r, size, name, head)
	if err != nil && c.format != "" && c.format != Safetensors { // whose errors say it
		err = fmt.Errorf("%s: %w", c.format, err)
	}
	return c, err
}

func (c *content) recognise(r io.ReaderAt, size int64, name string, head []byte) error {
	has := func(prefix string) bool { return strings.HasPrefix(string(head), prefix) }
	if has("PK\x03\x04") || has("PK\x05\x06") {
		return c.readZip(r, size, name)
	}
	if has(npy.Magic) {
		c.format = NPY
		return c.readNPY(r, size, name)
	}
	if isLegacy(head) {
		return c.readLegacy(r, size, name)
	}
	if len(head) > 8 && head[8] == '{' && binary.LittleEndian.Uint64(head) < 1<<40 {
		return c.readSafetensors(r, size)
	}
	what := magic.Describe(head)
	if _, known := magic.Of(head); !known {
		switch {
		case isFlax(head):
			c.format = Flax
			return c.readFlax(r, size, name)
		case magic.MayBePickle(head):
			what = magic.Pickle.String()
		}
	}
	return fmt.Errorf("%s; want safetensors, PyTorch, Flax msgpack, npy or npz", what)
}

func (c *content) readSafetensors(r io.ReaderAt, size int64) error {
	c.format = Safetensors
	entries, meta, err := safetensors.ReadHeader(r, size)
	if err != nil {
		return err
	}
	maps.Copy(c.meta, meta)
	for _, e := range entries {
		if len(e.Shape) > maxAxes {
			return fmt.Errorf("safetensors: tensor %.200q: %d axes, want at most %d", e.Name, len(e.Shape), maxAxes)
		}
		t := Tensor{Name: e.Name, Type: Type(e.Type), Shape: e.Shape, open: section(r, e.Offset, e.Bytes)}
		if err := fits(t); err != nil {
			return fmt.Errorf("safetensors: tensor %.200q: %w", e.Name, err)
		}
		if err := c.addTensor(t); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the file. Views of it cannot be read any more.
func (f *File) Close() error {
	var errs []error
	for _, part := range f.parts {
		errs = append(errs, part.Close())
	}
	return errors.Join(errs...)
}

// Size returns how many bytes the file has; of sharded weights, all files together.
func (f *File) Size() int64 { return f.size }

// Format returns what kind of file it is.
func (f *File) Format() Format { return f.format }

// Tensors returns the tensors, in the order of the file.
func (f *File) Tensors() []Tensor { return slices.Clone(f.tensors) }

// Meta returns what stands beside the tensors, as text: the metadata of safetensors, and the numbers and strings of PyTorch
// and Flax, whose nested names are joined by dots. Lists are in brackets.
func (f *File) Meta() map[string]string { return maps.Clone(f.meta) }

// LeftOut returns what is in the file and is not read, each with the key at which it stands: objects of a pickle, members
// of an .npz that are no numbers, tensors whose type is not read. Nothing of it is executed.
func (f *File) LeftOut() []LeftOut { return slices.Clone(f.omitted) }

// Unreadable returns nil if all tensors can be read. Otherwise its error names the first five that cannot, with their types.
func (f *File) Unreadable() error {
	const shown = 5
	var errs []error
	for _, t := range f.tensors {
		if err := t.Readable(); err != nil && len(errs) < shown {
			errs = append(errs, f.wrap(t.Name, err))
		}
	}
	return errors.Join(errs...)
}

// Notes returns what else there is to know of the file, each in a sentence.
func (f *File) Notes() []string { return slices.Clone(f.notes) }

// Floats reads a tensor, row-major, into a slice of its length. Numbers of float32, float16 and bfloat16 are exact, others
// are rounded to the nearest float32.
func (f *File) Floats(name string, into []float32) error { return readNamed(f, name, into) }

// Float64s reads a tensor as [File.Floats] does, into float64. Only integers beyond 2⁵³ are rounded.
func (f *File) Float64s(name string, into []float64) error { return readNamed(f, name, into) }

func readNamed[T float32 | float64](f *File, name string, into []T) error {
	i, ok := f.index[name]
	if !ok {
		return fmt.Errorf("hub: %s: tensor %q is missing", f.path, name)
	}
	return f.wrap(name, numbers(f.tensors[i], into))
}

// wrap adds the file and the tensor to an error.
func (f *File) wrap(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("hub: %s: tensor %q: %w", f.path, name, err)
}

// SHA256 reads the whole file and returns its checksum in hexadecimal. For sharded weights this is the checksum of the
// index followed by the shards in the order of their names. If progress is not nil, it is told how many bytes have been
// read and how many there are.
func (f *File) SHA256(progress func(done, total int64)) (string, error) {
	return f.sum(&counter.Writer{Total: f.size, Report: progress})
}

func (f *File) sum(count *counter.Writer) (string, error) {
	sum := sha256.New()
	read := int64(0)
	for _, part := range f.parts {
		n, err := io.Copy(io.MultiWriter(sum, count), io.NewSectionReader(part, 0, f.size-read))
		if err != nil {
			return "", fmt.Errorf("hub: %s: %w", part.Name(), err)
		}
		read += n
	}
	if read != f.size {
		return "", fmt.Errorf("hub: %s: %w", f.path, io.ErrUnexpectedEOF)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
