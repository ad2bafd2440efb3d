package hub

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
)

// A pickle is a program for a stack machine that builds Python objects, and it may call any function of any module. This
// machine builds values out of numbers, text, lists and dicts, and knows only the functions that find gives it.
//
// It stands in for github.com/nlpodyssey/gopickle, which allocates what a length says before it looks whether so many
// bytes are there, and panics on some malformed input.
//
// Source: the comments of CPython's Lib/pickletools.py.
type pickle struct {
	data       []byte
	find       func(name string) (any, error) // a function, or what else a name in a Python module stands for
	persistent func(id []any) (any, error)    // what lies outside of the pickle
	stack      []any
	marks      []int
	memo       map[int]any
	values     int // made so far
}

// function is what a pickle may call.
type function func(arguments []any) (any, error)

var errCut = errors.New("pickle: it is cut off")

// next returns the next n bytes.
func (p *pickle) next(n uint64) ([]byte, error) {
	if n > uint64(len(p.data)) {
		return nil, errCut
	}
	b := p.data[:n]
	p.data = p.data[n:]
	return b, nil
}

// sized returns the bytes after a length of so many bytes.
func (p *pickle) sized(width uint64) ([]byte, error) {
	b, err := p.next(width)
	if err != nil {
		return nil, err
	}
	var length [8]byte
	copy(length[:], b)
	return p.next(binary.LittleEndian.Uint64(length[:]))
}

// line returns the bytes before the next end of line.
func (p *pickle) line() (string, error) {
	i := bytes.IndexByte(p.data[:min(len(p.data), 256)], '\n')
	if i < 0 {
		return "", errCut
	}
	line := string(p.data[:i])
	p.data = p.data[i+1:]
	return line, nil
}

func (p *pickle) push(v any) error {
	if p.values++; p.values > maxValues {
		return errValues
	}
	p.stack = append(p.stack, v)
	return nil
}

var errStack = errors.New("pickle: it takes from an empty stack")

// floor is where the values begin that may be taken: those after the last mark.
func (p *pickle) floor() int {
	if len(p.marks) == 0 {
		return 0
	}
	return p.marks[len(p.marks)-1]
}

// pop takes the last n values.
func (p *pickle) pop(n int) ([]any, error) {
	at := len(p.stack) - n
	if at < p.floor() {
		return nil, errStack
	}
	values := p.stack[at:]
	p.stack = p.stack[:at]
	return values, nil
}

// popMark takes the values after the last mark, and the mark.
func (p *pickle) popMark() ([]any, error) {
	if len(p.marks) == 0 {
		return nil, errStack
	}
	values, err := p.pop(len(p.stack) - p.floor())
	p.marks = p.marks[:len(p.marks)-1]
	return values, err
}

// top returns the last value.
func (p *pickle) top() (any, error) {
	if len(p.stack) <= p.floor() {
		return nil, errStack
	}
	return p.stack[len(p.stack)-1], nil
}

// run runs the program to its end and returns the one value that is left.
func (p *pickle) run() (any, error) {
	p.memo = map[int]any{}
	for {
		op, err := p.next(1)
		if err != nil {
			return nil, err
		}
		if op[0] == '.' {
			v, err := p.pop(1)
			if err != nil {
				return nil, err
			}
			return v[0], nil
		}
		if err := p.step(op[0]); err != nil {
			return nil, err
		}
	}
}

// width is how many bytes an integer has, or the length of a text.
var width = map[byte]uint64{'K': 1, 'M': 2, 'J': 4, 'X': 4, 'T': 4, 0x8c: 1, 'U': 1}

