// Package fault says what is wrong with a cell: once, with the cell and the line, and with what may help. It is a part of the
// mended GoNB: gonb/mend.py copies it there.
package fault

import (
	"errors"
	"fmt"
	"html"
	"strings"
)

// A Place is a line of a cell, from 1. The cell has the number that its front end shows, and perhaps the front end's id.
type Place struct {
	Cell, Line int
	ID         string
}

func (p Place) String() string {
	if p.Cell < 1 {
		return fmt.Sprintf("Line %d", p.Line)
	}
	return fmt.Sprintf("Cell [%d], line %d", p.Cell, p.Line)
}

// A Fault is one thing that is wrong. Code is the line of Go that it is in, Column where, from 1; either may be missing.
type Fault struct {
	Place   *Place
	Message string
	Code    string
	Column  int
	Hint    string
}

// A Report is all that is wrong with a cell. It is the error that the cell ends with.
type Report struct {
	Name   string // of the kind of error, in a word or two
	Faults []Fault
	Trace  string // what the goroutines did
	Plain  bool   // for a front end that shows text only
}

// Of returns the report that an error wraps, or nil.
func Of(err error) *Report {
	var report *Report
	errors.As(err, &report)
	return report
}

// Error returns the first message, with its place.
func (r *Report) Error() string {
	if len(r.Faults) == 0 {
		return r.Name
	}
	return r.Faults[0].first()
}

func (f Fault) first() string {
	if f.Place == nil {
		return f.Message
	}
	return f.Place.String() + ": " + f.Message
}

// longest is how many lines of a trace are kept.
const longest = 100

func (r *Report) trace() string {
	lines := strings.Split(strings.TrimSpace(r.Trace), "\n")
	if n := len(lines) - longest; n > 0 {
		lines = append(lines[:longest], fmt.Sprintf("… %d lines more", n))
	}
	return strings.Join(lines, "\n")
}

// Text returns the report for front ends that show no HTML.
func (r *Report) Text() string {
	var text strings.Builder
	for i, f := range r.Faults {
		if i > 0 {
			text.WriteString("\n")
		}
		text.WriteString(f.first() + "\n")
		if f.Code != "" {
			text.WriteString(indent(f.marked()) + "\n")
		}
		if f.Hint != "" {
			text.WriteString(f.Hint + "\n")
		}
	}
	if r.Trace != "" {
		text.WriteString("\n" + r.trace() + "\n")
	}
	return strings.TrimRight(text.String(), "\n")
}

func indent(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }

// marked returns the line of code without its indent and, if the column is known, a mark below it.
func (f Fault) marked() string {
	code := strings.TrimLeft(f.Code, " \t")
	if before := f.Column - 1 - (len(f.Code) - len(code)); f.Column > 0 && 0 <= before && before <= len(code) {
		blank := strings.Map(func(r rune) rune {
			if r == '\t' {
				return r
			}
			return ' '
		}, code[:before])
		code += "\n" + blank + "^"
	}
	return code
}

// HTML returns the report as a box. A place whose id is known is a link that takes JupyterLab to the cell.
func (r *Report) HTML() string {
	var box strings.Builder
	box.WriteString(`<div style="background: var(--jp-rendermime-error-background, #fdd); color: var(--jp-content-font-color1, #000); ` +
		`padding: 8px 12px; font-family: var(--jp-code-font-family, monospace); font-size: var(--jp-code-font-size, 13px); line-height: 1.5">`)
	for i, f := range r.Faults {
		gap := ""
		if i > 0 {
			gap = ` style="margin-top: 10px"`
		}
		box.WriteString("<div" + gap + `><div style="white-space: pre-wrap">`)
		if f.Place != nil {
			where := html.EscapeString(f.Place.String())
			if f.Place.ID != "" {
				where = fmt.Sprintf(`<a href="#cell-id=%s">%s</a>`, html.EscapeString(f.Place.ID), where)
			}
			box.WriteString(where + ": ")
		}
		box.WriteString("<b>" + html.EscapeString(f.Message) + "</b></div>")
		if f.Code != "" {
			box.WriteString(`<div style="white-space: pre; tab-size: 4; overflow-x: auto; margin-left: 2em; line-height: 1.3">` + html.EscapeString(f.marked()) + "</div>")
		}
		if f.Hint != "" {
			box.WriteString(`<div style="white-space: pre-wrap; font-family: var(--jp-content-font-family, sans-serif)">` + html.EscapeString(f.Hint) + "</div>")
		}
		box.WriteString("</div>")
	}
	if r.Trace != "" {
		box.WriteString(`<details style="margin-top: 6px"><summary style="cursor: pointer">What the goroutines did</summary>` +
			`<div style="white-space: pre; tab-size: 4; overflow-x: auto; margin-left: 2em; line-height: 1.3">` + html.EscapeString(r.trace()) + "</div></details>")
	}
	box.WriteString("</div>")
	return box.String()
}
