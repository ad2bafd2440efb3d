package latent

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"github.com/wflowlab/wflowlab/internal/finite"
)

// Cache is an open split of a cache, ours or the official code's. It may be read from many goroutines.
type Cache struct {
	name            string
	split           Split
	side            int
	plain, mirrored *array
	labels          []int
	files           []io.Closer
}

// Open opens a split of the cache in a folder. It checks the headers and the lengths of the split's three files, compares
// them with one another, and reads the labels. It needs no manifest: [Verify] compares the files with that.
func Open(folder string, split Split) (*Cache, error) {
	c := &Cache{name: filepath.Join(folder, string(split)), split: split}
	var arrays [3]*array
	for i, p := range parts {
		f, a, err := openArray(filepath.Join(folder, p.name(split)), p)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("latent: cache: %w", err), c.Close())
		}
		arrays[i], c.files = a, append(c.files, f)
	}
	if err := c.fill(arrays); err != nil {
		return nil, errors.Join(fmt.Errorf("latent: cache %s: %w", c.name, err), c.Close())
	}
	return c, nil
}

// fill compares the arrays with one another and reads the labels.
func (c *Cache) fill(arrays [3]*array) error {
	c.plain, c.mirrored = arrays[0], arrays[1]
	targets := arrays[2]
	if c.plain.rows != targets.rows || c.mirrored.rows != targets.rows {
		return fmt.Errorf("%d latents, %d mirrored ones and %d targets, want as many of each", c.plain.rows, c.mirrored.rows, targets.rows)
	}
	if c.side = c.plain.side; c.mirrored.side != c.side {
		return fmt.Errorf("latents of side %d and mirrored ones of side %d, want the same", c.side, c.mirrored.side)
	}
	raw := make([]byte, 8*targets.rows)
	if n, err := targets.ReadAt(raw, targets.offset); n < len(raw) {
		return fmt.Errorf("targets: %w", err)
	}
	c.labels = make([]int, targets.rows)
	for i := range c.labels {
		label := int64(binary.LittleEndian.Uint64(raw[8*i:]))
		if label < 0 || label > math.MaxInt32 {
			return fmt.Errorf("targets: row %d: %d is not the number of a class", i, label)
		}
		c.labels[i] = int(label)
	}
	return nil
}

// Len returns the number of images.
func (c *Cache) Len() int { return len(c.labels) }

// Label returns the class of image i.
func (c *Cache) Label(i int) int { return c.labels[i] }

// Side returns the height and the width of a latent: 32, unless the cache was prepared at another resolution. The headers of
// the files tell it.
func (c *Cache) Side() int { return c.side }

// numbers returns how many numbers a latent has.
func (c *Cache) numbers() int { return numbersOf(c.side) }

// Read reads the latent [Side, Side, 4] of image i, or of its mirror image if u ≥ ½: a uniform u on [0, 1) gives each with
// probability ½. The error names the file and the row; a number that is NaN or infinite is one. Read panics if the slice
// has another length than a latent.
func (c *Cache) Read(i int, u float64, latent []float32) error {
	if len(latent) != c.numbers() {
		panic(fmt.Sprintf("latent: Read of a latent [%d, %d, 4] into %d numbers", c.side, c.side, len(latent)))
	}
	a, p := c.plain, parts[0]
	if u >= 0.5 {
		a, p = c.mirrored, parts[1]
	}
	raw := make([]byte, p.row(c.side))
	_ = c.labels[i]
	if n, err := a.ReadAt(raw, a.offset+int64(i)*int64(len(raw))); n < len(raw) {
		return fmt.Errorf("latent: cache %s%s: row %d: %w", c.name, p.suffix, i, err)
	}
	for k := range latent {
		latent[k] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*k:]))
	}
	if err := finite.Check(latent); err != nil {
		return fmt.Errorf("latent: cache %s%s: row %d: %w", c.name, p.suffix, i, err)
	}
	return nil
}

// Close closes the files.
func (c *Cache) Close() error {
	var errs []error
	for _, f := range c.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
