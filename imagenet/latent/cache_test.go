package latent

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// arrayFile is an .npy file of rows that are zero.
func arrayFile(p part, rows int) []byte { return arrayOf(p, rows, Side) }

// arrayOf is an arrayFile whose latents have a side.
func arrayOf(p part, rows, side int) []byte {
	return append(npyHeader(p.kind, p.shape(rows, side)), make([]byte, int64(rows)*p.row(side))...)
}

// TestHeader compares headers with what NumPy 2.4.6 wrote for the same shapes.
func TestHeader(t *testing.T) {
	for _, c := range []struct {
		kind  string
		shape []int
		want  string
	}{
		{int64s, []int{50_000}, "{'descr': '<i8', 'fortran_order': False, 'shape': (50000,), }" + strings.Repeat(" ", 56)},
		{float32s, []int{1_281_167, 32, 32, 4}, "{'descr': '<f4', 'fortran_order': False, 'shape': (1281167, 32, 32, 4), }" + strings.Repeat(" ", 44)},
	} {
		if got, want := string(npyHeader(c.kind, c.shape)), "\x93NUMPY\x01\x00v\x00"+c.want+"\n"; got != want || len(got) != headerSize {
			t.Errorf("header %q, want %q", got, want)
		}
	}
}

// TestReadArray reads headers that NumPy may write, and refuses others.
func TestReadArray(t *testing.T) {
	p := parts[2]
	file := func(version byte, text string, body int) []byte {
		head := append([]byte("\x93NUMPY"), version, 0)
		if version == 1 {
			head = binary.LittleEndian.AppendUint16(head, uint16(len(text)))
		} else {
			head = binary.LittleEndian.AppendUint32(head, uint32(len(text)))
		}
		return append(append(head, text...), make([]byte, body)...)
	}
	for name, c := range map[string]struct {
		file []byte
		rows int
		want string
	}{
		"ours":           {arrayFile(p, 3), 3, ""},
		"none":           {arrayFile(p, 0), 0, ""},
		"version 2":      {file(2, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }\n", 16), 2, ""},
		"empty":          {nil, 0, `is an empty file`},
		"zip":            {append([]byte("PK\x03\x04"), make([]byte, 99)...), 0, "a zip file"},
		"version 9":      {file(9, "{}\n", 0), 0, "want 1.0 to 3.0"},
		"long header":    {append([]byte("\x93NUMPY\x03\x00\xff\xff\xff\xff"), make([]byte, 99)...), 0, "header of 4294967295 bytes in a file of 111"},
		"cut header":     {arrayFile(p, 3)[:60], 0, "header of 118 bytes"},
		"no shape":       {file(1, "{'descr': '<i8'}\n", 0), 0, "want descr, fortran_order and shape"},
		"scalar":         {file(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (), }\n", 8), 0, "shape []"},
		"huge number":    {file(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (99999999999999999999,), }\n", 8), 0, "want numbers below"},
		"huge rows":      {file(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (2305843009213693952,), }\n", 0), 0, "0 bytes of numbers"},
		"float64":        {file(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }\n", 8), 0, `type "<f8"`},
		"big-endian":     {file(1, "{'descr': '>i8', 'fortran_order': False, 'shape': (1,), }\n", 8), 0, `type ">i8"`},
		"Fortran":        {file(1, "{'descr': '<i8', 'fortran_order': True, 'shape': (1,), }\n", 8), 0, "Fortran order: true"},
		"two sides":      {file(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1), }\n", 8), 0, "shape [1 1]"},
		"a byte less":    {arrayFile(p, 3)[:headerSize+23], 0, "23 bytes of numbers, want 3 rows of 8"},
		"a byte more":    {append(arrayFile(p, 3), 0), 0, "25 bytes of numbers"},
		"a row too many": {append(arrayFile(p, 3), make([]byte, 8)...), 0, "32 bytes of numbers"},
	} {
		a, err := readArray(bytes.NewReader(c.file), int64(len(c.file)), p)
		if c.want == "" {
			if err != nil || a.rows != c.rows {
				t.Errorf("%s: %v, want %d rows", name, err, c.rows)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestOpenRefuses damages a cache in every way that Open, Latent or Verify should notice.
func TestOpenRefuses(t *testing.T) {
	images := read(t, folder(t, 6))
	row := make([]float32, numbers)
	for name, c := range map[string]struct {
		damage func(folder string)
		want   string
		onOpen bool
	}{
		"missing":      {func(f string) { os.Remove(filepath.Join(f, "train_targets.npy")) }, "train_targets.npy", true},
		"truncated":    {func(f string) { os.Truncate(filepath.Join(f, "train_moments.npy"), 70_000) }, "train_moments.npy", true},
		"another side": {func(f string) { write(t, filepath.Join(f, "train_moments_flip.npy"), arrayOf(parts[1], 6, 8)) }, "latents of side 32 and mirrored ones of side 8", true},
		"fewer rows":   {func(f string) { write(t, filepath.Join(f, "train_moments_flip.npy"), arrayFile(parts[1], 5)) }, "6 latents, 5 mirrored ones and 6 targets", true},
		"negative": {func(f string) {
			write(t, filepath.Join(f, "train_targets.npy"), append(arrayFile(parts[2], 5)[:headerSize], npyTargets(0, 0, -1, 0, 0, 0)...))
			header(t, filepath.Join(f, "train_targets.npy"), parts[2], 6)
		}, "row 2: -1 is not", true},
		"NaN": {func(f string) {
			file, _ := os.ReadFile(filepath.Join(f, "train_moments.npy"))
			copy(file[headerSize+3*4*numbers+8:], "\x00\x00\xc0\x7f")
			write(t, filepath.Join(f, "train_moments.npy"), file)
		}, "train_moments.npy: row 3: number 2 is NaN", false},
	} {
		cache, _ := prepare(t, images, Settings{})
		if _, err := Verify(t.Context(), cache, nil); err != nil {
			t.Fatal(err)
		}
		c.damage(cache)
		opened, err := Open(cache, Train)
		if err == nil && !c.onOpen {
			err = opened.Read(3, 0, row)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), cache) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if _, err := Verify(t.Context(), cache, nil); err == nil {
			t.Errorf("%s: Verify returns no error, want one", name)
		}
	}

	cache, m := prepare(t, images, Settings{})
	m.Files["val_targets.npy"] = strings.Repeat("0", 64)
	if err := writeJSON(filepath.Join(cache, manifestFile), m); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), cache, nil); err == nil || !strings.Contains(err.Error(), "val_targets.npy: SHA-256") {
		t.Errorf("another checksum: error %v, want one that names val_targets.npy", err)
	}
	cache, m = prepare(t, images, Settings{})
	m.Classes = m.Classes[:2]
	if err := writeJSON(filepath.Join(cache, manifestFile), m); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), cache, nil); err == nil || !strings.Contains(err.Error(), "below 2, the number of classes") {
		t.Errorf("fewer classes: error %v, want one that says below 2", err)
	}
	for _, text := range []string{"", `{"rows": 3}`, `{"train": "3"}`, "{}", "null", `{"train": 6, "val": 3, "files": null}`} {
		write(t, filepath.Join(cache, manifestFile), []byte(text))
		if _, err := ReadManifest(cache); err == nil || !strings.Contains(err.Error(), manifestFile+" is damaged") {
			t.Errorf("manifest %q: error %v, want that it is damaged", text, err)
		}
	}
}

func npyTargets(labels ...int64) (b []byte) {
	for _, l := range labels {
		b = binary.LittleEndian.AppendUint64(b, uint64(l))
	}
	return b
}

func header(t *testing.T, path string, p part, rows int) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(file, npyHeader(p.kind, p.shape(rows, Side)))
	write(t, path, file)
}

func FuzzOpen(f *testing.F) {
	f.Add(arrayFile(parts[0], 1), arrayFile(parts[1], 1), arrayFile(parts[2], 1))
	f.Add(arrayOf(parts[0], 2, 8), arrayOf(parts[1], 2, 8), arrayFile(parts[2], 2))
	f.Add(arrayOf(parts[0], 1, 1), arrayOf(parts[1], 1, 2), arrayFile(parts[2], 1))
	f.Add(npyHeader(float32s, []int{0, 1 << 31, 1 << 31, 4}), npyHeader(float32s, []int{7, 0, 0, 4}), arrayFile(parts[2], 0))
	f.Add(arrayFile(parts[0], 0), arrayFile(parts[1], 0), []byte("\x93NUMPY\x02\x00\x3a\x00\x00\x00{'descr': '<i8', 'fortran_order': False, 'shape': (0,), }\n"))
	f.Fuzz(func(t *testing.T, plain, mirrored, targets []byte) {
		var arrays [3]*array
		for i, file := range [][]byte{plain, mirrored, targets} {
			a, err := readArray(bytes.NewReader(file), int64(len(file)), parts[i])
			if err != nil {
				return
			}
			arrays[i] = a
		}
		var c Cache
		if c.fill(arrays) != nil {
			return
		}
		if c.Side() < 1 || c.Side() > mostSide {
			t.Fatalf("latents of side %d, want 1 to %d", c.Side(), mostSide)
		}
		row := make([]float32, c.numbers())
		for i := range c.Len() {
			if err := c.Read(i, 0.7, row); err != nil && !strings.Contains(err.Error(), " is ") {
				t.Errorf("error %v, want none, or one of a number that is not finite", err)
			}
		}
	})
}

func FuzzManifest(f *testing.F) {
	files := map[string]string{}
	for _, s := range splits {
		for _, p := range parts {
			files[p.name(s)] = strings.Repeat("0a", 32)
		}
	}
	text, err := json.Marshal(Manifest{Train: 2, Val: 1, Files: files})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(bytes.Replace(text, []byte(`"train":2`), []byte(`"train":281474976710657`), 1))                // bytes overflows
	for _, resolution := range []string{"64", "-64", "7", "4096", "2147483648", "9223372036854775800"} { // of the last, bytes overflows
		f.Add(bytes.Replace(text, []byte(`"train":2`), []byte(`"resolution":`+resolution+`,"train":2147483647`), 1))
	}
	f.Add([]byte(`{"images": "", "classes": ["a"], "encoder": "", "seed": 1, "batch": 8, "train": 1, "val": 1, "skipped": [{"file": "", "cause": ""}], "files": {"a": "b"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var m Manifest
		if decodeJSON(bytes.NewReader(text), &m) != nil || m.check() != nil {
			return
		}
		if n := m.bytes(); n < int64(len(splits)*len(parts))*headerSize {
			t.Errorf("%d images of train and %d of val in %d bytes", m.Train, m.Val, n)
		}
		if side := m.Side(); side < 1 || side > mostSide {
			t.Errorf("latents of side %d, want 1 to %d", side, mostSide)
		}
		for _, s := range splits {
			for _, p := range parts {
				if len(m.Files[p.name(s)]) != 64 {
					t.Errorf("%s has the SHA-256 %q, want 64 digits", p.name(s), m.Files[p.name(s)])
				}
			}
		}
	})
}

func BenchmarkLatent(b *testing.B) {
	folder := b.TempDir()
	const rows = 1000
	for _, p := range parts {
		write(b, filepath.Join(folder, p.name(Train)), arrayFile(p, rows))
	}
	c, err := Open(folder, Train)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	row := make([]float32, numbers)
	for i := 0; b.Loop(); i++ {
		if err := c.Read(i%rows, float64(i%2), row); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "latents/s")
}
