//go:build unix

package latent

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A child that fills its disk gets an error and no signal.
func init() { signal.Ignore(syscall.SIGXFSZ) }

// TestFullDisk gives a child less room than it needs, and then enough.
func TestFullDisk(t *testing.T) {
	root := t.TempDir()
	if err := os.Rename(folder(t, 12), filepath.Join(root, "images")); err != nil {
		t.Fatal(err)
	}
	whole, _ := prepare(t, read(t, filepath.Join(root, "images")), Settings{Batch: 3, Noise: indexNoise})
	c := exec.Command("sh", "-c", "ulimit -f 200; exec "+os.Args[0]) // 100 kB: six rows
	c.Env = append(os.Environ(), "WFLOW_LATENT_CHILD="+root)
	text, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(text), "train rows 6 to 8") || !strings.Contains(string(text), "train_moments.npy") {
		t.Fatalf("%v: %s, want the rows and the file that did not fit", err, text)
	}
	if err := child(root, func(string) {}); err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(root, "cache")
	if _, err := Merge(t.Context(), cache, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "full disk", contents(t, cache), contents(t, whole))
}

// A pipe among the images is refused, and not waited for.
func TestReadFolderRefusesPipe(t *testing.T) {
	root := tree(t, "train/a/1.png", "val/a/1.png")
	if err := syscall.Mkfifo(filepath.Join(root, "val", "a", "2.png"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFolder(root); err == nil || !strings.Contains(err.Error(), "2.png is not a file") {
		t.Error(err)
	}
}
