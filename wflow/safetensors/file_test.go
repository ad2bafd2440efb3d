package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

var small = safetensors.File{
	Meta: map[string]string{"step": "12"},
	Tensors: map[string]safetensors.Tensor{
		"weight": {Shape: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}},
		"bias":   {Shape: []int{3}, Data: []float32{-1, 0.5, 0}},
		"count":  {Shape: []int{}, Data: []int64{1 << 40}},
		"exact":  {Shape: []int{1, 2}, Data: []float64{1e-300, 3}},
		"none":   {Shape: []int{0, 4}, Data: []float32{}},
	},
}

// reference is what Python's safetensors 0.8.0 writes for {"a": float32 [[1, 2]], "n": int64 7} with metadata {"k": "v"}.
const reference = "\x88\x00\x00\x00\x00\x00\x00\x00" +
	`{"__metadata__":{"k":"v"},"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]}}` + "  " +
	"\x07\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x80\x3f\x00\x00\x00\x40"

func TestRoundTrip(t *testing.T) {
	data, err := small.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := small.Encode()
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("encoding twice gives %d bytes and %d others (error %v), want the same", len(data), len(again), err)
	}
	if n := binary.LittleEndian.Uint64(data); n%8 != 0 {
		t.Errorf("the header is %d bytes, want a multiple of 8", n)
	}
	f, err := safetensors.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(small, *f); d != "" {
		t.Errorf("decoded otherwise (-want +got):\n%s", d)
	}
	if v, err := f.Floats("bias", 3); err != nil || v[1] != 0.5 {
		t.Errorf("bias is %v, error %v, want 0.5 in the middle", v, err)
	}
	if v, err := f.Integers("count"); err != nil || v[0] != 1<<40 {
		t.Errorf("count is %v, error %v, want 1<<40", v, err)
	}
	for _, c := range []struct {
		name  string
		shape []int
		want  string
	}{
		{"weight", []int{3, 2}, `tensor "weight": shape [2 3], want [3 2]`},
		{"wait", []int{3}, `tensor "wait" is missing`},
		{"exact", []int{1, 2}, `tensor "exact": []float64, want []float32`},
	} {
		if _, err := f.Floats(c.name, c.shape...); err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

func TestReference(t *testing.T) {
	f, err := safetensors.Decode([]byte(reference))
	if err != nil {
		t.Fatal(err)
	}
	want := &safetensors.File{Meta: map[string]string{"k": "v"}, Tensors: map[string]safetensors.Tensor{
		"n": {Shape: []int{}, Data: []int64{7}}, "a": {Shape: []int{1, 2}, Data: []float32{1, 2}}}}
	if d := cmp.Diff(want, f); d != "" {
		t.Errorf("decoded otherwise (-want +got):\n%s", d)
	}
}

// TestBadFiles: a file cut at any byte, and headers that lie, are errors.
func TestBadFiles(t *testing.T) {
	data, err := small.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if _, err := safetensors.Decode(data[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are accepted, want an error", n, len(data))
		}
	}
	for _, c := range []struct {
		header string
		body   int
		want   string
	}{
		{`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 9, "9 bytes after the header"},
		{`{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12, `tensor "a": bytes 4 to 12`},
		{`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8, "want 0 to 12"},
		{`{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}`, 8, "cut off"},
		{`{"a":{"dtype":"F32","shape":[4000000000,4000000000],"data_offsets":[0,8]}}`, 8, "shape"},
		{`{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, 8, "shape"},
		{`{"a":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}}`, 8, `type "BF16"`},
		{`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"code":"x"}}`, 8, `tensor "a"`},
		{`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8, "want 8 to 16"},
		{`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8, `"a" is there twice`},
		{`{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}`, 8, `tensor "a": "shape" is there twice`},
		{`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9,9]}}`, 8, "data_offsets [0,8,9,9], want two"},
		{`{"a":{"dtype":"F32","shape":[0],"data_offsets":[]}}`, 0, "data_offsets [], want two"},
		{`{"a":{"dtype":"F32","shape":[2],"data_offsets":[null,8]}}`, 8, "data_offsets [null,8], want two"},
		{`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4, "shape is missing"},
		{`{"a":{"dtype":"F32","shape":null,"data_offsets":[0,4]}}`, 4, "shape: null"},
		{`{"a":{"dtype":"F32","shape":[null],"data_offsets":[0,0]}}`, 0, "shape: [null]"},
		{`{"a":{"dtype":"F32","Shape":[2],"data_offsets":[0,8]}}`, 8, "shape is missing"},
		{`{"a":{"dtype":null,"shape":[2],"data_offsets":[0,8]}}`, 8, `type ""`},
		{`{"a":null}`, 0, `tensor "a": not a JSON object`},
		{`{"__metadata__":{"k":1}}`, 0, "__metadata__"},
		{`{"__metadata__":{"k":null}}`, 0, `"k" is null, want a string`},
		{`{"__metadata__":{"k":"1","k":"2"}}`, 0, `"k" is there twice`},
		{`{"__metadata__":null}`, 0, "__metadata__: not a JSON object"},
		{`[]`, 0, "header"},
		{`null`, 0, "header: not a JSON object"},
		{` {}`, 0, "header: not a JSON object"},
		{`{} {}`, 0, "header: more than one"},
		{"{\"__metadata__\":{\"k\":\"\xff\"}}", 0, "header: not a JSON object"},
	} {
		if _, err := safetensors.Decode(with(c.header, c.body)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.header, err, c.want)
		}
	}
	for _, bad := range []safetensors.Tensor{
		{Shape: []int{2}, Data: []float32{1}},
		{Shape: []int{1}, Data: []uint8{1}},
		{Shape: []int{-1, -4}, Data: []float32{1, 2, 3, 4}},
		{Shape: []int{1 << 30, 1 << 30, 16}, Data: []float32{}}, // 0 numbers, mod 2⁶⁴
	} {
		f := safetensors.File{Tensors: map[string]safetensors.Tensor{"odd": bad}}
		if _, err := f.Encode(); err == nil || !strings.Contains(err.Error(), `"odd"`) {
			t.Errorf("encoding %v: error %v, want one that names the tensor", bad, err)
		}
	}
}

// TestWriteFile: a write that fails leaves the old file, and nothing else stays in the folder.
func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := small.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	bad := safetensors.File{Tensors: map[string]safetensors.Tensor{"odd": {Shape: []int{2}, Data: []float32{1}}}}
	if err := bad.WriteFile(path); err == nil {
		t.Error("a tensor of shape [2] with one number is written, want an error")
	}
	f, err := safetensors.ReadFile(path)
	if err != nil || f.Meta["step"] != "12" {
		t.Errorf("read %v, error %v after a failed write, want the file of step 12", f, err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, error %v, want one file", left, err)
	}
	if err := os.WriteFile(path, []byte(reference[:len(reference)-3]), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := safetensors.ReadFile(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one with the path %s", err, path)
	}
}

// FuzzDecode: whatever is read can be written and read again.
func FuzzDecode(f *testing.F) {
	data, err := small.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(reference))
	f.Add(data[:40])
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := safetensors.Decode(data)
		if err != nil {
			return
		}
		bytes1, err := a.Encode()
		if err != nil {
			t.Fatal(err)
		}
		b, err := safetensors.Decode(bytes1)
		if err != nil {
			t.Fatal(err)
		}
		bytes2, err := b.Encode()
		if err != nil || !bytes.Equal(bytes1, bytes2) {
			t.Fatalf("encoded, decoded and encoded: %x, error %v, want %x", bytes2, err, bytes1)
		}
	})
}

// TestHeader: a header alone says where numbers of any type lie, without reading them.
func TestHeader(t *testing.T) {
	want := []safetensors.Entry{{Name: "b", Type: "BF16", Shape: []int{2, 3}}, {Name: "a", Type: "U8", Shape: []int{}}}
	header, err := safetensors.EncodeHeader(want, map[string]string{"k": "v"})
	if err != nil {
		t.Fatal(err)
	}
	begin := int64(len(header))
	want[0].Offset, want[0].Bytes, want[1].Offset, want[1].Bytes = begin, 12, begin+12, 1
	got, meta, err := safetensors.ReadHeader(bytes.NewReader(header), begin+13)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" || meta["k"] != "v" {
		t.Errorf("read otherwise, meta %v (-want +got):\n%s", meta, d)
	}
	if _, err := safetensors.Decode(append(header, make([]byte, 13)...)); err == nil || !strings.Contains(err.Error(), `type "BF16"`) {
		t.Errorf("Decode gives error %v for bfloat16, want one with the type", err)
	}
	for _, bad := range [][]safetensors.Entry{{want[0], want[0]}, {{Name: "x", Type: "F5"}}, {{Name: "__metadata__", Type: "F32"}}} {
		if _, err := safetensors.EncodeHeader(bad, nil); err == nil {
			t.Errorf("a header of %v is encoded, want an error", bad)
		}
	}
}

// with returns a file of a header and so many zeros.
func with(header string, body int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, body)...)
}

// TestBrokenHeader: what is wrong with the JSON of a header is said in words.
func TestBrokenHeader(t *testing.T) {
	for header, want := range map[string]string{
		`{"a":`: "header: it ends in the middle of its JSON",
		`{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}`: `tensor "a": shape: [2.0], want a list of integers`,
		`{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}`:     `tensor "a": shape: 2, want a list of integers`,
	} {
		if _, err := safetensors.Decode(with(header, 8)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", header, err, want)
		}
	}
}
