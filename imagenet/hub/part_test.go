package hub

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// pretence is a lock of a file system that has none: it fails, or everybody gets it.
type pretence struct{ err error }

func (p pretence) TryLock() (bool, error) { return p.err == nil, p.err }
func (p pretence) TryLockContext(context.Context, time.Duration) (bool, error) {
	return p.err == nil, p.err
}
func (p pretence) Unlock() error { return p.err }

// TestNoLocks: if locks fail, or keep nobody out, many downloads at once succeed, and leave the right bytes and nothing else.
// The server sends no byte before all have asked.
func TestNoLocks(t *testing.T) {
	for _, lock := range []error{nil, syscall.ENOSYS, syscall.ENOLCK, syscall.EOPNOTSUPP} {
		for _, kind := range []shop{{}, {commit: commit}, {commit: commit, small: true}, {small: true, untold: true}, {cut: 100_000}, {small: true, cut: 100_000}, {deaf: true}} {
			kind.crowd = new(sync.WaitGroup)
			const many = 4
			kind.crowd.Add(many)
			kind.open(t)
			var group sync.WaitGroup
			for range many {
				group.Go(func() {
					d := kind.download()
					d.lock = func(string) locker { return pretence{lock} }
					path, err := d.fetch(t.Context())
					if err != nil {
						t.Errorf("%v: %v, want no error", lock, err)
						return
					}
					if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, kind.data) {
						t.Errorf("%v: %d bytes, %v, want %d", lock, len(data), err, len(kind.data))
					}
				})
			}
			group.Wait()
			if t.Failed() {
				t.Fatalf("%+v: want no failure", kind)
			}
			root := filepath.Join(os.Getenv("HF_HOME"), "hub", "models--owner--name")
			for _, folder := range []string{"blobs", "snapshots/*", "refs"} {
				if names, err := filepath.Glob(filepath.Join(root, folder, "*")); err != nil || len(names) > 1 {
					t.Errorf("%v: %s holds %q (error %v), want one file at most", lock, folder, names, err)
				}
			}
		}
	}
}

// TestLocks: a download that has to wait says so, and gives up when its context is done.
func TestLocks(t *testing.T) {
	s := &shop{}
	s.open(t)
	d := s.download()
	name := fmt.Sprintf("%x", sha256.Sum256(s.data))
	folder := filepath.Join(os.Getenv("HF_HOME"), "hub", ".locks", "models--owner--name")
	release, err := d.hold(t.Context(), folder, name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var notices []string
	d.Notice = func(text string) { notices = append(notices, text); cancel() }
	if _, err := d.fetch(ctx); !errors.Is(err, context.Canceled) || len(notices) != 1 || !strings.Contains(notices[0], "waiting") {
		t.Errorf("error %v, notices %q, want %v and one that it waits", err, notices, context.Canceled)
	}
	d.Notice = func(string) { release() }
	if _, err := d.fetch(t.Context()); err != nil {
		t.Errorf("%v, want no error once the other is done", err)
	}
}

// TestLeft: a download goes on with what a killed process left, ours or Python's, whatever its name is and whoever else has
// it open. What belongs to another blob is left alone.
func TestLeft(t *testing.T) {
	for _, name := range []string{"SUM.incomplete", "SUM.ABCD.incomplete"} {
		s := &shop{}
		s.open(t)
		blobs := filepath.Join(os.Getenv("HF_HOME"), "hub", "models--owner--name", "blobs")
		others := []string{"SUM2.incomplete", "SUMincomplete", "SUM.lock"}
		if err := os.MkdirAll(blobs, 0o755); err != nil {
			t.Fatal(err)
		}
		place := func(name string) string { return filepath.Join(blobs, strings.Replace(name, "SUM", s.checksum(), 1)) }
		for _, other := range others {
			overwrite(t, place(other), []byte("other"))
		}
		overwrite(t, place(name), s.data[:200_000])
		overwrite(t, place("SUM.shorter.incomplete"), s.data[:1000])
		path, err := s.get(t.Context(), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, s.data) {
			t.Errorf("%d bytes (error %v), want those of the server, %d", len(data), err, len(s.data))
		}
		if last := s.requests[len(s.requests)-1]; last != "GET bytes=200000-" {
			t.Errorf("the last request is %s, want GET bytes=200000-", last)
		}
		entries, err := os.ReadDir(blobs)
		if err != nil || len(entries) != len(others)+1 {
			t.Errorf("%v are there (error %v), want %d files", entries, err, len(others)+1)
		}
	}
}

// TestLeftDamaged: if what an earlier download left is not what the hub has, the file is fetched from the beginning, at once.
func TestLeftDamaged(t *testing.T) {
	for _, length := range []int{10, 200_000, 1 << 40} {
		s := &shop{}
		s.open(t)
		blobs := filepath.Join(os.Getenv("HF_HOME"), "hub", "models--owner--name", "blobs")
		if err := os.MkdirAll(blobs, 0o755); err != nil {
			t.Fatal(err)
		}
		overwrite(t, filepath.Join(blobs, s.checksum()+".incomplete"), make([]byte, min(length, len(s.data))))
		path, err := s.get(t.Context(), "", nil)
		if err != nil {
			t.Fatalf("%d bytes: %v, want no error", length, err)
		}
		if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, s.data) {
			t.Errorf("%d bytes: %d came (error %v), want those of the server, %d", length, len(data), err, len(s.data))
		}
	}
}

// TestTakenOver: a part gets the blob's name even if another process has taken it over. It is no error if the blob is there
// already.
func TestTakenOver(t *testing.T) {
	s := &shop{}
	data := []byte("numbers")
	a := &about{size: int64(len(data)), sha256: fmt.Sprintf("%x", sha256.Sum256(data))}
	for _, c := range []struct {
		what string
		do   func(t *testing.T, p *part)
		ok   bool
	}{
		{"nothing", func(*testing.T, *part) {}, true},
		{"taken over", func(t *testing.T, p *part) {
			other, err := begin(p.blob)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { other.Close() })
		}, true},
		{"taken over and finished", func(t *testing.T, p *part) {
			other, err := begin(p.blob)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.download().finish(a, other); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"finished by another, and removed", func(t *testing.T, p *part) {
			overwrite(t, p.blob, data)
			if err := os.Remove(p.Name()); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"removed", func(t *testing.T, p *part) {
			if err := os.Remove(p.Name()); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"removed beside a blob that is wrong", func(t *testing.T, p *part) {
			overwrite(t, p.blob, data[1:])
			if err := os.Remove(p.Name()); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		p, err := begin(filepath.Join(t.TempDir(), "blob"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write(data); err != nil {
			t.Fatal(err)
		}
		c.do(t, p)
		if err := s.download().finish(a, p); (err == nil) != c.ok {
			t.Errorf("%s: error %v, want none: %v", c.what, err, c.ok)
		} else if got, err := os.ReadFile(p.blob); c.ok && (err != nil || !bytes.Equal(got, data)) {
			t.Errorf("%s: %q (error %v), want %q", c.what, got, err, data)
		}
	}
}
