package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// patience is how long bytes are moved before they get a bar.
const patience = time.Second

// bar shows how far something is and how long it will take. What was done before it begins is left out, for the time that
// is left to be right. Bytes that are soon done get none.
type bar struct {
	to     *late
	what   string
	bytes  bool
	before int64
	shown  *progressbar.ProgressBar
}

func newBar(to io.Writer, what string, bytes bool) *bar {
	b := &bar{to: &late{to: to, from: time.Now()}, what: what, bytes: bytes}
	if bytes {
		b.to.from = b.to.from.Add(patience)
	}
	return b
}

func (b *bar) set(done, total int64) {
	if b.shown != nil && done < b.before { // a server began again
		b.end()
		b.shown = nil
	}
	if b.shown == nil {
		if done >= total {
			return
		}
		b.before = done
		what := b.what
		if !b.bytes && done > 0 {
			what = fmt.Sprintf("%s, %d of %d done before", b.what, done, total)
		} else if done > total/100 { // more than a first look at a file
			what = fmt.Sprintf("%s, %d of %d MB done before", b.what, done/1e6, total/1e6)
		}
		b.shown = progressbar.NewOptions64(total-done, progressbar.OptionSetWriter(b.to), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionShowBytes(b.bytes), progressbar.OptionSetPredictTime(true), progressbar.OptionSetRenderBlankState(true),
			progressbar.OptionShowElapsedTimeOnFinish(), progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionSetWidth(30))
	}
	b.shown.Set64(done - b.before)
}

func (b *bar) end() {
	if b.to.wrote {
		fmt.Fprintln(b.to)
	}
	b.to.wrote = false
}

// late writes nothing before its time.
type late struct {
	to    io.Writer
	from  time.Time
	wrote bool
}

// Write implements io.Writer.
func (l *late) Write(b []byte) (int, error) {
	if time.Now().Before(l.from) {
		return len(b), nil
	}
	l.wrote = true
	return l.to.Write(b)
}
