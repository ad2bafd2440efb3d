package output

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestDisplaysAreBounded(t *testing.T) {
	for _, c := range []struct{ number, size, shown int }{
		{Displays, 1, Displays},
		{Displays + 4321, 1, Displays},
		{100, DisplayBytes / 10, 10},
		{1, DisplayBytes + 1, 0},
	} {
		t.Run(fmt.Sprintf("%d of %d bytes", c.number, c.size), func(t *testing.T) {
			cell, p := newCell(t)
			shown := 0
			for range c.number {
				cell.Display("", c.size, func() { shown++ })
			}
			cell.End()
			if shown != c.shown {
				t.Errorf("%d shown, want %d", shown, c.shown)
			}
			if c.number == c.shown {
				if len(p.notices) > 0 {
					t.Errorf("notices %q, want none", p.notices)
				}
				return
			}
			want := "… output cut off, " + number(c.number-c.shown, "display") + " more, not kept"
			if last := p.notices[len(p.notices)-1]; last != want {
				t.Errorf("notice %q, want %q", last, want)
			}
		})
	}
}

func TestUpdatesAreCoalesced(t *testing.T) {
	c, p := newCell(t)
	synctest.Test(t, func(t *testing.T) {
		shown := map[string][]int{}
		const seconds, aSecond = 60, 10_000
		for i := range seconds * aSecond {
			for _, id := range []string{"a", "b"} {
				c.Display(id, 100, func() { shown[id] = append(shown[id], i) })
			}
			time.Sleep(time.Second / aSecond)
		}
		most := burst + rate*seconds + 10 // and the two first ones, and the last
		if n := len(shown["a"]) + len(shown["b"]); n < rate*seconds/2 || n > most {
			t.Errorf("%d of %d updates shown, want at most %d", n, 2*seconds*aSecond, most)
		}
		c.End()
		for id, numbers := range shown {
			if last := numbers[len(numbers)-1]; last != seconds*aSecond-1 || !slices.IsSorted(numbers) {
				t.Errorf("%s: the last update shown is %d, sorted %v", id, last, slices.IsSorted(numbers))
			}
			if len(numbers) < rate*seconds/3 {
				t.Errorf("%s: %d updates shown: the other display starves it", id, len(numbers))
			}
		}
	})
	if len(p.notices) > 0 {
		t.Errorf("notices %q, want none", p.notices)
	}
}

func TestAnUnhurriedUpdateIsShownAtOnce(t *testing.T) {
	c, _ := newCell(t)
	synctest.Test(t, func(t *testing.T) {
		shown := 0
		for i := range 10_000 {
			c.Display("bar", 300, func() { shown = i })
			if shown != i {
				t.Fatalf("update %d waits", i)
			}
			time.Sleep(200 * time.Millisecond)
		}
	})
}

func TestSyncShowsWhatWaits(t *testing.T) {
	c, _ := newCell(t)
	synctest.Test(t, func(t *testing.T) {
		shown, start := 0, time.Now()
		for i := range 10 * burst {
			c.Display("script", 100, func() { shown = i })
			c.Sync()
			if shown != i {
				t.Fatalf("Sync returned before update %d was shown", i)
			}
		}
		if took, least := time.Since(start), 9*burst*time.Second/rate*9/10; took < least {
			t.Errorf("%v for %d updates, want at least %v", took, 10*burst, least)
		}
	})
}
