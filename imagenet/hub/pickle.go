package hub

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// pickle runs a pickle: a program for a stack machine that builds Python objects, and that may call any function of any
// module. This machine calls nothing but the few functions that find gives it. It builds values of numbers, text, lists and
// dicts. Of everything else it notes the name and the arguments, as an object. It reads the protocols 0 to 5.
//
// It stands in for github.com/nlpodyssey/gopickle, which allocates what a length says before it looks whether so many
// bytes are there, and panics on some malformed input.
//
// Source: the comments of CPython's Lib/pickletools.py.
type pickle struct {
	data       []byte
	find       func(name string) any       // returns the function of a name in a Python module, or what else it stands for
	persistent func(id []any) (any, error) // returns what lies outside of the pickle under an id
	stack      []any
	marks      []int
	memo       map[int]any
	values     int // how many have been made
	most       int // how many may be made
}

// function is a function that a pickle may call.
type function struct {
	name string
	call func(arguments []any) (any, error)
}

// run runs the program to its end and returns the value on top of the stack.
func (p *pickle) run() (any, error) {
	p.memo, p.most = map[int]any{}, max(maxValues, len(p.data)/8)
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

// count counts one more value.
func (p *pickle) count() error {
	if p.values++; p.values > p.most {
		return fmt.Errorf("pickle: more than %d values", p.most)
	}
	return nil
}

func (p *pickle) push(v any) error {
	p.stack = append(p.stack, v)
	return p.count()
}

var errStack = errors.New("pickle: it takes from an empty stack")

// floor returns where on the stack the values behind the last mark begin. No others may be taken.
func (p *pickle) floor() int {
	if len(p.marks) == 0 {
		return 0
	}
	return p.marks[len(p.marks)-1]
}

// pop takes the last n values off the stack.
func (p *pickle) pop(n int) ([]any, error) {
	at := len(p.stack) - n
	if at < p.floor() {
		return nil, errStack
	}
	values := p.stack[at:]
	p.stack = p.stack[:at]
	return values, nil
}

// popMark takes the values behind the last mark off the stack, and the mark.
func (p *pickle) popMark() ([]any, error) {
	if len(p.marks) == 0 {
		return nil, errStack
	}
	values, err := p.pop(len(p.stack) - p.floor())
	p.marks = p.marks[:len(p.marks)-1]
	return values, err
}

// top returns the last value of the stack.
func (p *pickle) top() (any, error) {
	if len(p.stack) <= p.floor() {
		return nil, errStack
	}
	return p.stack[len(p.stack)-1], nil
}

// step runs one operation. It runs the operations that make a number, text or bytes itself, and leaves the others to
// functions of their own.
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
	case 'G': // BINFLOAT
		b, err := p.next(8)
		if err != nil {
			return err
		}
		return p.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case 0x8a, 0x8b: // LONG1, LONG4
		b, err := p.sized(width[op])
		if err != nil {
			return err
		}
		return p.push(long(b))
	case 'X', 'T', 'U', 0x8c, 0x8d: // BINUNICODE, BINSTRING, and their forms SHORT and 8
		b, err := p.sized(width[op])
		if err != nil {
			return err
		}
		return p.push(string(b))
	case 'B', 'C', 0x8e: // BINBYTES, and its forms SHORT and 8
		b, err := p.sized(width[op])
		if err != nil {
			return err
		}
		return p.push(blob(b))
	case 0x96: // BYTEARRAY8
		b, err := p.sized(8)
		if err != nil {
			return err
		}
		return p.push(&object{class: "bytearray", arguments: []any{blob(b)}})
	case 'I', 'L', 'F', 'S', 'V': // INT, LONG, FLOAT, STRING, UNICODE: lines of text
		v, err := p.literal(op)
		if err != nil {
			return err
		}
		return p.push(v)
	case 'q', 'r', 'p', 0x94, 'h', 'j', 'g', '0', '1', '2':
		return p.remember(op)
	case 'c', 0x93, 0x82, 0x83, 0x84, 'R', 0x81, 0x92, 'i', 'o', 'b', 'P', 'Q', 0x97, 0x98:
		return p.call(op)
	}
	return p.gather(op)
}

