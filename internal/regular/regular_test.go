package regular

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/internal/pipe"
)

// A file is opened, also through a link. Anything else is refused at once, and the error says what it is.
func TestOpen(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	if err := os.WriteFile(path, []byte("four"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "link")
	for _, name := range []string{path, link} {
		if name == link && os.Symlink(path, link) != nil {
			continue // a system without links
		}
		f, info, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil || info.Size() != 4 {
			t.Errorf("%s: %d bytes, %v, want 4", name, info.Size(), err)
		}
	}
	if _, _, err := Open(filepath.Join(folder, "none")); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "open ") {
		t.Errorf("%v, want that there is none", err)
	}
	refused := map[string]string{folder: "a folder"}
	if runtime.GOOS != "windows" && runtime.GOOS != "js" {
		refused["/dev/zero"] = "a device"
		socket := filepath.Join(folder, "s")
		if l, err := net.Listen("unix", socket); err == nil { // the path may be too long for one
			defer l.Close()
			refused[socket] = "a socket"
		}
	}
	for path, what := range refused {
		if _, _, err := Open(path); err == nil || err.Error() != path+": is "+what+", want a file" {
			t.Errorf("%s: %v, want that it is %s", path, err, what)
		}
	}
}

func TestOpenPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	pipe.Make(t, path)
	if _, _, err := Open(path); err == nil || err.Error() != path+": is a pipe, want a file" {
		t.Errorf("%v, want that it is a pipe", err)
	}
}
