//go:build unix

package latent

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestLarge: of a cache as large as that of ImageNet, 42 GB, which here are holes in files, an open one holds the labels in memory,
// and no latent after it was read.
func TestLarge(t *testing.T) {
	const rows = 1_281_167
	folder := t.TempDir()
	for _, p := range parts {
		path := filepath.Join(folder, p.name(Train))
		head := npyHeader(p.kind, p.shape(rows, Side))
		if err := os.WriteFile(path, head, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, int64(len(head))+rows*p.row(Side)); err != nil {
			t.Skip("no room for files with holes: ", err)
		}
	}
	before := heap()
	c, err := Open(folder, Train)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	numbers := make([]float32, numbersOf(Side))
	for i := 0; i < rows; i += rows / 5000 {
		numbers[0] = 1
		if err := c.Read(i, float64(i%2), numbers); err != nil || numbers[0] != 0 {
			t.Fatalf("row %d: %v, error %v, want 0", i, numbers[0], err)
		}
	}
	if held := heap() - before; held > 10*rows {
		t.Errorf("%d bytes are held, want some 8 for each of %d images", held, rows)
	}
	runtime.KeepAlive(c)
}

// heap returns how many bytes are held, garbage not counted.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
