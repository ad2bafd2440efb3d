package lockfile

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"
)

// TestHold: a lock has one holder at a time, and is free when that closes it.
func TestHold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	for range 2 {
		mine, err := Hold(flock.New(path))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Hold(flock.New(path)); err == nil || !strings.Contains(err.Error(), path+" is in use by another process") {
			t.Errorf("error %v, want that the lock is in use", err)
		}
		if err := mine.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Hold(flock.New(filepath.Join(path, "none"))); !errors.As(err, new(*fs.PathError)) {
		t.Errorf("error %v, want that of the file system", err)
	}
}

// TestClaim: a folder is made, has one holder at a time, and is free when that releases it.
func TestClaim(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "run")
	for range 2 {
		release, err := Claim(folder)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Claim(folder); err == nil || !strings.Contains(err.Error(), " is in use by another process") {
			t.Errorf("error %v, want that the folder is in use", err)
		}
		release()
	}
	if _, err := Claim(filepath.Join(folder, ".lock")); !errors.As(err, new(*fs.PathError)) {
		t.Errorf("error %v, want that of the file system", err)
	}
}

// TestLock: a lock that is held twice is released once, and may be held again.
func TestLock(t *testing.T) {
	lock := Lock{Folder: t.TempDir()}
	lock.Release()
	for range 2 {
		for range 2 {
			if err := lock.Hold(); err != nil {
				t.Fatal(err)
			}
		}
		other := Lock{Folder: lock.Folder}
		if err := other.Hold(); err == nil || !strings.Contains(err.Error(), " is in use by another process") {
			t.Errorf("error %v, want that the folder is in use", err)
		}
		other.Release()
		lock.Release()
	}
}
