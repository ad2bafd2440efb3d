package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/wflowlab/wflowlab/internal/thousands"
)

// screen is what progress is shown on: a terminal, where a bar is drawn over itself, or a log, to which lines are added.
type screen struct {
	io.Writer
	columns int // of the terminal; 0 means a log
	now     func() time.Time
}

func newScreen(f *os.File) screen {
	s := screen{Writer: f, now: time.Now}
	if fd := int(f.Fd()); term.IsTerminal(fd) && os.Getenv("TERM") != "dumb" {
		s.columns = 80
		if columns, _, err := term.GetSize(fd); err == nil && columns > 0 {
			s.columns = columns
		}
	}
	return s
}

const (
	patience     = time.Second            // how long bytes are moved before a bar of bytes is shown
	flicker      = 200 * time.Millisecond // the least time between two drawings of a bar
	logPause     = time.Minute            // the least time between two lines of a log
	logShare     = 100                    // between two lines of a log, at least a hundredth of the whole is done
	barWidth     = 30                     // the most columns of a bar
	bytesBeside  = 44                     // columns of what stands beside a bar of bytes
	thingsBeside = 34                     // the same beside a bar of other things, without the digits of two counts
)

// bar shows how far something is and how long it will take. On a terminal that has room for it, it is a bar. Otherwise, and
// in a log, it is a line a minute or a line every percent, whichever is rarer, and a line at the end. What was done before
// the bar begins does not count for the speed, so that the time left is right. If bytes are moved within a second, nothing is
// shown.
type bar struct {
	screen
	what  string
	bytes bool
	from  time.Time // nothing is shown before
	begun time.Time // zero if it has not begun
	drawn *progressbar.ProgressBar

	before, done, total int64

	shown     bool
	shownTime time.Time
	shownDone int64
}

func newBar(to io.Writer, what string, bytes bool) *bar {
	s, ok := to.(screen)
	if !ok {
		s = screen{Writer: to, now: time.Now}
	}
	b := &bar{screen: s, what: what, bytes: bytes, from: s.now()}
	if bytes {
		b.from = b.from.Add(patience)
	}
	return b
}

// set is told how far it is.
func (b *bar) set(done, total int64) {
	if !b.begun.IsZero() && done < b.before { // a server began again
		b.end()
	}
	now := b.now()
	if b.begun.IsZero() {
		if done >= total {
			return
		}
		b.begin(now, done, total)
	}
	b.done = done
	if b.due(now) {
		b.show(now)
	}
}

func (b *bar) begin(now time.Time, done, total int64) {
	b.begun, b.before, b.total = now, done, total
	if b.columns == 0 {
		return
	}
	what, before := b.what, ""
	if !b.bytes && done > 0 {
		before = fmt.Sprintf(", %d of %d done before", done, total)
	} else if done > total/100 { // more than a first look at a file
		before = fmt.Sprintf(", %d of %d MB done before", done/1e6, total/1e6)
	}
	beside := bytesBeside
	if !b.bytes {
		beside = thingsBeside + 2*len(fmt.Sprint(total))
	}
	room := func(what string) int { return b.columns - beside - len([]rune(what)) }
	if room(what+before) > 0 {
		what += before
	}
	width := min(barWidth, room(what))
	if width < 1 { // a line that is longer than the terminal's cannot be drawn over
		b.columns = 0
		return
	}
	b.drawn = progressbar.NewOptions64(total-done, progressbar.OptionSetWriter(b.Writer), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowBytes(b.bytes), progressbar.OptionSetPredictTime(true),
		progressbar.OptionShowElapsedTimeOnFinish(), progressbar.OptionSetWidth(width))
}

// due tells whether it is time to show something.
func (b *bar) due(now time.Time) bool {
	switch since := now.Sub(b.shownTime); {
	case !b.shown:
		return !now.Before(b.from)
	case b.columns > 0:
		return since >= flicker || b.done >= b.total
	default:
		return since >= logPause && (b.done-b.shownDone)*logShare >= b.total && b.done < b.total // end tells the rest
	}
}

func (b *bar) show(now time.Time) {
	b.shown, b.shownTime, b.shownDone = true, now, b.done
	if b.drawn != nil {
		b.drawn.Set64(b.done - b.before)
		return
	}
	left := ""
	if new := b.done - b.before; new > 0 {
		left = ", " + span(time.Duration(float64(now.Sub(b.begun))*float64(b.total-b.done)/float64(new))) + " left"
	}
	fmt.Fprintf(b, "%s: %s of %s, %d %%%s\n", b.what, b.count(b.done), b.count(b.total), int(100*float64(b.done)/float64(b.total)), left)
}

// end ends the bar, if anything of it was shown. The bar may begin again.
func (b *bar) end() {
	took := b.now().Sub(b.begun)
	switch {
	case !b.shown:
	case b.drawn != nil:
		fmt.Fprintln(b)
	case b.done >= b.total:
		fmt.Fprintf(b, "%s: all %s done, in %s\n", b.what, b.count(b.total), span(took))
	default:
		fmt.Fprintf(b, "%s: ended at %s of %s, after %s\n", b.what, b.count(b.done), b.count(b.total), span(took))
	}
	b.begun, b.drawn, b.shown = time.Time{}, nil, false
}

// count writes a number of what the bar counts.
func (b *bar) count(n int64) string {
	if b.bytes {
		return size(n)
	}
	return thousands.Text(int(n))
}
