package npy

import (
	"fmt"
	"regexp"
	"strconv"
)

var descr = regexp.MustCompile(`^([<>|=]?)([a-zA-Z])([0-9]{0,4})(\[.*\])?$`)

// letters are NumPy's kinds of types, with the number that the name of a type counts for each byte: bits, letters or nothing.
var letters = map[string]struct {
	name string
	bits int
}{"f": {"float", 8}, "i": {"int", 8}, "u": {"uint", 8}, "c": {"complex", 8}, "b": {"bool", 0}, "O": {"Python objects", 0},
	"S": {"byte strings of length ", 1}, "U": {"strings of length ", 1}, "V": {"raw bytes, each item of length ", 1},
	"M": {"dates", 0}, "m": {"time spans", 0}}

// TypeName returns the usual name of the type in a header: "<f2" is float16, ">c16" is complex128 (big-endian). A type that
// NumPy does not have is returned in quotes.
func TypeName(header string) string {
	words := descr.FindStringSubmatch(header)
	if words == nil {
		return strconv.Quote(header)
	}
	letter, known := letters[words[2]]
	if !known {
		return strconv.Quote(header)
	}
	name := letter.name
	if letter.bits > 0 {
		size, _ := strconv.Atoi(words[3])
		name += strconv.Itoa(size * letter.bits)
	}
	if words[1] == ">" {
		return fmt.Sprintf("%s (big-endian)", name)
	}
	return name
}
