package toy

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/magic"
	"github.com/wflowlab/wflowlab/internal/regular"
)

// ReadFile reads a cloud [n, d] of your own, one point a row, from a file. Names that end with .csv, .tsv, .txt or .dat are
// read by ReadCSV, those that end with .npy by ReadNPY, and those that end with .npz by ReadNPZ. Every entry is finite,
// n ≥ 1 and d ≥ 1, or there is an error. Pipes, devices and folders are errors at once: nothing is waited for.
func ReadFile(path string) (*mat.Dense, error) {
	f, info, err := regular.Open(path)
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

// beginning returns as much of a file as tells what it is.
func beginning(r io.ReaderAt) []byte {
	head := make([]byte, magic.Enough)
	n, _ := r.ReadAt(head, 0)
	return head[:n]
}
