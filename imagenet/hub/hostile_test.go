package hub_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/imagenet/hub"
	"github.com/wflowlab/wflowlab/internal/pipe"
)

func write(t testing.TB, name, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func sha(data string) string {
	sum := sha256.Sum256([]byte(data))
	return hex.EncodeToString(sum[:])
}

func withHeader(header, body string) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + body
}

func npy(descr, fortran, shape, body string) string {
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr, fortran, shape)
	return "\x93NUMPY\x01\x00" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(header)))) + header + body
}

// zipped returns a zip file of names and contents; method is for all of them.
func zipped(t testing.TB, method uint16, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: members[i], Method: method})
		if err == nil {
			_, err = w.Write([]byte(members[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// torch returns a PyTorch file of a pickle and one storage of 24 bytes, "0".
func torch(t testing.TB, pickle string) string {
	return zipped(t, zip.Store, "x/data.pkl", pickle, "x/byteorder", "little", "x/data/0", strings.Repeat("\x00\x00\x80\x3f", 6))
}

// tensor is the pickle of a tensor: class and numbers of the storage "0", offset, shape and strides.
func tensor(class string, n, offset int, shape, strides string) string {
	return "\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n" + class + "\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu" +
		integer(n) + "tQ" + integer(offset) + shape + strides + "\x89ccollections\nOrderedDict\n)RtR."
}

func integer(n int) string { return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }

func tuple(n ...int) string {
	s := "("
	for _, n := range n {
		s += integer(n)
	}
	return s + "t"
}

// array is a Flax array, all told.
func array(kind, shape, numbers string) string {
	inner := "\x93" + shape + string(rune(0)) // replaced below
	inner = inner[:len(inner)-1] + string([]byte{0xa0 | byte(len(kind))}) + kind + "\xc4" + string([]byte{byte(len(numbers))}) + numbers
	return "\xc7" + string([]byte{byte(len(inner))}) + "\x01" + inner
}

// readAll opens a file and reads all of it.
func readAll(path string) error {
	_, err := readWhole(path)
	return err
}

// readWhole is readAll that returns what was left out as well.
func readWhole(path string) ([]hub.LeftOut, error) {
	f, err := hub.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for _, t := range f.Tensors() {
		if err := t.Readable(); err != nil {
			return f.LeftOut(), fmt.Errorf("%s: %w", path, err)
		}
		if err := f.Floats(t.Name, make([]float32, t.Len())); err != nil {
			return f.LeftOut(), err
		}
	}
	return f.LeftOut(), nil
}

// TestHostile: files that lie are refused, or the part that lies is left out. The honest variant of each is read, which shows
// that the lie is what was refused.
func TestHostile(t *testing.T) {
	f32 := strings.Repeat("\x00\x00\x80\x3f", 6)
	for _, honest := range []string{
		torch(t, tensor("FloatStorage", 6, 0, tuple(2, 3), tuple(3, 1))),
		torch(t, tensor("FloatStorage", 6, 1, tuple(2, 2), tuple(1, 2))),
		"\x81\xa1a" + array("float32", "\x92\x02\x03", f32),
		npy("<f4", "False", "(2, 3)", f32), npy("<f4", "True", "(2, 3)", f32), npy("<f4", "False", "()", "abcd"),
		zipped(t, zip.Deflate, "a.npy", npy("<f4", "False", "(2, 3)", f32)),
	} {
		if err := readAll(write(t, "honest", honest)); err != nil {
			t.Errorf("%q: %v, want no error", honest, err)
		}
	}
	deep := strings.Repeat("\x81\xa1a", 100) + "\x00"
	deflated := zipped(t, zip.Deflate, "a.npy", npy("<f4", "False", "(2, 3)", f32))
	extensions := "\x00"
	for range 100 {
		extensions = "\xc9" + string(binary.BigEndian.AppendUint32(nil, uint32(len(extensions)+1))) + "\x01\x93" + extensions
	}
	grown := npy("|u1", "False", "(41943040,)", strings.Repeat("\x00", 40<<20))
	cycle := "\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s."
	// A dict that holds one dict twice, that holds one dict twice, …: 2²⁵ leaves of few bytes.
	doubling := "\x80\x02K\x01q\x00"
	for range 25 {
		doubling += "}(X\x01\x00\x00\x00ah\x00X\x01\x00\x00\x00bh\x00uq\x00"
	}
	doubling += "."
	// A list that holds one text of a megabyte half a million times.
	long := "\x80\x02}X\x01\x00\x00\x00a](X\x00\x00\x10\x00" + strings.Repeat("b", 1<<20) + "q\x00" + strings.Repeat("h\x00", 500_000) + "es."
	// A list that holds one list of 2,000 numbers and a dict 2,000 times.
	often := "\x80\x02}X\x01\x00\x00\x00a](](" + strings.Repeat("K\x01", 2000) + "}eq\x00" + strings.Repeat("h\x00", 1999) + "es."
	negative := strings.Replace(tensor("FloatStorage", 6, 0, tuple(6), tuple(1)), "ccollections\nOrderedDict\n)RtR.",
		"ccollections\nOrderedDict\n)R}X\x03\x00\x00\x00neg\x88stR.", 1)
	for _, c := range []struct{ what, data, want string }{
		{"nothing", "", "an empty file"},
		{"a pickle", "\x80\x04K\x01.", "a pickle by itself"},
		{"a web page", "<!DOCTYPE html>", "an HTML page"},
		{"a pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"},

		{"huge header", "\xff\xff\xff\x7f\x00\x00\x00\x00{}", "a header of 2147483647 bytes"},
		{"swapped offsets", withHeader(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, "abcd"), `"a"`},
		{"overlapping", withHeader(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "abcd"), `"b"`},
		{"negative shape", withHeader(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, "abcd"), "shape [-1]"},
		{"product overflow", withHeader(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, ""), "shape"},
		{"wrapping end", withHeader(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[-9223372036854775808,9223372036854775807]}}`, ""), `"a"`},
		{"many axes", withHeader(`{"a":{"dtype":"U8","shape":[1`+strings.Repeat(",1", 16)+`],"data_offsets":[0,1]}}`, "a"), "17 axes, want at most 16"},
		{"twice", withHeader(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, "ab"), "twice"},

		{"os.system", torch(t, "\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R."), `What:os.system("true")`},
		{"os.system by stack", torch(t, "\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."), `What:os.system("true")`},
		{"eval", torch(t, "\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R."), `What:eval("1")`},
		{"getattr", torch(t, "\x80\x02c__builtin__\ngetattr\n."), "What:getattr"},
		{"inst", torch(t, "\x80\x02(ios\nsystem\n."), "What:os.system"},
		{"opcode 255", torch(t, "\x80\x02\xff."), "operation 0xff"},
		{"length lie", torch(t, "\x80\x02X\xff\xff\xff\xffa."), "cut off"},
		{"frame", torch(t, "\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f\x8e\xff\xff\xff\xff\xff\xff\xff\x7f."), "cut off"},
		{"empty stack", torch(t, "\x80\x02."), "empty stack"},
		{"through a mark", torch(t, "\x80\x02K\x01(\x86."), "empty stack"},
		{"no memo", torch(t, "\x80\x02h\x07."), "remembered"},
		{"half an item", torch(t, "\x80\x02}(K\x01u."), "half"},
		{"cycle", torch(t, cycle), "it contains itself"},
		{"doubling", torch(t, doubling), "more than 262144 names"},
		{"one long list often", torch(t, often), "more than 262144 names"},
		{"negated", torch(t, negative), "conjugated or negated"},
		{"one long text often", torch(t, long), "500001 items"},
		{"an offset of text", torch(t, strings.Replace(tensor("FloatStorage", 6, 0, tuple(6), tuple(1)), "tQ"+integer(0), "tQX\x01\x00\x00\x00a", 1)), "not described"},
		{"deep", torch(t, "\x80\x02"+strings.Repeat("}X\x01\x00\x00\x00a", 100)+"K\x01"+strings.Repeat("s", 100)+"."), "nested deeper"},
		{"a key twice", torch(t, "\x80\x02}(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00aK\x02u."), "another of this name"},
		{"a joined key twice", torch(t, "\x80\x02}(X\x03\x00\x00\x00a.bK\x01X\x01\x00\x00\x00a}X\x01\x00\x00\x00bK\x02su."), "another of this name"},
		{"a class as value", torch(t, "\x80\x02}X\x01\x00\x00\x00actorch\nFloatStorage\ns."), "Key:a What:torch.FloatStorage"},
		{"negative shape", torch(t, tensor("FloatStorage", 6, 0, tuple(-2), tuple(1))), "shape []"},
		{"negative stride", torch(t, tensor("FloatStorage", 6, 5, tuple(6), tuple(-1))), "not described"},
		{"outside", torch(t, tensor("FloatStorage", 6, 1, tuple(2, 3), tuple(3, 1))), "outside of 5 numbers"},
		{"far outside", torch(t, tensor("FloatStorage", 6, 0, tuple(2), tuple(2147483647))), "outside"},
		{"offset", torch(t, tensor("FloatStorage", 6, 7, tuple(0), tuple(1))), "offset 7"},
		{"overflow", torch(t, tensor("FloatStorage", 6, 0, tuple(2147483647, 2147483647, 2147483647), tuple(1, 1, 1))), "shape"},
		{"expanded", torch(t, tensor("FloatStorage", 6, 0, tuple(2147483647), tuple(0))), "too much memory"},
		{"storage too long", torch(t, tensor("FloatStorage", 7, 0, tuple(7), tuple(1))), "24 bytes for 7 numbers"},
		{"storage of another type", torch(t, tensor("DoubleStorage", 6, 0, tuple(3), tuple(1))), "24 bytes for 6 numbers"},
		{"no storage", strings.Replace(torch(t, tensor("FloatStorage", 6, 0, tuple(6), tuple(1))), "x/data/0", "x/data/1", 2), "missing"},
		{"big-endian", zipped(t, zip.Store, "x/data.pkl", "\x80\x02}.", "x/byteorder", "middle"), "byte order"},
		{"TorchScript", zipped(t, zip.Store, "x/data.pkl", "\x80\x02}.", "x/constants.pkl", "\x80\x02}."), "TorchScript"},
		{"compressed", zipped(t, zip.Deflate, "x/data.pkl", "\x80\x02}."), "is compressed, as torch.save does not: the file was zipped again"},

		{"a text file in a zip", zipped(t, zip.Store, "a.txt", "a"), `"a.txt"`},
		{"a member twice", zipped(t, zip.Store, "a.npy", npy("|u1", "False", "(1,)", "a"), "a.npy", npy("|u1", "False", "(1,)", "b")), "twice"},
		{"bomb", zipped(t, zip.Deflate, "a.npy", grown, "b.npy", grown), `"b.npy": `},
		{"damaged", strings.Replace(zipped(t, zip.Store, "a.npy", npy("|u1", "False", "(3,)", "abc")), "\nabc", "\nabd", 1), "damaged"},
		{"damaged storage", strings.Replace(torch(t, tensor("FloatStorage", 6, 0, tuple(6), tuple(1))), f32, "\x01"+f32[1:], 1), "damaged"},
		{"damaged pickle", strings.Replace(torch(t, tensor("FloatStorage", 6, 0, tuple(6), tuple(1))), "J\x06\x00\x00\x00t", "J\x05\x00\x00\x00t", 1), "damaged"},
		{"deflated size", patch(deflated, "PK\x01\x02", 24, 'z'), ""},
		{"deflated checksum", patch(deflated, "PK\x01\x02", 16, 'z'), ""},
		{"deflated offset", patch(deflated, "PK\x01\x02", 42, 'z'), ""},
		{"central directory", patch(deflated, "PK\x05\x06", 16, 'z'), ""},

		{"text", npy("<U1", "False", "(1,)", "abcd"), "<U1"},
		{"objects", npy("|O", "False", "(1,)", "abcd"), "|O"},
		{"code in the header", npy("<f4", "False", "(__import__('os').system('true'),)", "abcd"), "as NumPy writes them"},
		{"negative shape", npy("<f4", "False", "(-1,)", "abcd"), "as NumPy writes them"},
		{"gap in shape", npy("<f4", "False", "(,1)", "abcd"), "shape"},
		{"overflow", npy("<f4", "False", "(4294967296, 4294967296, 4294967296)", "abcd"), "shape"},
		{"overflow of a number", npy("<f4", "False", "(99999999999999999999,)", "abcd"), "shape"},
		{"too long", npy("<f4", "False", "(1,)", "abcde"), "5 bytes of numbers, want 4"},
		{"huge header", "\x93NUMPY\x02\x00\xff\xff\xff\x7f", "a header of 2147483647 bytes"},
		{"version", "\x93NUMPY\x04\x00\x10\x00", "version"},

		{"map length", "\xdf\xff\xff\xff\xff\xa1a\x00", "cut off"},
		{"list length", "\x81\xa1a\xdd\xff\xff\xff\xff\x00", "cut off"},
		{"text length", "\x81\xdb\xff\xff\xff\xff\x00", "cut off"},
		{"extension length", "\x81\xa1a\xc9\xff\xff\xff\xff\x01\x93", "cut off"},
		{"long text", "\x81\xdb\x00\x02\x00\x00" + strings.Repeat("a", 1<<17) + "\x00", "a text of 131072 bytes"},
		{"numbers' length", "\x81\xa1a" + strings.Replace(array("float32", "\x91\x01", "abcd"), "\xc4\x04", "\xc4\x03", 1), "3 bytes of numbers, want 4"},
		{"shape", "\x81\xa1a" + array("float32", "\x91\x02", "abcd"), "4 bytes of numbers, want 8"},
		{"more numbers", "\x81\xa1a" + array("float32", "\x91\x01", "abcdefgh"), "8 bytes of numbers, want 4"},
		{"negative shape", "\x81\xa1a" + array("float32", "\x91\xff", "abcd"), "shape"},
		{"overflow", "\x81\xa1a" + array("float32", "\x93\xce\xff\xff\xff\xff\xce\xff\xff\xff\xff\xce\xff\xff\xff\xff", "abcd"), "shape"},
		{"type", "\x81\xa1a" + array("complex64", "\x91\x01", "abcdefgh"), "C64"},
		{"extension", "\x81\xa1a\xd4\x05a", "extension 5"},
		{"bytes", "\x81\xa1a\xc4\x01a", "bytes of length 1"},
		{"deep", deep, "msgpack: at byte 97: nested deeper"},
		{"deep extensions", "\x81\xa1a" + extensions, "nested deeper"},
		{"a key twice", "\x82\xa1a\x01\xa1a\x02", "another of this name"},
		{"a key of another kind", "\x81\xc0\x01", "begins with"},
		{"more after the end", "\x81\xa1a\x01\x02", "its tree ends at byte 4, want the end of the file, 5"},
		{"chunks of another shape", "\x81\xa1a\x83\xb9__msgpack_chunked_array__\xc3\xa5shape\x81\xa10\x02\xa6chunks\x81\xa10" + array("float32", "\x91\x01", "abcd"), "chunks of 1 numbers, want 2"},
		{"chunks out of order", "\x81\xa1a\x83\xb9__msgpack_chunked_array__\xc3\xa5shape\x81\xa10\x01\xa6chunks\x81\xa11" + array("float32", "\x91\x01", "abcd"), "want 0"},
		{"no chunks", "\x81\xa1a\x83\xb9__msgpack_chunked_array__\xc3\xa5shape\x81\xa10\x01\xa6chunks\x80", "shape"},
	} {
		path := write(t, "bad.file", c.data)
		left, err := readWhole(path)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%s: %+v", path, left)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one with %q and the path", c.what, err, c.want)
		}
	}
}

// patch changes the byte at an offset from a mark.
func patch(data, mark string, offset int, to byte) string {
	b := []byte(data)
	b[strings.Index(data, mark)+offset] = to
	return string(b)
}

// TestCut: a file cut off at any byte is refused, when it is opened or when it is read.
func TestCut(t *testing.T) {
	for _, name := range []string{"single.pt", "old.pt", "types.safetensors", "types.msgpack", "chunks.msgpack", "c.npy", "f.npy", "types_deflated.npz"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := readAll(path); err != nil {
			t.Fatal(err)
		}
		for n := len(data) - 1; n >= 0; n-- {
			if err := os.Truncate(path, int64(n)); err != nil {
				t.Fatal(err)
			}
			if readAll(path) == nil {
				t.Fatalf("the first %d of %d bytes of %s are read, want an error", n, len(data), name)
			}
		}
	}
}

// TestPipe: a pipe is refused, and nobody waits for something to be written to it.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.pt")
	pipe.Make(t, path)
	for _, path := range []string{path, os.DevNull, t.TempDir()} {
		if _, err := hub.Open(path); err == nil || !strings.Contains(err.Error(), path+": is a ") {
			t.Errorf("error %v, want one that says what %s is", err, path)
		}
	}
}

// TestNothingOfMuch: arrays without numbers are read, however long their other axes are.
func TestNothingOfMuch(t *testing.T) {
	long := "\x8a\x08" + "\x00\x00\x00\x00\x00\x00\x00\x20" // 2⁶¹
	for _, data := range []string{
		withHeader(`{"a":{"dtype":"F32","shape":[0,2305843009213693952],"data_offsets":[0,0]}}`, ""),
		withHeader(`{"a":{"dtype":"F32","shape":[2305843009213693952,2305843009213693952,0],"data_offsets":[0,0]}}`, ""),
		npy("<f4", "False", "(0, 2305843009213693952)", ""), npy("<f4", "True", "(0, 2305843009213693952)", ""),
		torch(t, tensor("FloatStorage", 6, 0, "("+integer(0)+long+"t", "("+long+integer(1)+"t")),
		torch(t, tensor("FloatStorage", 6, 0, "("+integer(0)+long+"t", tuple(5, 1))),
		"\x81\xa1a" + array("float32", "\x92\x00\xcf\x20\x00\x00\x00\x00\x00\x00\x00", ""),
	} {
		if err := readAll(write(t, "a", data)); err != nil && !strings.Contains(err.Error(), "shape") {
			t.Errorf("%q: error %v, want none or one of the shape", data, err)
		}
	}
}
