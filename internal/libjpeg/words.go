package libjpeg

import (
	"context"
	"fmt"
	"strings"
)

// Error says what is wrong with a file. Files with the same Cause have the same fault. Detail belongs to one file, and may be
// empty.
type Error struct{ Cause, Detail string }

func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Cause
	}
	return e.Cause + ": " + e.Detail
}

// The codes of decode.c beside libjpeg's own.
const (
	cutOff = -1
	scans  = -2
)

// words returns the error whose code and values stand at a place of the report, or nil if none stands there.
func (d *Decoder) words(place int) *Error {
	r := d.results()
	code, values := r[place], r[place+1:place+5]
	switch code {
	case 0:
		return nil
	case cutOff:
		return &Error{"cut off", fmt.Sprintf("the file ends after %d bytes, its picture does not", d.length)}
	case scans:
		return &Error{"damaged JPEG", "more than 1000 scans"}
	}
	text := d.message(code)
	switch text {
	case "Corrupt JPEG data: found marker 0x%02x instead of RST%d":
		found := fmt.Sprintf("marker %02X", values[0])
		if rst := values[0] - 0xd0; rst >= 0 && rst < 8 {
			found = fmt.Sprintf("restart marker %d", rst)
		}
		return &Error{"damaged restart markers", fmt.Sprintf("%s where %d is due", found, values[1])}
	case "Corrupt JPEG data: premature end of data segment":
		return &Error{"damaged JPEG data", "a part of them ends early"}
	case "Corrupt JPEG data: bad Huffman code", "Corrupt JPEG data: bad arithmetic code":
		return &Error{"damaged JPEG data", "a code that is in no table"}
	case "Corrupt JPEG data: %u extraneous bytes before marker 0x%02x":
		return &Error{"damaged JPEG data", fmt.Sprintf("%d bytes too many before marker %02X", values[0], values[1])}
	case "Fractional sampling not implemented yet", "Sampling factors too large for interleaved scan":
		return &Error{"unsupported JPEG sampling " + d.sampling(), "save it again, as 4:4:4 or 4:2:0"}
	case "Unsupported JPEG process: SOF type 0x%02x":
		return &Error{"unsupported JPEG process " + process(values[0]), "save it again as baseline or progressive"}
	case "Unsupported marker type 0x%02x":
		if values[0] == 0xf7 {
			return &Error{"unsupported JPEG-LS", "save it again as baseline or progressive JPEG, or as PNG"}
		}
	case "Empty JPEG image (DNL not supported)":
		return &Error{"no pixels", "a side of length 0"}
	case "Maximum supported image dimension is %u pixels":
		return &Error{"too large", fmt.Sprintf("a side of more than %d pixels", values[0])}
	case "Unsupported JPEG data precision %d":
		return &Error{fmt.Sprintf("unsupported JPEG of %d bits", values[0]), "want 8: save it again"}
	case "Not a JPEG file: starts with 0x%02x 0x%02x":
		return &Error{"not a JPEG image", ""}
	}
	return &Error{"damaged JPEG", strings.ToLower(text[:1]) + fill(text[1:], values)}
}

// process names the process that the marker of a frame says.
func process(marker int) string {
	switch marker {
	case 0xc3, 0xcb:
		return "lossless"
	case 0xc9, 0xca:
		return "arithmetic"
	}
	return "hierarchical"
}

// message returns libjpeg's text for a code, with the verbs of C's printf in it. It is never empty.
func (d *Decoder) message(code int) string {
	if at, err := d.module.ExportedFunction("message").Call(context.Background(), uint64(uint32(int32(code)))); err == nil {
		if raw, ok := d.module.Memory().Read(uint32(at[0]), 200); ok {
			if text, _, ended := strings.Cut(string(raw), "\x00"); ended && text != "" {
				return text
			}
		}
	}
	return fmt.Sprintf("Error %d", code)
}

// fill puts values in the place of the verbs of C's printf in a text.
func fill(text string, values []int) string {
	n := strings.Count(text, "%")
	if n > len(values) || strings.Contains(text, "%s") {
		return text
	}
	var list []any
	for _, v := range values[:n] {
		list = append(list, v)
	}
	return fmt.Sprintf(strings.NewReplacer("%u", "%d", "%ld", "%d").Replace(text), list...)
}

// sampling writes the sampling factors of all components: 2x2, 1x1, 1x1.
func (d *Decoder) sampling() string {
	var list []string
	for _, s := range d.Sampling {
		list = append(list, fmt.Sprintf("%dx%d", s[0], s[1]))
	}
	return strings.Join(list, ", ")
}
