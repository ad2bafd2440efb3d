package pixels

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/latent"
)

// ReadFolder reads a folder of images, root/<class>/<image>. The classes are the folders, sorted by name, and the
// images of a class are sorted by name too. They are PNG and JPEG files, square and of one size. With 1 channel they
// must be grey, as red, green and blue that are equal, too; white is ink, as in MNIST. With 3 channels they are read as
// RGB, grey ones too.
//
// Files are left out whose names do not end in .png, .jpg or .jpeg, in large or small letters, and so is everything
// whose name begins with a dot. The error names the file or the class: one without images, an image that cannot be
// read, one of another size, one with colours where grey is wanted. Images of more than a GiB in all are an error:
// package latent reads those from a cache.
func ReadFolder(root string, channels int) (*Set, error) {
	if channels != 1 && channels != 3 {
		return nil, fmt.Errorf("pixels: %d channels, want 1 for grey or 3 for red, green and blue", channels)
	}
	s := &Set{channels: channels}
	classes, err := entries(root, func(e os.FileInfo) bool { return e.IsDir() })
	if err == nil && len(classes) == 0 {
		err = fmt.Errorf("no folders, want one for each class: %s", filepath.Join(root, "<class>", "<image>"))
	}
	if err != nil {
		return nil, fmt.Errorf("pixels: folder %s: %w", root, err)
	}
	for label, class := range classes {
		images, err := entries(filepath.Join(root, class), isImage)
		if err == nil && len(images) == 0 {
			err = fmt.Errorf("no files that end in %s: is %s a folder of classes?", strings.Join(extensions, ", "), root)
		}
		if err != nil {
			return nil, fmt.Errorf("pixels: class %s: %w", filepath.Join(root, class), err)
		}
		for _, name := range images {
			if err := s.add(filepath.Join(root, class, name), label); err != nil {
				return nil, fmt.Errorf("pixels: %w", err)
			}
		}
	}
	s.classes = classes
	return s, nil
}

var extensions = []string{".png", ".jpg", ".jpeg"}

func isImage(e os.FileInfo) bool {
	return !e.IsDir() && slices.Contains(extensions, strings.ToLower(filepath.Ext(e.Name())))
}

// entries returns the names of what a folder holds of a kind, sorted, without those that begin with a dot. Links are
// followed.
func entries(folder string, wanted func(os.FileInfo) bool) (names []string, err error) {
	list, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := os.Stat(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		if wanted(info) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// add reads an image of a class.
func (s *Set) add(path string, label int) error {
	m, err := latent.ReadImage(path)
	if err != nil {
		return err
	}
	if len(s.labels) == 0 {
		s.side = m.Height
	}
	switch {
	case m.Width != m.Height:
		return fmt.Errorf("image %s: %d × %d pixels, want it square", path, m.Width, m.Height)
	case m.Width != s.side:
		return fmt.Errorf("image %s: %d × %d pixels, and those before it %d × %d: want one size", path, m.Width, m.Height, s.side, s.side)
	case len(s.values)+len(m.Pix) > most:
		return fmt.Errorf("image %s: the images before it take %d bytes, want at most %d in all", path, len(s.values), most)
	}
	s.labels = append(s.labels, label)
	if s.channels == 3 {
		s.values = append(s.values, m.Pix...)
		return nil
	}
	for k := 0; k < len(m.Pix); k += 3 {
		red, green, blue := m.Pix[k], m.Pix[k+1], m.Pix[k+2]
		if red != green || green != blue {
			return fmt.Errorf("image %s: pixel %d of line %d is red %d, green %d, blue %d, want grey for 1 channel: read it with 3",
				path, k/3%m.Width, k/3/m.Width, red, green, blue)
		}
		s.values = append(s.values, red)
	}
	return nil
}
