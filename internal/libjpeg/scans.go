package libjpeg

import (
	"bytes"
	"encoding/binary"
)

// countScans counts the scans of a file up to the end of its picture. Each scan costs a pass over the whole picture.
func countScans(file []byte) (n int) {
	for at := 2; ; {
		next := bytes.IndexByte(file[min(at, len(file)):], 0xff)
		if next < 0 || at+next+4 > len(file) {
			return n
		}
		at += next
		switch marker := file[at+1]; {
		case marker == 0xd9: // the end
			return n
		case marker == 0xff: // fills up
			at++
		case marker < 2, 0xd0 <= marker && marker < 0xd9: // a byte of data, a restart
			at += 2
		default:
			if marker == 0xda {
				n++
			}
			at += 2 + int(binary.BigEndian.Uint16(file[at+2:]))
		}
	}
}
