package main

import (
	"fmt"
	"io"
	"time"

	"github.com/wflowlab/wflowlab/internal/thousands"
)

// trainingBar shows how far a training is, what its last step told, and when it will end: on a terminal one line that is drawn over
// itself, in a log a line a minute.
type trainingBar struct {
	screen
	what        string
	done, steps int
	shown       time.Time
	width       int // of the line that is drawn over
	begun       bool
}

func newTrainingBar(to io.Writer, what string, done, steps int) *trainingBar {
	s, ok := to.(screen)
	if !ok {
		s = screen{Writer: to, now: time.Now}
	}
	return &trainingBar{screen: s, what: what, done: done, steps: steps, shown: s.now()}
}

// set is told how far it is, how long it will take, and the telling numbers.
func (b *trainingBar) set(done int, left time.Duration, told string) {
	b.done = done
	pause := logPause
	if b.columns > 0 {
		pause = flicker
	}
	now := b.now()
	if now.Sub(b.shown) < pause && done < b.steps && b.begun {
		return
	}
	b.shown, b.begun = now, true
	text := fmt.Sprintf("%s of %s %s", thousands.Text(done), thousands.Text(b.steps), b.what)
	if left > 0 { // the first step, which compiles, tells nothing of the pace
		text += ", " + span(left) + " left"
	}
	text += ": " + told
	if b.columns == 0 {
		fmt.Fprintln(b, text)
		return
	}
	line := []rune(text)
	if len(line) > b.columns-1 { // a line that is longer than the terminal's cannot be drawn over
		line = append(line[:b.columns-2], '…')
	}
	fmt.Fprintf(b, "\r%-*s", b.width, string(line))
	b.width = len(line)
}

// end ends the line.
func (b *trainingBar) end() {
	if b.columns > 0 && b.begun {
		fmt.Fprintln(b)
	}
}