func (p *pickle) step(op byte) error {
	switch op {
	case 0x80: // PROTO
		v, err := p.next(1)
		if err == nil && v[0] > 5 {
			err = fmt.Errorf("pickle: protocol %d, want at most 5", v[0])
		}
		return err
	case 0x95: // FRAME: a hint for buffers
		_, err := p.next(8)
		return err

	case 'N': // NONE
		return p.push(nil)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		return p.push(op == 0x88)
	case 'K', 'M', 'J': // BININT1, BININT2, BININT
		b, err := p.next(width[op])
		if err != nil {
			return err
		}
		var wide [4]byte
		copy(wide[:], b)
		return p.push(int64(int32(binary.LittleEndian.Uint32(wide[:]))))
	case 0x8a: // LONG1
		b, err := p.sized(1)
		if err != nil {
			return err
		}
		return p.push(long(b))
	case 'G': // BINFLOAT
		b, err := p.next(8)
		if err != nil {
			return err
		}
		return p.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case 'X', 'T', 0x8c, 'U': // BINUNICODE, BINSTRING, and their SHORT forms
		b, err := p.sized(width[op])
		if err != nil {
			return err
		}
		return p.push(string(b))

	case '}': // EMPTY_DICT
		return p.push(&dict{})
	case ']', ')': // EMPTY_LIST, EMPTY_TUPLE: one thing here
		return p.push(&list{})
	case '(': // MARK
		if p.values++; p.values > maxValues {
			return errValues
		}
		p.marks = append(p.marks, len(p.stack))
		return nil
	case 't': // TUPLE
		items, err := p.popMark()
		if err != nil {
			return err
		}
		return p.push(&list{slices.Clone(items)})
	case 0x85, 0x86, 0x87: // TUPLE1 to TUPLE3
		items, err := p.pop(int(op - 0x84))
		if err != nil {
			return err
		}
		return p.push(&list{slices.Clone(items)})
	case 'a', 'e': // APPEND, APPENDS
		items, err := p.items(op == 'a', 1)
		if err != nil {
			return err
		}
		into, err := p.top()
		if err != nil {
			return err
		}
		l, ok := into.(*list)
		if !ok {
			return errors.New("pickle: it appends to what is no list")
		}
		l.items = append(l.items, items...)
		return nil
	case 's', 'u': // SETITEM, SETITEMS
		items, err := p.items(op == 's', 2)
		if err != nil {
			return err
		}
		into, err := p.top()
		if err != nil {
			return err
		}
		d, ok := into.(*dict)
		if !ok || len(items)%2 != 0 {
			return errors.New("pickle: it sets items of what is no dict, or half of one")
		}
		for i := 0; i < len(items); i += 2 {
			d.keys, d.values = append(d.keys, items[i]), append(d.values, items[i+1])
		}
		return nil

	case 'q', 'r', 0x94: // BINPUT, LONG_BINPUT, MEMOIZE
		v, err := p.top()
		if err != nil {
			return err
		}
		at := len(p.memo)
		if op != 0x94 {
			if at, err = p.slot(op == 'q'); err != nil {
				return err
			}
		}
		p.memo[at] = v
		return nil
	case 'h', 'j': // BINGET, LONG_BINGET
		at, err := p.slot(op == 'h')
		if err != nil {
			return err
		}
		v, ok := p.memo[at]
		if !ok {
			return fmt.Errorf("pickle: nothing is remembered as %d", at)
		}
		return p.push(v)

	case 'c': // GLOBAL
		module, err := p.line()
		if err != nil {
			return err
		}
		name, err := p.line()
		if err != nil {
			return err
		}
		return p.named(module, name)
	case 0x93: // STACK_GLOBAL
		names, err := p.pop(2)
		if err != nil {
			return err
		}
		module, ok := names[0].(string)
		name, ok2 := names[1].(string)
		if !ok || !ok2 {
			return errors.New("pickle: a function's name that is no text")
		}
		return p.named(module, name)
	case 'R': // REDUCE
		v, err := p.pop(2)
		if err != nil {
			return err
		}
		f, ok := v[0].(function)
		arguments, ok2 := v[1].(*list)
		if !ok || !ok2 {
			return errors.New("pickle: it calls what is no function")
		}
		result, err := f(arguments.items)
		if err != nil {
			return err
		}
		return p.push(result)
	case 'b': // BUILD: attributes of an OrderedDict, which are no part of it
		state, err := p.pop(1)
		if err != nil {
			return err
		}
		into, err := p.top()
		if err != nil {
			return err
		}
		_, ok := into.(*dict)
		if _, ok2 := state[0].(*dict); !ok || !ok2 {
			return errors.New("pickle: it sets attributes of what is no OrderedDict")
		}
		return nil
	case 'Q': // BINPERSID
		id, err := p.pop(1)
		if err != nil {
			return err
		}
		parts, ok := id[0].(*list)
		if !ok {
			return errors.New("pickle: something outside of it is named by no tuple")
		}
		v, err := p.persistent(parts.items)
		if err != nil {
			return err
		}
		return p.push(v)
	}
	return fmt.Errorf("pickle: operation %#x, which tensors and their names do not need", op)
}

// named pushes what a name stands for.
func (p *pickle) named(module, name string) error {
	v, err := p.find(module + "." + name)
	if err != nil {
		return err
	}
	return p.push(v)
}

// items takes n values, or those after a mark.
func (p *pickle) items(one bool, n int) ([]any, error) {
	if one {
		return p.pop(n)
	}
	return p.popMark()
}

// slot reads the number of a place to remember values in.
func (p *pickle) slot(short bool) (int, error) {
	if short {
		b, err := p.next(1)
		if err != nil {
			return 0, err
		}
		return int(b[0]), nil
	}
	b, err := p.next(4)
	if err != nil {
		return 0, err
	}
	return int(binary.LittleEndian.Uint32(b)), nil
}

// long returns an integer in two's complement, little-endian: int64 where it fits.
func long(b []byte) any {
	n := new(big.Int)
	reversed := slices.Clone(b)
	slices.Reverse(reversed)
	n.SetBytes(reversed)
	if len(b) > 0 && b[len(b)-1] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}
