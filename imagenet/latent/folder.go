package latent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Folder is a data set of images in folders, root/{train,val}/<class>/<image>, as torchvision's ImageFolder lists it.
type Folder struct {
	Root       string
	Classes    []string // by name; the index of a class is its label
	Train, Val []File   // by class, then by folder and by name
}

// File is an image of a folder.
type File struct {
	Name  string // below the folder of its split: n01440764/n01440764_10026.JPEG
	Class int
	Size  int64 // in bytes
}

// extensions are those that torchvision takes for images; what is none of PNG and JPEG is then refused by name.
var extensions = []string{".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}

// ReadFolder lists the images below root. Classes are the folders of train, sorted by name; val must have the same
// ones. Within a class, images lie at any depth, links are followed, and other files are left out. A class without
// images, or whose name is not UTF-8, a class of one split that the other lacks, a link to nothing or to a folder around
// it, and what is no file or above 1 GiB are errors.
func ReadFolder(root string) (*Folder, error) {
	f := &Folder{Root: root}
	for _, split := range splits {
		classes, files, err := readSplit(filepath.Join(root, string(split)))
		if err != nil {
			return nil, fmt.Errorf("latent: folder %s: %w", root, err)
		}
		if split == Train {
			f.Classes, f.Train = classes, files
			continue
		}
		if lost, extra := without(f.Classes, classes), without(classes, f.Classes); len(lost)+len(extra) > 0 {
			return nil, fmt.Errorf("latent: folder %s: train and val want the same classes: %d only in train%s, %d only in val%s",
				root, len(lost), list(lost), len(extra), list(extra))
		}
		f.Val = files
	}
	return f, nil
}

func readSplit(folder string) (classes []string, files []File, err error) {
	entries, err := os.ReadDir(folder) // sorted by name
	if err != nil {
		return nil, nil, err
	}
	var empty []string
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(folder, e.Name())); err != nil || !info.IsDir() {
			continue // files beside the classes, and broken links there, are none of them
		}
		if !utf8.ValidString(e.Name()) {
			return nil, nil, fmt.Errorf("%s: class %q: want a name in UTF-8", folder, e.Name())
		}
		images, err := readClass(folder, e.Name(), len(classes))
		if err != nil {
			return nil, nil, err
		}
		if len(images) == 0 {
			empty = append(empty, e.Name())
		}
		classes, files = append(classes, e.Name()), append(files, images...)
	}
	switch {
	case len(classes) == 0:
		return nil, nil, fmt.Errorf("%s has no folders of classes", folder)
	case len(empty) > 0:
		return nil, nil, fmt.Errorf("%s: %d classes without an image%s: want files that end in %s", folder, len(empty), list(empty), strings.Join(extensions, ", "))
	}
	return classes, files, nil
}

// readClass lists a class: its folders sorted by their whole path, the files of each by name.
func readClass(split, class string, label int) (files []File, err error) {
	inside := map[string][]File{}
	var above []fs.FileInfo // the folder that is read, and those around it
	var read func(folder string) error
	read = func(folder string) error {
		folderPath := filepath.Join(split, filepath.FromSlash(folder))
		here, err := os.Stat(folderPath)
		if err != nil {
			return err
		}
		for _, around := range above {
			if os.SameFile(around, here) {
				return fmt.Errorf("%s leads back to a folder around it", folderPath)
			}
		}
		above = append(above, here)
		defer func() { above = above[:len(above)-1] }()
		entries, err := os.ReadDir(folderPath)
		if err != nil {
			return err
		}
		for _, e := range entries {
			name := path.Join(folder, e.Name())
			image := slices.Contains(extensions, strings.ToLower(path.Ext(name)))
			if !image && e.Type().IsRegular() {
				continue
			}
			info, err := os.Stat(filepath.Join(split, filepath.FromSlash(name)))
			switch {
			case err == nil && info.IsDir():
				if err := read(name); err != nil {
					return err
				}
			case !image:
			case err != nil:
				return err
			default:
				if err := readable(info); err != nil {
					return fmt.Errorf("%s %w", filepath.Join(split, name), err)
				}
				inside[folder] = append(inside[folder], File{name, label, info.Size()})
			}
		}
		return nil
	}
	if err := read(class); err != nil {
		return nil, err
	}
	folders := make([]string, 0, len(inside))
	for folder := range inside {
		folders = append(folders, folder)
	}
	slices.Sort(folders)
	for _, folder := range folders {
		files = append(files, inside[folder]...)
	}
	return files, nil
}

// Files returns the images of a split.
func (f *Folder) Files(s Split) []File {
	if s == Val {
		return f.Val
	}
	return f.Train
}

// Path returns where an image of a split lies.
func (f *Folder) Path(s Split, file File) string {
	return filepath.Join(f.Root, string(s), filepath.FromSlash(file.Name))
}

// SHA256 returns the checksum, in hexadecimal, of the lines "split/name size\n" of all images: it changes with their
// names, order and sizes, not with where the folder lies.
func (f *Folder) SHA256() string {
	h := sha256.New()
	for _, s := range splits {
		for _, file := range f.Files(s) {
			fmt.Fprintf(h, "%s/%s %d\n", s, file.Name, file.Size)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// without returns the names of a that b, sorted, has not.
func without(a, b []string) (names []string) {
	for _, name := range a {
		if _, found := slices.BinarySearch(b, name); !found {
			names = append(names, name)
		}
	}
	return names
}

// list writes names for an error, the first few of them.
func list(names []string) string {
	const most = 10
	switch {
	case len(names) == 0:
		return ""
	case len(names) > most:
		return fmt.Sprintf(" (%s, …)", strings.Join(names[:most], ", "))
	}
	return " (" + strings.Join(names, ", ") + ")"
}
