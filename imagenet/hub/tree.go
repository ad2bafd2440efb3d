package hub

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// What PyTorch and Flax store is a tree of dict, list and leaves: Tensor, nil, bool, int64, *big.Int, float64, string.
type (
	dict struct {
		keys   []any
		values []any
	}
	list struct{ items []any }
)

// Bounds on trees. A state of W-Flow with its optimiser has 10,000 values, five deep, and 1 MB of names.
const (
	maxValues = 1 << 20
	maxDepth  = 32
	maxNames  = 64 << 20 // bytes of all names
)

// flatten adds a tree's tensors and scalars, their names joined by dots. A leaf at the root gets the name given.
func (c *content) flatten(tree any, name string) error {
	w := walker{content: c, root: name, left: maxNames}
	return w.visit("", tree, 0)
}

// Values may be shared, and so be in the tree more often than in the file.
type walker struct {
	*content
	root   string
	left   int // bytes of names still allowed
	leaves int
}

func (w *walker) visit(name string, value any, depth int) error {
	if w.left -= len(name) + 1; w.left < 0 {
		return fmt.Errorf("names of more than %d bytes", maxNames)
	}
	if depth > maxDepth {
		return fmt.Errorf("%.40q…: nested deeper than %d", name, maxDepth)
	}
	inner := func(key string) string {
		if depth == 0 {
			return key
		}
		return name + "." + key
	}
	switch v := value.(type) {
	case *dict:
		for i, key := range v.keys {
			var text string
			switch key := key.(type) {
			case string:
				text = key
			case int64:
				text = strconv.FormatInt(key, 10)
			default:
				return fmt.Errorf("%q: a key that is neither text nor integer", name)
			}
			if err := w.visit(inner(text), v.values[i], depth+1); err != nil {
				return err
			}
		}
		return nil
	case *list:
		if text, ok := v.text(w.left); ok && depth > 0 {
			return w.note(name, text)
		}
		for i, item := range v.items {
			if err := w.visit(inner(strconv.Itoa(i)), item, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if w.leaves++; w.leaves > maxValues {
		return errValues
	}
	if depth == 0 {
		name = w.root
	}
	if t, ok := value.(Tensor); ok {
		t.Name = name
		return w.add(t)
	}
	text, ok := scalar(value)
	if !ok {
		return fmt.Errorf("%q: neither a tensor nor a number nor text", name)
	}
	return w.note(name, text)
}

func (w *walker) note(name, text string) error {
	if _, twice := w.meta[name]; twice {
		return fmt.Errorf("%q is there twice", name)
	}
	if w.left -= len(text); w.left < 0 {
		return fmt.Errorf("names of more than %d bytes", maxNames)
	}
	w.meta[name] = text
	return nil
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

// text returns a list of scalars as text, unless it is longer than most: the same long text may be in it many times.
func (l *list) text(most int) (string, bool) {
	texts := make([]string, len(l.items))
	for i, item := range l.items {
		var ok bool
		if texts[i], ok = scalar(item); !ok {
			return "", false
		}
		if most -= len(texts[i]) + 1; most < 0 {
			return "", false
		}
	}
	return "[" + strings.Join(texts, " ") + "]", true
}

var errValues = errors.New("more than " + strconv.Itoa(maxValues) + " values")