// gather runs an operation on lists, dicts and sets.
func (p *pickle) gather(op byte) error {
	switch op {
	case '}': // EMPTY_DICT
		return p.push(&dict{})
	case ']', ')': // EMPTY_LIST, EMPTY_TUPLE: one thing here
		return p.push(&list{})
	case 0x8f: // EMPTY_SET
		return p.push(&object{class: "set"})
	case '(': // MARK
		p.marks = append(p.marks, len(p.stack))
		return p.count()
	case 'l', 't', 0x91, 'd': // LIST, TUPLE, FROZENSET, DICT
		items, err := p.popMark()
		if err != nil {
			return err
		}
		items = slices.Clone(items)
		switch op {
		case 0x91:
			return p.push(&object{class: "frozenset", items: items})
		case 'd':
			d := &dict{}
			if err := d.set(items); err != nil {
				return err
			}
			return p.push(d)
		}
		return p.push(&list{items})
	case 0x85, 0x86, 0x87: // TUPLE1 to TUPLE3
		items, err := p.pop(int(op - 0x84))
		if err != nil {
			return err
		}
		return p.push(&list{slices.Clone(items)})
	case 'a', 'e', 0x90, 's', 'u': // APPEND, APPENDS, ADDITEMS, SETITEM, SETITEMS
		var items []any
		var err error
		switch op {
		case 'a':
			items, err = p.pop(1)
		case 's':
			items, err = p.pop(2)
		default:
			items, err = p.popMark()
		}
		if err != nil {
			return err
		}
		into, err := p.top()
		if err != nil {
			return err
		}
		return fill(into, items, op == 's' || op == 'u')
	}
	return fmt.Errorf("pickle: operation %#x, which no protocol up to 5 has: it is damaged; download it again", op)
}

// fill appends items to a list, or sets them in a dict as pairs of a key and a value. It does either to an object, which may
// behave like a list or a dict.
func fill(into any, items []any, pairs bool) error {
	switch v := into.(type) {
	case *list:
		if !pairs {
			v.items = append(v.items, items...)
			return nil
		}
	case *dict:
		if pairs {
			return v.set(items)
		}
	case *object:
		if pairs {
			return v.pairs.set(items)
		}
		v.items = append(v.items, items...)
		return nil
	}
	return errors.New("pickle: it appends to what is no list, or sets items of what is no dict")
}

// set sets items, which are pairs of a key and a value, in a dict.
func (d *dict) set(items []any) error {
	if len(items)%2 != 0 {
		return errors.New("pickle: it sets half an item of a dict")
	}
	for i := 0; i < len(items); i += 2 {
		d.keys, d.values = append(d.keys, items[i]), append(d.values, items[i+1])
	}
	return nil
}

// remember runs an operation on the memory, or on the top of the stack.
func (p *pickle) remember(op byte) error {
	switch op {
	case '0': // POP: a value, or a mark without any
		if len(p.marks) > 0 && p.floor() == len(p.stack) {
			op = '1'
		} else {
			_, err := p.pop(1)
			return err
		}
		fallthrough
	case '1': // POP_MARK
		_, err := p.popMark()
		return err
	case 'q', 'r', 'p', 0x94, '2': // BINPUT, LONG_BINPUT, PUT, MEMOIZE, DUP
		v, err := p.top()
		if err != nil {
			return err
		}
		if op == '2' {
			return p.push(v)
		}
		at := len(p.memo)
		if op != 0x94 {
			if at, err = p.slot(op); err != nil {
				return err
			}
		}
		p.memo[at] = v
		return p.count()
	default: // BINGET, LONG_BINGET, GET
		at, err := p.slot(op)
		if err != nil {
			return err
		}
		v, ok := p.memo[at]
		if !ok {
			return fmt.Errorf("pickle: nothing is remembered as %d", at)
		}
		return p.push(v)
	}
}
