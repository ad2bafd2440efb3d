package output

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// page is what a reader sees of a cell, and how it came.
type page struct {
	messages []string // each after its stream
	notices  []string
}

func (p *page) printed(stream string) string {
	var all strings.Builder
	for _, message := range p.messages {
		if text, ok := strings.CutPrefix(message, stream+": "); ok {
			all.WriteString(text)
		}
	}
	return all.String()
}

func newCell(t *testing.T) (*Cell, *page) {
	t.Helper()
	root := t.TempDir()
	t.Setenv("WFLOW_ROOT", root)
	t.Setenv("WFLOW_CACHE", filepath.Join(root, ".lab", "cache"))
	p := &page{}
	return NewCell(Front{
		Print:  func(stream, text string) { p.messages = append(p.messages, stream+": "+text) },
		Notice: func(text string) { p.notices = append(p.notices, text) },
	}, NewFile(12)), p
}

// kept returns what the file of a cell holds.
func kept(t *testing.T, c *Cell) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.file.folder, c.file.name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWritesAreBatched(t *testing.T) {
	c, p := newCell(t)
	synctest.Test(t, func(t *testing.T) {
		for range 5 {
			for range 100 {
				c.Print("stdout", []byte("line\n"))
			}
			time.Sleep(time.Second)
		}
	})
	want := "stdout: " + strings.Repeat("line\n", 100)
	if len(p.messages) != 5 || p.messages[0] != want || p.messages[4] != want {
		t.Errorf("%d messages %.40q, want 5 of 100 lines", len(p.messages), p.messages)
	}
}

func TestStreamsKeepTheirOrder(t *testing.T) {
	c, p := newCell(t)
	for _, s := range []string{"stdout", "stderr", "stderr", "stdout"} {
		c.Print(s, []byte(s[3:]))
	}
	c.End()
	if got, want := strings.Join(p.messages, " "), "stdout: out stderr: errerr stdout: out"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if len(p.notices) > 0 {
		t.Errorf("notices %q, want none", p.notices)
	}
}

func TestWhatIsCutOff(t *testing.T) {
	lines := func(n int) string { return strings.Repeat("line\n", n) }
	long := strings.Repeat("é", 5_000_000)
	for _, c := range []struct {
		name, out, err string
		shown, more    string // of stdout; what the notice says, if there is one
	}{
		{"as many lines as there may be", lines(Lines), lines(Lines), lines(Lines), ""},
		{"one more", lines(Lines) + "x", "", lines(Lines), "1 line more"},
		{"many more", lines(Lines + 1_234_567), "", lines(Lines), "1,234,567 lines more"},
		{"of both", lines(Lines + 3), lines(Lines + 4), lines(Lines), "7 lines more"},
		{"as many bytes", long[:Bytes], "", long[:Bytes], ""},
		{"a long line", long, "", long[:Bytes], "1 line more"},
		{"within a character", "x" + long, "", "x" + long[:Bytes-2], "1 line more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cell, p := newCell(t)
			for name, text := range map[string]string{"stdout": c.out, "stderr": c.err} {
				for r := strings.NewReader(text); r.Len() > 0; {
					chunk := make([]byte, 32<<10)
					n, _ := r.Read(chunk)
					cell.Print(name, chunk[:n])
				}
			}
			cell.End()
			if got := p.printed("stdout"); got != c.shown {
				t.Errorf("%d bytes %.20q, want %d", len(got), got, len(c.shown))
			}
			if c.more == "" {
				if len(p.notices) > 0 {
					t.Errorf("notices %q, want none", p.notices)
				}
				if _, err := os.Stat(cell.file.folder); err == nil {
					t.Error("there is a file, want none")
				}
				return
			}
			want := "… output cut off, " + c.more + "; written to .lab/cache/output/" + cell.file.name
			if last := p.notices[len(p.notices)-1]; last != want {
				t.Errorf("notice %q, want %q", last, want)
			}
			if got, want := len(kept(t, cell)), len(c.out)+len(c.err); got != want {
				t.Errorf("%d bytes in the file, want all %d", got, want)
			}
		})
	}
}

func TestTheCountGoesOn(t *testing.T) {
	c, p := newCell(t)
	synctest.Test(t, func(t *testing.T) {
		c.Print("stdout", bytes.Repeat([]byte("line\n"), Lines+1))
		if len(p.messages) == 0 || len(p.notices) != 1 {
			t.Fatalf("%d messages and %d notices at once, want what is shown and 1", len(p.messages), len(p.notices))
		}
		c.Print("stdout", bytes.Repeat([]byte("line\n"), 41))
		time.Sleep(time.Minute)
		c.End()
		time.Sleep(time.Minute)
	})
	where := "; written to .lab/cache/output/" + c.file.name
	want := []string{
		"… output cut off, the cell goes on: so far 1 line more" + where,
		"… output cut off, the cell goes on: so far 42 lines more" + where,
		"… output cut off, 42 lines more" + where,
	}
	if got := strings.Join(p.notices, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("notices\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// FuzzPrint prints text in pieces, on two streams: what is shown of each is the beginning of what was printed there, in
// messages of whole characters.
func FuzzPrint(f *testing.F) {
	f.Add([]byte("a é € 𝄞\n"), uint64(1))
	f.Add([]byte("\xf0\x9d\x84"), uint64(2))
	f.Add([]byte{0xff, 0x80, 0x80, 0x80, 0x80, 'a', 0xc3}, uint64(3))
	f.Add(bytes.Repeat([]byte("𝄞é\n"), 3000), uint64(4))
	f.Add(bytes.Repeat([]byte("x€"), Bytes/3), uint64(5))
	f.Fuzz(func(t *testing.T, text []byte, pieces uint64) {
		c, p := newCell(t)
		printed := map[string]string{}
		for rest, seed := text, pieces|1; len(rest) > 0; {
			seed = seed*6364136223846793005 + 1442695040888963407
			n := min(len(rest), 1+int(seed>>61))
			if seed>>60&1 == 0 {
				n = min(len(rest), n*1000)
			}
			stream := []string{"stdout", "stderr"}[seed>>59&1]
			c.Print(stream, rest[:n])
			printed[stream] += string(rest[:n])
			rest = rest[n:]
		}
		c.End()
		for stream, want := range printed {
			got := p.printed(stream)
			if !strings.HasPrefix(want, got) {
				t.Fatalf("%s: %.60q is not the beginning of %.60q", stream, got, want)
			}
			lines := strings.Count(got, "\n")
			if len(got) > Bytes || lines > Lines {
				t.Errorf("%s: %d bytes, %d lines", stream, len(got), lines)
			}
			if len(got) < len(want) && len(got) <= Bytes-utf8.UTFMax && lines < Lines {
				t.Errorf("%s: cut off after %d bytes of %d, %d lines", stream, len(got), len(want), lines)
			}
			if !utf8.ValidString(want) {
				continue
			}
			for _, message := range p.messages {
				if strings.HasPrefix(message, stream) && !utf8.ValidString(message) {
					t.Errorf("%.60q ends or begins within a character", message)
				}
			}
		}
	})
}
