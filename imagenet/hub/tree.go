package hub

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// PyTorch and Flax store a tree of dicts, lists and leaves. A leaf is a Tensor, nil, bool, int64, *big.Int, float64 or
// string. A pickle has objects too.
type (
	dict struct {
		keys   []any
		values []any
	}
	list struct{ items []any }
)

// Bounds on trees. A state of W-Flow with its optimiser has 10,000 values, five deep, and 1 MB of names.
const (
	maxValues = 1 << 21  // how many values are made
	maxLeaves = 1 << 18  // how many leaves are named; a list of numbers is one leaf
	maxDepth  = 32       // how deep dicts and lists are nested
	maxNames  = 64 << 20 // how many bytes all names have
)

// LeftOut is something that stands in a file and is not read.
type LeftOut struct {
	Key    string `json:"key"`              // its place in the file, in the way of the names of tensors
	What   string `json:"what"`             // its class or type, with what it is made of if that is short
	Reason string `json:"reason,omitempty"` // why it is not read, and what to do about it
}

// flatten adds the tensors and the scalars of a tree. It joins their names by dots. A leaf at the root gets the given name.
func (c *content) flatten(tree any, name string) error {
	w := walker{content: c, root: name, left: maxNames, inside: map[any]bool{}, seen: map[*object]string{}}
	return w.visit("", tree, 0)
}

// walker goes through a tree. A value may be shared: then it is in the tree more often than in the file.
type walker struct {
	*content
	root   string
	left   int                // how many bytes of names are still allowed
	leaves int                // how many were named
	inside map[any]bool       // the dicts, lists and objects on the way from the root to here
	seen   map[*object]string // the names of the objects that were looked into
}

// spend counts bytes of names.
func (w *walker) spend(n int) error {
	if w.left -= n; w.left < 0 {
		return fmt.Errorf("names of more than %d bytes", maxNames)
	}
	return nil
}

func (w *walker) visit(name string, value any, depth int) error {
	if err := w.spend(len(name) + 1); err != nil {
		return err
	}
	switch value.(type) {
	case *dict, *list, *object:
		switch {
		case depth > maxDepth:
			return w.omit(name, kind(value), fmt.Sprintf("nested deeper than %d", maxDepth))
		case w.inside[value]:
			return w.omit(name, kind(value), "it contains itself")
		}
		w.inside[value] = true
		defer delete(w.inside, value)
	}
	switch v := value.(type) {
	case *dict:
		if v.module() {
			return w.module(name, v, depth)
		}
		return w.dict(name, v, depth)
	case *list:
		if err := w.spend(len(v.items)); err != nil {
			return err
		}
		if text, scalars, long := v.joinScalars(maxText); scalars && depth > 0 {
			if long {
				return w.omit(name, "list", fmt.Sprintf("%d items", len(v.items)))
			}
			return w.note(name, text)
		}
		for i, item := range v.items {
			if err := w.visit(w.inner(name, strconv.Itoa(i), depth), item, depth+1); err != nil {
				return err
			}
		}
		return nil
	case *object:
		return w.object(name, v, depth)
	}
	if w.leaves++; w.leaves > maxLeaves {
		return errLeaves
	}
	if depth == 0 {
		name = w.root
	}
	if t, ok := value.(Tensor); ok {
		t.Name = name
		return w.addTensor(t)
	}
	text, ok := scalar(value)
	if !ok {
		return w.omit(name, kind(value), "")
	}
	return w.note(name, text)
}

// inner returns the name of what stands at a key inside of what has a name. Depth is that of the outer one.
func (w *walker) inner(name, key string, depth int) string {
	if depth == 0 {
		return key
	}
	return name + "." + key
}

func (w *walker) dict(name string, d *dict, depth int) error {
	for i, key := range d.keys {
		if err := w.visit(w.inner(name, keyText(key, i), depth), d.values[i], depth+1); err != nil {
			return err
		}
	}
	return nil
}

