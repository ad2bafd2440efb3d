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

	"github.com/wflowlab/wflowlab/internal/npy"
	"github.com/wflowlab/wflowlab/wflow/mlp/safetensors"
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
	path string
	file *os.File
	size int64
	content
}

// content is what a reader finds in a file.
type content struct {
	format  Format
	tensors []Tensor
	meta    map[string]string
	index   map[string]int // of a tensor, by its name
}

// add appends a tensor.
func (c *content) add(t Tensor) error {
	if _, twice := c.index[t.Name]; twice {
		return fmt.Errorf("tensor %q is there twice", t.Name)
	}
	c.index[t.Name] = len(c.tensors)
	c.tensors = append(c.tensors, t)
	return nil
}

// Open opens a file and reads what it says of its tensors, not their numbers. Nested names are joined by dots. A file that
// contradicts itself is an error; the checksums of a zip file are checked when numbers are read.
func Open(path string) (*File, error) {
	file, err := regular(path)
	if err != nil {
		return nil, fmt.Errorf("hub: %w", err)
	}
	f := &File{path: path, file: file}
	if err := f.open(); err != nil {
		file.Close()
		return nil, fmt.Errorf("hub: %s: %w%s", path, err, advice(path))
	}
	return f, nil
}

// regular opens a file, and nothing else: to open a pipe is to wait for who writes it.
func regular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a file", path)
	}
	return os.Open(path)
}

func (f *File) open() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	f.size = info.Size()
	base := filepath.Base(f.path)
	f.content, err = read(f.file, f.size, strings.TrimSuffix(base, filepath.Ext(base)))
	return err
}

// read recognises a file by its first bytes. An array without a name gets the one given.
func read(r io.ReaderAt, size int64, name string) (content, error) {
	c := content{meta: map[string]string{}, index: map[string]int{}}
	head := make([]byte, min(size, 64))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), head); err != nil {
		return c, err
	}
	has := func(prefix string) bool { return strings.HasPrefix(string(head), prefix) }
	switch {
	case size == 0:
		return c, errors.New("an empty file")
	case has("PK\x03\x04") || has("PK\x05\x06"):
		return c, c.readZip(r, size, name)
	case has(npy.Magic):
		c.format = NPY
		return c, c.readNPY(r, size, name)
	case len(head) > 8 && head[8] == '{' && binary.LittleEndian.Uint64(head) < 1<<40:
		return c, c.readSafetensors(r, size)
	case has("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"):
		return c, errors.New("a PyTorch file from before version 1.6: torch.load it and torch.save it again")
	case len(head) > 1 && head[0] == 0x80 && head[1] <= 5:
		return c, errors.New("a pickle by itself: if PyTorch wrote it, torch.load it and torch.save it again")
	case has("version https://git-lfs"):
		return c, errors.New("a Git LFS pointer, not the file it stands for: git lfs pull")
	case len(head) > 1 && (head[0] > 0x80 && head[0] < 0x90 || head[0] == 0xde || head[0] == 0xdf):
		c.format = Flax
		return c, c.readFlax(r, size, name)
	}
	return c, fmt.Errorf("begins with %q: not safetensors, PyTorch, Flax msgpack, npy or npz", head[:min(len(head), 16)])
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
			return fmt.Errorf("tensor %.200q: %d axes, want at most %d", e.Name, len(e.Shape), maxAxes)
		}
		if err := c.add(Tensor{Name: e.Name, Type: Type(e.Type), Shape: e.Shape, open: section(r, e.Offset, e.Bytes)}); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the file. Views of it cannot be read any more.
func (f *File) Close() error { return f.file.Close() }

// Format returns what kind of file it is.
func (f *File) Format() Format { return f.format }

// Tensors returns the tensors, in the order of the file.
func (f *File) Tensors() []Tensor { return slices.Clone(f.tensors) }

// Meta returns what stands beside the tensors, as text: the metadata of safetensors, numbers and strings of PyTorch and
// Flax, by names joined by dots. Lists are in brackets.
func (f *File) Meta() map[string]string { return maps.Clone(f.meta) }

// Floats reads a tensor, row-major, into a slice of its length. From float32, float16 and bfloat16 the numbers are exact;
// others are rounded to the nearest.
func (f *File) Floats(name string, into []float32) error { return readNamed(f, name, into) }

// Float64s is Floats for float64. Only integers beyond 2⁵³ are rounded.
func (f *File) Float64s(name string, into []float64) error { return readNamed(f, name, into) }

func readNamed[T float32 | float64](f *File, name string, into []T) error {
	i, ok := f.index[name]
	if !ok {
		return fmt.Errorf("hub: %s: tensor %q is missing", f.path, name)
	}
	return f.wrap(name, numbers(f.tensors[i], into))
}

// wrap says where an error happened.
func (f *File) wrap(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("hub: %s: tensor %q: %w", f.path, name, err)
}

// SHA256 returns the checksum of the file in hexadecimal. It reads all of it; progress, if it is not nil, hears how many
// bytes are read and how many there are.
func (f *File) SHA256(progress func(done, total int64)) (string, error) {
	return f.sum(&tally{total: f.size, report: progress})
}

func (f *File) sum(t *tally) (string, error) {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(sum, t), io.NewSectionReader(f.file, 0, f.size))
	if err == nil && n != f.size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return "", fmt.Errorf("hub: %s: %w", f.path, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// tally counts the bytes that are written to it and reports them.
type tally struct {
	done, total int64
	report      func(done, total int64)
}

// Write implements io.Writer.
func (t *tally) Write(b []byte) (int, error) {
	t.done += int64(len(b))
	if t.report != nil {
		t.report(t.done, t.total)
	}
	return len(b), nil
}
