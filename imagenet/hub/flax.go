package hub

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
)

// msgpack reads a tree from a file in msgpack, and leaves the numbers of its arrays in the file. It reads what Flax writes:
// maps, lists, text, numbers, and arrays as the extensions 1 and 3, which hold [shape, type, numbers] in msgpack. Arrays of
// more than 1 GB come as a map of chunks.
//
// It stands in for github.com/vmihailenco/msgpack, which reads from a stream and gives no offsets.
//
// Sources: https://github.com/msgpack/msgpack/blob/master/spec.md; flax/serialization.py of Flax.
type msgpack struct {
	r        io.ReaderAt
	pos, end int64
	buffer   []byte // bytes of the file, from start on
	start    int64
	values   int // that have been read
}

const (
	maxText = 1 << 16 // of a name
	maxAxes = 16
	chunked = "__msgpack_chunked_array__"
)

// flaxTypes are the types by NumPy's names.
var flaxTypes = map[string]Type{"float64": F64, "float32": F32, "float16": F16, "bfloat16": BF16, "int64": I64, "int32": I32,
	"int16": I16, "int8": I8, "uint64": U64, "uint32": U32, "uint16": U16, "uint8": U8, "bool": Bool, "complex64": "C64",
	"complex128": "C128", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0"}

func (c *content) readFlax(r io.ReaderAt, size int64, name string) error {
	m := &msgpack{r: r, end: size}
	tree, err := m.value(0)
	if err != nil {
		return fmt.Errorf("at byte %d: %w", m.pos, err)
	}
	if m.pos != size {
		return fmt.Errorf("its tree ends at byte %d, want the end of the file, %d: it is not of Flax, or damaged", m.pos, size)
	}
	return c.flatten(tree, name)
}

// isFlax tells whether a file begins with a map whose first key is text, or with an array.
func isFlax(head []byte) bool {
	beginsText := func(at int) bool {
		return len(head) > at && (head[at] >= 0xa0 && head[at] < 0xc0 || head[at] >= 0xd9 && head[at] <= 0xdb)
	}
	switch {
	case len(head) == 0:
		return false
	case head[0] > 0x80 && head[0] < 0x90:
		return beginsText(1)
	case head[0] == 0xde:
		return beginsText(3)
	case head[0] == 0xdf:
		return beginsText(5)
	}
	return len(head) > 5 && head[0] >= 0xc7 && head[0] <= 0xc9 && head[1<<(head[0]-0xc7)+1] == 1
}

// next returns the next n bytes. The call after it overwrites them.
func (m *msgpack) next(n int64) ([]byte, error) {
	if n > m.end-m.pos {
		return nil, m.cut(n)
	}
	if n > maxText {
		return nil, fmt.Errorf("a text of %d bytes, want at most %d", n, maxText)
	}
	if m.pos < m.start || m.pos+n > m.start+int64(len(m.buffer)) {
		m.buffer = slices.Grow(m.buffer[:0], maxText)[:maxText]
		k, err := m.r.ReadAt(m.buffer, m.pos)
		if err != nil && err != io.EOF {
			return nil, err
		}
		m.start, m.buffer = m.pos, m.buffer[:k]
		if n > int64(k) {
			return nil, m.cut(n)
		}
	}
	b := m.buffer[m.pos-m.start:][:n]
	m.pos += n
	return b, nil
}

func (m *msgpack) cut(n int64) error {
	return fmt.Errorf("%d bytes or more, where %d are left: it is cut off; download it again", n, m.end-m.pos)
}

// unsigned reads an unsigned integer of some bytes.
func (m *msgpack) unsigned(bytes int64) (uint64, error) {
	b, err := m.next(bytes)
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[8-bytes:], b)
	return binary.BigEndian.Uint64(wide[:]), nil
}

