package hub

import (
	"bufio"
	"cmp"
	"encoding/binary"
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
	"github.com/wflowlab/wflowlab/internal/finite"
	"github.com/wflowlab/wflowlab/wflow/mlp/safetensors"
)

// View is a file under official names: exactly the parameters of a table, in its order.
type View struct {
	file   *File
	table  weights.Table
	from   map[string]Tensor // by official name
	buffer []float32         // of Read
}

// View returns the tensors that a naming wants, under their official names. If the table has a parameter that the file
// lacks, the file a tensor that the table lacks, or one has another shape, the error lists them.
func (f *File) View(naming Naming, table weights.Table) (*View, error) {
	v := &View{file: f, table: table, from: map[string]Tensor{}}
	want := map[string]weights.Parameter{}
	for _, p := range table {
		want[p.Name] = p
	}
	var missing, left, wrong []string
	for _, t := range f.tensors {
		official, ok := naming(t)
		if !ok {
			continue
		}
		if _, twice := v.from[official.Name]; twice {
			return nil, fmt.Errorf("hub: %s: two tensors are %q, the second is %q", f.path, official.Name, t.Name)
		}
		v.from[official.Name] = official
		if p, ok := want[official.Name]; !ok {
			left = append(left, t.Name)
		} else if !slices.Equal(official.Shape, p.Shape) {
			wrong = append(wrong, fmt.Sprintf("%q: shape %v, want %v", p.Name, official.Shape, p.Shape))
		}
	}
	for _, p := range table {
		if _, ok := v.from[p.Name]; !ok {
			missing = append(missing, fmt.Sprintf("%q", p.Name))
		}
	}
	for i := range left {
		left[i] = fmt.Sprintf("%q", left[i])
	}
	var errs []string
	for _, problem := range []struct {
		what  string
		names []string
	}{{"missing", missing}, {"left over", left}, {"of another shape", wrong}} {
		if n := len(problem.names); n > 5 {
			errs = append(errs, fmt.Sprintf("%d %s: %s, …", n, problem.what, strings.Join(problem.names[:5], ", ")))
		} else if n > 0 {
			errs = append(errs, fmt.Sprintf("%d %s: %s", n, problem.what, strings.Join(problem.names, ", ")))
		}
	}
	if errs != nil {
		return nil, fmt.Errorf("hub: %s: of %d parameters, %s", f.path, len(table), strings.Join(errs, "; "))
	}
	return v, nil
}

// Under returns the part whose names begin with a prefix.
func (v *View) Under(prefix string) *View {
	return &View{file: v.file, table: v.table.Under(prefix), from: v.from}
}

// Table returns the parameters.
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

// Read returns the numbers of a parameter, as [weights.Load] wants them: the next call overwrites them.
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

// WriteSafetensors writes the parameters as safetensors, of one type, [F32], or each of its own, "". They are written one
// after the other, and the file gets its name when it is complete. Beside them stand the source's name and checksum and
// its own metadata, but for what is nested. Progress, if it is not nil, hears how many bytes are read for the checksum and
// written, and how many it will be.
func (v *View) WriteSafetensors(path string, as Type, progress func(done, total int64)) error {
	if as != F32 && as != "" {
		return fmt.Errorf("hub: %s: type %s, want F32 or the tensors' own", path, as)
	}
	count := &tally{total: v.file.size, report: progress}
	for _, p := range v.table {
		count.total += int64(p.Size()) * int64(cmp.Or(as, v.from[p.Name].Type).bytes())
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
