// Package output carries what a running cell prints and displays to the notebook: in batches, and no more of it than a
// browser bears. It is a part of the mended GoNB: gonb/mend.py copies it there.
package output

import (
	"sync"
	"time"
)

// What one cell shows at most. A notebook of 1 MB, which is what we store at most, holds it.
const (
	Lines    = 2_000   // of stdout, and as many of stderr
	Bytes    = 200_000 // of stdout, and as many of stderr
	Displays = 1_000   // those that are updated in place count once

	DisplayBytes = 20_000_000 // of all displays as they stand
)

const (
	every   = 50 * time.Millisecond // what is printed within this time is one message
	full    = 32_000                // bytes of a batch that does not wait
	recount = time.Second           // between two counts of what is cut off
)

// Front is the notebook as a Cell sees it.
type Front struct {
	Print  func(stream, text string) // adds text to what the cell has printed
	Notice func(text string)         // the first time it adds a text of its own, later it replaces that
}

// Cell is what one run of a cell prints and displays. Its methods may be called from several goroutines.
type Cell struct {
	front    Front
	file     *File
	displays displays

	mu      sync.Mutex
	streams [2]stream
	batch   []byte // printed and not yet shown, of one stream
	of      int    // which stream
	timer   *time.Timer

	undisplayed int         // displays that were not shown
	counter     *time.Timer // of what is cut off; nil while nothing is
	ended       bool
}

// NewCell returns a Cell that shows what it may, and keeps the rest in a file.
func NewCell(front Front, file *File) *Cell {
	c := &Cell{front: front, file: file}
	c.streams[0].name, c.streams[1].name = "stdout", "stderr"
	c.displays.refused = c.undisplay
	return c
}

// Print takes what a program has printed on the stream "stdout" or "stderr". The text may end within a character.
func (c *Cell) Print(name string, text []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := 0
	if name == c.streams[1].name {
		i = 1
	}
	c.file.write(text)
	cut := c.cut()
	c.add(i, c.streams[i].take(text))
	if c.cut() > cut {
		c.flush()
		c.count()
	}
}

// Flush shows what waits. What else is said about the cell comes after it.
func (c *Cell) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush()
}

// End shows what still waits, and the last count of what is cut off.
func (c *Cell) End() {
	c.displays.end()
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.streams {
		c.add(i, c.streams[i].end())
	}
	c.flush()
	c.ended = true
	if c.counter != nil {
		c.counter.Stop()
		c.front.Notice(c.notice(false))
	}
	c.file.close()
}

// Display shows what is published, of a number of bytes, now or soon. If it has an id, it takes the place of what the cell
// has displayed under it before, and may be left out if something newer under the same id comes soon.
func (c *Cell) Display(id string, size int, publish func()) { c.displays.show(id, size, publish) }

// Sync returns when everything displayed is shown, or will not be.
func (c *Cell) Sync() { c.displays.sync() }

// Wait returns when a message of a number of bytes that can neither be left out nor replaced may go to the notebook.
func (c *Cell) Wait(size int) { c.displays.wait(size) }

func (c *Cell) undisplay() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.undisplayed++
	if c.counter == nil {
		c.flush()
		c.count()
	}
}

func (c *Cell) add(i int, text []byte) {
	if len(text) == 0 {
		return
	}
	if i != c.of {
		c.flush()
		c.of = i
	}
	c.batch = append(c.batch, text...)
	if len(c.batch) >= full {
		c.flush()
	} else if c.timer == nil {
		c.timer = time.AfterFunc(every, c.Flush)
	}
}

func (c *Cell) flush() {
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if len(c.batch) > 0 {
		c.front.Print(c.streams[c.of].name, string(c.batch))
		c.batch = c.batch[:0]
	}
}
