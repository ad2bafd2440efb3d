package latent

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/internal/imagefile"
	"github.com/wflowlab/wflowlab/internal/magic"
	"github.com/wflowlab/wflowlab/internal/regular"
)

// labels are the classes of images that lie in one folder.
type labels struct {
	folder string
	images []string                                  // the names of the files, sorted
	class  func(image string) (name string, ok bool) // returns the class of an image, false if it is unknown
	source string                                    // the file that the classes are from; "" if they are from the names
	lines  int                                       // how many lines that file has
}

const (
	kaggle = "LOC_val_solution.csv"
	tiny   = "val_annotations.txt"
	devkit = "ILSVRC2012_validation_ground_truth.txt"
)

// named matches names that end in their class, such as ILSVRC2012_val_00000001_n01751748.JPEG.
var named = regexp.MustCompile(`_(n\d{8})\.\w+$`)

// labels looks for the labels of a split that has no folders of classes. It returns nil if the split has such folders.
// Folders and images are the names of what lies in the folder of the split.
func (l *listing) labels(s Split, folder string, folders, images []string) (*labels, error) {
	_, isClass := slices.BinarySearch(l.folder.Classes, "images")
	switch {
	case s == Val && slices.Equal(folders, []string{"images"}) && !isClass: // Tiny ImageNet
		folder = filepath.Join(folder, "images")
		entries, err := l.entries(folder)
		if err != nil {
			return nil, err
		}
		images = nil
		for _, e := range entries {
			if imagefile.Named(e.Name()) {
				images = append(images, e.Name())
			}
		}
	case len(folders) > 0 || len(images) == 0:
		return nil, nil
	}
	in := &labels{folder: folder, images: images}
	if !slices.ContainsFunc(images, func(image string) bool { return !named.MatchString(image) }) {
		in.class = func(image string) (string, bool) { return named.FindStringSubmatch(image)[1], true }
		return in, nil
	}
	refuse := func(also string) error {
		return fmt.Errorf("%s holds %s and no folders of classes, want %s%s", folder, plural(len(images), "image"), filepath.Join(l.folder.Root, string(s), "<class>", "<image>"), also)
	}
	if s == Train {
		return nil, refuse("")
	}
	source, hint := l.source()
	if source == "" {
		if len(folders) > 0 {
			return nil, refuse(", or Tiny ImageNet's " + tiny + " in " + filepath.Dir(folder) + hint)
		}
		return nil, refuse(", or Kaggle's " + kaggle + " in " + l.folder.Root + hint)
	}
	classes, err := readLabels(source)
	if err != nil {
		return nil, refuse(", or their classes in " + err.Error())
	}
	in.source, in.lines = source, len(classes)
	in.class = func(image string) (string, bool) {
		class, found := classes[strings.TrimSuffix(image, path.Ext(image))]
		return class, found
	}
	return in, nil
}

// source returns the file with the labels of val, which lies in val or in a folder around it. If there is none, the hint says
// what lies there instead, and why it is of no use.
func (l *listing) source() (file, hint string) {
	val := filepath.Join(l.folder.Root, string(Val))
	places := []string{val}
	for _, place := range []string{val, real(val)} {
		for range 4 { // from ILSVRC/Data/CLS-LOC/val to where the archive was unpacked
			place = filepath.Join(place, "..")
			places = append(places, place)
		}
	}
	there := func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.Mode().IsRegular()
	}
	for _, place := range places {
		for _, name := range []string{kaggle, tiny} {
			if file := filepath.Join(place, name); there(file) {
				return file, ""
			}
		}
	}
	for _, place := range places {
		if zip := filepath.Join(place, kaggle+".zip"); there(zip) {
			return "", "; " + zip + " is packed: unzip it"
		}
		for _, file := range []string{filepath.Join(place, devkit), filepath.Join(place, "ILSVRC2012_devkit_t12", "data", devkit)} {
			if there(file) {
				return "", "; " + file + " does not help, for it counts the classes in an order that only the devkit's meta.mat tells"
			}
		}
	}
	return "", ""
}

// real returns the path that a path leads to by its links.
func real(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	return path
}

