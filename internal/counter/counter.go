// Package counter tells how far a copy of bytes is.
package counter

import "context"

// Writer counts the bytes that are written to it, and keeps none. It stands beside what a copy goes to, in an
// io.MultiWriter.
type Writer struct {
	Total   int64                   // how many bytes will be written in all
	Report  func(done, total int64) // is told after each write how many bytes have been written; nil reports nothing
	Context context.Context         // a write fails with its error once it is done; nil is never done

	done int64
}

// Write implements io.Writer.
func (w *Writer) Write(b []byte) (int, error) {
	if w.Context != nil && w.Context.Err() != nil {
		return 0, w.Context.Err()
	}
	w.done += int64(len(b))
	if w.Report != nil {
		w.Report(w.done, w.Total)
	}
	return len(b), nil
}
