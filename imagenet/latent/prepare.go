package latent

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"runtime"
	"sync"

	"github.com/wflowlab/wflowlab/internal/finite"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

// Encoder turns crops into latents.
type Encoder struct {
	// Encode returns the latents [n, r/8, r/8, 4] of crops [n, r, r, 3], where r is the resolution of the Settings. The bytes of
	// a crop are as in an Image. A latent is a sample of the posterior, scaled as the generator wants it. Noise [n, r/8, r/8, 4]
	// is of the standard normal law. One goroutine calls Encode. In the last batch of a split, n may be less than the batch size.
	Encode func(ctx context.Context, crops []byte, noise []float32) ([]float32, error)

	// SHA256 names the weights: a cache that was begun with one encoder is not continued with another.
	SHA256 string
}

// MaxShards is how many shards a cache may have.
const MaxShards = 1_000_000

// Settings tunes [Prepare]. Nil or the zero value prepares the whole cache.
type Settings struct {
	Seed        uint64 // of the noise
	Batch       int    // how many images are encoded in one call; 0 means 8
	Shard       int    // the number of the shard to prepare, from 0
	Shards      int    // how many shards there are, at most MaxShards; 0 means 1
	SkipCorrupt bool   // leave corrupt images out instead of failing at the end
	Resolution  int    // height and width of the crops in pixels, a multiple of 8 up to MaxResolution; 0 means 256

	// Noise fills the noise of an image, given its split and its index there. The image and its mirror image have the same
	// noise. Many goroutines call Noise. Nil stands for the streams of package wflow/stream: number k of the n of a latent is
	// then Normal(index·n + k) of the stream of the seed that is called "latent noise train" or "latent noise val".
	Noise func(s Split, index int, noise []float32)

	// Progress is told how many of the shard's images are done, before the first batch and after each.
	Progress func(done, total int)

	synced func(file string) // is called when rows are on the disk and not yet recorded, where tests kill the process
}

