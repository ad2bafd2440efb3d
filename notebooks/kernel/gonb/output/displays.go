package output

import (
	"slices"
	"sync"
	"time"
)

// How often displays are updated in place: as often as an eye sees, and a browser draws. What is more is left out, the last
// is not.
const (
	rate  = 25     // updates a second, and messages that can not be left out
	burst = 100    // more of them, after a pause
	unit  = 40_000 // bytes of an update that count as one more
)

// displays is what a cell displays. Publishing happens under its lock, in the order of the calls.
type displays struct {
	refused func() // hears of each that is not shown

	mu      sync.Mutex
	count   int
	bytes   int
	sizes   map[string]int // bytes of each that has an id
	waiting []update       // each id once
	timer   *time.Timer
	pace    pace
	ended   bool
}

type update struct {
	id      string
	size    int
	publish func()
}

func (d *displays) show(id string, size int, publish func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	old, known := d.sizes[id]
	if !known && d.count == Displays || d.bytes-old+size > DisplayBytes {
		d.refused()
		return
	}
	d.bytes += size - old
	if id != "" {
		if d.sizes == nil {
			d.sizes = map[string]int{}
		}
		d.sizes[id] = size
	}
	if !known {
		d.count++
		publish()
		return
	}
	newer := update{id, size, publish}
	if i := slices.IndexFunc(d.waiting, func(u update) bool { return u.id == id }); i >= 0 {
		d.waiting[i] = newer
	} else {
		d.waiting = append(d.waiting, newer)
	}
	d.goOn()
}

// goOn publishes what waits, as far as the pace allows, and sees to the rest.
func (d *displays) goOn() {
	for len(d.waiting) > 0 {
		next := d.waiting[0]
		if wait := d.pace.wait(); wait > 0 && !d.ended {
			if d.timer == nil {
				d.timer = time.AfterFunc(wait, d.later)
			}
			return
		}
		d.waiting = d.waiting[1:]
		d.pace.spend(next.size)
		next.publish()
	}
}

func (d *displays) later() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.timer = nil
	d.goOn()
}

// sync and wait sleep without the lock: the cell may end meanwhile.
func (d *displays) sync() {
	for wait := time.Duration(0); ; time.Sleep(wait) {
		d.mu.Lock()
		d.goOn()
		left := len(d.waiting)
		wait = d.pace.wait()
		d.mu.Unlock()
		if left == 0 {
			return
		}
	}
}

func (d *displays) wait(size int) {
	d.mu.Lock()
	wait := d.pace.wait()
	d.pace.spend(size)
	d.mu.Unlock()
	time.Sleep(wait)
}

func (d *displays) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	d.goOn()
}

// pace says when the next message may go.
type pace struct {
	spent float64   // of burst
	at    time.Time // when it was so much
}

// wait returns how long to wait for the next message.
func (p *pace) wait() time.Duration {
	now := time.Now()
	p.spent = max(0, p.spent-rate*now.Sub(p.at).Seconds())
	p.at = now
	return max(0, time.Duration((p.spent-burst)/rate*float64(time.Second)))
}

func (p *pace) spend(size int) { p.spent += 1 + float64(size)/unit }

// Size returns the bytes of a display: those of each of its forms, by media type.
func Size(forms map[string]any) int {
	n := 0
	for _, form := range forms {
		switch form := form.(type) {
		case string:
			n += len(form)
		case []byte:
			n += len(form)
		}
	}
	return n
}
