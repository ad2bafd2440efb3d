package hub

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/wflowlab/wflowlab/imagenet/weights"
	"github.com/wflowlab/wflowlab/internal/atomicfile"
	"github.com/wflowlab/wflowlab/internal/counter"
	"github.com/wflowlab/wflowlab/internal/finite"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// View is a file under official names: exactly the parameters of a table, in its order.
type View struct {
	file   *File
	table  weights.Table
	prefix string
	from   map[string]Tensor // the tensors of the file, by official name
	buffer []float32         // what Read returns
}

// View returns the tensors that the naming takes, under their official names. If all parameters of the table have the same
// prefix in the file, such as module. or state_dict.model., the prefix is dropped and tensors without it are left out:
// [View.Prefix] tells. Parts of names that wrappers of modules add, such as _orig_mod, are dropped too.
//
// If the file lacks a parameter of the table, has a tensor that the table lacks, or has one of another shape, the error is
// a [MisfitError].
func (f *File) View(naming Naming, table weights.Table) (*View, error) {
	v, err := f.view(naming, table)
	misfit, ok := errors.AsType[*MisfitError](err)
	if !ok {
		return v, err
	}
	bare := func(t Tensor) (Tensor, bool) {
		t, ok := naming(t)
		t.Name = unwrapped(t.Name)
		return t, ok
	}
	v, err = f.view(bare, table)
	if other, ok := errors.AsType[*MisfitError](err); err != nil && (!ok || other.Problems() >= misfit.Problems()) {
		return nil, misfit
	}
	return v, err
}

func (f *File) view(naming Naming, table weights.Table) (*View, error) {
	var found []Tensor // by their official names
	var names []string // in the file
	for _, t := range f.tensors {
		if official, ok := naming(t); ok {
			found, names = append(found, official), append(names, t.Name)
		}
	}
	prefixes := commonPrefixes(found, table)
	first, err := f.under(prefixes[0], found, names, table)
	var fitting []string
	for _, prefix := range prefixes[1:] {
		v, failed := f.under(prefix, found, names, table)
		if failed != nil {
			continue
		}
		if err == nil {
			fitting = append(fitting, v.prefix)
		} else {
			first, err = v, nil
		}
	}
	if fitting != nil {
		return nil, &MisfitError{Path: f.path, Parameters: len(table), Several: append([]string{first.prefix}, fitting...)}
	}
	return first, err
}

// under returns the view of the tensors whose official names begin with a prefix. Found are the tensors by their official
// names, names their names in the file.
func (f *File) under(prefix string, found []Tensor, names []string, table weights.Table) (*View, error) {
	v := &View{file: f, table: table, prefix: prefix, from: map[string]Tensor{}}
	misfit := &MisfitError{Path: f.path, Prefix: prefix, Parameters: len(table)}
	want := map[string]weights.Parameter{}
	for _, p := range table {
		want[p.Name] = p
	}
	for i, t := range found {
		name, under := strings.CutPrefix(t.Name, prefix)
		if !under {
			continue
		}
		t.Name = name
		if whole, ok := strings.CutSuffix(names[i], name); ok && prefix != "" {
			v.prefix = whole // with what the naming has dropped
		}
		if _, twice := v.from[name]; twice {
			return nil, fmt.Errorf("hub: %s: two tensors are %q, the second is %q", f.path, name, names[i])
		}
		v.from[name] = t
		if p, ok := want[name]; !ok {
			misfit.Left = append(misfit.Left, fmt.Sprintf("%.200q", names[i]))
		} else if !slices.Equal(t.Shape, p.Shape) {
			misfit.Wrong = append(misfit.Wrong, fmt.Sprintf("%q: shape %v, want %v", name, t.Shape, p.Shape))
		}
	}
	for _, p := range table {
		if _, ok := v.from[p.Name]; !ok {
			misfit.Missing = append(misfit.Missing, fmt.Sprintf("%q", p.Name))
		}
	}
	if misfit.Problems() > 0 {
		return nil, misfit
	}
	return v, nil
}

// Prefix returns what stands before every name in the file and was dropped. It is "" if nothing was.
func (v *View) Prefix() string { return v.prefix }

// Under returns the view of the parameters whose names begin with a prefix.
func (v *View) Under(prefix string) *View {
	return &View{file: v.file, table: v.table.Under(prefix), prefix: v.prefix, from: v.from}
}

// Table returns the parameters of the view, in their order.
func (v *View) Table() weights.Table { return v.table }

