// Command asm writes the vector kernels of package softmin as Go assembly. Run it by go generate in that package.
package main

import (
	"fmt"
	"log"
	"os"
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
		log.Fatal("usage: asm FOLDER")
	}
	generate(os.Args[1])
}

// generate writes all kernels and their Go declarations into a folder.
func generate(folder string) {
	for _, isa := range []isa{avx2, avx512} {
		for _, bits := range []int{32, 64} {
			c := build.NewContext()
			m := newMachine(c, isa, bits)
			for d := 1; d <= unrolled; d++ {
				m.sum(d)
				m.mean(d)
			}
			m.scores()
			m.root()
			m.largest()
			m.sumScores()
			m.weigh()
			m.moments()
			m.rowSums()
			m.columnSums()
			write(folder, m)
		}
	}
}

// write prints one file of assembly and its Go declarations.
func write(folder string, m *machine) {
	file, err := m.Result()
	if err != nil {
		log.Fatal(err)
	}
	if err := pass.Compile.Execute(file); err != nil {
		log.Fatal(err)
	}
	name := fmt.Sprintf("%s/%s_float%d_", folder, strings.ToLower(string(m.isa)), m.bits)
	cfg := printer.Config{Name: "go generate", Argv: []string{"go generate"}, Pkg: "softmin"}
	for suffix, p := range map[string]printer.Printer{"amd64.s": printer.NewGoAsm(cfg), "stubs_amd64.go": printer.NewStubs(cfg)} {
		text, err := p.Print(file)
		if err != nil {
			log.Fatal(err)
		}
		if suffix == "amd64.s" {
			text = append(m.explanation(), text...)
		}
		if err := os.WriteFile(name+suffix, text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
