package imageset

import (
	"archive/zip"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/internal/imagefile"
	"github.com/wflowlab/wflowlab/imagenet/latent"
)

// openZip lists a zip file, of images or of arrays.
func openZip(file string, archive *zip.ReadCloser) (*Set, error) {
	s := &Set{Kind: "a zip file", close: archive.Close}
	members, left := map[string]*zip.File{}, map[string]int{}
	arrays := false
	for _, m := range archive.File {
		littered := slices.ContainsFunc(strings.Split(strings.TrimSuffix(m.Name, "/"), "/"), func(part string) bool {
			_, yes := imagefile.Littered(part)
			return yes
		})
		switch {
		case littered:
			left["what other programs keep there"]++
		case strings.HasSuffix(m.Name, "/"):
		case path.Ext(m.Name) == ".npy":
			arrays = true
		case !imagefile.Named(m.Name):
			left["files whose names are not those of images"]++
		case members[m.Name] != nil:
			archive.Close()
			return nil, fmt.Errorf("%q is there twice", m.Name)
		default:
			members[m.Name] = m
			s.names = append(s.names, m.Name)
		}
	}
	if arrays && len(s.names) == 0 {
		set, err := openMember(archive)
		if err != nil {
			archive.Close()
		}
		return set, err
	}
	slices.Sort(s.names)
	s.note(left)
	s.read = func(i int) (*latent.Image, error) {
		file, err := content(members[s.names[i]])
		if err != nil {
			return nil, err
		}
		return latent.DecodeImage(file)
	}
	return s, nil
}

// content returns the bytes of a member, which may have as many as the file of an image.
func content(m *zip.File) ([]byte, error) {
	const most = 1 << 30
	r, err := m.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	file, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && len(file) > most {
		err = fmt.Errorf("has more than %d bytes", most)
	}
	return file, err
}
