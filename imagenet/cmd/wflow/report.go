package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/internal/thousands"
)

// line is a line of a report: what it is about, and what there is to say.
type line struct{ name, text string }

// reportLines collects the lines of a report.
type reportLines []line

func (lines *reportLines) addLine(name, format string, arguments ...any) {
	*lines = append(*lines, line{name, fmt.Sprintf(format, arguments...)})
}

// report prints what was found or done: as lines for people, as one JSON object with --json.
func report(c *cobra.Command, r interface{ lines() []line }) error {
	if asJSON, err := c.Flags().GetBool("json"); err != nil || asJSON {
		if err != nil {
			return err
		}
		e := json.NewEncoder(c.OutOrStdout())
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(r)
	}
	lines := r.lines()
	width := 0
	for i := range lines {
		l := &lines[i]
		l.name, l.text = printable(l.name), strings.ReplaceAll(printable(l.text), "\n", " ")
		width = max(width, len([]rune(l.name)))
	}
	for _, l := range lines {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "%-*s  %s\n", width, l.name, l.text); err != nil {
			return err
		}
	}
	return nil
}

// printable returns text without the characters that command a terminal, which the names in files of others may hold.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// sink is a writer that keeps the first error.
type sink struct {
	io.Writer
	err error
}

// Write implements io.Writer.
func (s *sink) Write(b []byte) (int, error) {
	n, err := s.Writer.Write(b)
	if s.err == nil {
		s.err = err
	}
	return n, err
}

// size writes a number of bytes as 335 MB.
func size(bytes int64) string {
	const units = "kMGTPE"
	switch {
	case bytes == 1:
		return "1 byte"
	case bytes < 1000:
		return fmt.Sprintf("%d bytes", bytes)
	}
	n, unit := float64(bytes)/1000, 0
	for ; n >= 999.5; unit++ {
		n /= 1000
	}
	if n < 9.95 {
		return fmt.Sprintf("%.1f %cB", n, units[unit])
	}
	return fmt.Sprintf("%.0f %cB", n, units[unit])
}

// exactSize writes a number of bytes as 334,643,276 bytes (335 MB).
func exactSize(bytes int64) string {
	if bytes < 1000 {
		return size(bytes)
	}
	return fmt.Sprintf("%s bytes (%s)", thousands.Text(int(bytes)), size(bytes))
}

// span writes a time as 3 d 4 h.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}
