package cell

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
	"github.com/wflowlab/wflowlab/internal/thousands"
)

// program is what the kernel says of the running cell, in the environment variable WFLOW_CELL. Outside a notebook it is empty.
type program struct {
	Cell     string            // its first line
	Main     string            // a fingerprint of its statements
	Declared map[string]string // every declaration of the notebook so far: "const 0.1", "var …", "func " and a fingerprint
	Reached  []string          // those that the statements use
}

// origin is what a kept file was made from. It lies beside the file.
type origin struct {
	SHA256   string            // of the file
	Cell     string            // first line of the cell that kept it
	Main     string            // the statements of this cell
	Declared map[string]string // what they use, as it was declared
	From     map[string]string // SHA-256 of the kept files that the cell had read
	Stage    stage             // of a training that this file stands for
}

// stage is how far a training is. It is whole if no step is left.
type stage struct{ Step, Steps int }

func (s stage) whole() bool { return s.Step == s.Steps }
func (s stage) String() string {
	return fmt.Sprintf("step %s of %s", thousands.Text(s.Step), thousands.Text(s.Steps))
}

func beside(name string) string { return Cache(name + ".origin.json") }

// shown is the name of a kept file as the cells know it.
func shown(name string) string { return strings.TrimSuffix(strings.TrimSuffix(name, array), state) }

// past is what the running cell has read and said so far.
type past struct {
	program
	environment string
	from        map[string]string // SHA-256 of what it has read
	unfinished  []string          // the trainings among that which were interrupted
}

var present = struct {
	sync.Mutex
	past
}{}

// session returns the past of the running cell, until it is done: a program has one, a test may be several cells in turn.
func session() (p *past, done func()) {
	present.Lock()
	environment := os.Getenv("WFLOW_CACHE") + "\n" + os.Getenv("WFLOW_CELL")
	if present.environment != environment || present.from == nil {
		present.past = past{environment: environment, from: map[string]string{}}
		_ = json.Unmarshal([]byte(os.Getenv("WFLOW_CELL")), &present.program)
	}
	return &present.past, present.Unlock
}

// keep writes a file, after what it was made from: if only one of them is there in the end, they do not fit.
func (p *past) keep(name string, data []byte, s stage) error {
	o := origin{SHA256: sum(data), Cell: p.Cell, Main: p.Main, Declared: map[string]string{}, From: maps.Clone(p.from), Stage: s}
	for _, used := range p.Reached {
		o.Declared[used] = p.Declared[used]
	}
	delete(o.From, name)
	text, err := json.MarshalIndent(o, "", " ")
	if err == nil {
		err = atomicfile.WriteBytes(beside(name), text)
	}
	if err == nil {
		err = atomicfile.WriteBytes(Cache(name), data)
	}
	return err
}

// read notes that the cell has read a kept file, or returns why it does not fit.
func (p *past) read(name string, data []byte) error {
	now := sum(data)
	if p.from[name] == now {
		return nil
	}
	o, err := load(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && p.Cell == "":
		p.from[name] = now
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("nothing says what it was made from: run the cell that keeps it again")
	case err != nil:
		return err
	case o.SHA256 != now:
		return fmt.Errorf("it is not what was kept: run again %s", cells(o.Cell))
	}
	if why, again := p.stale(o); why != "" {
		return fmt.Errorf("it no longer fits the notebook: %s. Run again %s", why, cells(again...))
	}
	p.from[name] = now
	p.tell(name, o)
	return nil
}

// load reads what a file was made from.
func load(name string) (o origin, err error) {
	text, err := os.ReadFile(beside(name))
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	return o, err
}

// stale returns why a file no longer fits, and the first lines of the cells that make it anew, in order. On the way to it are
// files that were made from it, which is none of its business if it was made from one of them in turn.
func (p *past) stale(o origin, way ...string) (why string, again []string) {
	if differs := p.differs(o); differs != "" {
		why, again = differs, append(again, o.Cell)
	}
	for _, source := range slices.Sorted(maps.Keys(o.From)) {
		if slices.Contains(way, source) {
			continue
		}
		from, err := load(source)
		if err != nil {
			return cmp.Or(why, fmt.Sprintf("%s, from which it was made, is gone", shown(source))), append(again, o.Cell)
		}
		earlier, before := p.stale(from, append(way, source)...)
		if earlier == "" && from.SHA256 != o.From[source] {
			earlier = fmt.Sprintf("%s, from which it was made, is another now", shown(source))
		}
		if earlier != "" {
			why, again = cmp.Or(why, earlier), append(append(before, again...), o.Cell)
		}
	}
	return why, again
}

// differs returns in words how the declarations that a file was made from differ from the present ones.
func (p *past) differs(o origin) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(o.Declared)) {
		is, declared := p.Declared[name]
		if was := o.Declared[name]; declared && is != was {
			before, old, _ := strings.Cut(was, " ")
			kind, new, _ := strings.Cut(is, " ")
			if valued := before == kind && (kind == "const" || kind == "var"); valued && !strings.HasPrefix(old, "#") && !strings.HasPrefix(new, "#") {
				all = append(all, fmt.Sprintf("%s was %s and is %s", name, old, new))
			} else {
				all = append(all, name+" has changed")
			}
		}
	}
	return strings.Join(all, ", ")
}

// tell says which of the trainings that a file was made from were interrupted, if it has not been said.
func (p *past) tell(name string, o origin, way ...string) {
	if now := fmt.Sprintf("%s is that of %v", path.Base(shown(name)), o.Stage); !o.Stage.whole() && !slices.Contains(p.unfinished, now) {
		p.unfinished = append(p.unfinished, now)
		fmt.Printf("%s, where its training was interrupted. To go on, run again %s.\n", now, cells(o.Cell))
	}
	for _, source := range slices.Sorted(maps.Keys(o.From)) {
		if from, err := load(source); err == nil && !slices.Contains(way, source) {
			p.tell(source, from, append(way, source)...)
		}
	}
}

// cells names cells by their first lines, each once.
func cells(lines ...string) string {
	var named []string
	for _, line := range lines {
		if line = "“" + line + "”"; !slices.Contains(named, line) {
			named = append(named, line)
		}
	}
	if len(named) == 1 {
		return "the cell that begins " + named[0]
	}
	return "the cells that begin " + strings.Join(named, ", then ")
}

func sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }
