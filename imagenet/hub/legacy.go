package hub

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/wflowlab/wflowlab/internal/magic"
)

// legacy is a file that torch.save wrote before version 1.6: pickles one behind another, and then the bytes of the storages.
type legacy struct {
	r      io.ReaderAt
	size   int64
	blocks map[string]*block // storages by their keys
}

// block is a storage in such a file.
type block struct {
	named
	r      io.ReaderAt
	offset int64 // of its first number; 0 until it is known
}

func (b *block) section(offset, bytes int64) (io.ReadCloser, error) {
	return section(b.r, b.offset+offset, bytes)()
}

// isLegacy tells whether a file begins as torch.save did before version 1.6.
func isLegacy(head []byte) bool {
	kind, _ := magic.Of(head)
	return kind == magic.OldPyTorch
}

// readLegacy reads such a file. Its pickles are a magic number, a version, facts about the machine, the object that was saved, and
// the keys of its storages in the order in which these follow, each with the number of its numbers before it.
//
// Source: _legacy_save in torch/serialization.py of PyTorch 2.
func (c *content) readLegacy(r io.ReaderAt, size int64, name string) error {
	c.format = PyTorch
	for length := int64(1 << 20); ; length *= 8 { // nothing says how long the pickles are
		data := make([]byte, min(length, size, maxPickle))
		if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), data); err != nil {
			return err
		}
		l := legacy{r, size, map[string]*block{}}
		tree, keys, end, err := l.run(data)
		switch {
		case errors.Is(err, errCut) && int64(len(data)) < min(size, maxPickle):
			continue
		case err != nil:
			return err
		}
		if err := l.place(keys, end); err != nil {
			return err
		}
		return c.flatten(tree, name)
	}
}

// run runs the pickles. It returns the object, the keys of its storages, and where the storages begin.
func (l legacy) run(data []byte) (tree any, keys []any, end int64, err error) {
	t := torch{}
	t.functions = t.rebuilders()
	var values [5]any
	for i := range values {
		p := pickle{data: data, find: t.find, persistent: l.storage}
		if values[i], err = p.run(); err != nil {
			return nil, nil, 0, err
		}
		end += int64(len(data) - len(p.data))
		data = p.data
	}
	if version := values[1]; version != int64(1001) {
		return nil, nil, 0, fmt.Errorf("version %v of the format from before PyTorch 1.6, want 1001", version)
	}
	list, ok := values[4].(*list)
	if !ok {
		return nil, nil, 0, errStorage
	}
	return values[3], list.items, end, nil
}

// storage returns what a persistent id stands for.
func (l legacy) storage(id []any) (any, error) {
	n, ok, err := nameOf(id)
	switch {
	case !ok:
		return &object{class: "persistent_id", arguments: id}, nil
	case err != nil:
		return nil, err
	case len(id) > 5 && id[5] != nil:
		return nil, errors.New("a storage that is a part of another, from before PyTorch 0.4: torch.load the file and torch.save it again")
	case n.size == 0:
		return nil, fmt.Errorf("storage %.200q has numbers of the unknown type %.200q: torch.load the file and torch.save it again", n.key, n.kind)
	case n.n > l.size/n.size:
		return nil, fmt.Errorf("storage %.200q: %d numbers of %s in a file of %d bytes: it is cut off; download it again", n.key, n.n, n.kind, l.size)
	}
	if b := l.blocks[n.key]; b == nil {
		l.blocks[n.key] = &block{named: n, r: l.r}
	} else if b.named != n {
		return nil, fmt.Errorf("storage %.200q is described in two ways", n.key)
	}
	return storage{n.kind, n.n * n.size, l.blocks[n.key]}, nil
}

// place finds where the storages lie, from the first one's place on.
func (l legacy) place(keys []any, at int64) error {
	for _, key := range keys {
		name, _ := key.(string)
		b := l.blocks[name]
		if b == nil || b.offset > 0 {
			return fmt.Errorf("storage %.200v follows, of which no tensor is, or which was there before", key)
		}
		var length [8]byte
		if _, err := io.ReadFull(io.NewSectionReader(l.r, at, l.size-at), length[:]); err != nil {
			return fmt.Errorf("storage %.200q: the file is cut off before it; download it again", name)
		}
		if n := binary.LittleEndian.Uint64(length[:]); n != uint64(b.n) {
			return fmt.Errorf("storage %.200q: %d numbers, and %d in its description", name, n, b.n)
		}
		b.offset = at + int64(len(length))
		if at = b.offset + b.n*b.size; at > l.size {
			return fmt.Errorf("storage %.200q: the file is cut off within it; download it again", name)
		}
	}
	for name, b := range l.blocks {
		if b.offset == 0 {
			return fmt.Errorf("storage %.200q is missing: the file is not whole; download it again", name)
		}
	}
	return nil
}
