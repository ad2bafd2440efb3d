package preset

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

const (
	longest    = 64 << 10 // bytes of a file; the released ones have 3,000
	mostKeys   = 4096     // visited, aliases unfolded; the released files have 100
	mostFaults = 10       // reported
)

// document parses one YAML document.
func document(name string, text []byte) (*yaml.Node, error) {
	faultAt := func(line int, format string, args ...any) (*yaml.Node, error) {
		return nil, fmt.Errorf("preset: %s:%d: %w", name, line, fmt.Errorf(format, args...))
	}
	if len(text) > longest {
		return nil, fmt.Errorf("preset: %s: longer than %d bytes", name, longest)
	}
	if !utf8.Valid(text) {
		line := 1 + bytes.Count(text[:bytes.IndexRune(text, utf8.RuneError)], []byte("\n"))
		return faultAt(line, "not UTF-8")
	}
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("preset: %s: %w", name, err)
	}
	var root, second yaml.Node
	err = loader.Load(&root)
	if errors.Is(err, io.EOF) || err == nil && len(root.Content) == 0 {
		return nil, fmt.Errorf("preset: %s: empty", name)
	}
	if err == nil {
		if err = loader.Load(&second); err == nil {
			return faultAt(max(second.Line, 1), "a second document, want one")
		}
	}
	if fault := (*yaml.LoadError)(nil); errors.As(err, &fault) {
		return faultAt(max(fault.Mark.Line, 1), "%s", clip(fault.Message))
	} else if !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("preset: %s: %s", name, clip(err.Error()))
	}
	return root.Content[0], nil
}

// reader fills a configuration and remembers what is wrong.
type reader struct {
	known  []string       // paths of all keys, blocks too
	lines  map[string]int // of the keys that the file gives, by path
	budget int            // keys that may still be visited
	spent  bool           // the budget, which is reported once
	faults []fault        // the first of them
	more   int            // faults beyond these
}

type fault struct {
	line    int
	message string
}

// fault reports what is wrong with the key at a path. Line is where the file has it, 0 if there is no file.
func (r *reader) fault(line int, path, format string, args ...any) {
	if len(r.faults) == mostFaults {
		r.more++
		return
	}
	message := fmt.Sprintf(format, args...)
	if path != "" {
		message = clip(path) + ": " + message
	}
	r.faults = append(r.faults, fault{line, message})
}

// error returns all faults as one error, nil if there are none.
func (r *reader) error(name string) error {
	slices.SortStableFunc(r.faults, func(a, b fault) int { return cmp.Compare(a.line, b.line) })
	var all []error
	for _, f := range r.faults {
		where := name
		if f.line > 0 {
			where += ":" + strconv.Itoa(f.line)
		}
		all = append(all, fmt.Errorf("preset: %s: %s", where, f.message))
	}
	if r.more > 0 {
		all = append(all, fmt.Errorf("preset: %s: and %d more", name, r.more))
	}
	return errors.Join(all...)
}

// entry is a key of a file with its value.
type entry struct{ key, value *yaml.Node }

// entries returns the keys of a mapping, each once: first its own, then those that it merges.
func (r *reader) entries(path string, mapping *yaml.Node) (list []entry) {
	first := map[string]int{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		k, v := mapping.Content[i], mapping.Content[i+1]
		switch {
		case !r.pay(k.Line):
			return nil
		case k.Kind != yaml.ScalarNode:
			r.fault(k.Line, path, "a key that is not a word")
		case first[k.Value] > 0:
			r.fault(k.Line, join(path, k.Value), "given twice, first in line %d", first[k.Value])
		case k.ShortTag() == "!!merge":
			first[k.Value] = k.Line
			if merged = []*yaml.Node{v}; target(v).Kind == yaml.SequenceNode {
				merged = target(v).Content
			}
		default:
			first[k.Value] = k.Line
			list = append(list, entry{k, v})
		}
	}
	for _, m := range merged {
		if !r.pay(m.Line) {
			return nil
		}
		source := target(m)
		if source.Kind != yaml.MappingNode {
			r.fault(m.Line, path, "merges %s, want a block of keys", describe(source))
			continue
		}
		for _, e := range r.entries(path, source) {
			if first[e.key.Value] == 0 {
				first[e.key.Value] = e.key.Line
				list = append(list, e)
			}
		}
	}
	return list
}

// pay counts a key. If there were too many, it reports that once and returns false.
func (r *reader) pay(line int) bool {
	r.budget--
	if r.budget < 0 && !r.spent {
		r.spent = true
		r.fault(line, "", "more than %d keys, aliases unfolded", mostKeys)
	}
	return r.budget >= 0
}

