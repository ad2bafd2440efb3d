package hub

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// fuzz: whatever the bytes, a reader lists tensors or says what is wrong, and what it lists can be read or says why not.
func fuzz(f *testing.F, seeds ...string) {
	for _, name := range seeds {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = repaired(data)
		c, err := read(bytes.NewReader(data), int64(len(data)), "x")
		if err != nil {
			return
		}
		left := 1 << 16 // compressed files may hold more
		for _, x := range c.tensors {
			if x.Readable() != nil {
				continue
			}
			if left -= x.Len(); left < 0 || numbers(x, make([]float32, x.Len())) != nil {
				return
			}
		}
	})
}

func FuzzSafetensors(f *testing.F) { fuzz(f, "types.safetensors", "odd/small_types.safetensors") }
func FuzzFlax(f *testing.F)        { fuzz(f, "types.msgpack", "chunks.msgpack", "ema_params.msgpack") }
func FuzzLegacy(f *testing.F)      { fuzz(f, "old.pt", "odd/before2.pt", "odd/before5.pt") }
func FuzzNumpy(f *testing.F)       { fuzz(f, "c.npy", "f.npy") }

// FuzzTorch and FuzzNPZ change zip files and repair the checksums, so that what is changed is read.
func FuzzTorch(f *testing.F) { fuzz(f, "single.pt", "types_protocol4.pt", "odd/unchecked.pt") }
func FuzzNPZ(f *testing.F)   { fuzz(f, "types_deflated.npz", "odd/members.npz") }

// repaired sets the checksums of all members of a zip file to what they should be, in its directory, as far as it has one.
func repaired(data []byte) []byte {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return data
	}
	data = slices.Clone(data)
	entry := bytes.Index(data, []byte("PK\x01\x02"))
	for _, file := range z.File {
		const header, checksum, lengths = 46, 16, 28
		if entry < 0 || entry+header > len(data) || string(data[entry:entry+4]) != "PK\x01\x02" {
			return data
		}
		sum := crc32.NewIEEE()
		if raw, err := file.OpenRaw(); err == nil {
			if file.Method == zip.Deflate {
				raw = flate.NewReader(raw)
			}
			io.Copy(sum, io.LimitReader(raw, 1<<20))
		}
		binary.LittleEndian.PutUint32(data[entry+checksum:], sum.Sum32())
		size := header
		for i := range 3 { // the name, what is extra, and a comment
			size += int(binary.LittleEndian.Uint16(data[entry+lengths+2*i:]))
		}
		entry += size
	}
	return data
}

// FuzzPickle fuzzes the machine alone: in a zip file, a changed pickle has a wrong checksum.
func FuzzPickle(f *testing.F) {
	for _, name := range []string{"types.pt", "types_protocol4.pt", "state_00000007.pt", "odd/things1.pt",
		"odd/things2.pt", "odd/things4.pt", "odd/things5.pt", "odd/numpy2.pt", "odd/numpy5.pt", "odd/module_inside.pt", "odd/tensors.pt", "odd/cycles.pt"} {
		file, err := os.Open(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		info, err := file.Stat()
		if err != nil {
			f.Fatal(err)
		}
		z, err := unzip(file, info.Size())
		if err != nil {
			f.Fatal(err)
		}
		data, err := z.members[z.pickle].all(maxPickle)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		file.Close()
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		z := torch{}
		z.functions = z.rebuilders()
		p := pickle{data: data, find: z.find, persistent: func(id []any) (any, error) {
			m := &member{r: bytes.NewReader(make([]byte, 64)), checked: func() error { return nil }}
			return storage{F32, 64, m}, nil
		}}
		tree, err := p.run()
		if err != nil {
			return
		}
		c := newContent()
		if c.flatten(tree, "x") != nil {
			return
		}
		for _, x := range c.tensors {
			if x.Readable() != nil || x.overlaps() && x.Len() > 1<<16 {
				continue
			}
			if x.Len() > 16 && !x.overlaps() && x.Len()*x.Type.bytes() > 64 {
				t.Fatalf("%s %v, want no more than the 64 bytes that there are", x.Type, x.Shape)
			}
			if err := numbers(x, make([]float32, x.Len())); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte(`{"kind": "mae", "backend": "jax", "model_config": {"base_channels": 6}}`))
	path := filepath.Join(f.TempDir(), "metadata.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if m, err := ReadMetadata(path); err == nil && !json.Valid(m.ModelConfig) {
			t.Fatalf("model_config %q, want JSON", m.ModelConfig)
		}
	})
}

