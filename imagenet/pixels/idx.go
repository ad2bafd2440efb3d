package pixels

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/latent"
	"github.com/wflowlab/wflowlab/internal/magic"
	"github.com/wflowlab/wflowlab/internal/regular"
)

const (
	imagesMagic = 0x803 // bytes in three dimensions: images, rows, columns
	labelsMagic = 0x801 // bytes in one dimension
	most        = 1 << 30
)

// ReadMNIST reads a split of MNIST, or of a data set that is published in the same form, from the official files in a
// folder:
//
//	latent.Train  train-images-idx3-ubyte, train-labels-idx1-ubyte   60,000 images
//	latent.Val    t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte     10,000 images
//
// They may be gzipped, with .gz behind the name, and the name may have a dot in place of its second dash, as in
// train-images.idx3-ubyte. What is read, and what is an error, says [ReadIDX].
func ReadMNIST(folder string, split latent.Split) (*Set, error) {
	prefix := map[latent.Split]string{latent.Train: "train", latent.Val: "t10k"}[split]
	if prefix == "" {
		return nil, fmt.Errorf("pixels: split %q, want %q or %q", split, latent.Train, latent.Val)
	}
	var paths [2]string
	for i, what := range []string{"images-idx3", "labels-idx1"} {
		var err error
		if paths[i], err = find(folder, prefix+"-"+what+"-ubyte"); err != nil {
			return nil, fmt.Errorf("pixels: %w", err)
		}
	}
	return ReadIDX(paths[0], paths[1])
}

// find returns the path of the file in a folder that has an official name or a variant of it.
func find(folder, name string) (string, error) {
	for _, variant := range []string{name, strings.Replace(name, "-idx", ".idx", 1)} {
		for _, suffix := range []string{"", ".gz"} {
			path := filepath.Join(folder, variant+suffix)
			f, _, err := regular.Open(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return "", err
			}
			return path, f.Close()
		}
	}
	return "", fmt.Errorf("folder %s has no file %s, gzipped or not: get the four files of MNIST", folder, name)
}

// ReadIDX reads images and their labels from a pair of IDX files, gzipped or not: see [ParseIDX].
func ReadIDX(images, labels string) (*Set, error) {
	var files [2][]byte
	for i, path := range []string{images, labels} {
		f, info, err := regular.Open(path)
		if err == nil && info.Size() > most {
			err = errors.Join(fmt.Errorf("%s: %d bytes, want at most %d", path, info.Size(), most), f.Close())
		}
		if err != nil {
			return nil, fmt.Errorf("pixels: %w", err)
		}
		files[i], err = io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("pixels: %s: %w", path, err)
		}
	}
	return parseIDX(images, files[0], labels, files[1])
}

// ParseIDX reads images and their labels from the bytes of a pair of IDX files, gzipped or not. An image of 28 × 28
// pixels gets a margin of 2 pixels of paper, so that its side is 32; any other keeps its size. The classes are 0 to the
// largest label, and at least ten.
//
// The error says which file is wrong, and how: it is no IDX file of images or of labels; its length is not what its header
// says; it has no image, or images that are not square; the gzipped data are damaged or cut off; images and labels are not
// as many; or the images take more than a GiB. The header is compared with what there is before memory is taken.
func ParseIDX(images, labels []byte) (*Set, error) {
	return parseIDX("images", images, "labels", labels)
}

func parseIDX(imagesName string, images []byte, labelsName string, labels []byte) (*Set, error) {
	dims, pictures, err := idx(images, imagesMagic, "images")
	if err != nil {
		return nil, fmt.Errorf("pixels: %s: %w", imagesName, err)
	}
	if dims[0] == 0 || dims[1] != dims[2] || dims[1] == 0 {
		return nil, fmt.Errorf("pixels: %s: %d images of %d × %d pixels, want some that are square", imagesName, dims[0], dims[1], dims[2])
	}
	counts, classes, err := idx(labels, labelsMagic, "labels")
	if err != nil {
		return nil, fmt.Errorf("pixels: %s: %w", labelsName, err)
	}
	if counts[0] != dims[0] {
		return nil, fmt.Errorf("pixels: %d images in %s and %d labels in %s: want the labels of these images",
			dims[0], imagesName, counts[0], labelsName)
	}
	s := &Set{side: dims[1], channels: 1, values: pictures}
	if s.side == 28 {
		s.pad(2)
	}
	last := 9
	for _, label := range classes {
		s.labels = append(s.labels, int(label))
		last = max(last, int(label))
	}
	for class := range last + 1 {
		s.classes = append(s.classes, strconv.Itoa(class))
	}
	return s, nil
}

// idx returns the dimensions and the bytes of an IDX file of some magic number, whose last digit is how many dimensions
// it has.
//
// Source: Yann LeCun, The MNIST database of handwritten digits, "File formats".
func idx(file []byte, number uint32, what string) (dims []int, values []byte, err error) {
	if file, err = unzipped(file); err != nil {
		return nil, nil, err
	}
	if len(file) < 4 || binary.BigEndian.Uint32(file) != number {
		return nil, nil, fmt.Errorf("is %s, want an IDX file of %s, which begins with %q", kind(file), what, binary.BigEndian.AppendUint32(nil, number))
	}
	axes := int(number & 0xff)
	header := 4 + 4*axes
	if len(file) < header {
		return nil, nil, fmt.Errorf("cut off after %d bytes, in a header of %d", len(file), header)
	}
	size := 1
	for i := range axes {
		d := int64(binary.BigEndian.Uint32(file[4+4*i:]))
		dims = append(dims, int(d))
		if d > 0 && int64(size) > most/d {
			return nil, nil, fmt.Errorf("the header says %v bytes, want at most %d", dims, most)
		}
		size *= int(d)
	}
	if values = file[header:]; len(values) != size {
		return nil, nil, fmt.Errorf("the header says %v, which is %d bytes, and there are %d: get the file again", dims, size, len(values))
	}
	return dims, values, nil
}

// kind says what a file is that is not the one wanted.
func kind(file []byte) string {
	if len(file) >= 4 {
		switch binary.BigEndian.Uint32(file) {
		case imagesMagic:
			return "an IDX file of images"
		case labelsMagic:
			return "an IDX file of labels"
		}
	}
	return magic.Describe(file[:min(len(file), magic.Enough)])
}

// unzipped returns the content of a gzipped file, and any other file as it is.
func unzipped(file []byte) ([]byte, error) {
	if !bytes.HasPrefix(file, []byte("\x1f\x8b")) {
		return file, nil
	}
	unzip, err := gzip.NewReader(bytes.NewReader(file))
	var content []byte
	if err == nil {
		content, err = io.ReadAll(io.LimitReader(unzip, most+1))
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("the gzipped data are cut off after %d bytes: get the file again", len(file))
	case err != nil:
		return nil, fmt.Errorf("the gzipped data are damaged: %w", err)
	case len(content) > most:
		return nil, fmt.Errorf("the gzipped data unfold to more than %d bytes", most)
	}
	return content, nil
}

// pad gives every image a margin of paper.
func (s *Set) pad(margin int) {
	side := s.side + 2*margin
	n := len(s.values) / (s.side * s.side)
	padded := make([]byte, n*side*side)
	for line := range n * s.side {
		image, y := line/s.side, line%s.side
		copy(padded[(image*side+y+margin)*side+margin:], s.values[line*s.side:(line+1)*s.side])
	}
	s.side, s.values = side, padded
}
