package hub_test

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/imagenet/weights"
)

var megabytes = flag.Int("megabytes", 300, "size of the files of TestMemory")

// TestMemory: to have all tensors of a file in memory, no more than the file and a tenth of it is needed, whether they go
// into slices or into a scope. It reads in a process of its own, files of nothing but zeros, which take no room on disk.
// With -megabytes=2700 the files are as large as W-Flow's largest generator.
func TestMemory(t *testing.T) {
	const tensors = 100
	width := *megabytes << 20 / 4 / 1024 / tensors
	table := weights.Table{}
	for i := range tensors {
		if i%2 == 0 {
			table.Add(fmt.Sprintf("t%d", i), width, 1024)
		} else {
			table.Add(fmt.Sprintf("t%d", i), width, 256, 2, 2)
		}
	}
	if how, path, ok := strings.Cut(os.Getenv("HUB_TEST_MEMORY"), ":"); ok {
		f := open(t, path)
		if how == "slices" {
			var all [][]float32
			for _, x := range f.Tensors() {
				all = append(all, make([]float32, x.Len()))
				if err := f.Floats(x.Name, all[len(all)-1]); err != nil {
					t.Fatal(err)
				}
			}
			fmt.Println(len(all))
		} else {
			v, err := f.View(hub.Official, table)
			if err != nil {
				t.Fatal(err)
			}
			scope := model.NewStore().RootScope()
			if err := v.Load(scope); err != nil {
				t.Fatal(err)
			}
			fmt.Println(scope.Scope())
		}
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		_, peak, _ := strings.Cut(string(status), "VmHWM:")
		fmt.Println("PEAK", strings.Fields(peak)[0])
		return
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc to read the peak from")
	}
	if testing.Short() {
		t.Skip("reads 1 GB")
	}
	one := int64(width * 1024 * 4)
	var entries []string
	var pickle bytes.Buffer
	pickle.WriteString("\x80\x02}")
	for i, p := range table {
		entries = append(entries, fmt.Sprintf(`"%s":{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}`, p.Name, strings.ReplaceAll(fmt.Sprint(p.Shape), " ", ","), int64(i)*one, int64(i+1)*one))
		fmt.Fprintf(&pickle, "X%c\x00\x00\x00%s", len(p.Name), p.Name)
		x := tensor("FloatStorage", width*1024, 0, tuple(p.Shape...), tuple(map[int][]int{2: {1024, 1}, 4: {1024, 4, 2, 1}}[len(p.Shape)]...))
		x = strings.Replace(x, "X\x01\x00\x00\x000", fmt.Sprintf("X%c\x00\x00\x00%d", len(p.Name)-1, i), 1)
		pickle.WriteString(strings.TrimSuffix(strings.TrimPrefix(x, "\x80\x02"), ".") + "s")
	}
	pickle.WriteString(".")
	files := map[string]func(w io.Writer) error{
		"x.safetensors": func(w io.Writer) error {
			if _, err := io.WriteString(w, withHeader("{"+strings.Join(entries, ",")+"}", "")); err != nil {
				return err
			}
			return zeros(w, one*tensors)
		},
		"x.pt": func(w io.Writer) error {
			z := zip.NewWriter(w)
			write := func(name string, body func(w io.Writer) error) error {
				w, err := z.CreateHeader(&zip.FileHeader{Name: name})
				if err != nil {
					return err
				}
				return body(w)
			}
			if err := write("x/data.pkl", func(w io.Writer) error { _, err := w.Write(pickle.Bytes()); return err }); err != nil {
				return err
			}
			for i := range tensors {
				if err := write(fmt.Sprintf("x/data/%d", i), func(w io.Writer) error { return zeros(w, one) }); err != nil {
					return err
				}
			}
			return z.Close()
		},
	}
	for name, body := range files {
		path := filepath.Join(t.TempDir(), name)
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		s := &sparse{file: file}
		if err := body(s); err != nil {
			t.Fatal(err)
		}
		if err := file.Truncate(s.size); err != nil {
			t.Fatal(err)
		}
		file.Close()
		for _, how := range []string{"slices", "scope"} {
			child := exec.Command(os.Args[0], "-test.run=^TestMemory$", fmt.Sprintf("-megabytes=%d", *megabytes))
			child.Env = append(os.Environ(), "HUB_TEST_MEMORY="+how+":"+path)
			out, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("%v, want no error: %s", err, out)
			}
			var kilobytes int64
			_, peak, _ := strings.Cut(string(out), "PEAK ")
			if _, err := fmt.Sscan(peak, &kilobytes); err != nil {
				t.Fatalf("%v, want a number of kilobytes in %s", err, out)
			}
			ratio := float64(kilobytes<<10) / float64(s.size)
			t.Logf("%s of %d MB into %s: peak %.3f of the file", name, s.size>>20, how, ratio)
			if ratio > 1.1 || ratio < 1 {
				t.Errorf("%s of %d bytes into %s: a peak of %d kB, want at most 1.1 times the file", name, s.size, how, kilobytes)
			}
		}
	}
}

// sparse is a file in which zeros are not written.
type sparse struct {
	file *os.File
	size int64
}

var nothing = make([]byte, 1<<20)

func (s *sparse) Write(b []byte) (int, error) {
	if !bytes.Equal(b, nothing[:min(len(b), len(nothing))]) {
		if _, err := s.file.WriteAt(b, s.size); err != nil {
			return 0, err
		}
	}
	s.size += int64(len(b))
	return len(b), nil
}

func zeros(w io.Writer, n int64) error {
	for n > 0 {
		k, err := w.Write(nothing[:min(n, int64(len(nothing)))])
		if err != nil {
			return err
		}
		n -= int64(k)
	}
	return nil
}
