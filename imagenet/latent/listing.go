package latent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/wflowlab/wflowlab/imagenet/internal/imagefile"
)

// listing lists the images of a folder and counts what it leaves out.
type listing struct {
	folder *Folder
	litter tally // what other programs left, by its kind
	others tally // files in the folders of classes that are no images, by extension
	beside int   // how many images lie beside the folders of classes
}

// notes says in sentences what was left out.
func (l *listing) notes() (notes []string) {
	if n := l.litter.total(); n > 0 {
		notes = append(notes, fmt.Sprintf("left out: what other programs keep among the images, %d in all: %v", n, l.litter))
	}
	if n := l.others.total(); n > 0 {
		notes = append(notes, fmt.Sprintf("left out: files whose names are not those of images, %d in all: %v", n, l.others))
	}
	if l.beside > 0 {
		notes = append(notes, fmt.Sprintf("left out: images beside the folders of classes, %d in all", l.beside))
	}
	return notes
}

// entries lists a folder, sorted by name, without what other programs left there.
func (l *listing) entries(folder string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		kind, yes := imagefile.Littered(e.Name())
		if yes {
			l.litter[kind]++
		}
		return yes
	}), nil
}

// split lists a split: its classes, sorted, and its images, by class.
func (l *listing) split(s Split) (classes []string, files []File, err error) {
	folder := filepath.Join(l.folder.Root, string(s))
	entries, err := l.entries(folder)
	if err != nil {
		return nil, nil, err
	}
	var images []string
	for _, e := range entries {
		switch info, err := os.Stat(filepath.Join(folder, e.Name())); {
		case err == nil && info.IsDir():
			classes = append(classes, e.Name())
		case err == nil && imagefile.Named(e.Name()):
			images = append(images, e.Name())
		} // other files beside the classes, and broken links there, are none of them
	}
	if labels, err := l.labels(s, folder, classes, images); labels != nil || err != nil {
		if err != nil {
			return nil, nil, err
		}
		return l.labelled(s, labels)
	}
	if len(classes) == 0 {
		return nil, nil, fmt.Errorf("%s holds %s, want a folder of images for each class: %s", folder, holds(folder), filepath.Join(folder, "<class>", "<image>"))
	}
	l.beside += len(images)
	var empty []string
	for label, class := range classes {
		if !utf8.ValidString(class) {
			return nil, nil, fmt.Errorf("%s: class %q: want a name in UTF-8", folder, class)
		}
		images, err := l.class(folder, class, label)
		if err != nil {
			return nil, nil, err
		}
		if len(images) == 0 {
			empty = append(empty, class)
		}
		files = append(files, images...)
	}
	if len(empty) > 0 {
		return nil, nil, fmt.Errorf("%s: %s without an image%s: want files that end in %s, or no such folder", folder, plural(len(empty), "class"), list(empty), strings.Join(imagefile.Extensions, ", "))
	}
	return classes, files, nil
}

// class lists the images of a class: folder by folder, sorted by their paths, and within a folder by name.
func (l *listing) class(split, class string, label int) (files []File, err error) {
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
		entries, err := l.entries(folderPath)
		if err != nil {
			return err
		}
		for _, e := range entries {
			name := path.Join(folder, e.Name())
			image := imagefile.Named(name)
			if !image && e.Type().IsRegular() {
				l.others[kindOf(name)]++
				continue
			}
			path := filepath.Join(split, filepath.FromSlash(name))
			info, err := os.Stat(path)
			switch {
			case err == nil && info.IsDir():
				if err := read(name); err != nil {
					return err
				}
			case !image:
				l.others[kindOf(name)]++
			default:
				size, err := length(path, info, err)
				if err != nil {
					return err
				}
				inside[folder] = append(inside[folder], File{name, label, size})
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

// length returns the length of the file of an image. Info and err are what os.Stat returned for its path.
func length(path string, info fs.FileInfo, err error) (int64, error) {
	if target, notLink := os.Readlink(path); errors.Is(err, fs.ErrNotExist) && notLink == nil {
		return 0, fmt.Errorf("%s is a link to %s, which is not there: get what it stands for, or remove it", path, target)
	}
	if err == nil {
		if err = readable(info); err != nil {
			err = fmt.Errorf("%s %w", path, err)
		}
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// kindOf returns the extension of a name in small letters, for a tally.
func kindOf(name string) string {
	if e := path.Ext(name); e != "" {
		return strings.ToLower(e)
	}
	return "without an extension"
}
