package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// stocked returns a shop, the path of its file in a cache that has just been filled, and the blob there.
func stocked(t *testing.T, s shop) (shop *shop, path, blob string) {
	t.Helper()
	s.open(t)
	path, err := s.get(t.Context(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if blob, err = filepath.EvalSymlinks(path); err != nil {
		t.Fatal(err)
	}
	s.requests = nil
	return &s, path, blob
}

// overwrite writes a file in place.
func overwrite(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// asCopy makes a snapshot's file a copy, as Python's library does where there are no links.
func asCopy(t *testing.T, path, blob string, data []byte) {
	t.Helper()
	if err := errors.Join(os.Remove(path), os.Remove(blob), os.WriteFile(path, data, 0o644)); err != nil {
		t.Fatal(err)
	}
}

// damages are what happens to a file in the cache.
var damages = []struct {
	what string
	only string // of shops whose files have a checksum, "sum"; where the length is all, "length"
	do   func(t *testing.T, path, blob string, data []byte)
}{
	{"half", "", func(t *testing.T, path, blob string, data []byte) { overwrite(t, blob, data[:len(data)/2]) }},
	{"nothing", "", func(t *testing.T, path, blob string, data []byte) { overwrite(t, blob, nil) }},
	{"more", "", func(t *testing.T, path, blob string, data []byte) { overwrite(t, blob, append(data, 0)) }},
	{"a byte", "sum", func(t *testing.T, path, blob string, data []byte) {
		data[len(data)/2]++
		overwrite(t, blob, data)
	}},
	{"a byte within a step of the file system's clock", "sum", func(t *testing.T, path, blob string, data []byte) {
		info, err := os.Stat(blob)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2]++
		overwrite(t, blob, data)
		if err := os.Chtimes(blob, time.Time{}, info.ModTime()); err != nil {
			t.Fatal(err)
		}
	}},
	{"half of a copy", "", func(t *testing.T, path, blob string, data []byte) { asCopy(t, path, blob, data[:len(data)/2]) }},
	{"a byte of a copy", "sum", func(t *testing.T, path, blob string, data []byte) {
		data[len(data)/2]++
		asCopy(t, path, blob, data)
	}},
	{"half, and what it was is not noted", "", func(t *testing.T, path, blob string, data []byte) {
		overwrite(t, blob, data[:len(data)/2])
		unnote(t, path)
	}},
	{"half of a copy, and what it was is not noted", "", func(t *testing.T, path, blob string, data []byte) {
		asCopy(t, path, blob, data[:len(data)/2])
		unnote(t, path)
	}},
	{"half, and the note is", "", func(t *testing.T, path, blob string, data []byte) {
		overwrite(t, blob, data[:len(data)/2])
		overwrite(t, notePath(path), []byte("1350"))
	}},
}

func notePath(path string) string {
	return strings.Replace(path, string(filepath.Separator)+"snapshots"+string(filepath.Separator), string(filepath.Separator)+".checked"+string(filepath.Separator), 1)
}

func unnote(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(notePath(path)); err != nil {
		t.Fatal(err)
	}
}

// TestDamaged: a damaged file of the cache is fetched again, and a notice says so. Offline the error names the file to
// delete, and deleting it helps.
func TestDamaged(t *testing.T) {
	for _, kind := range []shop{{commit: commit}, {commit: commit, small: true}, {}, {small: true}} {
		for _, damage := range damages {
			if damage.only == "sum" && kind.small {
				continue
			}
			t.Run(fmt.Sprintf("%s, small %v, commit %q", damage.what, kind.small, kind.commit), func(t *testing.T) {
				s, path, blob := stocked(t, kind)
				damage.do(t, path, blob, bytes.Clone(s.data))
				noted := !strings.Contains(damage.what, "note") || !strings.Contains(damage.what, "copy") && !kind.small

				t.Setenv("HF_HUB_OFFLINE", "1")
				got, err := s.get(t.Context(), "", nil)
				if !noted { // nothing tells what is right
					if err != nil || got != path {
						t.Errorf("offline: %s, error %v, want %s and none", got, err, path)
					}
				} else {
					if err == nil {
						t.Fatal("offline: no error")
					}
					_, rest, _ := strings.Cut(err.Error(), "delete ")
					name, _, _ := strings.Cut(rest, ", and fetch it again")
					if real, _ := filepath.EvalSymlinks(path); name != real {
						t.Errorf("offline: error %v, want one that says to delete %s", err, real)
					}
				}
				if len(s.requests) > 0 {
					t.Errorf("offline: requests %q, want none", s.requests)
				}

				t.Setenv("HF_HUB_OFFLINE", "")
				var notices []string
				d := s.download()
				d.Notice = func(text string) { notices = append(notices, text) }
				got, err = d.fetch(t.Context())
				if err != nil || got != path {
					t.Fatalf("%s, %v, want %s", got, err, path)
				}
				if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, s.data) {
					t.Errorf("%d bytes, %v, want %d", len(data), err, len(s.data))
				}
				if len(notices) != 1 || !strings.Contains(notices[0], "owner/name/a.bin: ") || !strings.HasSuffix(notices[0], "it is fetched again") {
					t.Errorf("notices %q, want one that it is fetched again", notices)
				}
				asked := len(s.requests)
				if got, err := s.get(t.Context(), s.checksum(), nil); err != nil || got != path || len(s.requests) != asked {
					t.Errorf("the next time: %s, error %v, requests %q, want %s, none and none", got, err, s.requests[asked:], path)
				}
			})
		}
	}
}

// TestDeleted: a blob that the user deleted, as an error says, comes again.
func TestDeleted(t *testing.T) {
	s, path, blob := stocked(t, shop{commit: commit})
	if err := os.Remove(blob); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HF_HUB_OFFLINE", "1")
	if _, err := s.get(t.Context(), "", nil); err == nil || !strings.HasSuffix(err.Error(), " at "+filepath.Join(filepath.Dir(filepath.Dir(filepath.Dir(path))), "blobs", filepath.Base(blob))) {
		t.Errorf("offline: error %v, want one that says where the blob has to be", err)
	}
	t.Setenv("HF_HUB_OFFLINE", "")
	if got, err := s.get(t.Context(), s.checksum(), nil); err != nil || got != path {
		t.Errorf("%s, %v, want %s", got, err, path)
	}
}

// TestSealed: a file that looks as it did when it was checked is not read again, and the hub is not asked.
func TestSealed(t *testing.T) {
	s, path, blob := stocked(t, shop{commit: commit})
	before := time.Now().Add(-time.Hour)
	if err := os.Chtimes(blob, time.Time{}, before); err != nil {
		t.Fatal(err)
	}
	if _, err := s.get(t.Context(), "", nil); err != nil { // reads it once more
		t.Fatal(err)
	}
	other := bytes.ToUpper(s.data)
	overwrite(t, blob, other)
	if err := os.Chtimes(blob, time.Time{}, before); err != nil {
		t.Fatal(err)
	}
	for _, sum := range []string{"", s.checksum()} {
		if got, err := s.get(t.Context(), sum, nil); err != nil || got != path {
			t.Errorf("%s, error %v, want %s and none", got, err, path)
		}
	}
	if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, other) || len(s.requests) > 0 {
		t.Errorf("error %v, requests %q, want none and none: the file in the cache", err, s.requests)
	}
	t.Setenv("HF_HUB_OFFLINE", "1")
	if _, err := s.get(t.Context(), strings.Repeat("0", 64), nil); err == nil || !strings.Contains(err.Error(), "want 0000") {
		t.Errorf("another file than the one in the cache: error %v, want one that names the checksum", err)
	}
}

