package hub

import (
	"bytes"
	"math/big"
	"strings"
)

// torchMagic is the number with which PyTorch before 1.6 began a file, as a pickle by itself.
//
// Source: MAGIC_NUMBER in torch/serialization.py.
var torchMagic, _ = new(big.Int).SetString("1950a86a20f9469cfc6c", 16)

// beforeZip says what a file is that PyTorch wrote before it wrote zip files, and what to do with it; "" of any other file.
// Every protocol of pickles spells the magic number in another way, so head is run, as far as it goes.
func beforeZip(head []byte) string {
	if bytes.HasPrefix(head, []byte("sys_info\x00")) {
		return "a tar file of PyTorch 0.1: if you trust it, torch.load it with weights_only=False and torch.save it again"
	}
	p := pickle{data: head, find: func(name string) any { return global(name) }, persistent: func(id []any) (any, error) { return nil, errCut }}
	v, err := p.run()
	switch n, ok := v.(*big.Int); {
	case err == nil && ok && n.Cmp(torchMagic) == 0:
		return "a PyTorch file from before version 1.6: torch.load it and torch.save it again"
	case picklish(head):
		return "a pickle by itself, perhaps of PyTorch: if you trust it, load it and torch.save its tensors"
	}
	return ""
}

// picklish tells whether a file begins like a pickle. Those of protocols 0 and 1 have no mark: they begin with a dict, a
// list, or the name of a function.
func picklish(head []byte) bool {
	switch {
	case len(head) < 3:
		return false
	case head[0] == 0x80 && head[1] <= 5:
		return true
	case (head[0] == '}' || head[0] == ']') && (head[1] == 'q' || head[1] == 'r'):
		return true
	}
	line, rest, ok := strings.Cut(string(head), "\n")
	switch {
	case !ok || len(line) < 2:
		return false
	case line[0] == 'c' && strings.Trim(line[1:], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") == "":
		name, _, ok := strings.Cut(rest, "\n")
		return ok && name != "" && !strings.ContainsAny(name, " \t,;")
	case line[0] == '(' && (line[1] == 'd' || line[1] == 'l' || line[1] == 't'):
		return len(line) > 2 && line[2] == 'p'
	}
	return false
}
