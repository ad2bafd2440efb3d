package toy_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/toy"
)

// zipOf returns a zip file of the members: names and contents in turn.
func zipOf(tb testing.TB, method uint16, members ...string) []byte {
	tb.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	for i := 0; i < len(members); i += 2 {
		m, err := w.CreateHeader(&zip.FileHeader{Name: members[i], Method: method})
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(m, members[i+1]); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return file.Bytes()
}

func TestReadNPZRefuses(t *testing.T) {
	one := npyFile("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 1), }", 1, 2)
	many := []string{}
	for _, name := range strings.Split("abcdefghij", "") {
		many = append(many, name+".npy", one)
	}
	damaged := zipOf(t, zip.Store, "x.npy", one)
	damaged[bytes.Index(damaged, []byte("shape"))+len("shape': (2, 1), }\n")]++
	encrypted := zipOf(t, zip.Store, "x.npy", one)
	encrypted[bytes.Index(encrypted, []byte("PK\x01\x02"))+8] |= 1
	for _, c := range []struct {
		file []byte
		want string
	}{
		{zipOf(t, zip.Deflate), "a zip file without a NumPy array (no members)"},
		{zipOf(t, zip.Deflate, "notes.txt", "hello"), `a zip file without a NumPy array ("notes.txt": is of unknown kind: it begins with "hello"; want a NumPy array (.npy))`},
		{zipOf(t, zip.Deflate, many...), "and 2 more), want one"},
		{zipOf(t, zip.Deflate, "x.npy", one[:len(one)-1]), `array "x": 1 bytes of numbers, want 2 × 1 × 1`},
		{zipOf(t, zip.Deflate, "x.npy", one)[:100], "is a zip file; want a whole zip file of NumPy arrays"},
		{damaged, `array "x": zip: checksum error`},
		{encrypted, "is encrypted"},
	} {
		_, err := toy.ReadNPZ("x.npz", bytes.NewReader(c.file), int64(len(c.file)))
		if err == nil || !strings.HasPrefix(err.Error(), "toy: cloud x.npz: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	beside := zipOf(t, zip.Deflate, "x.npy", one, "notes.txt", "hello")
	if x, err := toy.ReadNPZ("x.npz", bytes.NewReader(beside), int64(len(beside))); err != nil || x.At(1, 0) != 2 {
		t.Error(x, err)
	}
}

// mend writes into a zip file the checksums that its members have, as far as they can be read.
func mend(file []byte) {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return
	}
	directory := 0
	for _, member := range archive.File {
		next := bytes.Index(file[directory:], []byte("PK\x01\x02"))
		if next < 0 || directory+next+20 > len(file) {
			return
		}
		directory += next + 20
		if member.Method != zip.Store {
			continue
		}
		if raw, err := member.OpenRaw(); err == nil {
			sum := crc32.NewIEEE()
			io.Copy(sum, raw)
			binary.LittleEndian.PutUint32(file[directory-4:], sum.Sum32())
		}
	}
}

func FuzzReadNPZ(f *testing.F) {
	one := npyFile("{'descr': '<f2', 'fortran_order': True, 'shape': (2, 1), }", 1, 2, 3, 4)
	f.Add(zipOf(f, zip.Store, "x.npy", one))
	f.Add(zipOf(f, zip.Store, "x.npy", one, "notes.txt", "hello"))
	f.Add(zipOf(f, zip.Store, "x.npy", one, "y.npy", one))
	for _, name := range []string{"one", "one_compressed", "two"} {
		file, err := os.ReadFile(filepath.Join("testdata", "arrays", name+".npz"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		file = bytes.Clone(file)
		mend(file)
		x, err := toy.ReadNPZ("fuzz.npz", bytes.NewReader(file), int64(len(file)))
		checkCloud(t, x, err)
	})
}
