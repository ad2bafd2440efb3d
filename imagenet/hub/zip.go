package hub

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
)

// archive is a zip file.
type archive struct {
	members map[string]*member
	order   []string
	pickle  string // the name of a PyTorch file's pickle
}

// member is a file in a zip file.
type member struct {
	*zip.File
	r       io.ReaderAt
	offset  int64
	wrong   error        // the reason for which it cannot be read
	checked func() error // checks the bytes of a stored member against their checksum, at its first call
}

// Uncompressed, all members together may take 64 MB, or a hundred times the file if that is more. The numbers of a network
// shrink by a tenth in a zip file, zeros by a factor of a thousand.
const (
	maxInflated = 64 << 20
	maxGrowth   = 100
)

// unzip reads the directory of a zip file. It marks a member that contradicts the directory as one that cannot be read.
func unzip(r io.ReaderAt, size int64) (archive, error) {
	z := archive{members: map[string]*member{}}
	reader, err := zip.NewReader(r, size)
	if err != nil {
		return z, errors.New(unfinished(r, size))
	}
	left, room := uint64(size), max(maxInflated, maxGrowth*uint64(size))
	for _, f := range reader.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if z.members[f.Name] != nil {
			return z, fmt.Errorf("%q is there twice", f.Name)
		}
		m := &member{File: f, r: r}
		m.wrong = m.place(size, left, room)
		if m.wrong == nil {
			left, room = left-f.CompressedSize64, room-f.UncompressedSize64
		}
		m.checked = sync.OnceValue(func() error {
			sum := crc32.NewIEEE()
			if _, err := io.Copy(sum, io.NewSectionReader(r, m.offset, int64(f.CompressedSize64))); err != nil {
				return err
			}
			return m.verify(sum)
		})
		z.members[f.Name] = m
		z.order = append(z.order, f.Name)
	}
	z.pickle = torchPickle(z.order)
	return z, nil
}

// unfinished says what a zip file lacks that cannot be read.
func unfinished(r io.ReaderAt, size int64) string {
	const what = "a zip file, as PyTorch and NumPy write them, "
	tail := make([]byte, min(size, 1<<16+22)) // a comment, and what stands before it
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err == nil && bytes.Contains(tail, []byte("PK\x05\x06")) {
		return fmt.Sprintf("%sof %d bytes, whose end does not fit its beginning: bytes are missing within or were changed; download it again", what, size)
	}
	return fmt.Sprintf("%sthat is cut off at %d bytes: the directory that stands at its end is missing; download it again", what, size)
}

// place finds where a member lies. It refuses one with more bytes than are left of the file, or with more than there is room
// for once it is uncompressed.
func (m *member) place(size int64, left, room uint64) (err error) {
	if m.offset, err = m.DataOffset(); err != nil {
		return fmt.Errorf("%q does not lie where the directory of the zip file says: bytes are missing or were added; download it again", m.Name)
	}
	switch {
	case m.Flags&1 != 0:
		return fmt.Errorf("%q is encrypted", m.Name)
	case m.CompressedSize64 > left || m.offset > size-int64(m.CompressedSize64):
		return fmt.Errorf("%q: %d bytes, more than the file has", m.Name, m.CompressedSize64)
	case m.Method == zip.Store && m.UncompressedSize64 != m.CompressedSize64:
		return fmt.Errorf("%q: stored as it is, with %d bytes that are %d", m.Name, m.CompressedSize64, m.UncompressedSize64)
	case m.Method != zip.Store && m.Method != zip.Deflate:
		return fmt.Errorf("%q: compression %d, want none or deflate", m.Name, m.Method)
	case m.UncompressedSize64 > room:
		return fmt.Errorf("%q: %d bytes that grow to %d, want at most %d", m.Name, m.CompressedSize64, m.UncompressedSize64, room)
	}
	return nil
}

