package latent

import (
	"path/filepath"
	"strings"
	"testing"
)

// The error of a folder without train and val says what it holds, and where these are.
func TestLayout(t *testing.T) {
	above := tree(t, "data/imagenet/train/a/1.png", "data/imagenet/val/a/1.png", "data/@eaDir/train/1.png", "data/@eaDir/val/1.png")
	kaggle := tree(t, "ILSVRC/Data/CLS-LOC/train/a/1.png", "ILSVRC/Data/CLS-LOC/val/1.png", "ILSVRC/Data/CLS-LOC/test/1.png", "LOC_synset_mapping.txt")
	two := tree(t, "one/train/a/1.png", "one/val/a/1.png", "two/train/a/1.png", "two/val/a/1.png")
	file, archive := filepath.Join(tree(t, "train.tar"), "train.tar"), filepath.Join(t.TempDir(), "train.tgz")
	write(t, archive, []byte("\x1f\x8b\x08"))
	for name, c := range map[string]struct{ root, want string }{
		"above":       {above, "it holds 1 folder (data); train and val lie below it: give " + filepath.Join(above, "data", "imagenet")},
		"kaggle":      {kaggle, "it holds 1 folder (ILSVRC) and 1 file (1 .txt); train and val lie below it: give " + filepath.Join(kaggle, "ILSVRC", "Data", "CLS-LOC")},
		"two":         {two, "give " + filepath.Join(two, "one") + " or " + filepath.Join(two, "two")},
		"train":       {filepath.Join(above, "data", "imagenet", "train"), "it holds 1 folder (a); train and val lie above it: give " + filepath.Join(real(above), "data", "imagenet")},
		"class":       {filepath.Join(above, "data", "imagenet", "train", "a"), "it holds 1 file (1 .png); train and val lie above it: give " + filepath.Join(real(above), "data", "imagenet")},
		"no split":    {tree(t, "cat/1.png", "dog/1.png"), "it holds 2 folders (cat, dog), want folders train and val in it, and in these a folder of images for each class"},
		"images":      {tree(t, "1.png", "2.png", "3.JPG"), "it holds 3 files (2 .png, 1 .jpg), want folders train and val"},
		"archives":    {tree(t, "ILSVRC2012_img_train.tar"), "it holds 1 file (1 .tar), want folders train and val"},
		"validation":  {tree(t, "train/a/1.png", "validation/a/1.png"), "it holds 2 folders (train, validation), but no val: if "},
		"in capitals": {tree(t, "Train/a/1.png", "Val/a/1.png"), "it holds 2 folders (Train, Val), but no train and no val: if "},
		"empty":       {t.TempDir(), "it holds nothing, want folders train and val"},
		"only litter": {tree(t, ".DS_Store"), "it holds only what other programs keep (1 .DS_Store), want folders"},
		"a file":      {file, "want a folder, and it is a file"},
		"an archive":  {archive, "want a folder, and it is a gzip file: unpack it first"},
		"packed":      {tree(t, "train/a.tar", "train/b.tar", "val/a/1.png"), "train holds 2 files (2 .tar), want a folder of images for each class"},
		"nothing":     {tree(t, "train/.x", "val/a/1.png"), "train holds only what other programs keep (1 .x), want a folder of images for each class"},
	} {
		if f, err := ReadFolder(c.root); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "latent: folder "+c.root) {
			t.Errorf("%s: %v, %v, want %q", name, f, err, c.want)
		}
	}
}