// Floats reads a parameter, row-major in its official layout, into a slice of its size. A number that is not finite is an
// error.
func (v *View) Floats(name string, into []float32) error {
	t, ok := v.from[name]
	if !ok {
		return fmt.Errorf("hub: %s: %q is missing", v.file.path, name)
	}
	err := numbers(t, into)
	if err == nil {
		err = finite.Check(into)
	}
	return v.file.wrap(name, err)
}

// Read returns the numbers of a parameter, for [weights.Load]. The next call overwrites them.
func (v *View) Read(p weights.Parameter) ([]float32, error) {
	if v.buffer == nil {
		most := 0
		for _, p := range v.table {
			most = max(most, p.Size())
		}
		v.buffer = make([]float32, most)
	}
	if p.Size() > len(v.buffer) {
		return nil, fmt.Errorf("hub: %s: %q is missing", v.file.path, p.Name)
	}
	into := v.buffer[:p.Size()]
	return into, v.Floats(p.Name, into)
}

// Load makes every parameter a float32 variable of a scope.
func (v *View) Load(scope *model.Scope) error { return weights.Load(scope, v.table, v.Read) }

// WriteSafetensors writes the parameters as safetensors: all as [F32], or each in its own type if as is "". The file gets its
// name when it is complete. Its metadata have the name and the checksum of the source, and the source's own metadata if they
// are not nested. If progress is not nil, it is told how many bytes have been read for the checksum and written, together,
// and how many there will be.
func (v *View) WriteSafetensors(path string, as Type, progress func(done, total int64)) error {
	if as != F32 && as != "" {
		return fmt.Errorf("hub: %s: type %s, want F32 or the tensors' own", path, as)
	}
	count := &counter.Writer{Total: v.file.size, Report: progress}
	for _, p := range v.table {
		count.Total += int64(p.Size()) * int64(cmp.Or(as, v.from[p.Name].Type).bytes())
	}
	sum, err := v.file.sum(count)
	if err != nil {
		return err
	}
	meta := map[string]string{}
	maps.Copy(meta, v.file.meta)
	maps.DeleteFunc(meta, func(key, _ string) bool { return strings.Contains(key, ".") })
	meta["format"], meta["source"], meta["source_sha256"] = "pt", filepath.Base(v.file.path), sum
	var entries []safetensors.Entry
	for _, p := range v.table {
		entries = append(entries, safetensors.Entry{Name: p.Name, Type: string(cmp.Or(as, v.from[p.Name].Type)), Shape: p.Shape})
	}
	slices.SortStableFunc(entries, func(a, b safetensors.Entry) int { // so that every number is aligned
		return cmp.Compare(Type(b.Type).bytes(), Type(a.Type).bytes())
	})
	header, err := safetensors.EncodeHeader(entries, meta)
	if err != nil {
		return fmt.Errorf("hub: %s: %w", path, err)
	}
	var inside error // of a tensor, which its error names
	err = atomicfile.Write(path, func(file io.Writer) error {
		if _, err := file.Write(header); err != nil {
			return err
		}
		w := bufio.NewWriterSize(io.MultiWriter(file, count), 1<<20)
		for _, e := range entries {
			if err := v.write(w, e, as); err != nil {
				if full := w.Flush(); full != nil {
					return full
				}
				inside = v.file.wrap(e.Name, err)
				return inside
			}
		}
		return w.Flush()
	})
	if err != nil && inside == nil {
		err = fmt.Errorf("hub: %s: %w", path, err)
	}
	return err
}

// write writes the numbers of a parameter.
func (v *View) write(w *bufio.Writer, e safetensors.Entry, as Type) error {
	t := v.from[e.Name]
	size := Type(e.Type).bytes()
	var all []byte // of a tensor that lies in another order
	if t.strides != nil {
		all = make([]byte, t.Len()*size)
	}
	var floats []float32
	var bytes []byte
	err := t.walk(func(first, step int, run []byte) error {
		bytes = append(bytes[:0], run...)
		if as == F32 && t.Type != F32 {
			floats = slices.Grow(floats[:0], len(run)/t.Type.bytes())[:len(run)/t.Type.bytes()]
			decode(t.Type, run, floats, 1)
			bytes = bytes[:0]
			for _, x := range floats {
				bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(x))
			}
		}
		if all == nil {
			_, err := w.Write(bytes)
			return err
		}
		for i := 0; len(bytes) > 0; i, bytes = i+step, bytes[size:] {
			copy(all[(first+i)*size:(first+i+1)*size], bytes)
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = w.Write(all)
	return err
}
