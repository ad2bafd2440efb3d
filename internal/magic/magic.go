// Package magic says what a file is by its first bytes, in words for people. A package that refuses a file says with it what
// the file is instead.
package magic

import (
	"bytes"
	"fmt"
)

// Enough is how many of the first bytes of a file are needed to tell all kinds apart.
const Enough = 512

// Kind is a kind of file.
type Kind struct {
	Name   string // with its article: "a PNG image"
	Advice string // what to do with it here; "" if there is nothing to say
}

// String returns the name, and the advice behind a colon.
func (k Kind) String() string {
	if k.Advice == "" {
		return k.Name
	}
	return k.Name + ": " + k.Advice
}

// Of returns the kind of a file, and whether it is known. Head is the first [Enough] bytes of the file, or all of a shorter
// one.
func Of(head []byte) (Kind, bool) {
	head = head[:min(len(head), Enough)]
	for _, row := range binaries {
		if len(head) > row.at && bytes.HasPrefix(head[row.at:], []byte(row.begins)) {
			return row.Kind, true
		}
	}
	text := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))))
	for _, row := range texts {
		if bytes.HasPrefix(text, []byte(row.begins)) {
			return row.Kind, true
		}
	}
	return Kind{}, false
}

// Describe says what a file is that begins with head, for an error: its kind if it is known, otherwise its first bytes.
func Describe(head []byte) string {
	const shown = 16
	if len(head) == 0 {
		return "an empty file"
	}
	if k, known := Of(head); known {
		return k.String()
	}
	if len(bytes.Trim(head[:min(len(head), Enough)], "\x00")) == 0 {
		return "nothing but zero bytes: it was not written to its end"
	}
	return fmt.Sprintf("of unknown kind: it begins with %q", head[:min(len(head), shown)])
}
