package hub

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// maxPickle is how many bytes a pickle may have. It takes 100 bytes for every tensor, and what else is saved beside them.
const maxPickle = 256 << 20

// storage is a block of numbers, which tensors may share.
type storage struct {
	kind  Type // "" if it has bytes of any type
	bytes int64
	place interface {
		section(offset, bytes int64) (io.ReadCloser, error) // opens some of its bytes
	}
}

// readTorch reads a file that torch.save wrote: a zip file of a pickle, which names storages, and of the storages.
//
// Source: torch/serialization.py and torch/_utils.py of PyTorch 2.
func (c *content) readTorch(z archive, name string) error {
	c.format = PyTorch
	folder := path.Dir(z.pickle)
	if _, ok := z.members[folder+"/constants.pkl"]; ok {
		return errors.New("TorchScript, a program with weights: torch.save(torch.jit.load(file).state_dict(), new)")
	}
	t := torch{archive: z, folder: folder}
	if m, ok := z.members[folder+"/byteorder"]; ok {
		order, err := m.all(16)
		if err != nil {
			return err
		}
		if t.big = string(order) == "big"; !t.big && string(order) != "little" {
			return fmt.Errorf("byte order %q, want little or big", order)
		}
	}
	data, err := z.members[z.pickle].all(maxPickle)
	if err != nil {
		return err
	}
	t.functions = t.rebuilders()
	p := pickle{data: data, find: t.find, persistent: t.storage}
	tree, err := p.run()
	if err != nil {
		return err
	}
	return c.flatten(tree, name)
}

// torch is a zip file that torch.save wrote.
type torch struct {
	archive
	folder    string
	big       bool // its numbers are big-endian
	functions map[string]func(arguments []any) (any, error)
}

// class is a Python class of storages.
type class struct {
	name string
	kind Type
}

// storages says what type the numbers of a storage have, by the name of its class.
var storages = map[string]Type{"DoubleStorage": F64, "FloatStorage": F32, "HalfStorage": F16, "BFloat16Storage": BF16,
	"LongStorage": I64, "IntStorage": I32, "ShortStorage": I16, "CharStorage": I8, "ByteStorage": U8, "BoolStorage": Bool,
	"ComplexFloatStorage": "C64", "ComplexDoubleStorage": "C128", "QInt8Storage": "QINT8", "QUInt8Storage": "QUINT8",
	"QInt32Storage": "QINT32", "QUInt4x2Storage": "QUINT4X2", "QUInt2x4Storage": "QUINT2X4", "UntypedStorage": ""}

// dtypes are the types by PyTorch's names.
var dtypes = map[string]Type{"float64": F64, "float32": F32, "float16": F16, "bfloat16": BF16, "int64": I64, "int32": I32,
	"int16": I16, "int8": I8, "uint64": U64, "uint32": U32, "uint16": U16, "uint8": U8, "bool": Bool, "complex32": "C32",
	"complex64": "C64", "complex128": "C128", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e4m3fnuz": "F8_E4M3FNUZ",
	"float8_e5m2fnuz": "F8_E5M2FNUZ", "float8_e8m0fnu": "F8_E8M0", "float4_e2m1fn_x2": "F4_X2"}

// find returns what a name in a Python module stands for: a function that makes tensors, dicts or numbers, a class of
// storages, or nothing but its name.
func (t torch) find(name string) any {
	module, leaf, _ := cutLast(name, ".")
	if kind, ok := storages[leaf]; ok && (module == "torch" || module == "torch.storage" || module == "torch.cuda") {
		return class{name, kind}
	}
	if call, ok := t.functions[name]; ok {
		return function{name, call}
	}
	if f := numpy(name); f != nil {
		return f
	}
	return global(name)
}

var errStorage = errors.New("a storage that is not described as torch.save does")

// named is what ("storage", class, key, device, numbers, …) says of a storage.
type named struct {
	kind Type
	key  string
	n    int64 // numbers
	size int64 // bytes of a number; 0 if it is not known
}

// nameOf returns what a persistent id says of a storage, or false if it is of something else.
func nameOf(id []any) (n named, ok bool, err error) {
	if len(id) == 0 || id[0] != "storage" {
		return n, false, nil
	}
	if len(id) < 5 {
		return n, true, errStorage
	}
	c, known := id[1].(class)
	if !known {
		c = class{kind: Type(strings.TrimSuffix(className(id[1]), "Storage"))}
	}
	key, ok1 := id[2].(string)
	count, ok2 := id[4].(int64)
	if !ok1 || !ok2 || count < 0 {
		return n, true, errStorage
	}
	n = named{kind: c.kind, key: key, n: count}
	if known && c.kind == "" {
		n.size = 1
	} else if size, sized := safetensors.Bytes(string(c.kind), nil); sized {
		n.size = int64(size)
	}
	return n, true, nil
}

// storage returns what a persistent id stands for.
func (t torch) storage(id []any) (any, error) {
	n, ok, err := nameOf(id)
	if !ok {
		return &object{class: "persistent_id", arguments: id}, nil
	}
	if err != nil {
		return nil, err
	}
	m := t.members[t.folder+"/data/"+n.key]
	switch {
	case m == nil:
		return nil, fmt.Errorf("storage %.200q is missing: the file is not whole; download it again", n.key)
	case m.wrong != nil:
		return nil, m.wrong
	case m.Method != zip.Store:
		return nil, fmt.Errorf("storage %q is compressed, as torch.save does not: the file was zipped again; take it as torch.save wrote it", n.key)
	case n.size > 0 && (m.UncompressedSize64%uint64(n.size) != 0 || m.UncompressedSize64/uint64(n.size) != uint64(n.n)):
		return nil, fmt.Errorf("storage %q: %d bytes for %d numbers of %s", n.key, m.UncompressedSize64, n.n, n.kind)
	}
	return storage{n.kind, int64(m.UncompressedSize64), m}, nil
}

// torchPickle returns which of the names of a zip file's members is the pickle of a PyTorch file, or "" if none is.
func torchPickle(names []string) string {
	for _, name := range names {
		if strings.Count(name, "/") == 1 && strings.HasSuffix(name, "/data.pkl") {
			return name
		}
	}
	return ""
}
