package latent

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/internal/imagefile"
	"github.com/wflowlab/wflowlab/internal/magic"
	"github.com/wflowlab/wflowlab/internal/regular"
)

// called are names that others give to the splits.
var called = map[Split][]string{
	Train: {"training", "Train", "TRAIN", "train_images"},
	Val:   {"validation", "valid", "Val", "VAL", "val_images", "test", "dev"},
}

// expected returns an error if a folder lacks a split. The error says what the folder holds, and where the splits are.
func expected(root string) error {
	info, err := os.Stat(root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("it is not there: %w", fs.ErrNotExist)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("want a folder, and it is %s", kindOfFile(root))
	case hasSplit(root, Train) && hasSplit(root, Val):
		return nil
	}
	for _, above := range []string{"..", filepath.Join("..", "..")} {
		if place := filepath.Join(real(root), above); hasSplit(place, Train) && hasSplit(place, Val) {
			return fmt.Errorf("it holds %s; train and val lie above it: give %s", holds(root), place)
		}
	}
	if below := splitsBelow(root); len(below) > 0 {
		return fmt.Errorf("it holds %s; train and val lie below it: give %s", holds(root), strings.Join(below, " or "))
	}
	var lacks, renames []string
	for _, split := range splits {
		if hasSplit(root, split) {
			continue
		}
		lacks = append(lacks, string(split))
		for _, name := range called[split] {
			if hasSplit(root, Split(name)) {
				renames = append(renames, fmt.Sprintf("if %s is %s, rename it", filepath.Join(root, name), split))
				break
			}
		}
	}
	if len(renames) == len(lacks) {
		return fmt.Errorf("it holds %s, but no %s: %s", holds(root), strings.Join(lacks, " and no "), strings.Join(renames, "; "))
	}
	return fmt.Errorf("it holds %s, want folders train and val in it, and in these a folder of images for each class", holds(root))
}

// kindOfFile says what a file is.
func kindOfFile(path string) string {
	f, _, err := regular.Open(path)
	if err != nil {
		return "no folder"
	}
	defer f.Close()
	head := make([]byte, magic.Enough)
	n, _ := io.ReadFull(f, head)
	if k, known := magic.Of(head[:n]); known {
		return k.String()
	}
	return "a file"
}

// hasSplit tells whether a folder holds the folder of a split.
func hasSplit(folder string, s Split) bool {
	info, err := os.Stat(filepath.Join(folder, string(s)))
	return err == nil && info.IsDir()
}

// splitsBelow returns the folders below root that hold both splits. It goes one folder deeper than Kaggle's
// ILSVRC/Data/CLS-LOC, and looks at the first 1,000 folders.
func splitsBelow(root string) (found []string) {
	const deepest, most = 4, 1000
	level, seen := []string{root}, 0
	for range deepest {
		var next []string
		for _, folder := range level {
			for _, e := range some(folder) {
				if _, left := imagefile.Littered(e.Name()); left || !e.IsDir() {
					continue
				}
				if seen++; seen > most {
					return found
				}
				path := filepath.Join(folder, e.Name())
				if hasSplit(path, Train) && hasSplit(path, Val) {
					found = append(found, path)
				}
				next = append(next, path)
			}
		}
		if len(found) > 0 {
			return found
		}
		level = next
	}
	return nil
}

// many is how many entries of a folder are looked at to tell what it holds.
const many = 10_000

// some returns the first entries of a folder, sorted by name. It returns none if the folder cannot be read.
func some(folder string) []fs.DirEntry {
	f, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, err := f.ReadDir(many)
	if err != nil && err != io.EOF {
		return nil
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries
}

// holds says what lies in a folder: "2 folders (cat, dog) and 12 files (11 .jpg, 1 .csv)".
func holds(folder string) string {
	var folders []string
	files, left := tally{}, tally{}
	entries := some(folder)
	for _, e := range entries {
		kind, yes := imagefile.Littered(e.Name())
		info, err := os.Stat(filepath.Join(folder, e.Name()))
		switch {
		case yes:
			left[kind]++
		case err == nil && info.IsDir():
			folders = append(folders, e.Name())
		default:
			files[kindOf(e.Name())]++
		}
	}
	var parts []string
	if n := len(folders); n > 0 {
		parts = append(parts, plural(n, "folder")+list(folders))
	}
	if n := files.total(); n > 0 {
		parts = append(parts, fmt.Sprintf("%s (%v)", plural(n, "file"), files))
	}
	if n := left.total(); n > 0 && len(parts) == 0 {
		parts = append(parts, fmt.Sprintf("only what other programs keep (%v)", left))
	}
	switch {
	case len(parts) == 0:
		return "nothing"
	case len(entries) == many:
		return strings.Join(parts, " and ") + " and more"
	}
	return strings.Join(parts, " and ")
}
