// Package regular opens regular files, and refuses anything else at once: who opens a pipe waits for who writes it, and a
// device may have no end.
package regular

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Open opens a regular file, or what a link to one leads to. The error of anything else says what it is.
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

// kind says what is not a regular file.
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
