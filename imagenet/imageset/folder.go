package imageset

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/wflowlab/wflowlab/imagenet/internal/imagefile"
	"github.com/wflowlab/wflowlab/imagenet/latent"
)

// openFolder lists a folder. Links are followed, but not to a folder around them.
func openFolder(root string) (*Set, error) {
	s := &Set{Kind: "a folder"}
	left := map[string]int{}
	var around []os.FileInfo
	var list func(folder string) error
	list = func(folder string) error {
		here := filepath.Join(root, filepath.FromSlash(folder))
		info, err := os.Stat(here)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(around, func(above os.FileInfo) bool { return os.SameFile(above, info) }) {
			return fmt.Errorf("%s leads back to a folder around it", here)
		}
		around = append(around, info)
		defer func() { around = around[:len(around)-1] }()
		entries, err := os.ReadDir(here)
		if err != nil {
			return err
		}
		for _, e := range entries {
			name := path.Join(folder, e.Name())
			info, err := os.Stat(filepath.Join(here, e.Name()))
			switch _, littered := imagefile.Littered(e.Name()); {
			case littered:
				left["what other programs keep there"]++
			case err == nil && info.IsDir():
				if err := list(name); err != nil {
					return err
				}
			case !imagefile.Named(name):
				left["files whose names are not those of images"]++
			case err != nil:
				return err
			default:
				s.names = append(s.names, name)
			}
		}
		return nil
	}
	if err := list(""); err != nil {
		return nil, err
	}
	slices.Sort(s.names)
	s.note(left)
	s.read = func(i int) (*latent.Image, error) {
		return latent.ReadImage(filepath.Join(root, filepath.FromSlash(s.names[i])))
	}
	return s, nil
}

// note says what was left out.
func (s *Set) note(left map[string]int) {
	for what, n := range left {
		s.Notes = append(s.Notes, fmt.Sprintf("left out: %s, %d in all", what, n))
	}
	slices.Sort(s.Notes)
}