// object lists an object as left out, and looks for tensors and numbers in it.
func (w *walker) object(name string, o *object, depth int) error {
	if err := w.spend(o.size()); err != nil {
		return err
	}
	if t, ok := o.array(); ok {
		return w.array(name, o, t)
	}
	module := o.module()
	switch first, again := w.seen[o]; {
	case module != nil:
		if err := w.omit(name, o.String(), "a whole module: its parameters and buffers are read; torch.save(module.state_dict(), file) saves them alone"); err != nil {
			return err
		}
		return w.module(name, module, depth)
	case again && o.holds():
		return w.omit(name, o.String(), fmt.Sprintf("the same as %q", first))
	}
	w.seen[o] = name
	if err := w.omit(name, o.String(), o.why); err != nil || o.closed {
		return err
	}
	for _, part := range o.inner() {
		if err := w.visit(w.inner(name, strconv.Itoa(part.place), depth), part.value, depth+1); err != nil {
			return err
		}
	}
	if err := w.dict(name, &o.pairs, depth); err != nil {
		return err
	}
	attributes := o.attributes()
	for _, d := range attributes {
		if err := w.dict(name, d, depth); err != nil {
			return err
		}
	}
	if attributes == nil {
		for _, state := range o.state {
			if err := w.visit(w.inner(name, "state", depth), state, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// module visits what state_dict of a torch.nn.Module would return, by the names that it would have there.
func (w *walker) module(name string, attributes *dict, depth int) error {
	transient := map[any]bool{} // buffers that are not saved
	if set, ok := attributes.get("_non_persistent_buffers_set").(*object); ok {
		for _, item := range set.items {
			if key, ok := item.(string); ok {
				transient[key] = true
			}
		}
	}
	for _, part := range []string{"_parameters", "_buffers", "_modules"} {
		d, ok := attributes.get(part).(*dict)
		if !ok {
			continue
		}
		for i, key := range d.keys {
			value, inner := d.values[i], w.inner(name, keyText(key, i), depth)
			if err := w.spend(len(inner) + 1); err != nil {
				return err
			}
			_, text := key.(string)
			var err error
			switch o, ok := value.(*object); {
			case value == nil || text && part == "_buffers" && transient[key]:
			case ok && part == "_modules" && depth < maxDepth && !w.inside[o] && o.module() != nil:
				if err = w.spend(o.size()); err == nil {
					w.inside[o] = true
					err = w.module(inner, o.module(), depth+1)
					delete(w.inside, o)
				}
			default:
				err = w.visit(inner, value, depth+1)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// note adds a number or a text to the metadata.
func (w *walker) note(name, text string) error {
	if _, twice := w.meta[name]; twice {
		return w.omit(name, "text", "there is another of this name")
	}
	if err := w.spend(len(text)); err != nil {
		return err
	}
	w.meta[name] = text
	return nil
}

// omit lists something as left out.
func (w *walker) omit(name, what, reason string) error {
	if name == "" {
		name = w.root
	}
	if w.leaves++; w.leaves > maxLeaves {
		return errLeaves
	}
	w.omitted = append(w.omitted, LeftOut{name, what, reason})
	return w.spend(len(what) + len(reason))
}

// kind returns what a value is.
func kind(value any) string {
	switch v := value.(type) {
	case *dict:
		return "dict"
	case *list:
		return "list"
	case *object:
		return v.String()
	case blob:
		return fmt.Sprintf("bytes of length %d", len(v))
	case storage:
		return fmt.Sprintf("a storage of %d bytes", v.bytes)
	}
	return className(value)
}

// keyText returns a key of a dict as a part of a name. Place is its number among the keys, for one that is no text.
func keyText(key any, place int) string {
	switch key := key.(type) {
	case blob:
		return string(key)
	case global:
		return string(key)
	case *list:
		const most = 16
		if len(key.items) > most {
			break
		}
		if text, scalars, long := key.joinScalars(maxName); scalars && !long {
			return text
		}
	default:
		if text, ok := scalar(key); ok {
			return text
		}
	}
	return fmt.Sprintf("key%d", place)
}

// scalar returns a leaf as text.
func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case nil:
		return "none", true
	case bool, int64, *big.Int, float64:
		return fmt.Sprint(v), true
	case string:
		return v, true
	}
	return "", false
}

// joinScalars returns a list as text. Scalars tells whether all items are scalars: if not, there is no text. Long tells
// whether the text would have more than most bytes: if so, it is left empty.
func (l *list) joinScalars(most int) (text string, scalars, long bool) {
	var b strings.Builder
	for i, item := range l.items {
		text, ok := scalar(item)
		if !ok {
			return "", false, false
		}
		if long = long || b.Len()+len(text) > most; long {
			continue
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(text)
	}
	if long {
		return "", true, true
	}
	return "[" + b.String() + "]", true, false
}

var (
	errValues = errors.New("more than " + strconv.Itoa(maxValues) + " values")
	errLeaves = errors.New("more than " + strconv.Itoa(maxLeaves) + " names")
)
