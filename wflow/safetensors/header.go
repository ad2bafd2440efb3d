package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Entry is one tensor as a header describes it.
type Entry struct {
	Name   string
	Type   string // F32, BF16 and so on
	Shape  []int
	Offset int64 // of its first byte, counted from the beginning of the file
	Bytes  int64
}

// member is an entry in the JSON text.
type member struct {
	Type    string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

const (
	metaKey   = "__metadata__"
	maxHeader = 100 << 20 // of the reference implementation
	maxBits   = 64        // of a number
)

// bits is how many bits a number takes, by its type.
var bits = map[string]int64{"F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16,
	"BF16": 16, "I16": 16, "U16": 16, "F8_E4M3": 8, "F8_E4M3FNUZ": 8, "F8_E5M2": 8, "F8_E5M2FNUZ": 8, "F8_E8M0": 8, "I8": 8, "U8": 8,
	"BOOL": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4}

// newer matches the names that types of newer versions of the format may have.
var newer = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,31}$`)

// Bytes returns how many bytes an array of a type and a shape takes. It returns false for a type that it does not know, for
// a negative length, and for numbers of 4 or 6 bits that end within a byte: they lie without gaps, and only the last byte
// could have one.
func Bytes(kind string, shape []int) (int64, bool) {
	size, ok := bits[kind]
	n, ok2 := count(shape, math.MaxInt64/max(size, 8))
	if !ok || !ok2 || n*size%8 != 0 {
		return 0, false
	}
	return n * size / 8, true
}

// count returns how many numbers an array has. It returns false if a length is negative, or if there are more numbers than
// the bound most.
func count(shape []int, most int64) (int64, bool) {
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > 0 && n > most/int64(d) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}

// ReadHeader reads the header of a file of size bytes: its tensors in the order in which they lie, and the strings that
// stand beside them. All it says is checked against size before anything is allocated; the error names the tensor. A
// header that says too much is an error too: a name given twice, a member that the format does not know, a null. A type
// that this package does not know may be a newer one: it is passed on, with the bytes that the header gives it.
func ReadHeader(r io.ReaderAt, size int64) (entries []Entry, meta map[string]string, err error) {
	if size < 8 {
		return nil, nil, fmt.Errorf("safetensors: %d bytes, want at least 8", size)
	}
	var first [8]byte
	if _, err := r.ReadAt(first[:], 0); err != nil {
		return nil, nil, fmt.Errorf("safetensors: %w", err)
	}
	length := binary.LittleEndian.Uint64(first[:])
	if length > maxHeader || length > uint64(size-8) {
		return nil, nil, fmt.Errorf("safetensors: a header of %d bytes in a file of %d", length, size)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(r, 8, int64(length)), text); err != nil {
		return nil, nil, fmt.Errorf("safetensors: header: %w", err)
	}
	members, err := object(text)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, nil, errors.New("safetensors: header: it ends in the middle of its JSON: the file is damaged")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors: header: %w", err)
	}
	body := 8 + int64(length)
	for name, value := range members {
		if name == metaKey {
			if meta, err = readMeta(value); err != nil {
				return nil, nil, fmt.Errorf("safetensors: header %s: %w", metaKey, err)
			}
			continue
		}
		e, err := readEntry(value)
		if err != nil {
			return nil, nil, fmt.Errorf("safetensors: tensor %q: %w", name, err)
		}
		// An end before the beginning makes Bytes negative or, if it wraps, other than the shape says.
		entries = append(entries, Entry{name, e.Type, e.Shape, e.Offsets[0], e.Offsets[1] - e.Offsets[0]})
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Bytes, b.Bytes), strings.Compare(a.Name, b.Name))
	})
	end := int64(0)
	for i := range entries {
		e := &entries[i]
		if err := e.check(end, size-body); err != nil {
			return nil, nil, fmt.Errorf("safetensors: tensor %q: %w", e.Name, err)
		}
		end += e.Bytes
		e.Offset += body
	}
	if end != size-body {
		return nil, nil, fmt.Errorf("safetensors: %d bytes after the header, the tensors take %d", size-body, end)
	}
	return entries, meta, nil
}

// EncodeHeader returns the header of a file whose tensors lie in the order of entries, without gaps. Of an entry it looks
// at the name, the type and the shape alone.
func EncodeHeader(entries []Entry, meta map[string]string) ([]byte, error) {
	header := map[string]any{}
	if meta != nil {
		header[metaKey] = meta
	}
	begin := int64(0)
	for _, e := range entries {
		size, ok := Bytes(e.Type, e.Shape)
		if _, twice := header[e.Name]; !ok || twice || e.Name == metaKey || begin > math.MaxInt64-size {
			return nil, fmt.Errorf("safetensors: tensor %q: %s of shape %v", e.Name, e.Type, e.Shape)
		}
		shape := append([]int{}, e.Shape...) // never null in JSON
		header[e.Name] = member{e.Type, shape, [2]int64{begin, begin + size}}
		begin += size
	}
	text, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), nil
}

// object returns the members of a JSON object. A name given twice is an error.
func object(text []byte) (map[string]json.RawMessage, error) {
	if !bytes.HasPrefix(text, []byte("{")) || !utf8.Valid(text) {
		return nil, errors.New("not a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.Token() // {
	members := map[string]json.RawMessage{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name := token.(string) // the decoder takes nothing else for a name
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("%q is there twice", name)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		members[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON object")
	}
	return members, nil
}

func readMeta(text []byte) (map[string]string, error) {
	members, err := object(text)
	if err != nil {
		return nil, err
	}
	meta := map[string]string{}
	for key, value := range members {
		var v *string
		if err := json.Unmarshal(value, &v); err != nil || v == nil {
			return nil, fmt.Errorf("%q is %s, want a string", key, value)
		}
		meta[key] = *v
	}
	return meta, nil
}

func readEntry(text []byte) (e member, err error) {
	members, err := object(text)
	if err != nil {
		return e, err
	}
	for _, key := range []string{"dtype", "shape", "data_offsets"} {
		if _, ok := members[key]; !ok {
			return e, fmt.Errorf("%s is missing", key)
		}
	}
	if len(members) != 3 {
		return e, fmt.Errorf("%d members, want dtype, shape and data_offsets", len(members))
	}
	if err := json.Unmarshal(members["dtype"], &e.Type); err != nil {
		return e, fmt.Errorf("dtype: %w", err)
	}
	if e.Shape, err = integers[int](members["shape"]); err != nil {
		return e, fmt.Errorf("shape: %w", err)
	}
	offsets, err := integers[int64](members["data_offsets"])
	if err != nil || len(offsets) != 2 {
		return e, fmt.Errorf("data_offsets %s, want two integers", members["data_offsets"])
	}
	e.Offsets = [2]int64(offsets)
	return e, nil
}

// integers reads a JSON list of integers.
func integers[T int | int64](text []byte) ([]T, error) {
	var list []*T
	if err := json.Unmarshal(text, &list); err != nil || list == nil || slices.Contains(list, nil) {
		return nil, fmt.Errorf("%.100s, want a list of integers", text)
	}
	v := make([]T, len(list))
	for i, p := range list {
		v[i] = *p
	}
	return v, nil
}

// check returns an error if the entry does not begin at begin, where the tensor before it ends, if its bytes are not those
// of its type and shape, or if there are fewer than that among the available ones.
func (e Entry) check(begin, available int64) error {
	want, ok := Bytes(e.Type, e.Shape)
	if bits[e.Type] == 0 {
		if !newer.MatchString(e.Type) {
			return fmt.Errorf("type %.40q, want one such as %s", e.Type, strings.Join(slices.Sorted(maps.Keys(bits)), ", "))
		}
		_, ok = count(e.Shape, math.MaxInt64/maxBits)
		want = max(0, e.Bytes)
	}
	if !ok {
		return fmt.Errorf("shape %v of %s", e.Shape, e.Type)
	}
	if e.Offset != begin || e.Bytes != want {
		return fmt.Errorf("bytes %d to %d for %s %v, want %d to %d", e.Offset, e.Offset+e.Bytes, e.Type, e.Shape, begin, begin+want)
	}
	if e.Offset > available || want > available-e.Offset {
		return fmt.Errorf("bytes %d to %d, the file ends at %d: it is cut off", e.Offset, e.Offset+want, available)
	}
	return nil
}
