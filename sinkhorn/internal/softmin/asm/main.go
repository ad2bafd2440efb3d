// Command asm writes the vector kernels of package softmin as Go assembly. Run it by go generate in that package.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

const unrolled = 4 // the largest dimension with kernels of its own

func main() {
	log.SetFlags(0)
	log.SetPrefix("asm: ")
	if len(os.Args) != 2 {
		log.Fatal("usage: asm FOLDER: the folder that holds the packages softmin and fma")
	}
	generate(os.Args[1])
}

// generate writes all kernels and their Go declarations into the packages of a folder.
func generate(folder string) {
	for _, isa := range []isa{avx2, avx512} {
		for _, bits := range []int{32, 64} {
			m := newMachine(build.NewContext(), isa, bits)
			for d := 1; d <= unrolled; d++ {
				m.sum(d)
				m.mean(d)
				m.terms(d)
			}
			m.scores()
			m.root()
			m.largest()
			m.sumScores()
			m.weigh()
			m.moments()
			m.rowSums()
			m.columnSums()
			m.widen()
			write(m.Context, folder, "softmin", fmt.Sprintf("%s_float%d", strings.ToLower(string(m.isa)), m.bits), m.explanation())
		}
	}
	c := build.NewContext()
	multiplyAdds(c)
	write(c, folder, "fma", "fma", nil)
}

// write prints one file of assembly, after a comment that explains it, and its Go declarations.
func write(c *build.Context, folder, pkg, name string, explanation []byte) {
	file, err := c.Result()
	if err != nil {
		log.Fatal(err)
	}
	if err := pass.Compile.Execute(file); err != nil {
		log.Fatal(err)
	}
	cfg := printer.Config{Argv: []string{"go generate"}, Pkg: pkg}
	for suffix, p := range map[string]printer.Printer{"_amd64.s": printer.NewGoAsm(cfg), "_stubs_amd64.go": printer.NewStubs(cfg)} {
		text, err := p.Print(file)
		if err != nil {
			log.Fatal(err)
		}
		if suffix == "_amd64.s" {
			text = append(explanation, text...)
		}
		if err := os.WriteFile(filepath.Join(folder, pkg, name+suffix), text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
