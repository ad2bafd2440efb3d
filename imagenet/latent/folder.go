package latent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Folder is a data set of images in folders, root/{train,val}/<class>/<image>, in the order of torchvision's ImageFolder.
type Folder struct {
	Root       string
	Classes    []string // by name; the index of a class is its label
	Train, Val []File   // by class, then by folder and by name
	Notes      []string // what was left out and what was read beside the images, each in a sentence

	loose map[Split]string // the folder of the images of a split that has no folders of classes
}

// File is an image of a folder.
type File struct {
	Name  string // below the folder of its split: n01440764/n01440764_10026.JPEG
	Class int
	Size  int64 // in bytes
}

// ReadFolder lists the images below root. The classes are the folders of train, sorted by name; val must have the same.
// Within a class, images may lie at any depth, and links are followed. Files are left out whose names do not end in
// .jpg, .jpeg, .png, .ppm, .bmp, .pgm, .tif, .tiff or .webp, in large or small letters.
//
// Files and folders whose names begin with a dot are left out, and so is what file servers, archives and other programs
// leave (Thumbs.db, @eaDir, __MACOSX and others). They change neither the images, nor their order, nor SHA256. Notes counts
// what was left out.
//
// A split without folders of classes can be read if its labels are known: from Kaggle's LOC_val_solution.csv, in val or in
// a folder around it; from Tiny ImageNet's val_annotations.txt; or from names that end in their class, such as Hugging
// Face's ILSVRC2012_val_00000001_n01751748.JPEG. The split then counts as if every image lay in the folder of its class,
// val/<class>/<image>: it has the same names, order and SHA256.
//
// A folder without train and val is an error, which says where they are if they lie above or below it. These are errors
// too: a class without images, or whose name is not UTF-8; a class of one split that the other lacks; a link to nothing, or
// to a folder around it; an image that is no regular file, or that is larger than 1 GiB.
func ReadFolder(root string) (*Folder, error) {
	f := &Folder{Root: root, loose: map[Split]string{}}
	if err := f.read(); err != nil {
		return nil, fmt.Errorf("latent: folder %s: %w", root, err)
	}
	return f, nil
}

func (f *Folder) read() error {
	if err := expected(f.Root); err != nil {
		return err
	}
	l := &listing{folder: f, litter: tally{}, others: tally{}}
	for _, s := range splits {
		classes, files, err := l.split(s)
		if err != nil {
			return err
		}
		if s == Train {
			f.Classes, f.Train = classes, files
			continue
		}
		if lost, extra := without(f.Classes, classes), without(classes, f.Classes); len(lost)+len(extra) > 0 {
			return fmt.Errorf("train and val want the same classes: %d only in train%s, %d only in val%s", len(lost), list(lost), len(extra), list(extra))
		}
		f.Val = files
	}
	f.Notes = append(f.Notes, l.notes()...)
	return nil
}

// Files returns the images of a split.
func (f *Folder) Files(s Split) []File {
	if s == Val {
		return f.Val
	}
	return f.Train
}

// Path returns the path of an image of a split.
func (f *Folder) Path(s Split, file File) string {
	if folder, found := f.loose[s]; found {
		return filepath.Join(folder, path.Base(file.Name))
	}
	return filepath.Join(f.Root, string(s), filepath.FromSlash(file.Name))
}

// apart returns an error if a cache would lie among the folders of classes, where it would be taken for a class.
func (f *Folder) apart(cache string) error {
	place, err := filepath.Abs(cache)
	if err != nil {
		return err
	}
	for last := ""; place != last; place, last = filepath.Dir(real(place)), place {
		here, err := os.Stat(place)
		for _, s := range splits {
			folder := filepath.Join(f.Root, string(s))
			if split, there := os.Stat(folder); err == nil && there == nil && os.SameFile(here, split) {
				return fmt.Errorf("latent: cache %s lies in %s, where folders are classes: use another place", cache, folder)
			}
		}
	}
	return nil
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

// without returns the names of a that b lacks. Both are sorted.
func without(a, b []string) (names []string) {
	for _, name := range a {
		if _, found := slices.BinarySearch(b, name); !found {
			names = append(names, name)
		}
	}
	return names
}

// plural writes a number with its noun, for an error.
func plural(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s"):
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// list writes the first ten names in brackets, for an error.
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
