package cell

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"os"
	"path"
	"slices"
	"time"

	"github.com/sbinet/npyio"
	"gonum.org/v1/gonum/mat"
)

// A Run is a training that an interrupt does not undo: what it has learnt so far is kept, and when its cell runs again, it
// goes on from there. [Runs] begins it.
type Run struct {
	// Checkpoint is the path of the file, or of the folder, in which the training shall keep its state, every Every steps and when
	// Context ends.
	Checkpoint string
	Every      int
	Context    context.Context

	Step, Steps int // done, and of all

	name   string
	record []float64 // [Step, columns]
	went   bool      // whether it has done a step in this cell
	begun  time.Time // this part, less the time that the parts before took
	bar    *Progress
}

// Runs yields the trainings of a cell, of so many steps each, with their place among the names under which they are kept. Those
// that an interrupt of this cell has left go on, if its statements, and what these use and have read, are as they were.
// Otherwise Runs says what differs, and they begin anew. Once all are at their ends, their checkpoints are removed.
//
// An interrupt ends the training at hand after its step. Those that follow end before theirs, so that every one leaves
// something for later cells.
func Runs(steps int, names ...string) iter.Seq2[int, *Run] {
	return func(yield func(int, *Run) bool) {
		ctx, read := Context(), apart()
		for k, name := range names {
			if goOn := yield(k, begin(ctx, name, steps)); !goOn {
				return
			}
			read()
		}
		if ctx.Err() == nil {
			for _, name := range names {
				discard(name)
			}
		}
	}
}

// apart notes what the cell has read so far. Each call of next forgets, for what is kept until the next one, what was read
// after that: trainings of one cell do not count as made from each other.
func apart() (next func()) {
	p, done := session()
	defer done()
	before := maps.Clone(p.from)
	return func() {
		p, done := session()
		defer done()
		p.from = maps.Clone(before)
	}
}

const (
	soFar = " so far" // the name of the record of a training that goes on
	state = ".run"    // the name of the file that says how far it is
)

func checkpoint(name string) string { return Cache(name + ".checkpoint") }

func discard(name string) {
	record := name + soFar + array
	for _, file := range []string{checkpoint(name), Cache(record), beside(record)} {
		if err := os.RemoveAll(file); err != nil {
			panic(fmt.Sprintf("cell: %v", err))
		}
	}
}

// begin returns a training before its first step, or where it was interrupted.
func begin(ctx context.Context, name string, steps int) *Run {
	title := path.Base(name)
	r := &Run{Checkpoint: checkpoint(name), Every: (steps + 7) / 8, Context: ctx, Steps: steps, name: name, begun: time.Now()}
	r.bar = NewProgress("training "+title, steps)
	if _, err := os.Stat(r.Checkpoint); err == nil {
		if a, differs := left(name); differs != "" {
			fmt.Printf("The training of %s begins anew: %s.\n", title, differs)
			discard(name)
		} else {
			n, m := a.Dims()
			r.Step, r.record = n, a.RawMatrix().Data
			r.begun = r.begun.Add(-time.Duration(a.At(n-1, m-1) * float64(time.Second)))
			if now := (stage{n, steps}); now.whole() {
				fmt.Printf("The training of %s is done already.\n", title)
			} else {
				fmt.Printf("The training of %s goes on after %v.\n", title, now)
			}
		}
	}
	r.bar.start = r.begun
	return r
}

// left returns the record of a training that was interrupted, or in words why the running cell cannot go on with it.
func left(name string) (record *mat.Dense, differs string) {
	p, done := session()
	defer done()
	name += soFar + array
	data, err := os.ReadFile(Cache(name))
	o, unknown := load(name)
	record = new(mat.Dense)
	if err != nil || unknown != nil || o.SHA256 != sum(data) || npyio.Read(bytes.NewReader(data), record) != nil {
		return nil, "the record of its first steps is lost"
	}
	if differs, _ = p.stale(o); differs == "" && o.Main != p.Main {
		differs = "its cell has changed"
	}
	return record, differs
}

// Set tells how many steps are done, with a note for the bar. The numbers of the last step become a row of the record. Behind
// them stand the seconds that the training has taken so far.
func (r *Run) Set(step int, note string, numbers ...float64) {
	columns := len(numbers) + 1
	for len(r.record) < columns*(step-1) { // a kill between the checkpoint and the record
		r.record = append(r.record, math.NaN())
	}
	r.record = append(append(r.record[:columns*(step-1)], numbers...), time.Since(r.begun).Seconds())
	r.Step, r.went = step, true
	if step%r.Every == 0 || r.Context.Err() != nil {
		r.keep(soFar)
	}
	r.bar.Set(step, note)
}

// Record returns what Set was told so far, in this cell and before it was interrupted, a row for each step. It is at step 1 or later.
func (r *Run) Record() *mat.Dense {
	return mat.NewDense(r.Step, len(r.record)/r.Step, slices.Clone(r.record))
}

// keep keeps the record, if there is one.
func (r *Run) keep(suffix string) {
	if r.Step > 0 {
		Keep(r.name+suffix, r.Record())
	}
}

// End takes the error that the training has returned. If it is that of an interrupt, End says how far the training is and how
// it goes on; it panics for others. It keeps the record under the name and " record".
//
// End returns whether to keep what the training has made, now, so that it counts as that of this step. This is not so if the
// interrupt came before its first step and what is kept of an earlier run still fits.
func (r *Run) End(err error) bool {
	if err != nil && !errors.Is(err, context.Canceled) {
		panic(fmt.Sprintf("cell: training %s: %v", r.name, err))
	}
	title, now := path.Base(r.name), stage{r.Step, r.Steps}
	if earlier, fits := kin(r.name); err != nil && !r.went && fits {
		fmt.Printf("What is kept of %s stays as it was, at %v.\n", title, earlier)
		return false
	}
	r.keep(soFar)
	switch {
	case err != nil && r.Step == 0:
		fmt.Printf("The training of %s has not begun. The cells below show what it starts from.\n", title)
	case err != nil:
		fmt.Printf("The training of %s was interrupted after %v. What it has learnt so far is kept, and the cells below show it.\n", title, now)
		fmt.Println("To go on from there, run this cell again.")
	}
	r.mark(now)
	r.keep(" record")
	return true
}

// kin returns how far the training is that is kept under this name, and whether it fits the notebook.
func kin(name string) (earlier stage, fits bool) {
	p, done := session()
	defer done()
	o, err := load(name + state)
	if err != nil {
		return stage{}, false
	}
	why, _ := p.stale(o)
	return o.Stage, why == ""
}

// mark keeps how far the training is. What the cell keeps from now on is made from that.
func (r *Run) mark(now stage) {
	p, done := session()
	defer done()
	text, err := json.Marshal(now)
	if err == nil {
		err = p.keep(r.name+state, text, now)
	}
	if err != nil {
		panic(fmt.Sprintf("cell: keeping %s: %v", r.name, err))
	}
	p.from[r.name+state] = sum(text)
}

// Reached returns how many steps a training has done: all, unless it was interrupted.
func Reached(name string) int {
	var now stage
	if err := json.Unmarshal(kept(name+state), &now); err != nil {
		panic(fmt.Sprintf("cell: reading %s: %v", name, err))
	}
	return now.Step
}
