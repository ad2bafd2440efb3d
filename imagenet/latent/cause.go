package latent

import "errors"

// DecodeError says why a file is no picture that can be read. Files with the same Cause have the same fault: a Cause holds no
// name, offset or other number of one file.
type DecodeError struct {
	Cause  string // "cut off"
	Detail string // "after 300 bytes"; "" where there is no more to say
	Mended bool   // DecodeImage reads the file all the same, as Pillow does; only CheckImage returns such an error
}

func (e *DecodeError) Error() string {
	text := e.Cause
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Mended {
		text += " (read all the same, mended as Pillow mends it)"
	}
	return text
}

// notReadable is the cause if the file system does not let a file be read.
const notReadable = "not readable"

// Cause returns the kind of an error of DecodeImage, CheckImage or ReadImage, by which files can be counted: the Cause of a
// *DecodeError, "not readable" if the file system did not let the file be read, and "" for nil.
func Cause(err error) string {
	var d *DecodeError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &d):
		return d.Cause
	}
	return notReadable
}