// FuzzRef: what a note of a commit holds never leads out of the folder of snapshots.
func FuzzRef(f *testing.F) {
	for _, text := range []string{commit, commit + "\r\n", "\ufeff" + commit, "../../etc"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, ok := parseRef(text); ok && !commitID.MatchString(c) {
			t.Fatalf("commit %q, want 40 hexadecimal digits", c)
		}
	})
}

// FuzzSeal: a text is read as a seal only if the seal is written as the same text.
func FuzzSeal(f *testing.F) {
	for _, s := range []seal{{}, {size: 270_000, time: -1}, {size: 1, time: 1 << 60, sha256: strings.Repeat("0a", 32)}} {
		f.Add(s.String())
	}
	f.Fuzz(func(t *testing.T, text string) {
		if s, ok := parseSeal(text); ok && (s.String() != text || s.size < 0) {
			t.Fatalf("%+v of %q, want a seal that is written the same", s, text)
		}
	})
}

// FuzzHeader: whatever a server says, a blob gets a name that is one of a file, and lengths make sense.
func FuzzHeader(f *testing.F) {
	f.Add(commit, `"`+strings.Repeat("0a", 32)+`"`, "335", `"etag"`, int64(5), "bytes 100-199/200")
	f.Add("", "", "-1", `W/"../../x"`, int64(-1), "bytes -5-6/7")
	f.Fuzz(func(t *testing.T, commit, linked, size, etag string, length int64, part string) {
		h := http.Header{}
		for key, value := range map[string]string{"X-Repo-Commit": commit, "X-Linked-Etag": linked, "X-Linked-Size": size, "Etag": etag} {
			h.Set(key, value)
		}
		d := download{Remote: Remote{"owner/name", "a.bin", "main", ""}}
		a := d.read(h, length)
		if filepath.Base(a.blob) != a.blob || !filepath.IsLocal(a.blob) || len(a.blob) > 128 || strings.HasSuffix(a.blob, partial) {
			t.Fatalf("blob %q, want the name of a file", a.blob)
		}
		if a.size < -1 || a.commit != "" && !commitID.MatchString(a.commit) || a.sha256 != "" && a.sha256 != a.blob {
			t.Fatalf("%+v, want a size from -1, a commit or none, and a checksum that is the blob's name or none", a)
		}
		if n, ok := firstByte(part); ok && n < 0 {
			t.Fatalf("a part from %d, want 0 or more", n)
		}
	})
}

// FuzzView: whatever the names of the tensors are, a view has all parameters of the table, or its error says what differs.
func FuzzView(f *testing.F) {
	f.Add("module.a.b\nmodule._orig_mod.c\nmodule.\n.")
	f.Add("a.b\nc\nema_model.a.b\nema_model.c\nstate.ema_model._orig_mod.c")
	table := weights.Table{{Name: "a.b"}, {Name: "c"}}
	f.Fuzz(func(t *testing.T, names string) {
		file := &File{path: "x"}
		for name := range strings.SplitSeq(names, "\n") {
			file.tensors = append(file.tensors, Tensor{Name: name, Type: U8})
		}
		for _, naming := range []Naming{Official, WFlow, Drifting, SDVAE, Inception} {
			v, err := file.View(naming, table)
			if err == nil && (len(v.from) != len(table) || !strings.HasPrefix(names, v.Prefix()) && !strings.Contains(names, "\n"+v.Prefix())) {
				t.Fatalf("%v under %q, want %d tensors under a prefix of the file", v.from, v.Prefix(), len(table))
			}
			if misfit, ok := errors.AsType[*MisfitError](err); ok && misfit.Problems() < 1 {
				t.Fatalf("a misfit without a difference: %v, want one or more", misfit)
			}
		}
	})
}
