package latent

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
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

// Merge makes the cache from its finished shards, in their order, and returns its manifest; only then does it remove
// them, so that more shards than one take their room on the disk twice. The bytes do not depend on the number of shards.
// It can be stopped and called again; of a cache that is merged it returns the manifest. A shard that is missing or not
// finished, or of another recipe, is an error that names it, and so are another process that merges and a manifest whose
// files are not there: then nothing is removed. Progress, if it is not nil, hears how many bytes are copied and read for
// the checksums, and how many it will be.
func Merge(ctx context.Context, folder string, progress func(done, total int64)) (*Manifest, error) {
	lock, err := hold(flock.New(folder, flock.SetFlag(os.O_RDONLY)))
	if lock != nil {
		defer lock.Close()
	} else if cannot := (*fs.PathError)(nil); !errors.As(err, &cannot) { // some systems open no folders
		return nil, fmt.Errorf("latent: merge: %w", err)
	}
	m, err := readFinished(folder)
	if errors.Is(err, fs.ErrNotExist) {
		m, err = merge(ctx, folder, progress)
	}
	if err != nil {
		return nil, err
	}
	names, err := shards(folder)
	if err == nil {
		err = remove(folder, names, m.Recipe)
	}
	if err != nil {
		return nil, fmt.Errorf("latent: cache %s: %w", folder, err)
	}
	return m, nil
}

// remove removes the shards that a cache has been made of, and none of another recipe.
func remove(folder string, names []string, recipe Recipe) error {
	for _, name := range names {
		var its Recipe
		err := readJSON(filepath.Join(folder, name, recipeFile), &its)
		if err == nil {
			err = its.against(recipe)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // removed in part by a call that was stopped
			return fmt.Errorf("%s beside a finished cache: %w", name, err)
		}
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, os.RemoveAll(filepath.Join(folder, name)))
	}
	return errors.Join(errs...)
}

func merge(ctx context.Context, folder string, progress func(done, total int64)) (*Manifest, error) {
	fail := func(err error) (*Manifest, error) { return nil, fmt.Errorf("latent: merge %s: %w", folder, err) }
	there, err := finished(folder)
	if err != nil {
		return fail(err)
	}
	m := &Manifest{Recipe: there[0].recipe, Skipped: []Corrupt{}, Files: map[string]string{}}
	for _, sh := range there {
		m.Train += sh.progress.Rows[Train]
		m.Val += sh.progress.Rows[Val]
		m.Skipped = append(m.Skipped, sh.progress.Corrupt...)
	}
	w := &work{ctx: ctx, total: m.bytes(), report: progress}
	if len(there) > 1 {
		w.total *= 2 // written, then read for the checksums
	}
	for _, s := range splits {
		for _, p := range parts {
			if err := join(w, folder, there, s, p, m.rows(s)); err != nil {
				return fail(err)
			}
			if m.Files[p.name(s)], err = m.check(w, folder, s, p); err != nil {
				return fail(err)
			}
		}
	}
	if err := writeJSON(filepath.Join(folder, manifestFile), m); err != nil {
		return fail(err)
	}
	return m, nil
}

// Shard is how far a part of a cache is that is not merged yet.
type Shard struct {
	Shard    int       `json:"shard"`
	Shards   int       `json:"shards"`
	Train    int       `json:"train"` // images that are done
	Val      int       `json:"val"`
	Corrupt  []Corrupt `json:"corrupt,omitempty"`
	Finished bool      `json:"finished"`
}

// ReadShards reads how far the shards of a cache are that have begun, in their order: none where Prepare has not been, or
// all is merged.
func ReadShards(folder string) ([]Shard, error) {
	names, err := shards(folder)
	if err != nil {
		return nil, fmt.Errorf("latent: cache: %w", err)
	}
	var all []Shard
	for _, name := range names {
		var p progress
		if err := readJSON(filepath.Join(folder, name, progressFile), &p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("latent: cache: %w", err)
		}
		sh := Shard{Train: p.Rows[Train], Val: p.Rows[Val], Corrupt: p.Corrupt, Finished: p.Finished}
		fmt.Sscanf(name, shardFormat, &sh.Shard, &sh.Shards)
		all = append(all, sh)
	}
	slices.SortFunc(all, func(a, b Shard) int { return cmp.Or(cmp.Compare(a.Shards, b.Shards), cmp.Compare(a.Shard, b.Shard)) })
	return all, nil
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
			n += headerSize + int64(m.rows(s))*p.row
		}
	}
	return n
}

// finished returns all shards of a cache, in order.
func finished(folder string) ([]*shard, error) {
	names, err := shards(folder)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("no shards: Prepare has not begun here")
	}
	var i, n int
	fmt.Sscanf(names[0], shardFormat, &i, &n)
	if len(names) > n {
		return nil, fmt.Errorf("shards of two divisions: %s and %s", names[0], names[len(names)-1])
	}
	var all []*shard
	for i := range n {
		sh := &shard{folder: filepath.Join(folder, fmt.Sprintf(shardFormat, i, n))}
		if err := readJSON(filepath.Join(sh.folder, recipeFile), &sh.recipe); err != nil {
			return nil, fmt.Errorf("shard %d of %d: %w", i, n, err)
		}
		if err := readJSON(filepath.Join(sh.folder, progressFile), &sh.progress); err != nil {
			return nil, fmt.Errorf("shard %d of %d: %w", i, n, err)
		}
		if !sh.progress.Finished {
			return nil, fmt.Errorf("shard %d of %d is not finished: %d batches are done, %d of their images corrupt", i, n, sh.progress.Batches, len(sh.progress.Corrupt))
		}
		all = append(all, sh)
		if err := sh.recipe.against(all[0].recipe); err != nil {
			return nil, fmt.Errorf("shard %d of %d: %w", i, n, err)
		}
	}
	return all, nil
}

// join makes an array of the cache: the only shard's own, or a copy of all shards', one behind the other.
func join(w *work, folder string, there []*shard, s Split, p part, rows int) error {
	path := filepath.Join(folder, p.name(s))
	if len(there) == 1 {
		err := os.Rename(filepath.Join(there[0].folder, p.name(s)), path)
		if _, found := os.Stat(path); errors.Is(err, fs.ErrNotExist) && found == nil {
			return nil // by a call that was stopped
		}
		return err
	}
	left, err := atomicfile.Leftovers(path) // by a call that was killed
	if err != nil {
		return err
	}
	for _, name := range left {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return atomicfile.Write(path, func(to io.Writer) error {
		if _, err := io.MultiWriter(to, w).Write(npyHeader(p.kind, rows, p.shape...)); err != nil {
			return err
		}
		for _, sh := range there {
			if err := appendRows(w, to, filepath.Join(sh.folder, p.name(s)), sh.progress.Rows[s], p); err != nil {
				return err
			}
		}
		return nil
	})
}

func appendRows(w *work, to io.Writer, path string, rows int, p part) error {
	f, a, err := openArray(path, p)
	if err != nil {
		return err
	}
	defer f.Close()
	if a.rows != rows {
		return fmt.Errorf("%s: %d rows, want %d", path, a.rows, rows)
	}
	_, err = io.Copy(io.MultiWriter(to, w), io.NewSectionReader(a, a.offset, int64(rows)*p.row))
	return err
}

// work counts the bytes that are written to it and reports them. It fails when its context is done.
type work struct {
	ctx         context.Context
	done, total int64
	report      func(done, total int64)
}

// Write implements io.Writer.
func (w *work) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	w.done += int64(len(b))
	if w.report != nil {
		w.report(w.done, w.total)
	}
	return len(b), nil
}

// openArray opens and checks an array.
func openArray(path string, p part) (*os.File, *array, error) {
	f, info, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	a, err := readArray(f, info.Size(), p.kind, p.shape...)
	if err == nil {
		return f, a, nil
	}
	return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
}

// open opens a file of the cache, whose header and length must give the manifest's number of rows.
func (m *Manifest) open(folder string, s Split, p part) (*os.File, *array, error) {
	path := filepath.Join(folder, p.name(s))
	f, a, err := openArray(path, p)
	if err == nil && a.rows != m.rows(s) {
		err = errors.Join(fmt.Errorf("%s: %d rows, want %d", path, a.rows, m.rows(s)), f.Close())
	}
	return f, a, err
}

// check returns the SHA-256 of a file of the cache.
func (m *Manifest) check(w *work, folder string, s Split, p part) (string, error) {
	f, a, err := m.open(folder, s, p)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(h, w), io.NewSectionReader(f, 0, a.offset+int64(a.rows)*p.row)); err != nil {
		return "", fmt.Errorf("%s: %w", f.Name(), err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ReadManifest reads the manifest of a finished cache; the error is fs.ErrNotExist where there is none.
func ReadManifest(folder string) (*Manifest, error) {
	var m Manifest
	path := filepath.Join(folder, manifestFile)
	if err := readJSON(path, &m); err != nil {
		return nil, fmt.Errorf("latent: cache: %w", err)
	}
	if want := len(splits) * len(parts); m.Train < 0 || m.Val < 0 || len(m.Files) != want {
		return nil, fmt.Errorf("latent: cache: %s is damaged: %d images of train and %d of val in %d files, want %d files", path, m.Train, m.Val, len(m.Files), want)
	}
	for _, s := range splits {
		for _, p := range parts {
			name := p.name(s)
			if sum, err := hex.DecodeString(m.Files[name]); err != nil || len(sum) != sha256.Size {
				return nil, fmt.Errorf("latent: cache: %s is damaged: SHA-256 %q of %s", path, m.Files[name], name)
			}
		}
	}
	return &m, nil
}

// readFinished reads the manifest of a cache whose files are there, by their headers and lengths.
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

// Verify reads a finished cache from end to end and holds it to its manifest: header, length and checksum of every
// file, and the targets to the classes. The error names the first file that differs. Progress, if it is not nil, hears how
// many bytes are read and how many it will be.
func Verify(ctx context.Context, folder string, progress func(done, total int64)) (*Manifest, error) {
	m, err := ReadManifest(folder)
	if err != nil {
		return nil, err
	}
	w := &work{ctx: ctx, total: m.bytes(), report: progress}
	for _, s := range splits {
		for _, p := range parts {
			got, err := m.check(w, folder, s, p)
			if err != nil {
				return nil, fmt.Errorf("latent: cache: %w", err)
			}
			if want := m.Files[p.name(s)]; got != want {
				return nil, fmt.Errorf("latent: cache %s: SHA-256 %s, want %q", filepath.Join(folder, p.name(s)), got, want)
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
