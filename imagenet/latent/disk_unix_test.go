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
