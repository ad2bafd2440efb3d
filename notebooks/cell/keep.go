package cell

import (
	"bytes"
	"fmt"
	"os"

	"github.com/sbinet/npyio"
	"gonum.org/v1/gonum/mat"
)

// Keep writes an array [n, m] for later cells, as NumPy's file Cache(name + ".npy"). NaN and Inf are kept too.
func Keep(name string, a *mat.Dense) {
	var file bytes.Buffer
	if err := npyio.Write(&file, a); err != nil {
		panic(fmt.Sprintf("cell: keeping %s: %v", name, err))
	}
	KeepFile(name+array, file.Bytes())
}

// Kept returns the array that a cell before has kept under this name. If it no longer fits the notebook, Kept panics, and says
// what differs and which cells to run: see [KeptFile].
func Kept(name string) *mat.Dense {
	var a mat.Dense
	if err := npyio.Read(bytes.NewReader(kept(name+array)), &a); err != nil {
		panic(fmt.Sprintf("cell: reading %s: %v", name, err))
	}
	return &a
}

const array = ".npy"

// KeepFile writes the file Cache(name) for later cells. Beside it, in a file of JSON, it writes what it was made from: the
// constants, variables, types and functions of the notebook that the statements of the running cell use, these of these, and
// so on, as they are now; and the files that the cell has read by [Kept] or [KeptFile] before.
//
// What the statements do not use, such as a constant for figures alone, may change later. The packages that a notebook imports
// are not looked at. Outside a notebook nothing is declared.
func KeepFile(name string, data []byte) {
	p, done := session()
	defer done()
	if err := p.keep(name, data, stage{}); err != nil {
		panic(fmt.Sprintf("cell: keeping %s: %v", name, err))
	}
}

// KeptFile returns the path of the file that a cell before has kept under this name. It panics if there is none, and if one of
// the declarations or files that it was made from is another now, or was made from what is another now. A declaration that
// this kernel has not seen yet does not count as another.
//
// If it was made from a training that was interrupted, it says so, once a cell.
func KeptFile(name string) string {
	kept(name)
	return Cache(name)
}

// kept returns the content of a kept file that fits the notebook.
func kept(name string) []byte {
	data, err := os.ReadFile(Cache(name))
	if os.IsNotExist(err) {
		panic(fmt.Sprintf("cell: there is no %s yet: run the cell that keeps it", shown(name)))
	}
	if err == nil {
		p, done := session()
		defer done()
		err = p.read(name, data)
	}
	if err != nil {
		panic(fmt.Sprintf("cell: %s: %v", shown(name), err))
	}
	return data
}