// count reads, from some bytes, how many things follow. Each is the fewest bytes that one of them takes.
func (m *msgpack) count(bytes, each int64) (int64, error) {
	n, err := m.unsigned(bytes)
	if err == nil && int64(n) > (m.end-m.pos)/each {
		err = m.cut(int64(n) * each)
	}
	return int64(n), err
}

// value reads a value.
func (m *msgpack) value(depth int) (any, error) {
	if m.values++; m.values > maxValues {
		return nil, errValues
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	b, err := m.next(1)
	if err != nil {
		return nil, err
	}
	switch op := b[0]; {
	case op < 0x80:
		return int64(op), nil
	case op < 0x90:
		return m.dict(int64(op&0xf), depth)
	case op < 0xa0:
		return m.list(int64(op&0xf), depth)
	case op < 0xc0:
		return m.readText(int64(op & 0x1f))
	case op == 0xc0:
		return nil, nil
	case op == 0xc2 || op == 0xc3:
		return op == 0xc3, nil
	case op >= 0xc4 && op <= 0xc6: // bin
		n, err := m.count(1<<(op-0xc4), 1)
		m.pos += n
		return &object{class: fmt.Sprintf("bytes of length %d", n)}, err
	case op >= 0xc7 && op <= 0xc9: // ext
		n, err := m.count(1<<(op-0xc7), 1)
		if err != nil {
			return nil, err
		}
		return m.extension(n, depth)
	case op == 0xca:
		n, err := m.unsigned(4)
		return float64(math.Float32frombits(uint32(n))), err
	case op == 0xcb:
		n, err := m.unsigned(8)
		return math.Float64frombits(n), err
	case op >= 0xcc && op <= 0xcf:
		n, err := m.unsigned(1 << (op - 0xcc))
		return integer(new(big.Int).SetUint64(n)), err
	case op >= 0xd0 && op <= 0xd3:
		bytes := int64(1) << (op - 0xd0)
		n, err := m.unsigned(bytes)
		return int64(n<<(64-8*bytes)) >> (64 - 8*bytes), err
	case op >= 0xd4 && op <= 0xd8: // fixext
		return m.extension(1<<(op-0xd4), depth)
	case op >= 0xd9 && op <= 0xdb:
		n, err := m.count(1<<(op-0xd9), 1)
		if err != nil {
			return nil, err
		}
		return m.readText(n)
	case op == 0xdc || op == 0xdd:
		n, err := m.count(2<<(op-0xdc), 1)
		if err != nil {
			return nil, err
		}
		return m.list(n, depth)
	case op == 0xde || op == 0xdf:
		n, err := m.count(2<<(op-0xde), 2)
		if err != nil {
			return nil, err
		}
		return m.dict(n, depth)
	case op >= 0xe0:
		return int64(int8(op)), nil
	default:
		return nil, fmt.Errorf("type %#x, want map, list, text, number or array", op)
	}
}

func (m *msgpack) readText(n int64) (any, error) {
	b, err := m.next(n)
	return string(b), err
}

func (m *msgpack) list(n int64, depth int) (any, error) {
	l := &list{}
	for range n {
		v, err := m.value(depth + 1)
		if err != nil {
			return nil, err
		}
		l.items = append(l.items, v)
	}
	return l, nil
}

func (m *msgpack) dict(n int64, depth int) (any, error) {
	d := &dict{}
	for range n {
		key, err := m.value(depth + 1)
		if err != nil {
			return nil, err
		}
		v, err := m.value(depth + 1)
		if err != nil {
			return nil, err
		}
		d.keys, d.values = append(d.keys, key), append(d.values, v)
	}
	if slices.Contains(d.keys, any(chunked)) {
		return d.joined()
	}
	return d, nil
}

// extension reads the rest of an extension that holds n bytes: an array, or something that is left out.
func (m *msgpack) extension(n int64, depth int) (any, error) {
	kind, err := m.next(1)
	if err != nil {
		return nil, err
	}
	number := int8(kind[0]) // kind is gone after the next byte is read
	if n > m.end-m.pos {
		return nil, m.cut(n)
	}
	if number != 1 && number != 3 {
		m.pos += n
		class, ok := map[int8]string{2: "complex", -1: "a time"}[number]
		if !ok {
			class = fmt.Sprintf("extension %d of msgpack", number)
		}
		return &object{class: class}, nil
	}
	inner := &msgpack{r: m.r, pos: m.pos, end: m.pos + n, buffer: m.buffer, start: m.start, values: m.values}
	v, err := inner.array(depth + 1)
	m.buffer, m.start, m.values = inner.buffer, inner.start, inner.values
	m.pos += n
	return v, err
}

// array reads [shape, type, numbers], which take all that is left.
func (m *msgpack) array(depth int) (any, error) {
	if b, err := m.next(1); err != nil || b[0] != 0x93 {
		return nil, errors.New("an array that is no [shape, type, numbers]")
	}
	shape, err := m.value(depth)
	if err != nil {
		return nil, err
	}
	kind, err := m.value(depth)
	if err != nil {
		return nil, err
	}
	var t Tensor
	var ok bool
	name, _ := kind.(string)
	if t.Type, ok = flaxTypes[name]; !ok {
		if name == "" {
			return nil, fmt.Errorf("an array of %v", kind)
		}
		t.Type = Type(name)
	}
	if t.Shape, ok = integers(shape); !ok {
		return nil, fmt.Errorf("an array whose shape is no list of integers")
	}
	if err := fits(t); err != nil {
		return nil, err
	}
	op, err := m.next(1)
	if err != nil {
		return nil, err
	}
	if op[0] < 0xc4 || op[0] > 0xc6 { // bin
		return nil, errors.New("an array without numbers")
	}
	n, err := m.count(1<<(op[0]-0xc4), 1)
	if err != nil {
		return nil, err
	}
	if n != t.Bytes() && t.Type.bytes() > 0 || m.pos+n != m.end {
		return nil, fmt.Errorf("%d bytes of numbers, want %d for %s %v", n, t.Bytes(), t.Type, t.Shape)
	}
	t.open = section(m.r, m.pos, n)
	return t, nil
}

// joined returns the array that a map of chunks stands for. The map holds a mark, the shape, and the chunks, which are
// called "0", "1" and so on.
func (d *dict) joined() (any, error) {
	var t Tensor
	var chunks []Tensor
	var numbers int
	for i, key := range d.keys {
		part, ok := d.values[i].(*dict)
		switch {
		case key == chunked:
			continue
		case !ok || key != "shape" && key != "chunks":
			return nil, errors.New("an array in chunks that is not described as Flax does")
		}
		for k, v := range part.values {
			if part.keys[k] != strconv.Itoa(k) {
				return nil, fmt.Errorf("an array in chunks: %v %v, want %d", key, part.keys[k], k)
			}
			switch v := v.(type) {
			case int64:
				ok = key == "shape" && v >= 0 && k < maxAxes
				t.Shape = append(t.Shape, int(v))
			case Tensor:
				ok = key == "chunks" && len(v.Shape) == 1 && (k == 0 || v.Type == t.Type)
				t.Type = v.Type
				chunks = append(chunks, v)
				numbers += v.Len()
			default:
				ok = false
			}
			if !ok {
				return nil, fmt.Errorf("an array in chunks: %v %d is of another kind", key, k)
			}
		}
	}
	if err := fits(t); err != nil {
		return nil, err
	}
	if len(d.keys) != 3 || t.Len() != numbers {
		return nil, fmt.Errorf("chunks of %d numbers, want %d for shape %v", numbers, t.Len(), t.Shape)
	}
	t.open = func() (io.ReadCloser, error) {
		parts := make([]io.Reader, len(chunks))
		for i, chunk := range chunks {
			var err error
			if parts[i], err = chunk.open(); err != nil {
				return nil, err
			}
		}
		return io.NopCloser(io.MultiReader(parts...)), nil
	}
	return t, nil
}
