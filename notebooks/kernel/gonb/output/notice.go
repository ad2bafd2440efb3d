package output

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// cut returns how many of the streams are cut off.
func (c *Cell) cut() int {
	n := 0
	for i := range c.streams {
		if c.streams[i].cut {
			n++
		}
	}
	return n
}

// count says how much is cut off so far, and goes on saying so while there is more of it.
func (c *Cell) count() {
	if c.cut() > 0 {
		c.file.open()
	}
	if c.counter != nil || c.ended {
		return
	}
	said := c.notice(true)
	c.front.Notice(said)
	c.counter = time.AfterFunc(recount, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.ended {
			return
		}
		if now := c.notice(true); now != said {
			said = now
			c.front.Notice(said)
		}
		c.counter.Reset(recount)
	})
}

// notice says in one line how much is cut off, and where it is, while the cell goes on or at its end.
func (c *Cell) notice(goesOn bool) string {
	said := "… output cut off"
	if goesOn {
		said = "… output cut off, the cell goes on: so far"
	} else {
		said += ","
	}
	var parts []string
	if c.cut() > 0 {
		lines := c.streams[0].skipped() + c.streams[1].skipped()
		parts = append(parts, number(lines, "line")+" more; "+c.file.place())
	}
	if c.undisplayed > 0 {
		parts = append(parts, number(c.undisplayed, "display")+" more, not kept")
	}
	return said + " " + strings.Join(parts, "; ")
}

// number writes a number of things: 1 line, 9,998,000 lines.
func number(n int, thing string) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%s %s", digits, thing)
}
