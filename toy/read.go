package toy

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/magic"
)

// ReadFile reads a cloud [n, d] of your own, one point a row, from a file. Names that end with .csv, .tsv, .txt or .dat are
// read by ReadCSV, those that end with .npy by ReadNPY, and those that end with .npz by ReadNPZ. Every entry is finite,
// n ≥ 1 and d ≥ 1, or there is an error. Pipes, devices and folders are errors at once: nothing is waited for.
func ReadFile(path string) (*mat.Dense, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("toy: cloud: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("toy: cloud %s: is %s, want a file: save the points in one first", path, noFile(info.Mode()))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("toy: cloud: %w", err)
	}
	defer f.Close()
	switch extension := strings.ToLower(filepath.Ext(path)); extension {
	case ".csv", ".tsv", ".txt", ".dat":
		return ReadCSV(path, f)
	case ".npy":
		return ReadNPY(path, f)
	case ".npz":
		return ReadNPZ(path, f, info.Size())
	default:
		return nil, fmt.Errorf("toy: cloud %s: is %s; want a file with the extension .csv, .tsv, .txt, .dat, .npy or .npz, not %q", path, magic.Describe(beginning(f)), extension)
	}
}

// noFile says what is not a regular file.
func noFile(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// beginning returns as much of a file as tells what it is.
func beginning(r io.ReaderAt) []byte {
	head := make([]byte, magic.Enough)
	n, _ := r.ReadAt(head, 0)
	return head[:n]
}
