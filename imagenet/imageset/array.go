package imageset

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"

	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/internal/npy"
)

// array is bytes [n, height, width, channels] that are read one image after another.
type array struct {
	open                    func() (io.ReadCloser, error) // from the beginning
	n                       int
	height, width, channels int

	lock sync.Mutex
	from io.ReadCloser // behind image next − 1
	next int
}

// openArray opens an .npy file.
func openArray(path string) (*Set, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return newArray(info.Size(), func() (io.ReadCloser, error) { return os.Open(path) })
}

// openMember opens the array of images of an .npz file.
func openMember(archive *zip.ReadCloser) (*Set, error) {
	var found *Set
	var reasons []string
	for _, m := range archive.File {
		name, is := strings.CutSuffix(m.Name, ".npy")
		if !is {
			continue
		}
		s, err := newArray(int64(m.UncompressedSize64), m.Open)
		switch {
		case err != nil:
			reasons = append(reasons, fmt.Sprintf("array %q: %v", name, err))
			continue
		case found != nil && name != "arr_0":
			s.Close()
			found.Close()
			return nil, errors.New("holds several arrays of images, none of which is arr_0: save one alone")
		}
		if found != nil {
			found.Close()
		}
		if found = s; name == "arr_0" {
			break
		}
	}
	if found == nil {
		return nil, fmt.Errorf("holds no array of images: %s", strings.Join(reasons, "; "))
	}
	closeArray := found.close
	found.close = func() error { return errors.Join(closeArray(), archive.Close()) }
	return found, nil
}

// newArray returns the set of an array whose file has size bytes.
func newArray(size int64, open func() (io.ReadCloser, error)) (*Set, error) {
	a := &array{open: open}
	h, begin, err := a.restart(size)
	if err != nil {
		return nil, err
	}
	fail := func(format string, arguments ...any) (*Set, error) {
		a.from.Close()
		return nil, fmt.Errorf(format, arguments...)
	}
	if h.Type != "|u1" {
		return fail("numbers of type %s, want bytes: save np.clip(np.round(x), 0, 255).astype(np.uint8), of numbers from 0 to 255", npy.TypeName(h.Type))
	}
	shape := h.Shape
	switch {
	case h.Fortran:
		return fail("an array in Fortran's order: save np.ascontiguousarray(x)")
	case len(shape) == 3:
		shape = append(shape[:3:3], 1)
	case len(shape) != 4:
		return fail("shape %v, want [n height width 3], or 1 for grey", shape)
	}
	a.n, a.height, a.width, a.channels = shape[0], shape[1], shape[2], shape[3]
	switch {
	case a.channels != 3 && a.channels != 1 && (shape[1] == 3 || shape[1] == 1):
		return fail("shape %v, with the channels first: save x.transpose(0, 2, 3, 1)", h.Shape)
	case a.channels != 3 && a.channels != 1:
		return fail("shape %v, want [n height width 3], or 1 for grey", h.Shape)
	case a.height < 1 || a.width < 1 || a.width > latent.MaxPixels/a.height:
		return fail("images of %d × %d pixels, want 1 to %d", a.width, a.height, latent.MaxPixels)
	}
	if each := int64(a.height * a.width * a.channels); int64(a.n) != (size-begin)/each || (size-begin)%each != 0 {
		return fail("%d bytes of images, want %d × %d: the file is cut off or damaged", size-begin, a.n, each)
	}
	s := &Set{Kind: "an array of NumPy", names: make([]string, a.n), read: a.read, close: func() error { return a.from.Close() }}
	for i := range s.names {
		s.names[i] = fmt.Sprint(i)
	}
	return s, nil
}

// restart opens the file and reads the header.
func (a *array) restart(size int64) (npy.Header, int64, error) {
	file, err := a.open()
	if err != nil {
		return npy.Header{}, 0, err
	}
	r := buffered{bufio.NewReaderSize(file, 1<<20), file}
	h, begin, err := npy.Read(r, size)
	if err != nil {
		file.Close()
		return h, 0, err
	}
	a.from, a.next = r, 0
	return h, begin, nil
}

type buffered struct {
	*bufio.Reader
	io.Closer
}

func (a *array) read(i int) (*latent.Image, error) {
	a.lock.Lock()
	defer a.lock.Unlock()
	if i < a.next {
		a.from.Close()
		if _, _, err := a.restart(1 << 62); err != nil {
			return nil, err
		}
	}
	each, skip := a.height*a.width*a.channels, i-a.next
	a.next = math.MaxInt // until this one is read
	if _, err := io.CopyN(io.Discard, a.from, int64(skip)*int64(each)); err != nil {
		return nil, err
	}
	pixels := make([]byte, each)
	if _, err := io.ReadFull(a.from, pixels); err != nil {
		return nil, err
	}
	a.next = i + 1
	m := &latent.Image{Width: a.width, Height: a.height, Pix: pixels}
	if a.channels == 1 {
		m = latent.NewImage(a.width, a.height)
		m.Converted = "grey"
		for k, v := range pixels {
			m.Pix[3*k], m.Pix[3*k+1], m.Pix[3*k+2] = v, v, v
		}
	}
	return m, nil
}
