package output

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// stream is what was shown of stdout or of stderr, and what was not.
type stream struct {
	name         string
	lines, bytes int    // shown
	begun        []byte // a character whose end has not come yet
	cut          bool   // nothing more is shown
	more         int    // lines that were not shown, or not whole
	within       bool   // and the last of them has no end yet
}

// take returns what to show of the text that comes next: whole characters, within the limits.
func (s *stream) take(text []byte) []byte {
	if s.cut {
		s.skip(text)
		return nil
	}
	text = slices.Concat(s.begun, text)
	n := s.fits(text)
	s.cut = n < len(text)
	n -= unfinished(text[:n])
	shown, rest := text[:n], text[n:]
	s.bytes += n
	s.lines += bytes.Count(shown, newline)
	s.begun = nil
	if s.cut {
		s.skip(rest)
	} else {
		s.begun = rest
	}
	return shown
}

// end returns what is left to show when no more text comes: the beginning of a character.
func (s *stream) end() []byte {
	rest := s.begun
	s.begun = nil
	return rest
}

// fits returns how many bytes of the text the limits still allow.
func (s *stream) fits(text []byte) int {
	limit := min(len(text), Bytes-s.bytes)
	n := 0
	for range Lines - s.lines {
		next := bytes.IndexByte(text[n:limit], '\n')
		if next < 0 {
			return limit
		}
		n += next + 1
	}
	return n
}

func (s *stream) skip(text []byte) {
	if len(text) > 0 {
		s.more += bytes.Count(text, newline)
		s.within = text[len(text)-1] != '\n'
	}
}

// skipped returns the number of lines that were not shown, or not whole.
func (s *stream) skipped() int {
	if s.within {
		return s.more + 1
	}
	return s.more
}

var newline = []byte("\n")

// unfinished returns how many bytes at the end of the text are the beginning of a character.
func unfinished(text []byte) int {
	for n := 1; n <= min(utf8.UTFMax, len(text)); n++ {
		if last := text[len(text)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}
