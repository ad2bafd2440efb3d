package latent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wflowlab/wflowlab/internal/pipe"
)

// tree writes empty files below a folder of their own.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, f := range files {
		write(t, filepath.Join(root, filepath.FromSlash(f)), []byte(f))
	}
	return root
}

// TestReadFolder: classes, order and extensions are those of torchvision's ImageFolder, except for names that begin with a
// dot.
func TestReadFolder(t *testing.T) {
	root := tree(t, "train/b/2.JPEG", "train/b/10.jpg", "train/b/note.txt", "train/b/.hidden.png", "train/a/z.webp", "train/a/sub/deep/1.png",
		"train/a/sub-0/1.png", "train/a/sub/1.tiff", "train/B/x.ppm", "train/readme.jpg", "val/a/1.png", "val/b/1.pgm", "val/B/1.bmp", "val/labels.csv")
	if err := os.Symlink(filepath.Join(root, "val", "b"), filepath.Join(root, "train", "b", "linked")); err != nil {
		t.Fatal(err)
	}
	f, err := ReadFolder(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, file := range f.Train {
		got = append(got, fmt.Sprint(file.Class, " ", file.Name, " ", file.Size))
	}
	want := []string{"0 B/x.ppm 13", "1 a/z.webp 14", "1 a/sub/1.tiff 18", "1 a/sub-0/1.png 19", "1 a/sub/deep/1.png 22",
		"2 b/10.jpg 14", "2 b/2.JPEG 14", "2 b/linked/1.pgm 11"}
	// By path, "a/sub" < "a/sub-0" < "a/sub/deep".
	if !slices.Equal(got, want) || !slices.Equal(f.Classes, []string{"B", "a", "b"}) || len(f.Val) != 3 {
		t.Errorf("classes %q, train\n%q, want\n%q", f.Classes, got, want)
	}
	if got, want := f.Path(Val, f.Val[2]), filepath.Join(root, "val", "b", "1.pgm"); got != want {
		t.Errorf("path %s, want %s", got, want)
	}

	moved := *f
	moved.Root = "elsewhere"
	longer := *f
	longer.Val = slices.Clone(f.Val)
	longer.Val[1].Size++
	if f.SHA256() != moved.SHA256() || f.SHA256() == longer.SHA256() {
		t.Errorf("checksums %s, moved %s, with a longer image %s, want the first two the same and the third another", f.SHA256(), moved.SHA256(), longer.SHA256())
	}
	if got, want := (&Folder{Train: []File{{"a/1.png", 0, 5}}}).SHA256(), sum([]byte("train/a/1.png 5\n")); got != want {
		t.Errorf("checksum %s, want that of its lines", got)
	}
}

func TestReadFolderRefuses(t *testing.T) {
	waiting := tree(t, "train/a/1.png", "val/a/1.png")
	pipe.Make(t, filepath.Join(waiting, "val", "a", "2.png"))
	broken := tree(t, "train/a/1.png", "val/a/1.png")
	if err := os.Symlink("nowhere", filepath.Join(broken, "val", "a", "2.png")); err != nil {
		t.Fatal(err)
	}
	sparse := tree(t, "train/a/1.png", "val/a/1.png")
	if err := os.Truncate(filepath.Join(sparse, "val", "a", "1.png"), 1<<40); err != nil {
		t.Fatal(err)
	}
	loop := tree(t, "train/a/1.png", "val/a/1.png")
	for _, name := range []string{"x", "y"} { // a way for every word of x and y
		if err := os.Symlink(".", filepath.Join(loop, "val", "a", name)); err != nil {
			t.Fatal(err)
		}
	}
	var many []string
	for i := range 12 {
		many = append(many, fmt.Sprintf("train/c%02d/1.png", i))
	}
	latin := tree(t, "train/caf\xe9/1.png", "val/caf\xe9/1.png")
	for name, c := range map[string]struct{ root, want string }{
		"Latin-1":    {latin, `class "caf\xe9": want a name in UTF-8`},
		"no folder":  {filepath.Join(t.TempDir(), "none"), "it is not there"},
		"no val":     {tree(t, "train/a/1.png"), "it holds 1 folder (train), want folders train and val"},
		"no classes": {tree(t, "train/1.png", "val/1.png"), "train holds 1 image and no folders of classes, want"},
		"empty":      {tree(t, "train/a/1.png", "train/b/note.txt", "val/a/1.png", "val/b/1.png"), "1 class without an image (b)"},
		"missing":    {tree(t, "train/a/1.png", "train/b/1.png", "val/b/1.png", "val/c/1.png"), "1 only in train (a), 1 only in val (c)"},
		"many":       {tree(t, append(many, "val/c03/1.png")...), "11 only in train (c00, c01, c02, c04, c05, c06, c07, c08, c09, c10, …), 0 only in val"},
		"pipe":       {waiting, "2.png is not a file"},
		"broken":     {broken, "2.png"},
		"loop":       {loop, filepath.Join("a", "x") + " leads back"},
		"sparse":     {sparse, "1.png has 1099511627776 bytes"},
	} {
		if f, err := ReadFolder(c.root); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.root) {
			t.Errorf("%s: %v, %v, want %q", name, f, err, c.want)
		}
	}
}

// A cache is refused among the folders of classes: the next time it would be taken for a class.
func TestCacheAmongClasses(t *testing.T) {
	root := folder(t, 10)
	images, link, deep := read(t, root), filepath.Join(t.TempDir(), "link"), filepath.Join(t.TempDir(), "deep")
	if err := errors.Join(os.Symlink(filepath.Join(root, "val"), link), os.Symlink(filepath.Join(root, "train", "n00000000"), deep)); err != nil {
		t.Fatal(err)
	}
	for _, cache := range []string{filepath.Join(root, "train", "cache"), filepath.Join(root, "val"), filepath.Join(root, "train", "n00000000", "deep", "cache"), filepath.Join(link, "cache"), link, filepath.Join(deep, "cache")} {
		_, checked := CheckShard(t.Context(), cache, images, nil, nil)
		for _, err := range []error{checked, Prepare(t.Context(), cache, images, cheap, nil)} {
			if err == nil || !strings.Contains(err.Error(), "where folders are classes: use another place") {
				t.Errorf("%s: error %v, want that folders are classes there", cache, err)
			}
		}
	}
	if again := read(t, root); again.SHA256() != images.SHA256() || len(again.Classes) != len(images.Classes) {
		t.Errorf("%v, want nothing written", again)
	}
	if err := Prepare(t.Context(), filepath.Join(root, "latents"), images, cheap, nil); err != nil {
		t.Errorf("beside the splits: %v, want no error", err)
	}
}
