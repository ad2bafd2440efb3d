package hub

import (
	"archive/zip"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"path"
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
	checked func() error // holds the bytes, as they are stored, against their checksum, once
}

// What the members may be together, uncompressed: 64 MB, or the file a hundredfold. Numbers of a network grow by a tenth,
// zeros a thousandfold.
const (
	maxInflated = 64 << 20
	maxGrowth   = 100
)

// unzip reads the directory of a zip file.
func unzip(r io.ReaderAt, size int64) (archive, error) {
	z := archive{members: map[string]*member{}}
	reader, err := zip.NewReader(r, size)
	if err != nil {
		return z, err
	}
	left, room := uint64(size), max(maxInflated, maxGrowth*uint64(size))
	for _, f := range reader.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		m := &member{File: f, r: r}
		if m.offset, err = f.DataOffset(); err != nil {
			return z, fmt.Errorf("%q: %w", f.Name, err)
		}
		switch {
		case z.members[f.Name] != nil:
			return z, fmt.Errorf("%q is there twice", f.Name)
		case f.Flags&1 != 0:
			return z, fmt.Errorf("%q is encrypted", f.Name)
		case f.CompressedSize64 > left || m.offset > size-int64(f.CompressedSize64):
			return z, fmt.Errorf("%q: %d bytes, more than the file has", f.Name, f.CompressedSize64)
		case f.Method == zip.Store && f.UncompressedSize64 != f.CompressedSize64:
			return z, fmt.Errorf("%q: stored as it is, with %d bytes that are %d", f.Name, f.CompressedSize64, f.UncompressedSize64)
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return z, fmt.Errorf("%q: compression %d, want none or deflate", f.Name, f.Method)
		case f.UncompressedSize64 > room:
			return z, fmt.Errorf("%q: %d bytes that grow to %d, want at most %d", f.Name, f.CompressedSize64, f.UncompressedSize64, room)
		}
		left, room = left-f.CompressedSize64, room-f.UncompressedSize64
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

func (c *content) readZip(r io.ReaderAt, size int64, name string) error {
	z, err := unzip(r, size)
	if err != nil {
		return err
	}
	if z.pickle != "" {
		return c.readTorch(z, name)
	}
	for _, name := range z.order {
		if path.Ext(name) != ".npy" {
			return fmt.Errorf("a zip file with %q, neither PyTorch nor npz", name)
		}
	}
	return c.readNPZ(z)
}

// verify holds a checksum against the zip file's.
func (m *member) verify(sum hash.Hash32) error {
	if sum.Sum32() != m.CRC32 {
		return fmt.Errorf("%q: checksum %08x, want %08x: the file is damaged, or was written without checksums", m.Name, sum.Sum32(), m.CRC32)
	}
	return nil
}

// section returns bytes of a member that is stored as it is.
func (m *member) section(offset, bytes int64) (io.ReadCloser, error) {
	if err := m.checked(); err != nil {
		return nil, err
	}
	return section(m.r, m.offset+offset, bytes)()
}

// whole returns the bytes of a member, checked when its end is seen.
func (m *member) whole() (io.ReadCloser, error) {
	if m.Method == zip.Store {
		return m.section(0, int64(m.UncompressedSize64))
	}
	r, err := m.Open()
	if err != nil {
		return nil, err
	}
	return &checking{r, m, crc32.NewIEEE()}, nil
}

type checking struct {
	io.ReadCloser
	member *member
	sum    hash.Hash32
}

func (c *checking) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.sum.Write(b[:n])
	if err == io.EOF {
		if wrong := c.member.verify(c.sum); wrong != nil {
			err = wrong
		}
	}
	return n, err
}

// all returns all bytes of a stored member, at most so many.
func (m *member) all(most uint64) ([]byte, error) {
	if m.Method != zip.Store || m.UncompressedSize64 > most {
		return nil, fmt.Errorf("%q: %d bytes, want at most %d, not compressed", m.Name, m.UncompressedSize64, most)
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
