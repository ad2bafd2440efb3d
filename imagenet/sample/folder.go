package sample

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
	"github.com/wflowlab/wflowlab/internal/parallel"
)

// recordFile says what the images of a folder are.
const recordFile = "samples.json"

// record is what recordFile holds. All processes that make a part of a folder write the same.
type record struct {
	Sequence
	Generator   string `json:"generator_sha256"`
	Autoencoder string `json:"autoencoder_sha256,omitempty"`
}

// Name returns the name of the file of image i: five digits, or more if the sequence has more images than these can count.
func (q Sequence) Name(i int) string {
	return fmt.Sprintf("%0*d.png", max(5, len(fmt.Sprint(q.Len()-1))), i)
}

// WriteFolder makes images first … first+n−1 of the sequence as PNG files of a folder, 00000.png being image 0 of the
// sequence. Those that are there already stay as they are. So a process that was stopped goes on where it was, and several
// processes may each make a part of one folder. It is an error if the folder has images of another generator, autoencoder or
// sequence, or of unknown origin. If progress is not nil, it is told how many of the n images are there.
func (p *Pictures) WriteFolder(ctx context.Context, folder string, first, n int, progress func(done, total int)) error {
	if err := p.check(first, n); err != nil {
		return err
	}
	if err := p.claim(folder); err != nil {
		return err
	}
	lacking, err := p.lacking(folder, first, n)
	if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	return p.each(ctx, lacking, n, progress, func(numbers []int, images []byte) error {
		errs := make([]error, len(numbers))
		parallel.Each(context.Background(), len(numbers), func(k int) {
			picture := p.Decoder.picture(part(images, k, len(numbers)))
			errs[k] = atomicfile.Write(filepath.Join(folder, p.Sequence.Name(numbers[k])), func(w io.Writer) error { return png.Encode(w, picture) })
		})
		if err := errors.Join(errs...); err != nil {
			return fmt.Errorf("sample: %w", err)
		}
		return nil
	})
}

// lacking returns which of the images first … first+n−1 the folder lacks. It removes what a process has left that was killed
// while it wrote one of them.
func (p *Pictures) lacking(folder string, first, n int) (numbers []int, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	there, torn := map[string]bool{}, map[string]bool{}
	for _, e := range entries {
		there[e.Name()] = true
		if image, _, ok := strings.Cut(e.Name(), ".png."); ok {
			torn[strings.TrimPrefix(image, ".")+".png"] = true
		}
	}
	for _, i := range span(first, n) {
		name := p.Sequence.Name(i)
		if !there[name] {
			numbers = append(numbers, i)
		}
		if !torn[name] {
			continue
		}
		left, err := atomicfile.Leftovers(filepath.Join(folder, name))
		for _, path := range left {
			err = errors.Join(err, os.Remove(path))
		}
		if err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

// claim makes the folder and its record, or compares the record that is there with what is to be made.
func (p *Pictures) claim(folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	images, err := fs.Glob(os.DirFS(folder), "*.png") // before the record, which another process may be making
	if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	path, want := filepath.Join(folder, recordFile), record{p.Sequence, p.Generator, p.Decoder.SHA256}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if len(images) > 0 {
			return fmt.Errorf("sample: folder %s has images such as %s and no %s, which says what they are: want another folder", folder, images[0], recordFile)
		}
		if text, err = json.MarshalIndent(want, "", "  "); err == nil {
			err = atomicfile.WriteBytes(path, append(text, '\n'))
		}
		if err != nil {
			return fmt.Errorf("sample: %w", err)
		}
		return nil
	}
	var got record
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		return fmt.Errorf("sample: %s: %w", path, err)
	}
	if what := got.differs(want); what != "" {
		return fmt.Errorf("sample: folder %s has images of %s: want another folder, or what it was begun with", folder, what)
	}
	return nil
}

// differs names the first thing in which a record is another than what is wanted. It returns "" if there is none.
func (r record) differs(want record) string {
	for _, d := range []struct {
		name      string
		got, want any
	}{
		{"a generator with SHA-256", r.Generator, want.Generator},
		{"an autoencoder with SHA-256", r.Autoencoder, want.Autoencoder},
		{"the seed", r.Seed, want.Seed},
		{"α", r.Alpha, want.Alpha},
		{"the temperature", r.Temperature, want.Temperature},
	} {
		if d.got != d.want {
			return fmt.Sprintf("%s %v, not %v", d.name, d.got, d.want)
		}
	}
	if r.Each != want.Each || !reflect.DeepEqual(r.Classes, want.Classes) {
		return fmt.Sprintf("%d classes, %d of each, and these are others", len(r.Classes), r.Each)
	}
	return ""
}
