package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

// On a terminal the line of a training is drawn over itself, with the time that is left, and never wider than the terminal.
func TestTrainingBar(t *testing.T) {
	const columns = 60
	var shown bytes.Buffer
	clock := newClock()
	b := newTrainingBar(screen{&shown, columns, clock.now}, "steps", 0, 1200)
	if b.end(); shown.Len() > 0 {
		t.Errorf("before the first step: %q, want nothing", &shown)
	}
	b.set(1, 0, "norm 2")
	clock.after(flicker - 1)
	b.set(2, time.Hour, "norm 3") // too soon
	clock.after(1)
	b.set(3, 90*time.Minute, "V² global 0.5; norm 1")
	clock.after(flicker)
	b.set(4, time.Minute, "norm 4") // shorter than what it is drawn over
	clock.after(flicker)
	b.set(5, time.Minute, "V² global 0.5, layer1 0.25; norm 1") // longer than the terminal's
	b.set(1200, 0, "norm 5")                                    // the end, however soon it comes
	b.end()
	if !strings.HasPrefix(shown.String(), "\r") || !strings.HasSuffix(shown.String(), "\n") {
		t.Errorf("%q, want lines that begin at the left, and a line end at the end", &shown)
	}
	looks := strings.Split(strings.Trim(shown.String(), "\r\n"), "\r")
	var said []string
	width := 0
	for _, look := range looks {
		text := strings.TrimRight(look, " ")
		if n := len([]rune(look)); n >= columns || n < width {
			t.Errorf("%q has %d columns, want less than %d, and the %d of the line before covered", look, n, columns, width)
		}
		said, width = append(said, text), len([]rune(text))
	}
	if want := []string{
		"1 of 1,200 steps: norm 2",
		"3 of 1,200 steps, 1 h 30 min left: V² global 0.5; norm 1",
		"4 of 1,200 steps, 1 min 0 s left: norm 4",
		"5 of 1,200 steps, 1 min 0 s left: V² global 0.5, layer1 0.…",
		"1,200 of 1,200 steps: norm 5",
	}; !slices.Equal(said, want) {
		t.Errorf("%q, want %q", said, want)
	}
}

// A log gets a line at the first step, one a minute, and one at the last.
func TestTrainingLog(t *testing.T) {
	var shown bytes.Buffer
	clock := newClock()
	b := newTrainingBar(clock.log(&shown), "steps", 0, 1200)
	b.set(1, 0, "norm 2")
	clock.after(logPause - 1)
	b.set(2, time.Hour, "norm 3") // too soon
	clock.after(1)
	b.set(3, 2*time.Hour, "norm 1")
	b.set(1200, 0, "norm 5")
	b.end()
	if want := "1 of 1,200 steps: norm 2\n3 of 1,200 steps, 2 h 0 min left: norm 1\n1,200 of 1,200 steps: norm 5\n"; shown.String() != want {
		t.Errorf("%q, want %q", &shown, want)
	}
}
