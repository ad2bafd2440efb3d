// Package imageset opens sets of images, as evaluations compare them: folders of files, zip files of them, and arrays of NumPy.
//
//	s, err := imageset.Open("samples")   // or samples.zip, samples.npz, samples.npy
//	defer s.Close()
//	for i := range s.Len() {
//		m, err := s.Read(i)        // of whatever size, as Pillow would read it
//	}
package imageset

import (
	"archive/zip"
	"fmt"
	"os"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/latent"
)

// Set is a set of images in an order that does not change. Several goroutines may read from it.
type Set struct {
	Kind  string   // "a folder", "a zip file", "an array of NumPy"
	Notes []string // what was left out, each in a sentence
	names []string
	read  func(i int) (*latent.Image, error)
	close func() error
}

// Open opens a set of images by what lies at the path.
//
//   - A folder has images at any depth, which are sorted by their paths, byte by byte. Which files are images their names tell, as
//     for [latent.ReadFolder]; what other programs left there is left out.
//   - A zip file has the same within it.
//   - An array of NumPy, in an .npy file or as arr_0 or the only such array of an .npz file, has bytes [n, height, width, 3], or
//     [n, height, width, 1] or [n, height, width] in grey.
//
// A set without images is an error.
func Open(path string) (*Set, error) {
	s, err := open(path)
	if err == nil && s.Len() == 0 {
		err = fmt.Errorf("holds no images%s", strings.Join(append([]string{""}, s.Notes...), "; "))
		s.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("imageset: %s: %w", path, err)
	}
	return s, nil
}

func open(path string) (*Set, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openFolder(path)
	}
	if archive, err := zip.OpenReader(path); err == nil {
		return openZip(path, archive)
	}
	return openArray(path)
}

// Len returns the number of images.
func (s *Set) Len() int { return len(s.names) }

// Name returns the name of image i: its path in the folder or the zip file, or its number in the array.
func (s *Set) Name(i int) string { return s.names[i] }

// Class returns the first folder in the name of image i, which is its class where the folders are classes, or "".
func (s *Set) Class(i int) string {
	class, _, ok := strings.Cut(s.names[i], "/")
	if !ok {
		return ""
	}
	return class
}

// Read returns image i in colours of 8 bits, as [latent.DecodeImage] makes them; Converted says of what. Of arrays, reading in the
// order of the numbers is fast. The error names the image.
func (s *Set) Read(i int) (*latent.Image, error) {
	m, err := s.read(i)
	if err != nil {
		return nil, fmt.Errorf("imageset: %s: %w", s.names[i], err)
	}
	return m, nil
}

// Close closes what the set has open.
func (s *Set) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}