// TestOthersCache: what Python's library downloaded, without our seals, is taken. If its blob has the name of its SHA-256, the
// hub is not asked. Otherwise the hub is asked, and need not answer.
func TestOthersCache(t *testing.T) {
	for _, c := range []struct {
		shop shop
		copy bool
		busy int
		want int // requests
	}{
		{shop{commit: commit}, false, 0, 0},
		{shop{commit: commit}, true, 0, 1},
		{shop{commit: commit, small: true}, false, 0, 1},
		{shop{commit: commit, small: true}, true, 0, 1},
		{shop{commit: commit, small: true}, false, 100, 1},
		{shop{commit: commit, small: true, data: []byte{}}, false, 0, 1},
	} {
		s, path, blob := stocked(t, c.shop)
		unnote(t, path)
		if c.copy {
			asCopy(t, path, blob, s.data)
		}
		s.busy = c.busy
		for range 2 {
			if got, err := s.get(t.Context(), "", nil); err != nil || got != path {
				t.Errorf("%+v: %s, error %v, want %s and none", c, got, err, path)
			}
			if s.busy > 0 {
				break
			}
		}
		if len(s.requests) != c.want {
			t.Errorf("%+v: requests %q, want %d", c, s.requests, c.want)
		}
	}
}

// TestMovedOn: a file of a branch that is damaged is fetched again as it was, though the branch has moved on.
func TestMovedOn(t *testing.T) {
	for _, known := range []bool{true, false} {
		s, path, blob := stocked(t, shop{commit: commit})
		overwrite(t, blob, s.data[:100])
		s.newest = []byte("another file")
		s.forgets = !known
		got, err := s.get(t.Context(), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(got)
		if known && (got != path || !bytes.Equal(data, s.data)) || !known && (got == path || !bytes.Equal(data, s.newest)) || err != nil {
			t.Errorf("the hub knows the commit: %v: %s, %.20q, error %v, want the file of the commit if it is known, and otherwise the newest", known, got, data, err)
		}
	}
}

// TestRefs: a note of a commit is understood whatever ends its line. The error says if a note is none.
func TestRefs(t *testing.T) {
	s, path, _ := stocked(t, shop{commit: commit})
	ref := filepath.Join(filepath.Dir(filepath.Dir(filepath.Dir(path))), "refs", "main")
	t.Setenv("HF_HUB_OFFLINE", "1")
	for _, text := range []string{"\n", "\r\n", "  \n\n", "\t"} {
		for _, text := range []string{commit + text, text + commit, "\ufeff" + commit + text, strings.ToUpper(commit) + text} {
			overwrite(t, ref, []byte(text))
			if got, err := s.get(t.Context(), "", nil); err != nil || got != path {
				t.Errorf("%q: %s, %v, want %s", text, got, err, path)
			}
		}
	}
	for _, text := range []string{"", commit[1:], commit + "0", commit + "\n" + commit, "\xff\xfe0\x001\x00", "../../../../../../../../etc/passwd/././././", strings.Repeat(" ", 1<<20) + commit} {
		overwrite(t, ref, []byte(text))
		if _, err := s.get(t.Context(), "", nil); err == nil || !strings.Contains(err.Error(), ref+" holds ") {
			t.Errorf("%.60q: error %v, want one that names the note", text, err)
		}
	}
	t.Setenv("HF_HUB_OFFLINE", "")
	if got, err := s.get(t.Context(), "", nil); err != nil || got != path {
		t.Errorf("%s, %v, want %s", got, err, path)
	}
	if data, err := os.ReadFile(ref); err != nil || string(data) != commit {
		t.Errorf("the note is %q (error %v), want %s", data, err, commit)
	}
}

// TestInTheWay: if a folder is where the file should be, the error names it.
func TestInTheWay(t *testing.T) {
	s, path, _ := stocked(t, shop{commit: commit})
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o755)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.get(t.Context(), "", nil); err == nil || !strings.Contains(err.Error(), path+": not a file") {
		t.Errorf("error %v, want that %s is not a file", err, path)
	}
}