// readLabels reads a file of labels: the class of each image, by the image's name without its extension.
func readLabels(path string) (map[string]string, error) {
	f, info, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const most = 1 << 26 // twenty times Kaggle's
	if info.Size() > most {
		return nil, fmt.Errorf("%s has %d bytes, want at most %d", path, info.Size(), most)
	}
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil, err
	}
	if kind, known := magic.Of(text[:min(len(text), magic.Enough)]); known {
		return nil, fmt.Errorf("%s, which is %v", path, kind)
	}
	classes, err := parseLabels(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return classes, nil
}

// parseLabels reads lines of an image and its class, with a comma, semicolon, tab or space between them. It leaves out the
// folders before the name of an image, and what follows the class, such as boxes. A first line may name the columns.
func parseLabels(text string) (map[string]string, error) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", `"`, "").Replace(strings.TrimPrefix(text, "\ufeff"))
	classes := map[string]string{}
	imageAt, classAt, n := 0, 1, 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		fields := columns(line)
		if n == 1 {
			if i, c, found := titles(fields); found {
				imageAt, classAt = i, c
				continue
			}
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		var image, class string
		if len(fields) > max(imageAt, classAt) {
			image = fields[imageAt][strings.LastIndexAny(fields[imageAt], `/\`)+1:]
			if words := strings.Fields(fields[classAt]); len(words) > 0 {
				class = words[0]
			}
		}
		if imagefile.Named(image) {
			image = strings.TrimSuffix(image, path.Ext(image))
		}
		if image == "" || class == "" {
			return nil, fmt.Errorf("line %d: %.40q, want an image and its class: ILSVRC2012_val_00048981,n03995372", n, line)
		}
		if before, found := classes[image]; found && before != class {
			return nil, fmt.Errorf("line %d: %s is of class %s, and of %s before: want one class an image", n, image, class, before)
		}
		classes[image] = class
	}
	if len(classes) == 0 {
		return nil, errors.New("it has no line of an image and its class")
	}
	return classes, nil
}

// columns cuts a line at the first kind of separator that it has.
func columns(line string) []string {
	for _, separator := range []string{",", ";", "\t"} {
		if strings.Contains(line, separator) {
			list := strings.Split(line, separator)
			for i, column := range list {
				list[i] = strings.TrimSpace(column)
			}
			return list
		}
	}
	return strings.Fields(line)
}

// titles finds the columns of images and of classes in a first line that names the columns.
func titles(names []string) (image, class int, found bool) {
	image, class = -1, -1
	for i, name := range names {
		switch strings.ReplaceAll(strings.ToLower(name), "_", "") {
		case "imageid", "image", "imagename", "filename", "file":
			image = i
		case "predictionstring", "class", "classid", "label", "wnid", "synset":
			class = i
		}
	}
	return image, class, image >= 0 && class >= 0
}

// labelled lists a split whose labels are known, as if its images lay in folders of their classes.
func (l *listing) labelled(s Split, in *labels) (classes []string, files []File, err error) {
	byClass := map[string][]File{}
	var lost []string
	for _, image := range in.images {
		class, found := in.class(image)
		if !found {
			lost = append(lost, image)
			continue
		}
		path := filepath.Join(in.folder, image)
		info, err := os.Stat(path)
		size, err := length(path, info, err)
		if err != nil {
			return nil, nil, err
		}
		if byClass[class] == nil {
			classes = append(classes, class)
		}
		byClass[class] = append(byClass[class], File{class + "/" + image, 0, size})
	}
	if len(lost) > 0 {
		return nil, nil, fmt.Errorf("%s has no line for %s of %s%s", in.source, plural(len(lost), "image"), in.folder, list(lost))
	}
	slices.Sort(classes)
	for label, class := range classes {
		for _, file := range byClass[class] {
			file.Class = label
			files = append(files, file)
		}
	}
	l.folder.loose[s] = in.folder
	note := fmt.Sprintf("the classes of %s are read from the names of its images", s)
	if in.source != "" {
		note = fmt.Sprintf("the classes of %s are read from %s", s, in.source)
		if n := in.lines - len(files); n > 0 {
			note += fmt.Sprintf(", which names %s more", plural(n, "image"))
		}
	}
	l.folder.Notes = append(l.folder.Notes, note)
	return classes, files, nil
}
