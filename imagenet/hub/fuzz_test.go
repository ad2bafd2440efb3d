package hub

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
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
				t.Fatalf("%s %v of 64 bytes", x.Type, x.Shape)
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
			t.Fatalf("model_config %q", m.ModelConfig)
		}
	})
}
