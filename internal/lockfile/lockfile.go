// Package lockfile keeps other processes out of what one of them works on.
package lockfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Hold takes a lock, which keeps other processes out until it is closed, or its process ends. It is an error if another process
// holds it, or if the file of the lock cannot be opened. Where the file system has no locks, nobody is kept out.
func Hold(lock *flock.Flock) (*flock.Flock, error) {
	held, err := lock.TryLock()
	if cannot := (*fs.PathError)(nil); errors.As(err, &cannot) {
		return nil, err
	}
	if !held && err == nil {
		return nil, fmt.Errorf("%s is in use by another process: wait until that has ended", lock.Path())
	}
	return lock, nil
}

// Claim makes a folder, and keeps other processes out of it until it is released. It does so by a file .lock in it.
func Claim(folder string) (release func(), err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	lock, err := Hold(flock.New(filepath.Join(folder, ".lock")))
	if err != nil {
		return nil, err
	}
	return func() { lock.Close() }, nil
}

// Lock is a claim on a folder that is made at the first of several places.
type Lock struct {
	Folder  string
	release func()
}

// Hold claims the folder, unless that was done before.
func (l *Lock) Hold() (err error) {
	if l.release == nil {
		l.release, err = Claim(l.Folder)
	}
	return err
}

// Release gives the folder back, if it is held.
func (l *Lock) Release() {
	if l.release != nil {
		l.release()
		l.release = nil
	}
}
