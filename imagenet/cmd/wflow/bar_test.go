package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// A bar of bytes that appears late counts from the beginning, and bytes that are soon done have none.
func TestBar(t *testing.T) {
	var shown bytes.Buffer
	b := newBar(&shown, "reading", true)
	b.set(0, 100e6)
	b.set(40e6, 100e6)
	if b.end(); shown.Len() > 0 {
		t.Errorf("before its time: %q", &shown)
	}
	b = newBar(&shown, "reading", true)
	b.to.from = time.Now().Add(100 * time.Millisecond)
	b.set(0, 100e6)
	b.set(40e6, 100e6)
	time.Sleep(210 * time.Millisecond) // it shows itself no more often than every 200 ms
	b.set(60e6, 100e6)
	if b.end(); !strings.Contains(shown.String(), "(60/100 MB") || !strings.HasSuffix(shown.String(), "\n") {
		t.Errorf("%q, want 60 of 100 MB", &shown)
	}
	shown.Reset()
	b = newBar(&shown, "fetching", true)
	b.to.from = time.Now()
	b.set(75e6, 100e6)
	if b.end(); !strings.Contains(shown.String(), "fetching, 75 of 100 MB done before") || !strings.Contains(shown.String(), "( 0 B/25 MB)") {
		t.Errorf("%q, want 25 MB more", &shown)
	}
	shown.Reset()
	b = newBar(&shown, "images", false)
	b.set(8, 80)
	if b.end(); !strings.Contains(shown.String(), "images, 8 of 80 done before") || !strings.Contains(shown.String(), "(0/72") {
		t.Errorf("%q, want 72 more", &shown)
	}
}
