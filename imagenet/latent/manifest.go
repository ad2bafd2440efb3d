package latent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/wflowlab/wflowlab/internal/counter"
	"github.com/wflowlab/wflowlab/internal/regular"
)

const manifestFile = "manifest.json"

// Manifest says what a finished cache holds and what it was made from.
type Manifest struct {
	Recipe
	Train   int               `json:"train"` // images, those that were skipped not counted
	Val     int               `json:"val"`
	Skipped []Corrupt         `json:"skipped"`
	Files   map[string]string `json:"files"` // SHA-256 of the six files by name
}

// rows returns the number of images of a split.
func (m *Manifest) rows(s Split) int {
	if s == Val {
		return m.Val
	}
	return m.Train
}

// bytes returns the length of all files.
func (m *Manifest) bytes() (n int64) {
	for _, s := range splits {
		for _, p := range parts {
			n += headerSize + int64(m.rows(s))*p.row(m.Side())
		}
	}
	return n
}

// openArray opens the file of an array and checks it.
func openArray(path string, p part) (*os.File, *array, error) {
	f, info, err := regular.Open(path)
	if err != nil {
		return nil, nil, err
	}
	a, err := readArray(f, info.Size(), p)
	if err == nil {
		return f, a, nil
	}
	return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
}

// openShaped opens the file of an array, which must have so many rows, and latents of a side.
func openShaped(path string, p part, rows, side int) (*os.File, *array, error) {
	f, a, err := openArray(path, p)
	if err != nil {
		return nil, nil, err
	}
	if got, want := p.shape(a.rows, a.side), p.shape(rows, side); !slices.Equal(got, want) {
		return nil, nil, errors.Join(fmt.Errorf("%s: shape %v, want %v", path, got, want), f.Close())
	}
	return f, a, nil
}

// open opens a file of the cache, whose header and length must give the manifest's number of rows and resolution.
func (m *Manifest) open(folder string, s Split, p part) (*os.File, *array, error) {
	return openShaped(filepath.Join(folder, p.name(s)), p, m.rows(s), m.Side())
}

// sum returns the SHA-256 of a file of the cache, and counts the bytes that it reads.
func (m *Manifest) sum(count *counter.Writer, folder string, s Split, p part) (string, error) {
	f, a, err := m.open(folder, s, p)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(h, count), io.NewSectionReader(f, 0, a.offset+int64(a.rows)*p.row(a.side))); err != nil {
		return "", fmt.Errorf("%s: %w", f.Name(), err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ReadManifest reads the manifest of a finished cache. If there is none, the error is fs.ErrNotExist.
func ReadManifest(folder string) (*Manifest, error) {
	var m Manifest
	path := filepath.Join(folder, manifestFile)
	if err := readJSON(path, &m); err != nil {
		return nil, fmt.Errorf("latent: cache: %w", err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("latent: cache: %s is damaged: %w", path, err)
	}
	return &m, nil
}

// mostRows is the largest number of images of a split: more than anyone has, and few enough that bytes is an int64.
const mostRows = math.MaxInt32

// check returns an error for numbers of images below 0 or above mostRows, for an impossible resolution, and for a manifest
// that does not name the six files with their sums.
func (m *Manifest) check() error {
	if err := m.Recipe.check(); err != nil {
		return err
	}
	if want := len(splits) * len(parts); m.Train < 0 || m.Train > mostRows || m.Val < 0 || m.Val > mostRows || len(m.Files) != want {
		return fmt.Errorf("%d images of train and %d of val in %d files, want 0 to %d images and %d files", m.Train, m.Val, len(m.Files), mostRows, want)
	}
	for _, s := range splits {
		for _, p := range parts {
			name := p.name(s)
			if sum, err := hex.DecodeString(m.Files[name]); err != nil || len(sum) != sha256.Size {
				return fmt.Errorf("SHA-256 %q of %s", m.Files[name], name)
			}
		}
	}
	return nil
}

// readFinished reads the manifest of a cache, and checks that its files are there, by their headers and lengths.
func readFinished(folder string) (*Manifest, error) {
	m, err := ReadManifest(folder)
	if err != nil {
		return nil, err
	}
	for _, s := range splits {
		for _, p := range parts {
			f, _, err := m.open(folder, s, p)
			if err != nil {
				return nil, fmt.Errorf("latent: cache %s has a %s, but not the files that it describes: %v", folder, manifestFile, err) // not ErrNotExist: there is a manifest
			}
			f.Close()
		}
	}
	return m, nil
}

// Verify reads a finished cache from end to end and compares it with its manifest: header, length and checksum of every
// file, and the targets with the number of classes. The error names the first file that differs. If progress is not nil, it
// is told how many bytes have been read and how many there are.
func Verify(ctx context.Context, folder string, progress func(done, total int64)) (*Manifest, error) {
	m, err := ReadManifest(folder)
	if err != nil {
		return nil, err
	}
	count := &counter.Writer{Context: ctx, Total: m.bytes(), Report: progress}
	for _, s := range splits {
		for _, p := range parts {
			got, err := m.sum(count, folder, s, p)
			if err != nil {
				return nil, fmt.Errorf("latent: cache: %w", err)
			}
			if want := m.Files[p.name(s)]; got != want {
				return nil, fmt.Errorf("latent: cache %s: SHA-256 %s, want %s as %s says: it is damaged, or has been changed since", filepath.Join(folder, p.name(s)), got, want, manifestFile)
			}
		}
		c, err := Open(folder, s)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		for i, label := range c.labels {
			if label >= len(m.Classes) {
				return nil, fmt.Errorf("latent: cache %s_targets.npy: row %d: %d, want below %d, the number of classes", c.name, i, label, len(m.Classes))
			}
		}
	}
	return m, nil
}
