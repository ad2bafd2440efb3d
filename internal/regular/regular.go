// Package regular opens regular files, and refuses anything else at once. Opening a pipe would wait until something writes
// to it, and a device may have no end.
package regular

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Open opens a regular file, or the one that a link leads to. If the path is anything else, the error says what it is.
func Open(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if reason := (*fs.PathError)(nil); errors.As(err, &reason) {
		reason.Op = "open" // what was wanted
	}
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s: is %s, want a file", path, kind(info.Mode()))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// kind says what a file is that is not a regular one.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