// unchecked returns a note on the members that were written without a checksum, or "" if there are none.
func (z archive) unchecked() string {
	n := 0
	for _, m := range z.members {
		if m.CRC32 == 0 && m.UncompressedSize64 > 0 {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d parts of the zip file were written without a checksum: damage to them would not be noticed", n, len(z.members))
}

func (c *content) readZip(r io.ReaderAt, size int64, name string) error {
	z, err := unzip(r, size)
	if err != nil {
		return err
	}
	if note := z.unchecked(); note != "" {
		c.notes = append(c.notes, note)
	}
	switch {
	case z.pickle != "":
		return c.readTorch(z, name)
	case slices.ContainsFunc(z.order, func(name string) bool { return path.Ext(name) == ".npy" }):
		return c.readNPZ(z)
	case len(z.order) == 0:
		return errors.New("a zip file with nothing in it")
	}
	const again = "a PyTorch file that was unpacked and zipped again in another shape: take the file as torch.save wrote it"
	for _, known := range []struct{ member, what string }{
		{"/data.pkl", again}, {`\data.pkl`, again},
		{"/.data/serialization_id", "a PyTorch file without data.pkl: torch.save did not get to its end; save it again"},
		{"model.weights.h5", "a Keras model: model.export or save its weights as safetensors"},
		{"/archive_format", "a program of torch.export: torch.save(torch.export.load(file).state_dict, new)"},
		{"serialized_exported_program.json", "a program of torch.export: torch.save(torch.export.load(file).state_dict, new)"},
		{"[Content_Types].xml", "an Office document"},
	} {
		if slices.ContainsFunc(z.order, func(name string) bool { return strings.HasSuffix("/"+name, known.member) }) {
			return errors.New(known.what)
		}
	}
	return fmt.Errorf("a zip file with %q, neither PyTorch nor npz: unpack it first if there are weights in it", z.order[0])
}

// verify compares the checksum of a member's bytes with the one in the zip file, where 0 stands for none.
func (m *member) verify(sum hash.Hash32) error {
	if m.CRC32 != 0 && sum.Sum32() != m.CRC32 {
		return fmt.Errorf("%q: checksum %08x, want %08x: the file is damaged; download it again", m.Name, sum.Sum32(), m.CRC32)
	}
	return nil
}

// section opens some bytes of a member that is stored uncompressed, once its checksum is right.
func (m *member) section(offset, bytes int64) (io.ReadCloser, error) {
	if m.wrong != nil {
		return nil, m.wrong
	}
	if err := m.checked(); err != nil {
		return nil, err
	}
	return section(m.r, m.offset+offset, bytes)()
}

// whole opens all bytes of a member. Its checksum is checked when the end is read.
func (m *member) whole() (io.ReadCloser, error) {
	if m.Method == zip.Store {
		return m.section(0, int64(m.UncompressedSize64))
	}
	r, err := m.inflate()
	if err != nil {
		return nil, err
	}
	return &checking{r, m, crc32.NewIEEE(), m.UncompressedSize64}, nil
}

// inflate opens all bytes of a member and checks nothing. It stands in for the reader of archive/zip, which takes a missing
// checksum for a wrong one.
func (m *member) inflate() (io.ReadCloser, error) {
	if m.wrong != nil {
		return nil, m.wrong
	}
	raw := io.NewSectionReader(m.r, m.offset, int64(m.CompressedSize64))
	if m.Method == zip.Store {
		return io.NopCloser(raw), nil
	}
	return flate.NewReader(raw), nil
}

// checking reads a member, and checks its length and its checksum at the end.
type checking struct {
	io.ReadCloser
	member *member
	sum    hash.Hash32
	left   uint64
}

// Read implements io.Reader.
func (c *checking) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.sum.Write(b[:n])
	if uint64(n) > c.left {
		return 0, fmt.Errorf("%q: more than %d bytes: the file is damaged; download it again", c.member.Name, c.member.UncompressedSize64)
	}
	c.left -= uint64(n)
	if err == io.EOF {
		if c.left > 0 {
			return n, io.ErrUnexpectedEOF
		}
		if wrong := c.member.verify(c.sum); wrong != nil {
			err = wrong
		}
	}
	return n, err
}

// all returns the bytes of a member that is stored uncompressed. They may be at most so many.
func (m *member) all(most uint64) ([]byte, error) {
	if m.wrong != nil {
		return nil, m.wrong
	}
	if m.Method != zip.Store {
		return nil, fmt.Errorf("%q is compressed, as torch.save does not: the file was zipped again; take it as torch.save wrote it", m.Name)
	}
	if m.UncompressedSize64 > most {
		return nil, fmt.Errorf("%q: %d bytes, want at most %d", m.Name, m.UncompressedSize64, most)
	}
	r, err := m.whole()
	if err != nil {
		return nil, err
	}
	data := make([]byte, m.UncompressedSize64)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, fmt.Errorf("%q: %w", m.Name, cut(err))
	}
	return data, nil
}
