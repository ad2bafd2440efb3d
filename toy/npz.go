package toy

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/wflowlab/wflowlab/internal/magic"
	"github.com/wflowlab/wflowlab/internal/npy"
)

// ReadNPZ reads a cloud from an .npz archive of NumPy that holds one array, as ReadNPY does. Size is the length of the
// archive in bytes. If it holds several arrays, the error lists them with their types and shapes, and says how to save one.
func ReadNPZ(name string, r io.ReaderAt, size int64) (*mat.Dense, error) {
	x, err := readNPZ(r, size)
	if err != nil {
		return nil, fmt.Errorf("toy: cloud %s: %w", name, err)
	}
	return x, nil
}

func readNPZ(r io.ReaderAt, size int64) (*mat.Dense, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("is %s; want a whole zip file of NumPy arrays (.npz): %w", magic.Describe(beginning(r)), err)
	}
	var arrays []*zip.File
	var list, others []string
	for _, member := range archive.File {
		if h, err := header(member); err != nil {
			others = append(others, fmt.Sprintf("%q: %v", member.Name, err))
		} else {
			arrays = append(arrays, member)
			list = append(list, fmt.Sprintf("%s %s %v", key(member), npy.TypeName(h.Type), h.Shape))
		}
	}
	switch len(arrays) {
	case 0:
		return nil, fmt.Errorf("a zip file without a NumPy array (%s)", few(append(others, "no members")[:max(1, len(others))]))
	case 1:
		x, err := readMember(arrays[0])
		if err != nil {
			return nil, fmt.Errorf("array %q: %w", key(arrays[0]), err)
		}
		return x, nil
	}
	return nil, fmt.Errorf("holds %d arrays (%s), want one: save the points alone by np.save(\"points.npy\", np.load(path)[%q])", len(list), few(list), key(arrays[0]))
}

// key is the name of an array in np.load.
func key(member *zip.File) string { return strings.TrimSuffix(member.Name, ".npy") }

// few joins the first of many.
func few(list []string) string {
	const most = 8
	if len(list) > most {
		list = append(list[:most:most], fmt.Sprintf("and %d more", len(list)-most))
	}
	return strings.Join(list, ", ")
}

// header reads what a member holds.
func header(member *zip.File) (npy.Header, error) {
	const encrypted = 1 // of the flags
	if member.Flags&encrypted != 0 {
		return npy.Header{}, errors.New("is encrypted")
	}
	r, err := member.Open()
	if err != nil {
		return npy.Header{}, err
	}
	defer r.Close()
	h, _, err := npy.Read(r, int64(min(member.UncompressedSize64, 1<<62)))
	return h, err
}

// readMember reads as much as there is: what the archive says about its length is never taken as memory.
func readMember(member *zip.File) (*mat.Dense, error) {
	r, err := member.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readNPY(r)
}
