package hub

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A pickle holds these things beside dicts, lists, tensors, numbers and text. Nothing of them is run: they only note what
// stands there.
type (
	// object is what Python would make by a call of a class or a function.
	object struct {
		class     string
		arguments []any  // of the call
		items     []any  // of a set, or what is appended to the object
		pairs     dict   // keys and values that are set in the object
		state     []any  // its attributes: a dict, a dict and slots in a list, or what only its class understands
		why       string // the reason for which it is left out, "" if there is none to tell
		closed    bool   // its arguments mean nothing by themselves, and are not looked at
	}
	global string // a name in a Python module
	blob   []byte // bytes
)

// pythonName returns the name of a thing with its Python module. The module of what is built in is left out.
func pythonName(module, name string) string {
	switch module {
	case "builtins", "__builtin__":
		return name
	case "copy_reg":
		module = "copyreg"
	}
	return module + "." + name
}

// className returns the name of what a pickle calls.
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

// String returns the class, with what the object is made of if that is short: torch.Size([2 3]).
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

// brief returns a value as text if it is a number, text, a list of these, or a name.
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
		text, all, _ := v.joinScalars(longest)
		return text, all && text != ""
	case nil:
		return "", false
	}
	return scalar(v)
}

// holds tells whether the object holds anything but numbers, text and names.
func (o *object) holds() bool {
	return !o.closed && (len(o.state) > 0 || len(o.pairs.keys) > 0 || len(o.inner()) > 0)
}

// size returns how many values have to be looked at to tell what the object holds.
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

// placed is an argument or an item of an object, with its place: items come behind the arguments.
type placed struct {
	place int
	value any
}

// inner returns the arguments and items that are more than numbers, text and names.
func (o *object) inner() []placed {
	var inner []placed
	for i, v := range append(slices.Clip(o.arguments), o.items...) {
		switch v := v.(type) {
		case *dict, *object, Tensor:
			inner = append(inner, placed{i, v})
		case *list:
			if _, scalars, _ := v.joinScalars(maxText); !scalars {
				inner = append(inner, placed{i, v})
			}
		}
	}
	return inner
}

// attributes returns the dicts of the state: __dict__, and the dict of slots.
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

// module returns the attributes of the object if it is a torch.nn.Module, and otherwise nil.
func (o *object) module() *dict {
	for _, d := range o.attributes() {
		if d.module() {
			return d
		}
	}
	return nil
}

// module tells whether a dict has the attributes of a torch.nn.Module.
func (d *dict) module() bool {
	_, parameters := d.get("_parameters").(*dict)
	_, modules := d.get("_modules").(*dict)
	return parameters && modules
}

// get returns the value of a key, or nil if the dict has no such key.
func (d *dict) get(key string) any {
	for i, k := range d.keys {
		if k == key {
			return d.values[i]
		}
	}
	return nil
}
