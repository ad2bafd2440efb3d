package hub

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What a pickle holds beside dicts, lists, tensors, numbers and text. Nothing of it is run: these are notes of what stands
// there.
type (
	// object is what Python would make of a class or a function.
	object struct {
		class     string
		arguments []any // that it is made with
		items     []any // of a set, or what is appended to it
		pairs     dict  // that are set in it
		state     []any // its attributes: a dict, a dict and slots in a list, or what its class makes of it
		why       string
		closed    bool // its arguments mean nothing by themselves
	}
	global string // a name in a Python module
	blob   []byte // bytes
)

// pythonName returns the name of a thing in a Python module, without the module of what is built in.
func pythonName(module, name string) string {
	switch module {
	case "builtins", "__builtin__":
		return name
	case "copy_reg":
		module = "copyreg"
	}
	return module + "." + name
}

// className returns the name of what is called.
func className(callee any) string {
	switch v := callee.(type) {
	case global:
		return string(v)
	case function:
		return v.name
	case class:
		return v.name
	case *object:
		return v.class
	}
	return fmt.Sprintf("%T", callee)
}

// String returns the class, and what it is made of where that is short: torch.Size([2 3]).
func (o *object) String() string {
	const longest = 60
	var parts []string
	for _, all := range [][]any{o.arguments, o.items} {
		for _, v := range all[:min(len(all), longest)] {
			if text, ok := brief(v); ok {
				parts = append(parts, text)
			}
		}
	}
	all := strings.Join(parts, " ")
	if all == "" || o.closed {
		return o.class
	}
	if r := []rune(all); len(r) > longest {
		all = string(r[:longest-1]) + "…"
	}
	return o.class + "(" + all + ")"
}

// brief returns an argument as text, if it is a number, text, a list of such, or a name.
func brief(v any) (string, bool) {
	const longest = 200
	switch v := v.(type) {
	case string:
		return strconv.Quote(v[:min(len(v), longest)]), true
	case global, function, class:
		return className(v), true
	case *list:
		if len(v.items) > longest {
			return "", false
		}
		text, all, _ := v.text(longest)
		return text, all && text != ""
	case nil:
		return "", false
	}
	return scalar(v)
}

// holds tells whether there is anything inside that is more than a number, text or a name.
func (o *object) holds() bool {
	return !o.closed && (len(o.state) > 0 || len(o.pairs.keys) > 0 || len(o.inner()) > 0)
}

// size returns how much there is to look at to tell what is inside.
func (o *object) size() int {
	n := 1 + len(o.arguments) + len(o.items) + len(o.pairs.keys)
	for _, all := range [][]any{o.arguments, o.items} {
		for _, v := range all {
			if l, ok := v.(*list); ok {
				n += len(l.items)
			}
		}
	}
	for _, d := range o.attributes() {
		n += len(d.keys)
	}
	return n
}

// placed is an argument or an item, and its place among them.
type placed struct {
	place int
	value any
}

// inner returns the arguments and items that have something inside.
func (o *object) inner() []placed {
	var inner []placed
	for i, v := range append(slices.Clip(o.arguments), o.items...) {
		switch v := v.(type) {
		case *dict, *object, Tensor:
			inner = append(inner, placed{i, v})
		case *list:
			if _, scalars, _ := v.text(maxText); !scalars {
				inner = append(inner, placed{i, v})
			}
		}
	}
	return inner
}

// attributes returns the dicts of the state: __dict__, and that of slots.
func (o *object) attributes() []*dict {
	var found []*dict
	for _, state := range o.state {
		switch state := state.(type) {
		case *dict:
			found = append(found, state)
		case *list:
			for _, part := range state.items {
				if d, ok := part.(*dict); ok && len(state.items) == 2 {
					found = append(found, d)
				}
			}
		}
	}
	return found
}

// module returns the attributes of a torch.nn.Module, nil of anything else.
func (o *object) module() *dict {
	for _, d := range o.attributes() {
		if d.module() {
			return d
		}
	}
	return nil
}

// module tells whether these are the attributes of a torch.nn.Module.
func (d *dict) module() bool {
	_, parameters := d.get("_parameters").(*dict)
	_, modules := d.get("_modules").(*dict)
	return parameters && modules
}

// get returns the value of a key of text, nil if there is none.
func (d *dict) get(key string) any {
	for i, k := range d.keys {
		if k == key {
			return d.values[i]
		}
	}
	return nil
}
