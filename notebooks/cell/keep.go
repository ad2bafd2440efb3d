package cell

import (
	"bytes"
	"fmt"
	"os"

	"github.com/sbinet/npyio"
	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
)

// Keep writes an array [n, m] for later cells, as NumPy's file Cache(name + ".npy"). NaN and Inf are kept too.
func Keep(name string, a *mat.Dense) {
	var file bytes.Buffer
	err := npyio.Write(&file, a)
	if err == nil {
		err = atomicfile.WriteBytes(Cache(name+".npy"), file.Bytes())
	}
	if err != nil {
		panic(fmt.Sprintf("cell: keeping %s: %v", name, err))
	}
}

// Kept returns the array that a cell before has kept under this name.
func Kept(name string) *mat.Dense {
	file, err := os.ReadFile(Cache(name + ".npy"))
	if os.IsNotExist(err) {
		panic(fmt.Sprintf("cell: there is no %s yet: run the cell that keeps it", name))
	}
	var a mat.Dense
	if err == nil {
		err = npyio.Read(bytes.NewReader(file), &a)
	}
	if err != nil {
		panic(fmt.Sprintf("cell: reading %s: %v", name, err))
	}
	return &a
}
