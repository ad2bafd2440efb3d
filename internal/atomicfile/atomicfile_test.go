package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func names(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestWhole: a file that is there keeps its content until the new one is complete, and a failure changes nothing.
func TestWhole(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	if err := WriteBytes(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := Write(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got != "old" {
			t.Errorf("%q while it is written, want what was there", got)
		}
		left, err := Leftovers(path)
		if err != nil || len(left) != 1 || read(t, left[0]) != "half" {
			t.Errorf("temporary files %v, error %v, want one that holds half", left, err)
		}
		return broken
	})
	if !errors.Is(err, broken) || read(t, path) != "old" || !slices.Equal(names(t, folder), []string{"file"}) {
		t.Errorf("error %v, the file holds %q, the folder %v, want %v, old and the file alone", err, read(t, path), names(t, folder), broken)
	}
	if err := WriteBytes(path, []byte("new")); err != nil || read(t, path) != "new" || !slices.Equal(names(t, folder), []string{"file"}) {
		t.Errorf("error %v, the file holds %q, the folder %v, want none, new and the file alone", err, read(t, path), names(t, folder))
	}
}

// TestWritten: whoever may read other new files may read this one.
func TestWritten(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions are those of the folder")
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "other"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WriteBytes(filepath.Join(folder, "file"), nil); err != nil {
		t.Fatal(err)
	}
	var modes [2]os.FileMode
	for i, name := range []string{"other", "file"} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		modes[i] = info.Mode()
	}
	if modes[0] != modes[1] {
		t.Errorf("mode %v, want %v", modes[1], modes[0])
	}
}

// TestRefused: the folder must be there, and a folder is not written over.
func TestRefused(t *testing.T) {
	folder := t.TempDir()
	if err := WriteBytes(filepath.Join(folder, "none", "file"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want %v", err, os.ErrNotExist)
	}
	if err := os.Mkdir(filepath.Join(folder, "file"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := WriteBytes(filepath.Join(folder, "file"), nil); err == nil || !slices.Equal(names(t, folder), []string{"file"}) {
		t.Errorf("error %v, the folder holds %v, want one, and the file alone", err, names(t, folder))
	}
}

// TestLeftovers names the temporary files of one path, in the folder that is the current one too.
func TestLeftovers(t *testing.T) {
	t.Chdir(t.TempDir())
	mine, others := temporary("run"), temporary("run.2")
	for _, name := range []string{"run", mine, others, ".run.tmp", ".run.0123.tmp", ".run.0123456789abcdef.tmp.gz"} {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Leftovers("run"); err != nil || !slices.Equal(got, []string{mine}) {
		t.Errorf("%v, %v, want %s", got, err, mine)
	}
}
