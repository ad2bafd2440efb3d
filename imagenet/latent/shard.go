package latent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
	"github.com/wflowlab/wflowlab/internal/lockfile"
	"github.com/wflowlab/wflowlab/internal/regular"
)

// shard is the folder of a shard: its recipe, its progress and its part of each array.
type shard struct {
	folder   string
	recipe   Recipe
	progress progress
	lock     *flock.Flock
	files    map[Split][3]*os.File
	synced   func(file string)
}

const (
	recipeFile   = "recipe.json"
	progressFile = "progress.json"
	shardFormat  = "shard-%d-of-%d"
	anew         = "use another folder, or remove this one to begin anew"
)

func (sh *shard) path(name string) string { return filepath.Join(sh.folder, name) }

// openShard makes the folder of a shard, or reads the recipe and the progress of one that is there.
func openShard(cache string, i, n int, recipe Recipe) (sh *shard, err error) {
	sh = &shard{folder: filepath.Join(cache, fmt.Sprintf(shardFormat, i, n)), recipe: recipe}
	if err := agree(cache, n, recipe); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(sh.folder, 0o777); err != nil {
		return nil, err
	}
	lock, err := lockfile.Hold(flock.New(sh.path("lock")))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			lock.Close()
		}
	}()
	sh.lock = lock
	if _, err := os.Stat(sh.path(recipeFile)); errors.Is(err, fs.ErrNotExist) {
		if err := writeJSON(sh.path(recipeFile), recipe); err != nil {
			return nil, err
		}
	}
	if err := readJSON(sh.path(progressFile), &sh.progress); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if sh.progress.Rows == nil {
		sh.progress.Rows = map[Split]int{}
	}
	return sh, nil
}

// agree returns an error if the shards that are there have another recipe, or are of another number of shards. It also
// returns one if there are no shards, but files of a cache.
func agree(cache string, n int, recipe Recipe) error {
	there, err := shards(cache)
	if err != nil {
		return err
	}
	for _, name := range there {
		var i, of int
		fmt.Sscanf(name, shardFormat, &i, &of)
		if of != n {
			return fmt.Errorf("it was begun in %d shards, now %d: %s", of, n, anew)
		}
		before, err := readRecipe(filepath.Join(cache, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // begun a moment ago
		}
		if err != nil {
			return err
		}
		if err := before.against(recipe); err != nil {
			return err
		}
	}
	for _, s := range splits {
		for _, p := range parts {
			if _, err := os.Stat(filepath.Join(cache, p.name(s))); err == nil && len(there) == 0 {
				return fmt.Errorf("it holds %s, but no %s: %s", p.name(s), manifestFile, anew)
			}
		}
	}
	return nil
}

// shards returns the names of the shards' folders.
func shards(cache string) ([]string, error) { return numbered(cache, shardFormat) }

// numbered returns the names in the folder of a cache that are of a format. A format has two numbers, that of a shard and
// that of all shards.
func numbered(cache, format string) (names []string, err error) {
	entries, err := os.ReadDir(cache)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		var i, n int
		if k, _ := fmt.Sscanf(e.Name(), format, &i, &n); k == 2 && e.Name() == fmt.Sprintf(format, i, n) && 0 <= i && i < n && n <= MaxShards {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// open opens the arrays, and checks that they are as long as the progress says.
func (sh *shard) open() error {
	sh.files = map[Split][3]*os.File{}
	for _, s := range splits {
		var files [3]*os.File
		for i, p := range parts {
			f, err := os.OpenFile(sh.path(p.name(s)), os.O_RDWR|os.O_CREATE, 0o666)
			if err != nil {
				return err
			}
			files[i] = f
			sh.files[s] = files
			info, err := f.Stat()
			if err != nil {
				return err
			}
			if want := sh.end(p, s); sh.progress.Rows[s] > 0 && info.Size() < want {
				return fmt.Errorf("%s is damaged: %d bytes, want at least %d for its %d rows", f.Name(), info.Size(), want, sh.progress.Rows[s])
			}
		}
	}
	return nil
}

// end returns where the recorded rows of an array end.
func (sh *shard) end(p part, s Split) int64 {
	return headerSize + int64(sh.progress.Rows[s])*p.row(sh.recipe.Side())
}

// write appends the rows of a batch, syncs them and records the batch.
func (sh *shard) write(s Split, rows [3][]byte, corrupt []Corrupt) error {
	n := len(rows[2]) / 8
	for i, p := range parts {
		f := sh.files[s][i]
		if _, err := f.WriteAt(rows[i], sh.end(p, s)); err != nil {
			return fmt.Errorf("write %s rows %d to %d: %w", s, sh.progress.Rows[s], sh.progress.Rows[s]+n-1, err)
		}
		if err := f.Sync(); err != nil {
			return err
		}
		sh.synced(p.name(s))
	}
	sh.progress.Batches++
	sh.progress.Rows[s] += n
	sh.progress.Corrupt = append(sh.progress.Corrupt, corrupt...)
	return writeJSON(sh.path(progressFile), sh.progress)
}

// finish gives every array its header and its exact length.
func (sh *shard) finish() error {
	if sh.progress.Finished {
		return nil
	}
	for _, s := range splits {
		for i, p := range parts {
			f := sh.files[s][i]
			_, err := f.WriteAt(npyHeader(p.kind, p.shape(sh.progress.Rows[s], sh.recipe.Side())), 0)
			if err == nil {
				err = f.Truncate(sh.end(p, s))
			}
			if err == nil {
				err = f.Sync()
			}
			if err != nil {
				return err
			}
			sh.synced(p.name(s))
		}
	}
	sh.progress.Finished = true
	return writeJSON(sh.path(progressFile), sh.progress)
}

func (sh *shard) close() {
	for _, files := range sh.files {
		for _, f := range files {
			if f != nil {
				f.Close() // synced: nothing is left to fail
			}
		}
	}
	sh.lock.Close()
}

// readJSON reads a file into what into points to. A key that into does not know is an error.
func readJSON(path string, into any) error {
	f, _, err := regular.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := decodeJSON(f, into); err != nil {
		return fmt.Errorf("%s is damaged: %w", path, err)
	}
	return nil
}

func decodeJSON(r io.Reader, into any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// writeJSON writes a file as a whole or not at all.
func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, append(text, '\n'))
}