// TestReadOnly: a cache that cannot be written to is read.
func TestReadOnly(t *testing.T) {
	s, path, _ := stocked(t, shop{commit: commit})
	checked := filepath.Dir(filepath.Dir(notePath(path)))
	if err := errors.Join(os.RemoveAll(checked), os.WriteFile(checked, nil, 0o644)); err != nil { // root writes everywhere, but not into a file
		t.Fatal(err)
	}
	if got, err := s.get(t.Context(), "", nil); err != nil || got != path || len(s.requests) > 0 {
		t.Errorf("%s, error %v, requests %q, want %s, none and none", got, err, s.requests, path)
	}
}

// TestOpenAdvises: if a file of the cache cannot be read, the error says to delete it. Of other files it does not.
func TestOpenAdvises(t *testing.T) {
	data, err := os.ReadFile("testdata/types.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	s, path, blob := stocked(t, shop{commit: commit, small: true, data: data})
	for _, n := range []int{0, 20, len(data) / 2, len(data)} {
		overwrite(t, blob, data[:n])
		outside := filepath.Join(t.TempDir(), "models--outside")
		overwrite(t, outside, data[:n])
		shortcut := filepath.Join(t.TempDir(), "shortcut")
		if err := os.Symlink(path, shortcut); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{path, blob, shortcut, outside} {
			f, err := Open(name)
			if n == len(data) {
				if err != nil {
					t.Error(err)
				}
				f.Close()
				continue
			}
			if err == nil || strings.Contains(err.Error(), "delete "+blob+",") != (name != outside) {
				t.Errorf("%s, %d bytes: error %v, want one that names the blob to delete: %v", name, n, err, name != outside)
			}
		}
	}
	if len(s.requests) > 0 {
		t.Errorf("requests %q, want none", s.requests)
	}
}

// TestLink: a link replaces what was there. A link that is right is left alone.
func TestLink(t *testing.T) {
	folder := t.TempDir()
	blob, path := filepath.Join(folder, "blob"), filepath.Join(folder, "path")
	overwrite(t, blob, []byte("right"))
	for _, before := range []func() error{
		func() error { return nil },
		func() error { return nil }, // the link of before
		func() error { return errors.Join(os.Remove(path), os.WriteFile(path, []byte("wrong"), 0o644)) },
		func() error { return errors.Join(os.Remove(path), os.Symlink("nowhere", path)) },
	} {
		if err := errors.Join(before(), link(blob, path)); err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != "right" {
			t.Errorf("%q (error %v), want right", data, err)
		}
		entries, err := os.ReadDir(folder)
		if names := slices.Collect(func(yield func(string) bool) {
			for _, e := range entries {
				if !yield(e.Name()) {
					return
				}
			}
		}); err != nil || !slices.Equal(names, []string{"blob", "path"}) {
			t.Errorf("in the folder are %q (error %v), want blob and path", names, err)
		}
	}
}

// TestNotices: a notice says why a download waits.
func TestNotices(t *testing.T) {
	s := &shop{busy: 100}
	s.open(t)
	var notices []string
	d := s.download()
	d.Notice = func(text string) { notices = append(notices, text) }
	_, err := d.fetch(t.Context())
	if err == nil || !strings.Contains(err.Error(), "without the network: put ") {
		t.Errorf("error %v, want one that says where to put the file", err)
	}
	if len(notices) != attempts-1 {
		t.Fatalf("%d notices %q, want %d", len(notices), notices, attempts-1)
	}
	for i, text := range notices {
		if want := fmt.Sprintf("503 Service Unavailable: attempt %d of 6 in %v", i+2, time.Millisecond<<i); !strings.HasSuffix(text, want) {
			t.Errorf("%q, want it to end with %q", text, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	notices = nil
	d.Notice = func(text string) { notices = append(notices, text); cancel() }
	if _, err := d.fetch(ctx); !errors.Is(err, context.Canceled) || len(notices) != 1 {
		t.Errorf("cancelled: error %v, notices %q, want %v and one", err, notices, context.Canceled)
	}
}
