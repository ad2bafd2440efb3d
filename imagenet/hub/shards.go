package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// shardIndex is a file such as model.safetensors.index.json.
type shardIndex struct {
	Metadata  map[string]any    `json:"metadata"`
	WeightMap map[string]string `json:"weight_map"` // the file of each tensor
}

const maxIndex = 64 << 20 // bytes: 100 of every tensor

// readIndex reads the index of sharded weights. It returns nil if the file is something else.
func readIndex(file *os.File) (*shardIndex, error) {
	info, err := file.Stat()
	if err != nil || info.Size() > maxIndex {
		return nil, err
	}
	var first [64]byte
	n, err := file.ReadAt(first[:], 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !strings.HasPrefix(strings.TrimLeft(string(first[:n]), "\ufeff \t\r\n"), "{") {
		return nil, nil
	}
	var index shardIndex
	err = json.NewDecoder(io.NewSectionReader(file, 0, info.Size())).Decode(&index)
	switch {
	case strings.HasSuffix(file.Name(), ".index.json") && err != nil:
		return nil, fmt.Errorf("the index of sharded weights: %w: download it again", err)
	case err != nil || index.WeightMap == nil:
		return nil, nil
	case len(index.WeightMap) == 0:
		return nil, errors.New("the index of sharded weights names no tensor: download it again")
	}
	return &index, nil
}

// openShards opens the shards that an index names, which lie beside it. It takes each tensor from the shard that the index
// says.
func (f *File) openShards(index *shardIndex) error {
	names := slices.Sorted(maps.Values(index.WeightMap))
	names = slices.Compact(names)
	f.content = newContent()
	info, err := f.parts[0].Stat()
	if err != nil {
		return err
	}
	f.size = info.Size()
	folder := filepath.Dir(f.path)
	if err := allThere(folder, names); err != nil {
		return fmt.Errorf("the index of sharded weights: %w", err)
	}
	found := map[string]string{} // the shard of each tensor
	for _, name := range names {
		file, err := openFile(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		f.parts = append(f.parts, file)
		part, size, err := readFile(file)
		if err != nil {
			return fmt.Errorf("shard %s: %w", name, err)
		}
		f.size += size
		if f.format == "" {
			f.format = part.format
		}
		if f.format != part.format {
			return fmt.Errorf("shard %s: %s, want %s like those before it", name, part.format, f.format)
		}
		if err := f.take(part, index, name, found); err != nil {
			return fmt.Errorf("shard %s: %w", name, err)
		}
	}
	for _, tensor := range slices.Sorted(maps.Keys(index.WeightMap)) {
		if name := index.WeightMap[tensor]; found[f.joined(tensor)] != name {
			return fmt.Errorf("tensor %q is not in shard %s, where the index says: the two are of different versions", tensor, name)
		}
	}
	for key, value := range index.Metadata {
		if text, ok := scalar(value); ok {
			f.meta[key] = text
		}
	}
	return nil
}

// allThere returns an error if shards are missing in a folder.
func allThere(folder string, names []string) error {
	var missing []string
	for _, name := range names {
		if name != filepath.Base(name) || strings.ContainsAny(name, `/\:`) || name == ".." || name == "." {
			return fmt.Errorf("shard %q: want the name of a file beside the index", name)
		}
		if _, err := os.Stat(filepath.Join(folder, name)); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, name)
		}
	}
	const shown = 5
	n, more := len(missing), ""
	if n > shown {
		missing, more = missing[:shown], ", …"
	}
	if n > 0 {
		return fmt.Errorf("%d of %d shards missing beside it: %s%s; download what is missing", n, len(names), strings.Join(missing, ", "), more)
	}
	return nil
}

// take adds the content of a shard to the file's. A tensor may be in several shards: it is taken only from the one that the
// index says.
func (f *File) take(part content, index *shardIndex, name string, found map[string]string) error {
	elsewhere := map[string]bool{}
	for tensor, shard := range index.WeightMap {
		if shard != name {
			elsewhere[f.joined(tensor)] = true
		}
	}
	for _, t := range part.tensors {
		if elsewhere[t.Name] {
			continue
		}
		if err := f.addTensor(t); err != nil {
			return err
		}
		found[t.Name] = name
	}
	for _, left := range part.omitted {
		if _, tensor := part.index[left.Key]; !tensor { // which addTensor has listed
			f.omitted = append(f.omitted, left)
		}
	}
	maps.Copy(f.meta, part.meta)
	for _, note := range part.notes {
		f.notes = append(f.notes, name+": "+note)
	}
	return nil
}

// joined returns the name that a tensor of the index has in a shard. Flax joins names by slashes in the index, and they are
// joined by dots here.
func (f *File) joined(tensor string) string {
	if f.format == Flax {
		return strings.ReplaceAll(tensor, "/", ".")
	}
	return tensor
}