// isMAE tells whether the model block has more keys of an encoder than of a generator.
func (r *reader) isMAE(root *yaml.Node) bool {
	trial := &reader{budget: r.budget}
	score := 0
	if root = target(root); root.Kind != yaml.MappingNode {
		return false
	}
	for _, e := range trial.entries("", root) {
		model := target(e.value)
		if e.key.Value != "model" || model.Kind != yaml.MappingNode {
			continue
		}
		for _, e := range trial.entries("", model) {
			for k := range keys("", reflect.ValueOf(MAEModel{})) {
				if k.name == e.key.Value {
					score++
				}
			}
			for k := range keys("", reflect.ValueOf(GeneratorModel{})) {
				if k.name == e.key.Value {
					score--
				}
			}
		}
	}
	return score > 0
}

// block fills a block of keys.
func (r *reader) block(path string, n *yaml.Node, block reflect.Value) {
	if n = target(n); n.Kind != yaml.MappingNode || tagged(n) {
		r.fault(n.Line, path, "%s, want a block of keys", describe(n))
		return
	}
	list := r.entries(path, n)
	if r.spent {
		return
	}
	var missing []string
	for k := range keys(path, block) {
		i := slices.IndexFunc(list, func(e entry) bool { return e.key.Value == k.name })
		ok := i >= 0
		var e entry
		if ok {
			e = list[i]
			list = slices.Delete(list, i, i+1)
			r.lines[k.path] = e.key.Line
		}
		switch {
		case ok && k.block():
			r.block(k.path, e.value, k.value)
		case ok:
			r.leaf(k, e.value)
		case !r.absent(k):
			missing = append(missing, k.name)
		}
	}
	if len(missing) > 0 {
		r.fault(r.lines[path], path, "missing %s", strings.Join(missing, ", "))
	}
	for _, e := range list {
		if len(r.faults) < mostFaults {
			p := join(path, e.key.Value)
			r.fault(e.key.Line, p, "unknown key, the nearest known one is %s", nearestPath(p, r.known))
		} else {
			r.more++
		}
	}
}

// absent gives a key that the file lacks its default, and does so with every key of a block. It returns false if one of
// them has no default.
func (r *reader) absent(k key) bool {
	if k.block() {
		for sub := range keys(k.path, k.value) {
			if !r.absent(sub) {
				return false
			}
		}
		return true
	}
	if k.optional {
		setDefault(k)
	}
	return k.optional
}

// leaf reads a value, or a list of them.
func (r *reader) leaf(k key, n *yaml.Node) {
	n = target(n)
	if k.value.Kind() != reflect.Slice {
		if err := scalar(n, k.value); err != nil {
			r.fault(n.Line, k.path, "%v", err)
		}
		return
	}
	if n.Kind != yaml.SequenceNode || tagged(n) {
		r.fault(n.Line, k.path, "%s, want a list", describe(n))
		return
	}
	k.value.Set(reflect.MakeSlice(k.value.Type(), len(n.Content), len(n.Content)))
	for i, c := range n.Content {
		path := fmt.Sprintf("%s[%d]", k.path, i)
		r.lines[path] = c.Line
		if err := scalar(target(c), k.value.Index(i)); err != nil {
			r.fault(c.Line, path, "%v", err)
		}
	}
}

// check reports the values that the tags of their fields do not allow. If there are none, it reports those that cannot
// be together.
func (r *reader) check(p *Preset) {
	fault := func(path, format string, args ...any) {
		line, ok := r.lines[path]
		for up := path; !ok && r.lines != nil; line, ok = r.lines[up] {
			up = up[:max(0, strings.LastIndexAny(up, ".["))]
		}
		r.fault(line, path, format, args...)
	}
	for k := range leaves("", p.config()) {
		for path, v := range values(k) {
			if v.Kind() == reflect.String && k.one != "" && !slices.Contains(strings.Fields(k.one), v.String()) {
				fault(path, "%s, want %s", quote(v.String()), strings.ReplaceAll(k.one, " ", " or "))
			}
			var x float64
			switch v.Kind() {
			case reflect.Int:
				x = float64(v.Int())
			case reflect.Float64:
				x = v.Float()
			}
			if k.in != "" && !within(k.in, x) {
				fault(path, "%v is not in %s", v, k.in)
			}
		}
	}
	if len(r.faults) > 0 {
		return
	}
	if p.MAE != nil {
		p.MAE.check(fault)
	} else {
		p.Generator.check(fault)
	}
}

// target returns the node that an alias stands for, and any other node itself.
func target(n *yaml.Node) *yaml.Node {
	for range 8 { // an alias of an alias is not YAML
		if n.Kind != yaml.AliasNode || n.Alias == nil {
			break
		}
		n = n.Alias
	}
	return n
}

// tagged tells whether the file gives a node a tag of its own.
func tagged(n *yaml.Node) bool { return n.Style&yaml.TaggedStyle != 0 }

func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }
