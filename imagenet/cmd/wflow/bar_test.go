package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// clock is a time that tests move.
type clock struct{ at time.Time }

func newClock() *clock                 { return &clock{time.Unix(1e9, 0)} }
func (c *clock) now() time.Time        { return c.at }
func (c *clock) after(d time.Duration) { c.at = c.at.Add(d) }
func (c *clock) log(b *bytes.Buffer) screen {
	return screen{Writer: b, now: c.now}
}

// On a terminal a bar is drawn over itself; bytes that are soon done have none, and what was done before is left out.
func TestBar(t *testing.T) {
	var shown bytes.Buffer
	time := newClock()
	terminal := screen{&shown, 100, time.now}
	b := newBar(terminal, "reading", true)
	b.set(0, 100e6)
	b.set(40e6, 100e6)
	if b.end(); shown.Len() > 0 {
		t.Errorf("before its time: %q, want nothing", &shown)
	}
	b = newBar(terminal, "reading", true)
	b.set(0, 100e6)
	b.set(40e6, 100e6)
	time.after(patience)
	b.set(60e6, 100e6)
	time.after(flicker - 1)
	b.set(70e6, 100e6) // too soon
	if b.end(); !strings.Contains(shown.String(), "(60/100 MB") || strings.Contains(shown.String(), "70") || !strings.HasSuffix(shown.String(), "\n") {
		t.Errorf("%q, want 60 of 100 MB", &shown)
	}
	shown.Reset()
	b = newBar(terminal, "fetching", true)
	time.after(patience)
	b.set(75e6, 100e6)
	if b.end(); !strings.Contains(shown.String(), "fetching, 75 of 100 MB done before") || !strings.Contains(shown.String(), "( 0 B/25 MB)") {
		t.Errorf("%q, want 25 MB more", &shown)
	}
	shown.Reset()
	b = newBar(terminal, "images", false)
	b.set(8, 80)
	b.set(80, 80) // the end is shown, however soon it comes
	if b.end(); !strings.Contains(shown.String(), "images, 8 of 80 done before") || !strings.Contains(shown.String(), "(0/72") || !strings.Contains(shown.String(), "(72/72") {
		t.Errorf("%q, want 72 more", &shown)
	}
}

// No line of a bar is longer than the terminal, which would break it in two and leave one of them behind at every drawing.
func TestBarFits(t *testing.T) {
	for _, columns := range []int{80, 100, 200} {
		var shown bytes.Buffer
		time := newClock()
		b := newBar(screen{&shown, columns, time.now}, "stabilityai/sd-vae-ft-mse", true)
		for done := range int64(335) {
			time.after(patience)
			b.set(done*1e6, 334.6e6)
		}
		b.end()
		for look := range strings.SplitSeq(strings.TrimSpace(shown.String()), "\r") {
			if n := len([]rune(look)); n > columns {
				t.Errorf("%d columns, want at most %d: %q", n, columns, look)
			}
		}
	}
}

// No line of a bar of images is longer either, however long they take. A terminal without room for a bar is a log.
func TestBarOfImagesFits(t *testing.T) {
	for _, columns := range []int{20, 60, 80, 120} {
		var shown bytes.Buffer
		time := newClock()
		b := newBar(screen{&shown, columns, time.now}, "images of shard 3/16", false)
		for done := int64(123_456); done <= 1_281_167; done += 50_000 {
			b.set(done, 1_281_167)
			time.after(55 * 3600e9)
		}
		b.end()
		if drawn := strings.Contains(shown.String(), "\r"); drawn != (columns >= 80) {
			t.Errorf("%d columns: drawn over itself: %v, want %v: %q", columns, drawn, columns >= 80, &shown)
			continue
		}
		for look := range strings.SplitSeq(strings.TrimSpace(shown.String()), "\r") {
			if n := len([]rune(look)); columns >= 80 && n > columns {
				t.Errorf("%d columns, want at most %d: %q", n, columns, look)
			}
		}
		if before := strings.Contains(shown.String(), "done before"); before != (columns >= 120) {
			t.Errorf("%d columns: what was done before is shown: %v, want %v: %q", columns, before, columns >= 120, &shown)
		}
	}
}

// A log gets a line when it begins, one a minute or every percent, whichever is rarer, and one at the end.
func TestLog(t *testing.T) {
	for _, c := range []struct {
		what   string
		bytes  bool
		before int64
		total  int64
		step   int64
		every  time.Duration
		want   []string
	}{
		{"1,000 images, one in three seconds: a line a minute", false, 0, 1_000, 1, 3 * time.Second, []string{
			"x: 0 of 1,000, 0 %", "x: 20 of 1,000, 2 %, 49 min 0 s left", "x: 40 of 1,000, 4 %, 48 min 0 s left"}},
		{"1.3 million images: a line a percent", false, 130_000, 1_300_000, 1000, 50 * time.Minute, []string{
			"x: 130,000 of 1,300,000, 10 %", "x: 143,000 of 1,300,000, 11 %, 40 d 4 h left", "x: 156,000 of 1,300,000, 12 %, 39 d 17 h left"}},
		{"100 MB in 19 s: the beginning and the end", true, 0, 100e6, 5e6, 950 * time.Millisecond, []string{
			"x: 10 MB of 100 MB, 10 %, 17 s left", "x: all 100 MB done, in 19 s"}},
		{"bytes that are soon done: nothing", true, 0, 100e6, 50e6, 400 * time.Millisecond, nil},
	} {
		var shown bytes.Buffer
		time := newClock()
		b := newBar(time.log(&shown), "x", c.bytes)
		for done := c.before; done <= c.total; done += c.step {
			b.set(done, c.total)
			if done < c.total {
				time.after(c.every)
			}
		}
		b.end()
		got := strings.SplitAfter(shown.String(), "\n")
		got = got[:len(got)-1]
		if len(got) < len(c.want) || len(got) > 102 || strings.Contains(shown.String(), "\r") {
			t.Errorf("%s: %d lines, want %d to 102, none drawn over: %q", c.what, len(got), len(c.want), &shown)
			continue
		}
		for i, want := range c.want {
			if got[i] != want+"\n" {
				t.Errorf("%s: %q, want %q", c.what, got[i], want)
			}
		}
		if c.want != nil && !strings.Contains(got[len(got)-1], "done, in ") {
			t.Errorf("%s: ends with %q, want done, in …", c.what, got[len(got)-1])
		}
	}
}

// The bar begins again if a server does, and it says where it ended if that was too soon.
func TestLogOfWhatEndsBefore(t *testing.T) {
	var shown bytes.Buffer
	time := newClock()
	b := newBar(time.log(&shown), "x", true)
	time.after(5 * patience)
	b.set(40e6, 100e6)
	time.after(9 * patience)
	b.set(60e6, 100e6)
	b.set(0, 100e6)
	time.after(3 * patience)
	b.set(50e6, 100e6)
	b.end()
	b.end()
	want := "x: 40 MB of 100 MB, 40 %\nx: ended at 60 MB of 100 MB, after 9 s\nx: 0 bytes of 100 MB, 0 %\nx: ended at 50 MB of 100 MB, after 3 s\n"
	if got := shown.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// However progress comes, a log's lines are a minute and a percent apart, but for the first and the last.
func TestLogIsSparse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock, total := newClock(), rapid.Int64Range(1, 1e6).Draw(t, "total")
		begun := clock.at
		var shown bytes.Buffer
		b := newBar(clock.log(&shown), "x", rapid.Bool().Draw(t, "bytes"))
		for done := int64(0); done < total; done += rapid.Int64Range(0, 1+total/20).Draw(t, "step") {
			b.set(done, total)
			clock.after(time.Duration(rapid.Int64Range(0, int64(2*time.Minute)).Draw(t, "time")))
		}
		b.set(total, total)
		b.end()
		lines, most := strings.Count(shown.String(), "\n"), int(min(100, clock.at.Sub(begun)/time.Minute))+2
		if lines > most || strings.Contains(shown.String(), "\r") {
			t.Errorf("%d lines, want at most %d:\n%s", lines, most, &shown)
		}
	})
}

// A file or a pipe is a log; so is a terminal that cannot go back in a line.
func TestScreen(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	if s := newScreen(write); s.columns != 0 {
		t.Errorf("a pipe of %d columns, want 0", s.columns)
	}
}

func TestUnits(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1000: "1.0 kB", 9949: "9.9 kB", 9950: "10 kB", 334_643_276: "335 MB",
		999_499_999: "999 MB", 999_500_000: "1.0 GB", 84e9: "84 GB", 1 << 62: "4.6 EB"} {
		if got := size(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0 s", 59*time.Second + 999: "59 s", 61 * time.Second: "1 min 1 s", 25*time.Hour + 1: "1 d 1 h", 90 * time.Minute: "1 h 30 min"} {
		if got := span(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
	if got := fmt.Sprint(exactSize(1), ", ", exactSize(1234)); got != "1 byte, 1,234 bytes (1.2 kB)" {
		t.Errorf("%s, want 1 byte, 1,234 bytes (1.2 kB)", got)
	}
}