// Prepare encodes the images of a shard into a folder, which it makes if need be. [Merge] makes the cache of all shards.
//
// A shard is a range of the batches of train and val, in the order of the images. Prepare may be stopped at any moment, by a
// signal, a full disk or ctx. Called again, it goes on behind the last batch that was written, synced and recorded, and does
// nothing of a recorded batch again. It refuses to go on with another [Recipe]. Shards may be prepared at the same time,
// each by a process of its own. Where the file system has locks, a second process on one shard is refused.
//
// Images that cannot be decoded get no row. [CheckShard] finds them beforehand. Prepare records them, and lists them in a
// *CorruptError when all others are done. Called again with SkipCorrupt, it accepts that, and reads no image twice. The noise
// of the other images does not depend on them. If an image cannot be opened, Prepare stops at once: a disk or a network may
// come back.
func Prepare(ctx context.Context, folder string, images *Folder, e Encoder, s *Settings) error {
	p, err := newPreparation(images, e, s)
	if err == nil {
		err = images.apart(folder)
	}
	if err != nil {
		return err
	}
	recipe := Recipe{images.SHA256(), images.Classes, Decoder, e.SHA256, p.Seed, p.Batch, p.Resolution}
	if m, err := readFinished(folder); err == nil {
		if err := m.Recipe.against(recipe); err != nil {
			return fmt.Errorf("latent: cache %s: %w", folder, err)
		}
		if len(m.Skipped) > 0 && !p.SkipCorrupt {
			return &CorruptError{m.Skipped}
		}
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	sh, err := openShard(folder, p.Shard, p.Shards, recipe)
	if err != nil {
		return fmt.Errorf("latent: cache %s: %w", folder, err)
	}
	defer sh.close()
	sh.synced = p.synced
	if err := p.run(ctx, sh); err != nil {
		var corrupt *CorruptError
		if errors.As(err, &corrupt) {
			return err
		}
		return fmt.Errorf("latent: cache %s: shard %d of %d: %w", folder, p.Shard, p.Shards, err)
	}
	return nil
}

// streamNoise returns what Settings.Noise is by default.
func streamNoise(seed uint64) func(Split, int, []float32) {
	streams := map[Split]stream.Stream{}
	for _, s := range splits {
		streams[s] = stream.New(seed, "latent noise "+string(s))
	}
	return func(s Split, index int, noise []float32) {
		normals := streams[s]
		for k := range noise {
			noise[k] = float32(normals.Normal(uint64(index)*uint64(len(noise)) + uint64(k)))
		}
	}
}

// preparation is a call of Prepare.
type preparation struct {
	images  *Folder
	encoder Encoder
	Settings
}

// newPreparation completes the settings with their defaults and checks them.
func newPreparation(images *Folder, e Encoder, s *Settings) (*preparation, error) {
	if s == nil {
		s = &Settings{}
	}
	p := &preparation{images: images, encoder: e, Settings: *s}
	if p.Batch == 0 {
		p.Batch = 8
	}
	if p.Shards == 0 {
		p.Shards = 1
	}
	if p.Batch < 1 || p.Shards < 1 || p.Shards > MaxShards || p.Shard < 0 || p.Shard >= p.Shards {
		return nil, fmt.Errorf("latent: batch %d, shard %d of %d: want a batch of 1 or more and 0 ≤ shard < shards ≤ %d", s.Batch, s.Shard, s.Shards, MaxShards)
	}
	if p.Resolution == 0 {
		p.Resolution = Size
	}
	if err := (Recipe{Resolution: p.Resolution}).check(); err != nil {
		return nil, fmt.Errorf("latent: %w", err)
	}
	if p.synced == nil {
		p.synced = func(string) {}
	}
	if p.Noise == nil {
		p.Noise = streamNoise(p.Seed)
	}
	return p, nil
}

// pixels returns how many bytes a crop has.
func (p *preparation) pixels() int { return 3 * p.Resolution * p.Resolution }

// numbers returns how many numbers a latent has.
func (p *preparation) numbers() int { return numbersOf(p.Resolution / Factor) }

// batch is the images first to end (exclusive) of a split.
type batch struct {
	split      Split
	first, end int
}

// batches returns the batches of the shard.
func (p *preparation) batches() (all []batch) {
	for _, s := range splits {
		n := len(p.images.Files(s))
		for first := 0; first < n; first += p.Batch {
			all = append(all, batch{s, first, min(first+p.Batch, n)})
		}
	}
	return all[p.Shard*len(all)/p.Shards : (p.Shard+1)*len(all)/p.Shards]
}

func (p *preparation) run(ctx context.Context, sh *shard) error {
	todo := p.batches()
	done, total := 0, 0
	for _, b := range todo {
		total += b.end - b.first
	}
	if n := sh.progress.Batches; n < 0 || n > len(todo) {
		return fmt.Errorf("%s is damaged: %d batches, want at most %d", sh.path(progressFile), n, len(todo))
	}
	for _, s := range splits {
		images := 0
		for _, b := range todo[:sh.progress.Batches] {
			if b.split == s {
				images += b.end - b.first
			}
		}
		if rows := sh.progress.Rows[s]; rows < 0 || rows+sh.progress.without(s) != images {
			return fmt.Errorf("%s is damaged: %d rows and %d corrupt images of %s, want %d in %d batches", sh.path(progressFile), rows, sh.progress.without(s), s, images, sh.progress.Batches)
		}
		done += images
	}
	report := func() {
		if p.Progress != nil {
			p.Progress(done, total)
		}
	}
	report()
	if !sh.progress.Finished {
		if err := sh.open(); err != nil {
			return err
		}
		ahead, cancel := context.WithCancel(ctx)
		ready := p.crops(ahead, todo[sh.progress.Batches:])
		defer func() {
			cancel()
			for range ready { // until it has stopped reading
			}
		}()
		for c := range ready {
			images := c.end - c.first
			if err := p.encode(ctx, sh, c); err != nil {
				return err
			}
			done += images
			report()
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if len(sh.progress.Corrupt) > 0 && !p.SkipCorrupt {
		return &CorruptError{sh.progress.Corrupt}
	}
	return sh.finish()
}

// cropped is a batch that is ready for the encoder.
type cropped struct {
	batch
	crops, mirrored []byte
	noise           []float32
	corrupt         []error         // why an image cannot be decoded, by image; nil if it can
	err             error           // the error that stops everything, if there is one
	free            chan<- *cropped // takes the batch back when the encoder has read it
}

// crops reads the images and crops them, with all cores. It is one batch ahead of the encoder.
func (p *preparation) crops(ctx context.Context, todo []batch) <-chan *cropped {
	ready, free := make(chan *cropped), make(chan *cropped, 2)
	n := min(p.Batch, max(len(p.images.Train), len(p.images.Val)))
	for range cap(free) {
		free <- &cropped{
			crops: make([]byte, n*p.pixels()), mirrored: make([]byte, n*p.pixels()),
			noise: make([]float32, n*p.numbers()), corrupt: make([]error, n), free: free,
		}
	}
	go func() {
		defer close(ready)
		for _, b := range todo {
			var c *cropped
			select {
			case c = <-free:
			case <-ctx.Done():
				return
			}
			c.batch = b
			p.read(ctx, c)
			select {
			case ready <- c:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ready
}

// read fills a batch. An image that cannot be decoded is black, and its latent is thrown away, so that the others are encoded
// in a batch of the same size.
func (p *preparation) read(ctx context.Context, c *cropped) {
	n, pixels, numbers := c.end-c.first, p.pixels(), p.numbers()
	fatal := make([]error, n)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := range next {
				crop, mirrored := c.crops[i*pixels:(i+1)*pixels], c.mirrored[i*pixels:(i+1)*pixels]
				p.Noise(c.split, c.first+i, c.noise[i*numbers:(i+1)*numbers])
				path := p.images.Path(c.split, p.images.Files(c.split)[c.first+i])
				var file []byte
				if file, fatal[i] = readFile(path); fatal[i] != nil {
					continue
				}
				var m *Image
				if m, c.corrupt[i] = DecodeImage(file); c.corrupt[i] != nil {
					clear(crop)
					clear(mirrored)
					continue
				}
				m = m.Crop(p.Resolution)
				copy(crop, m.Pix)
				copy(mirrored, m.Mirror().Pix)
			}
		})
	}
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
	c.err = errors.Join(fatal...)
}

// encode encodes a batch, writes its rows and records the batch.
func (p *preparation) encode(ctx context.Context, sh *shard, c *cropped) error {
	if err := errors.Join(ctx.Err(), c.err); err != nil {
		return err
	}
	n, numbers, files := c.end-c.first, p.numbers(), p.images.Files(c.split)[c.first:c.end]
	var rows [3][]byte
	for i, crops := range [][]byte{c.crops, c.mirrored} {
		latents, err := p.encoder.Encode(ctx, crops[:n*p.pixels()], c.noise[:n*numbers])
		if err == nil && len(latents) != n*numbers {
			err = fmt.Errorf("%d numbers, want %d × %d", len(latents), n, numbers)
		}
		if err != nil {
			return fmt.Errorf("encode %s images %d to %d: %w", c.split, c.first, c.end-1, err)
		}
		for k, f := range files {
			latent := latents[k*numbers : (k+1)*numbers]
			if c.corrupt[k] != nil {
				continue
			}
			if err := finite.Check(latent); err != nil {
				return fmt.Errorf("encode %s/%s: latent: %w", c.split, f.Name, err)
			}
			for _, v := range latent {
				rows[i] = binary.LittleEndian.AppendUint32(rows[i], math.Float32bits(v))
			}
		}
	}
	var corrupt []Corrupt
	for k, f := range files {
		if err := c.corrupt[k]; err != nil {
			corrupt = append(corrupt, Corrupt{string(c.split) + "/" + f.Name, Cause(err), err.Error()})
		} else {
			rows[2] = binary.LittleEndian.AppendUint64(rows[2], uint64(f.Class))
		}
	}
	c.free <- c
	return sh.write(c.split, rows, corrupt)
}
