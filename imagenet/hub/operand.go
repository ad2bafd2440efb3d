package hub

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds on what stands in a pickle as one number or one name.
const (
	maxName   = 1 << 10
	maxDigits = 1 << 12
)

var errCut = errors.New("pickle: it is cut off")

// width is how many bytes the integer of an operation takes, or the length before its text or bytes.
var width = map[byte]uint64{'K': 1, 'M': 2, 'J': 4, 'X': 4, 'T': 4, 'U': 1, 0x8c: 1, 0x8d: 8, 'B': 4, 'C': 1, 0x8e: 8, 0x8a: 1, 0x8b: 4}

// next returns the next n bytes.
func (p *pickle) next(n uint64) ([]byte, error) {
	if n > uint64(len(p.data)) {
		return nil, errCut
	}
	b := p.data[:n]
	p.data = p.data[n:]
	return b, nil
}

// sized returns the bytes behind their length, which takes width bytes.
func (p *pickle) sized(width uint64) ([]byte, error) {
	b, err := p.next(width)
	if err != nil {
		return nil, err
	}
	var length [8]byte
	copy(length[:], b)
	return p.next(binary.LittleEndian.Uint64(length[:]))
}

// line returns the text before the next end of line, which may have at most so many bytes.
func (p *pickle) line(most int) (string, error) {
	i := bytes.IndexByte(p.data[:min(len(p.data), most)], '\n')
	if i < 0 {
		return "", errCut
	}
	line := string(p.data[:i])
	p.data = p.data[i+1:]
	return line, nil
}

// slot reads the number of a place in the memory.
func (p *pickle) slot(op byte) (int, error) {
	n := uint64(4)
	switch op {
	case 'p', 'g':
		line, err := p.line(maxDigits)
		if err != nil {
			return 0, err
		}
		at, err := strconv.Atoi(line)
		if err != nil {
			return 0, fmt.Errorf("pickle: %.40q, want the number of a place", line)
		}
		return at, nil
	case 'q', 'h':
		n = 1
	}
	b, err := p.next(n)
	if err != nil {
		return 0, err
	}
	var wide [4]byte
	copy(wide[:], b)
	return int(binary.LittleEndian.Uint32(wide[:])), nil
}

// literal reads a value that stands on a line of its own, as protocol 0 writes them.
func (p *pickle) literal(op byte) (any, error) {
	most := maxDigits
	if op == 'S' || op == 'V' {
		most = math.MaxInt
	}
	line, err := p.line(most)
	if err != nil {
		return nil, err
	}
	wrong := fmt.Errorf("pickle: %.40q, want a number or text as Python writes it", line)
	switch op {
	case 'I', 'L':
		if op == 'I' && (line == "00" || line == "01") {
			return line == "01", nil
		}
		n, ok := new(big.Int).SetString(strings.TrimSuffix(line, "L"), 10)
		if !ok {
			return nil, wrong
		}
		return integer(n), nil
	case 'F':
		x, err := strconv.ParseFloat(line, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, wrong
		}
		return x, nil
	case 'S':
		if len(line) < 2 || line[0] != line[len(line)-1] || line[0] != '\'' && line[0] != '"' {
			return nil, wrong
		}
		return unescape(line[1:len(line)-1], true), nil
	}
	return unescape(line, false), nil
}

// unescape undoes the escapes of Python: in text \u and \U, in bytes \x and those of a letter.
func unescape(s string, bytes bool) string {
	var b strings.Builder
	for len(s) > 0 {
		digits := 0
		if s[0] == '\\' && len(s) > 1 {
			digits = map[byte]int{'u': 4, 'U': 8}[s[1]]
			if bytes {
				digits = map[byte]int{'x': 2}[s[1]]
				if plain := strings.IndexByte(`\'"ntr`, s[1]); plain >= 0 {
					b.WriteByte("\\'\"\n\t\r"[plain])
					s = s[2:]
					continue
				}
			}
		}
		code, err := strconv.ParseUint(s[min(len(s), 2):min(len(s), 2+digits)], 16, 32)
		switch {
		case digits == 0 || err != nil || len(s) < 2+digits:
			if bytes {
				b.WriteByte(s[0])
			} else {
				b.WriteRune(rune(s[0])) // Latin-1
			}
			s = s[1:]
			continue
		case bytes:
			b.WriteByte(byte(code))
		default:
			b.WriteRune(rune(min(code, utf8.MaxRune)))
		}
		s = s[2+digits:]
	}
	return b.String()
}

// long returns the integer that bytes are in two's complement, little-endian.
func long(b []byte) any {
	if len(b) > maxDigits/4 {
		return &object{class: "int", why: fmt.Sprintf("an integer of %d bytes", len(b))}
	}
	n := new(big.Int)
	reversed := slices.Clone(b)
	slices.Reverse(reversed)
	n.SetBytes(reversed)
	if len(b) > 0 && b[len(b)-1] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return integer(n)
}

// integer returns n as an int64 if it fits, and otherwise n.
func integer(n *big.Int) any {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}
