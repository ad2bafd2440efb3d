package latent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
	"github.com/wflowlab/wflowlab/internal/counter"
	"github.com/wflowlab/wflowlab/internal/lockfile"
)

// Merge makes the cache from its finished shards, in their order, and returns the manifest. The bytes of the cache do not
// depend on the number of shards. Merge removes the shards once the cache is complete. Until then, several shards and the
// cache take the room on the disk twice. Merge can be stopped and called again. If the cache is merged already, it returns
// the manifest.
//
// A shard that is missing, not finished or of another recipe is an error that names the shard. It is an error too if another
// process is merging, or if there is a manifest whose files are not there. Nothing is removed then. If progress is not nil,
// it is told how many bytes have been copied and read for the checksums, together, and how many there will be.
func Merge(ctx context.Context, folder string, progress func(done, total int64)) (*Manifest, error) {
	lock, err := lockfile.Hold(flock.New(folder, flock.SetFlag(os.O_RDONLY)))
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

// remove removes the shards that a cache was made of, with their checks. A shard of another recipe is an error.
func remove(folder string, names []string, recipe Recipe) error {
	for _, name := range names {
		its, err := readRecipe(filepath.Join(folder, name))
		if err == nil {
			err = its.against(recipe)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // removed in part by a call that was stopped
			return fmt.Errorf("%s beside a finished cache: %w", name, err)
		}
	}
	checks, err := numbered(folder, checkFormat)
	errs := []error{err}
	for _, name := range append(names, checks...) {
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
	count := &counter.Writer{Context: ctx, Total: m.bytes(), Report: progress}
	if len(there) > 1 {
		count.Total *= 2 // written, then read for the checksums
	}
	for _, s := range splits {
		for _, p := range parts {
			if err := join(count, folder, there, s, p, m.rows(s)); err != nil {
				return fail(err)
			}
			if m.Files[p.name(s)], err = m.sum(count, folder, s, p); err != nil {
				return fail(err)
			}
		}
	}
	if err := writeJSON(filepath.Join(folder, manifestFile), m); err != nil {
		return fail(err)
	}
	return m, nil
}

// finished returns all shards of a cache, in order. It is an error if one of them is not finished.
func finished(folder string) ([]*shard, error) {
	names, err := shards(folder)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, ErrNoShards
	}
	var i, n int
	fmt.Sscanf(names[0], shardFormat, &i, &n)
	if len(names) > n {
		return nil, fmt.Errorf("shards of two divisions: %s and %s: remove those of one", names[0], names[len(names)-1])
	}
	var all []*shard
	open := &UnfinishedError{Shards: n}
	for i := range n {
		sh := &shard{folder: filepath.Join(folder, fmt.Sprintf(shardFormat, i, n))}
		var err error
		if sh.recipe, err = readRecipe(sh.folder); errors.Is(err, fs.ErrNotExist) {
			open.Missing = append(open.Missing, i)
			continue
		} else if err != nil {
			return nil, err
		}
		if err := readJSON(sh.path(progressFile), &sh.progress); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		all = append(all, sh)
		if !sh.progress.Finished {
			open.Begun = append(open.Begun, sh.progress.report(i, n, sh.recipe))
		} else if err := sh.recipe.against(all[0].recipe); err != nil {
			return nil, fmt.Errorf("shard %d/%d: %w", i, n, err)
		}
	}
	if len(open.Missing)+len(open.Begun) > 0 {
		return nil, open
	}
	return all, nil
}

// join makes an array of the cache. If there is one shard, its array becomes that of the cache. If there are several, theirs
// are copied one behind the other.
func join(count *counter.Writer, folder string, there []*shard, s Split, p part, rows int) error {
	path, side := filepath.Join(folder, p.name(s)), there[0].recipe.Side()
	if len(there) == 1 {
		err := os.Rename(filepath.Join(there[0].folder, p.name(s)), path)
		if _, found := os.Stat(path); errors.Is(err, fs.ErrNotExist) && found == nil {
			return nil // by a call that was stopped
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = lost(filepath.Join(there[0].folder, p.name(s)), err)
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
		if _, err := io.MultiWriter(to, count).Write(npyHeader(p.kind, p.shape(rows, side))); err != nil {
			return err
		}
		for _, sh := range there {
			if err := sh.appendRows(count, to, s, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// appendRows copies the rows of an array of the shard.
func (sh *shard) appendRows(count *counter.Writer, to io.Writer, s Split, p part) error {
	path, rows, side := sh.path(p.name(s)), sh.progress.Rows[s], sh.recipe.Side()
	f, a, err := openShaped(path, p, rows, side)
	if err != nil {
		return lost(path, err)
	}
	defer f.Close()
	_, err = io.Copy(io.MultiWriter(to, count), io.NewSectionReader(a, a.offset, int64(rows)*p.row(side)))
	return err
}

// lost returns the error of a finished shard whose array is not there or not whole. It is not fs.ErrNotExist, which would
// mean that the shard is not there. An error of the disk or of a network is returned as it is: the array may come back.
func lost(path string, err error) error {
	if refused := (*fs.PathError)(nil); errors.As(err, &refused) && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("a finished shard is damaged: %v: remove the folder %s and prepare the shard again", err, filepath.Dir(path))
}
