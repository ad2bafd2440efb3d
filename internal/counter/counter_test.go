package counter

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// A copy through a counter brings all bytes, and every write is reported with the sum so far.
func TestWriter(t *testing.T) {
	var heard [][2]int64
	w := &Writer{Total: 9, Report: func(done, total int64) { heard = append(heard, [2]int64{done, total}) }}
	var to bytes.Buffer
	for _, part := range []string{"abcd", "", "efghi"} {
		if _, err := io.MultiWriter(&to, w).Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if want := [][2]int64{{4, 9}, {4, 9}, {9, 9}}; to.String() != "abcdefghi" || !slices.Equal(heard, want) {
		t.Errorf("%q came and %v was reported, want abcdefghi and %v", to.String(), heard, want)
	}
	if n, err := io.Copy(new(Writer), strings.NewReader("abc")); n != 3 || err != nil {
		t.Errorf("without a report: %d bytes, error %v, want 3 and none", n, err)
	}
}

// The end of the context ends the copy, with its error and without another report.
func TestWriterStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	reports := 0
	w := &Writer{Context: ctx, Report: func(int64, int64) { reports++ }}
	if n, err := w.Write(make([]byte, 3)); n != 3 || err != nil {
		t.Errorf("before the end: %d bytes, error %v, want 3 and none", n, err)
	}
	cancel()
	if n, err := w.Write(make([]byte, 3)); n != 0 || !errors.Is(err, context.Canceled) || reports != 1 {
		t.Errorf("after the end: %d bytes, error %v and %d reports, want 0, %v and 1", n, err, reports, context.Canceled)
	}
}
