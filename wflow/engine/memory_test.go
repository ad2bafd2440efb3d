//go:build cgo && linux && amd64

package engine

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
)

// faults returns how often the system has had to find a page of memory for this process: field 10 of proc(5)'s stat.
func faults(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Skip(err)
	}
	n, err := strconv.Atoi(strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+2:]))[7])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKeepsMemory: a graph that works with 64 MB, called again, finds them in the process. The system's pages have 4 KB: if
// every call were handed the memory anew, ten calls would need 160,000 of them.
func TestKeepsMemory(t *testing.T) {
	b, line, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	if line != "XLA" {
		t.Skip("for XLA: ", line)
	}
	exec := graph.MustNewExec(b, func(x *graph.Node) *graph.Node {
		products := graph.Einsum("ik,jk->ij", x, x)
		return graph.ReduceMax(graph.Einsum("ij,jk->ik", graph.Exp(products), x), 0)
	})
	defer exec.Finalize()
	rows := make([][]float32, 4096)
	for i := range rows {
		rows[i] = make([]float32, 16)
	}
	call := func() { exec.MustCall(rows)[0].MustFinalizeAll() }
	call()
	call()
	before := faults(t)
	for range 10 {
		call()
	}
	if n := faults(t) - before; n > 16_000 {
		t.Errorf("%d pages for ten calls, want a tenth of the 160,000 that they work with, or less", n)
	}
}
