package toy_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/pipe"
	"github.com/wflowlab/wflowlab/toy"
)

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "Cloud.CSV")
	if err := os.WriteFile(path, []byte("1,2\n3,four\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for p, want := range map[string]string{
		path:       fmt.Sprintf(`toy: cloud %s: row 1 (line 2), column 1: "four" is not a finite decimal number`, path),
		"none.csv": `toy: cloud: open none.csv: `,
		folder:     fmt.Sprintf(`toy: cloud: %s: is a folder, want a file`, folder),
		write("sheet.xlsx", "PK\x03\x04"+strings.Repeat("\x00", 26)+"[Content_Types].xml"): `sheet.xlsx: is an Excel sheet or other Office document: save it as CSV; want a file with the extension .csv, .tsv, .txt, .dat, .npy or .npz, not ".xlsx"`,
		write("picture.csv", "\x89PNG\r\n\x1a\n\x00\x00"):                                  `picture.csv: is a PNG image; want a text file of numbers`,
		write("page.csv", "<!DOCTYPE html>\n<p>1,2"):                                       `page.csv: is an HTML page`,
		write("pointer.npy", "version https://git-lfs.github.com/spec/v1\n"):               `pointer.npy: is a Git LFS pointer`,
		write("array.csv", "\x93NUMPY\x01\x00"):                                            `array.csv: is a NumPy array`,
		write("matlab.npz", "\x89HDF\r\n\x1a\n"):                                           `matlab.npz: is an HDF5 file`,
		write("empty.csv", ""):                                                             `empty.csv: no rows of numbers`,
		write("empty.npz", ""):                                                             `empty.npz: is an empty file; want a whole zip file`,
		write("wide.csv", "\xff\xfex\x00\n\x00z\x00\n\x00"):                                `wide.csv: row 0 (line 2), column 0: "z"`,
	} {
		if _, err := toy.ReadFile(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", p, err, want)
		}
	}
}

// TestReadPipe: a pipe that no one writes to, and a device without end, are refused at once.
func TestReadPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.csv")
	pipe.Make(t, path)
	if _, err := toy.ReadFile(path); err == nil || !strings.Contains(err.Error(), "cloud.csv: is a pipe, want a file") {
		t.Errorf("error %v, want that it is a pipe", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	link := filepath.Join(t.TempDir(), "zeros.npy")
	if err := os.Symlink(os.DevNull, link); err != nil {
		t.Fatal(err)
	}
	if _, err := toy.ReadFile(link); err == nil || !strings.Contains(err.Error(), "zeros.npy: is a device, want a file") {
		t.Errorf("error %v, want that it is a device", err)
	}
}

// checkCloud holds the promise of both readers: an error, or at least one row of finite numbers.
func checkCloud(t *testing.T, x *mat.Dense, err error) {
	if (x == nil) == (err == nil) {
		t.Fatalf("cloud %v and error %v, want one of them", x, err)
	}
	if err != nil {
		return
	}
	if n, d := x.Dims(); n < 1 || d < 1 {
		t.Fatalf("cloud [%d, %d], want at least [1, 1]", n, d)
	}
	for _, v := range x.RawMatrix().Data {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("cloud holds %v, want finite numbers", v)
		}
	}
}
