package latent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/wflowlab/wflowlab/internal/magic"
)

// Health is what a check of images has found. Its lists are in the order of the images.
type Health struct {
	Images  int            `json:"images"`  // how many were checked
	Formats map[string]int `json:"formats"` // how many have each format, which the first bytes tell: "a JPEG image"
	Corrupt []Corrupt      `json:"corrupt"` // the images that cannot be decoded
	Closed  []Corrupt      `json:"closed"`  // the images that the file system does not let be read
	Mended  []Corrupt      `json:"mended"`  // the images that are damaged and decoded all the same, as Pillow decodes them
}

// Causes counts the images that cannot be decoded or read, by the kind of the cause.
func (h *Health) Causes() map[string]int { return kinds(slices.Concat(h.Corrupt, h.Closed)) }

// Check reads every image, with all cores, and finds those that [Prepare] could not read. It takes a fraction of the time of
// Prepare. If progress is not nil, it is told how many images are done, from 0. The only error is that of ctx: what is wrong
// with an image is a part of the answer.
func (f *Folder) Check(ctx context.Context, progress func(done, total int)) (*Health, error) {
	return f.check(ctx, f.members([]batch{{Train, 0, len(f.Train)}, {Val, 0, len(f.Val)}}), progress)
}

// CheckShard checks the images of a shard before [Prepare] encodes them. It keeps what it finds in the folder of the cache
// until the cache is merged. Called again for the same images, it looks only at those that had a fault. Of the settings it
// uses Shard, Shards and Batch.
func CheckShard(ctx context.Context, cache string, images *Folder, s *Settings, progress func(done, total int)) (*Health, error) {
	p, err := newPreparation(images, Encoder{}, s)
	if err == nil {
		err = images.apart(cache)
	}
	if err != nil {
		return nil, err
	}
	path := filepath.Join(cache, fmt.Sprintf(checkFormat, p.Shard, p.Shards))
	now, members := checked{images.SHA256(), p.Batch, nil}, images.members(p.batches())
	var before checked
	if readJSON(path, &before) != nil || before.Health == nil || before.Images != now.Images || before.Batch != now.Batch {
		before = checked{}
	} else {
		wrong := map[string]bool{}
		for _, c := range slices.Concat(before.Health.Corrupt, before.Health.Closed, before.Health.Mended) {
			wrong[c.File] = true
		}
		members = slices.DeleteFunc(members, func(m member) bool { return !wrong[images.below(m)] })
	}
	if now.Health, err = images.check(ctx, members, progress); err != nil {
		return nil, err
	}
	if before.Health != nil {
		now.Health.Images, now.Health.Formats = before.Health.Images, before.Health.Formats
	}
	err = os.MkdirAll(cache, 0o777)
	if err == nil {
		err = writeJSON(path, now)
	}
	if err != nil {
		return nil, fmt.Errorf("latent: check: %w", err)
	}
	return now.Health, nil
}

const checkFormat = "check-%d-of-%d.json"

// checked is what CheckShard keeps of a check.
type checked struct {
	Images string  `json:"images"` // Folder.SHA256
	Batch  int     `json:"batch"`
	Health *Health `json:"health"`
}

// member is an image by its place in its split.
type member struct {
	split Split
	index int
}

// members returns the images of batches.
func (f *Folder) members(batches []batch) (all []member) {
	for _, b := range batches {
		for i := b.first; i < b.end; i++ {
			all = append(all, member{b.split, i})
		}
	}
	return all
}

func (f *Folder) path(m member) string { return f.Path(m.split, f.Files(m.split)[m.index]) }

// below returns the path of an image below the root. It is the split and the name of the image's [File], except in a split
// without folders of classes.
func (f *Folder) below(m member) string {
	if below, err := filepath.Rel(f.Root, f.path(m)); err == nil {
		return filepath.ToSlash(below)
	}
	return f.path(m)
}

// check checks images.
func (f *Folder) check(ctx context.Context, members []member, progress func(done, total int)) (*Health, error) {
	var (
		found   = make([]error, len(members))
		formats = map[string]int{}
		done    int
		next    atomic.Int64
		guard   sync.Mutex
		workers sync.WaitGroup
	)
	if progress != nil {
		progress(0, len(members))
	}
	for range min(len(members), 2*runtime.GOMAXPROCS(0)) { // one of two waits for the disk
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(members) {
					return
				}
				var format string
				format, found[i] = checkFile(f.path(members[i]))
				guard.Lock()
				if format != "" {
					formats[format]++
				}
				if done++; progress != nil {
					progress(done, len(members))
				}
				guard.Unlock()
			}
		})
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h := &Health{Images: len(members), Formats: formats, Corrupt: []Corrupt{}, Closed: []Corrupt{}, Mended: []Corrupt{}}
	for i, err := range found {
		if err != nil {
			h.addFault(f.below(members[i]), err)
		}
	}
	return h, nil
}

// closed is an error of the file system, which did not let a file be read.
type closed struct{ error }

// addFault adds an image to the list that its error belongs to.
func (h *Health) addFault(file string, err error) {
	c := Corrupt{file, Cause(err), err.Error()}
	var mended *DecodeError
	switch {
	case errors.As(err, &closed{}):
		c.Kind = notReadable
		h.Closed = append(h.Closed, c)
	case errors.As(err, &mended) && mended.Mended:
		h.Mended = append(h.Mended, c)
	default:
		h.Corrupt = append(h.Corrupt, c)
	}
}

// checkFile returns the format of a file by its first bytes, "" if it is unknown, and what is wrong with the file as an image.
func checkFile(path string) (format string, err error) {
	file, err := readFile(path)
	if err != nil {
		return "", closed{err}
	}
	if kind, known := magic.Of(file[:min(len(file), magic.Enough)]); known {
		format = kind.Name
	}
	return format, CheckImage(file)
}
