package latent

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/internal/lockfile"
)

// TestMain lets the test binary be its own child: a Prepare or a Merge that is killed, or that fills its disk.
func TestMain(m *testing.M) {
	if folder := os.Getenv("WFLOW_LATENT_CHILD"); folder != "" {
		gate := func(string) {}
		if os.Getenv("WFLOW_LATENT_GATE") != "" {
			gate = pause
		}
		task := child
		if os.Getenv("WFLOW_LATENT_MERGE") != "" {
			task = mergeChild
		}
		if err := task(folder, gate); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// pause tells the parent where the child is and waits for its word.
func pause(place string) {
	fmt.Println(place)
	if n, _ := os.Stdin.Read(make([]byte, 1)); n == 0 {
		os.Exit(2) // the parent has gone
	}
}

// child prepares folder/cache from folder/images and logs the indices of the images it encodes in folder/log.
func child(folder string, gate func(place string)) error {
	images, err := ReadFolder(filepath.Join(folder, "images"))
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer log.Close()
	e := cheap
	e.Encode = func(ctx context.Context, crops []byte, noise []float32) ([]float32, error) {
		var line strings.Builder
		for i := 0; i < len(noise); i += numbers {
			fmt.Fprintln(&line, noise[i])
		}
		log.WriteString(line.String())
		gate("encode")
		return cheap.Encode(ctx, crops, noise)
	}
	return Prepare(context.Background(), filepath.Join(folder, "cache"), images, e, &Settings{
		Batch: 3, Noise: indexNoise, Progress: func(int, int) { gate("recorded") }, synced: gate,
	})
}

func mergeChild(folder string, gate func(place string)) error {
	_, err := Merge(context.Background(), folder, func(int64, int64) { gate("merged") })
	return err
}

// gated is a child that waits wherever it says where it is.
type gated struct {
	command *exec.Cmd
	places  *bufio.Scanner
	word    io.Writer
	stderr  bytes.Buffer
}

func start(t *testing.T, folder string, more ...string) *gated {
	t.Helper()
	c := &gated{command: exec.Command(os.Args[0])}
	c.command.Env = append(append(os.Environ(), "WFLOW_LATENT_CHILD="+folder, "WFLOW_LATENT_GATE=yes"), more...)
	c.command.Stderr = &c.stderr
	out, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if c.word, err = c.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	c.places = bufio.NewScanner(out)
	return c
}

// next returns where the child waits, and false when it has ended.
func (c *gated) next() (place string, alive bool) {
	alive = c.places.Scan()
	return c.places.Text(), alive
}

// release lets it go on.
func (c *gated) release() { c.word.Write([]byte{1}) }

func (c *gated) kill(t *testing.T) {
	t.Helper()
	c.command.Process.Kill()
	if err := c.command.Wait(); err == nil || c.stderr.Len() > 0 {
		t.Fatalf("the child ended with %v, want it killed and silent: %s", err, &c.stderr)
	}
}

// TestKilled kills a process at chosen places of a batch, ten times, and at every file of the end: no recorded image is
// encoded again, nothing is recorded that is not on the disk, and the bytes are those of a run that nothing stopped. A long
// test has 1,000 images.
func TestKilled(t *testing.T) {
	n := 134
	switch {
	case golden.Long():
		n = 667
	case testing.Short():
		n = 40
	}
	const size, kills = 3, 10
	total, batches := n+n/2, (n+size-1)/size+(n/2+size-1)/size
	root := t.TempDir()
	if err := os.Rename(folder(t, n), filepath.Join(root, "images")); err != nil {
		t.Fatal(err)
	}
	whole, _ := prepare(t, read(t, filepath.Join(root, "images")), Settings{Batch: size, Noise: indexNoise})
	cache := filepath.Join(root, "cache")
	recorded := func() (p progress) {
		if err := readJSON(filepath.Join(cache, "shard-0-of-1", progressFile), &p); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return p
	}
	log := func() []string {
		text, err := os.ReadFile(filepath.Join(root, "log"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(text))
	}
	logged := 0
	// until kills a child where stop says so, which hears how many batches it has recorded, and where it is.
	until := func(what string, stop func(batches int, place string) bool) {
		t.Helper()
		before, c := recorded(), start(t, root)
		done := before.Batches - 1 // it reports once before its first batch
		for {
			place, alive := c.next()
			if !alive {
				t.Fatalf("%s: the child ended with %v, want it alive: %s", what, c.command.Wait(), &c.stderr)
			}
			if place == "recorded" {
				done++
			}
			if stop(done-before.Batches, place) {
				break
			}
			c.release()
		}
		c.kill(t)
		if got := recorded().Batches; got != done {
			t.Errorf("%s: %d batches are recorded, want %d", what, got, done)
		}
		images := map[string]bool{}
		for i := range before.Rows[Train] {
			images[strconv.Itoa(i)] = true
		}
		for i := range before.Rows[Val] {
			images[strconv.Itoa(100_000+i)] = true
		}
		lines := log()
		for _, image := range lines[logged:] {
			if images[image] {
				t.Errorf("%s: image %s was recorded, want it not to be encoded again", what, image)
			}
		}
		logged = len(lines)
	}
	places := []string{"encode", parts[0].suffix, parts[1].suffix, parts[2].suffix, "recorded"}
	for kill := range kills {
		at := places[kill%len(places)]
		until(fmt.Sprintf("kill %d, %s", kill, at), func(done int, place string) bool {
			return done >= batches/(kills+2) && strings.HasSuffix(place, at)
		})
	}
	for kill := range len(splits) * len(parts) {
		rest, files := batches-recorded().Batches, 0
		until(fmt.Sprintf("kill %d at the end", kill), func(done int, place string) bool {
			if done == rest && place != "recorded" {
				files++
			}
			return files > kill
		})
	}
	if err := child(root, func(string) {}); err != nil {
		t.Fatal(err)
	}
	if _, err := Merge(t.Context(), cache, nil); err != nil {
		t.Fatal(err)
	}
	encoded := len(log()) / 2 // plain and mirrored
	if most := total + kills*size; encoded > most {
		t.Errorf("%d images encoded, want at most %d: a batch of %d more for each kill", encoded, most, size)
	}
	t.Logf("%d images encoded for %d", encoded, total)
	same(t, "killed", contents(t, cache), contents(t, whole))
}

// TestMergeStopped stops the merge of a single shard between two of its renames.
func TestMergeStopped(t *testing.T) {
	images := read(t, folder(t, 6))
	whole, _ := prepare(t, images, Settings{})
	cache := t.TempDir()
	for range 2 {
		if err := Prepare(t.Context(), cache, images, cheap, nil); err != nil {
			t.Fatal(err)
		}
		os.Rename(filepath.Join(cache, "shard-0-of-1", "train_moments.npy"), filepath.Join(cache, "train_moments.npy"))
	}
	if _, err := Merge(t.Context(), cache, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "stopped", contents(t, cache), contents(t, whole))
}

// halves prepares a cache in two shards that are not merged.
func halves(t *testing.T, images *Folder) (cache string) {
	t.Helper()
	cache = t.TempDir()
	for i := range 2 {
		if err := Prepare(t.Context(), cache, images, cheap, &Settings{Shard: i, Shards: 2}); err != nil {
			t.Fatal(err)
		}
	}
	return cache
}

// TestMergeKilled kills a merge at every step that it reports, one after the other, until it comes to its end.
func TestMergeKilled(t *testing.T) {
	images := read(t, folder(t, 6))
	whole, _ := prepare(t, images, Settings{})
	cache := halves(t, images)
	step := 1
	if testing.Short() {
		step = 7
	}
	kills := 0
	for ; ; kills++ {
		c := start(t, cache, "WFLOW_LATENT_MERGE=yes")
		_, alive := c.next()
		for range kills * step {
			if alive {
				c.release()
				_, alive = c.next()
			}
		}
		if !alive {
			if err := c.command.Wait(); err != nil {
				t.Fatalf("after %d steps: %v, want no error: %s", kills*step, err, &c.stderr)
			}
			break
		}
		c.kill(t)
		if _, err := ReadManifest(cache); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("killed at step %d: %v, want no manifest", kills*step, err)
		}
	}
	t.Logf("%d kills", kills)
	same(t, "killed", contents(t, cache), contents(t, whole))
}

// TestMergeInUse merges a cache that another process is merging.
func TestMergeInUse(t *testing.T) {
	images := read(t, folder(t, 6))
	whole, _ := prepare(t, images, Settings{})
	cache := halves(t, images)
	write(t, filepath.Join(cache, ".train_moments.npy.0123456789abcdef.tmp"), []byte("half"))
	other, err := lockfile.Hold(flock.New(cache, flock.SetFlag(os.O_RDONLY)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Merge(t.Context(), cache, nil); err == nil || !strings.Contains(err.Error(), cache+" is in use") {
		t.Errorf("beside another: error %v, want that the cache is in use", err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Merge(t.Context(), cache, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "killed", contents(t, cache), contents(t, whole))
	if left, err := os.ReadDir(cache); err != nil || len(left) != 7 {
		t.Errorf("%v (error %v) are left, want seven files", left, err)
	}
}
