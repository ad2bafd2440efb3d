package output

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheFileIsBounded(t *testing.T) {
	c, p := newCell(t)
	c.file.room = Bytes + 10
	for range 3 {
		c.Print("stdout", []byte(strings.Repeat("x", Bytes)+"\n"))
	}
	c.End()
	if n := len(kept(t, c)); n != Bytes+10 {
		t.Errorf("%d bytes in the file, want %d", n, Bytes+10)
	}
	want := "… output cut off, 3 lines more; the first 100 MB written to .lab/cache/output/" + c.file.name
	if last := p.notices[len(p.notices)-1]; last != want {
		t.Errorf("notice %q, want %q", last, want)
	}
}

func TestOldFilesGo(t *testing.T) {
	c, _ := newCell(t)
	ended := exec.Command(os.Args[0], "-test.run=^$")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	folder := c.file.folder
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	mine, others := fmt.Sprintf("%d-3.txt", os.Getpid()), fmt.Sprintf("%d-3.txt", os.Getppid())
	for _, name := range []string{mine, others, fmt.Sprintf("%d-3.txt", ended.Process.Pid), "notes.txt"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c.Print("stdout", make([]byte, Bytes+1))
	c.End()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]bool{}
	for _, entry := range entries {
		left[entry.Name()] = true
	}
	if len(left) != 3 || !left[others] || !left["notes.txt"] || !left[c.file.name] {
		t.Errorf("left are %v, want %s of a kernel that runs, notes.txt and %s", left, others, c.file.name)
	}
}

func TestWhereTheFileIs(t *testing.T) {
	t.Setenv("WFLOW_ROOT", "/home/ada/wflowlab")
	name := fmt.Sprintf("%d-7.txt", os.Getpid())
	for cache, want := range map[string]string{
		"/home/ada/wflowlab/.lab/cache": "written to .lab/cache/output/" + name,
		"/tmp/small":                    "written to $WFLOW_CACHE/output/" + name,
		"/home/ada/wflowlab2":           "written to $WFLOW_CACHE/output/" + name,
		"":                              "not kept: WFLOW_CACHE is not set",
	} {
		t.Setenv("WFLOW_CACHE", cache)
		if got := NewFile(7).place(); got != want {
			t.Errorf("%s: %q, want %q", cache, got, want)
		}
	}
}

func TestAFileThatCannotBeWritten(t *testing.T) {
	c, p := newCell(t)
	cache := os.Getenv("WFLOW_CACHE")
	if err := os.MkdirAll(filepath.Dir(cache), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cache, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c.Print("stdout", []byte(strings.Repeat("line\n", Lines+2)))
	c.End()
	last := p.notices[len(p.notices)-1]
	if !strings.HasPrefix(last, "… output cut off, 2 lines more; not kept: ") || strings.Contains(last, "/") {
		t.Errorf("notice %q, want 2 lines more, not kept, and no path", last)
	}
}
