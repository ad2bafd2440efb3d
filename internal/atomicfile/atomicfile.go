// Package atomicfile writes files that appear whole or not at all, on every system.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"

	"github.com/natefinch/atomic"
)

// Write makes a file at path of what the function write writes. Until all of it is on the disk, path holds what it held
// before. If write or the file system fails, Write returns that error and leaves nothing beside path. Only a process that is
// killed leaves its temporary file: see [Leftovers].
//
// The owner can write the file, and all whom the process's umask allows can read it. A symbolic link is replaced, not
// followed. The folder must be there.
func Write(path string, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(temporary(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close() // a second time, perhaps, which does nothing
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return atomic.ReplaceFile(f.Name(), path)
}

// WriteBytes makes a file of data, as [Write] does.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// temporary returns a name beside path that no other call returns.
func temporary(path string) string {
	folder, name := filepath.Split(path)
	return folder + fmt.Sprintf(".%s.%016x.tmp", name, rand.Uint64())
}

// Leftovers returns the temporary files beside path, which calls of [Write] have left that were killed or are still writing.
func Leftovers(path string) ([]string, error) {
	folder, name := filepath.Split(path)
	if folder == "" {
		folder = "."
	}
	left := regexp.MustCompile(`^\.` + regexp.QuoteMeta(name) + `\.[0-9a-f]{16}\.tmp$`)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if left.MatchString(e.Name()) {
			paths = append(paths, filepath.Join(folder, e.Name()))
		}
	}
	return paths, nil
}
