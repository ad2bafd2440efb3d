package cell

import (
	"fmt"
	"html"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
)

// Progress is a bar below the running cell, with the time that is left. Outside a notebook it shows nothing.
type Progress struct {
	what        string
	total, done int
	start, last time.Time
	id          string

	paced time.Time // when the first steps were done, which may have compiled or been done before
	first int       // how many they were
}

const progressEvery = 200 * time.Millisecond

// NewProgress returns a bar for total steps of what, in a few words.
func NewProgress(what string, total int) *Progress {
	p := &Progress{what: what, total: max(total, 1), start: time.Now()}
	if gonbui.IsNotebook {
		p.id = gonbui.UniqueId()
	}
	return p
}

// Set moves the bar to a number of steps done, with a note beside it such as the present energy. At the end the time that
// the steps took stays in the notebook.
func (p *Progress) Set(done int, note string) {
	p.done = done
	now := time.Now()
	if p.paced.IsZero() {
		p.paced, p.first = now, done
	}
	if p.id == "" || done < p.total && now.Sub(p.last) < progressEvery {
		return
	}
	p.last = now
	gonbui.UpdateHtml(p.id, p.html(now, note))
	if done >= p.total {
		gonbui.Sync()
	}
}

// Step moves the bar on by one.
func (p *Progress) Step(note string) { p.Set(p.done+1, note) }

func (p *Progress) html(now time.Time, note string) string {
	if p.done >= p.total {
		return fmt.Sprintf("<small>%s: %d in %.1f s. %s</small>", html.EscapeString(p.what), p.total, now.Sub(p.start).Seconds(), html.EscapeString(note))
	}
	left := "…"
	if n := p.done - p.first; n > 0 {
		left = (now.Sub(p.paced) / time.Duration(n) * time.Duration(p.total-p.done)).Round(time.Second).String()
	}
	return fmt.Sprintf(`<small><progress value="%d" max="%d"></progress> %s: %d of %d, %s left. %s</small>`,
		p.done, p.total, html.EscapeString(p.what), p.done, p.total, left, html.EscapeString(note))
}
