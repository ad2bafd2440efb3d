package latent

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What other programs leave among the images does not change a cache, and one note counts it.
func TestLitter(t *testing.T) {
	clean := folder(t, 10)
	littered := filepath.Join(t.TempDir(), "images")
	if err := os.CopyFS(littered, os.DirFS(clean)); err != nil {
		t.Fatal(err)
	}
	class := filepath.Join("train", "n00000007")
	some, err := os.ReadFile(filepath.Join(clean, class, "0001.png"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"train/.ipynb_checkpoints/a-checkpoint.png", "val/.ipynb_checkpoints/a.png", // a class, it seems
		"train/.empty/", "train/.git/objects/1.png", "train/#recycle/1.png", "train/$RECYCLE.BIN/1.png", "train/lost+found/",
		"train/@eaDir/1.png", "train/__MACOSX/n00000007/._0001.png", "train/.Trash-1000/files/1.png", "train/.Trash-0/1.png",
		"train/RECYCLER/1.png", "val/RECYCLER/1.png", "train/FOUND.000/1.png", "val/FOUND.000/1.png", "train/TheVolumeSettingsFolder/1.png", "val/TheVolumeSettingsFolder/1.png",
		"train/System Volume Information/1.png", "train/.DS_Store", "val/.DS_Store", "train/n00000007/.DS_Store",
		"train/n00000007/._0001.png", "train/n00000007/._0004.png", "val/n00000000/._0001.png", "train/n00000007/@eaDir/0001.png/thumb.jpg",
		"train/n00000007/.ipynb_checkpoints/0001-checkpoint.png", "train/n00000007/.hidden.png", "train/n00000007/.0001.png.icloud", "train/n00000007/.0004.png.icloud", "train/n00000007/Thumbs.db",
		"train/n00000007/desktop.ini", "train/n00000007/sub/__MACOSX/1.png", "@eaDir/1.png", ".DS_Store", "__MACOSX/train/._x",
	} {
		path := filepath.Join(littered, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o777); err != nil {
				t.Fatal(err)
			}
			continue
		}
		write(t, path, some)
	}
	f := read(t, littered)
	want := "left out: what other programs keep among the images, 32 in all: " +
		"3 .DS_Store, 3 ._*, 3 .ipynb_checkpoints, 2 .*.icloud, 2 .Trash-*, 2 @eaDir, 2 FOUND.000, 2 RECYCLER, 2 TheVolumeSettingsFolder, 2 __MACOSX, …"
	if len(f.Notes) != 1 || f.Notes[0] != want {
		t.Errorf("notes %q, want %q", f.Notes, want)
	}
	original := read(t, clean)
	if f.SHA256() != original.SHA256() || !slices.Equal(f.Classes, original.Classes) || !slices.Equal(f.Train, original.Train) || !slices.Equal(f.Val, original.Val) {
		t.Errorf("classes %q, images %v, want those of the clean folder", f.Classes, f.Train)
	}
	if len(original.Notes) != 0 {
		t.Errorf("notes of a clean folder: %q, want none", original.Notes)
	}
	a, _ := prepare(t, f, Settings{})
	b, _ := prepare(t, original, Settings{})
	same(t, "littered", contents(t, a), contents(t, b))
}

// A note counts what looks like data and is not read.
func TestNotes(t *testing.T) {
	f := read(t, tree(t, "train/a/1.png", "train/a/2.gif", "train/a/3.GIF", "train/a/README", "train/loose.jpg", "train/list.csv", "val/a/1.png", "val/b.png"))
	want := []string{
		"left out: files whose names are not those of images, 3 in all: 2 .gif, 1 without an extension",
		"left out: images beside the folders of classes, 2 in all",
	}
	if !slices.Equal(f.Notes, want) {
		t.Errorf("notes %q, want %q", f.Notes, want)
	}
}

func TestListingRefuses(t *testing.T) {
	// An image that has gone, as git-annex leaves it.
	gone := tree(t, "train/a/1.png", "val/a/1.png")
	if err := os.Symlink("../.git/annex/objects/x.png", filepath.Join(gone, "train", "a", "2.png")); err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(gone, "train", "a", "2.png") + " is a link to ../.git/annex/objects/x.png, which is not there"
	if _, err := ReadFolder(gone); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "stat ") {
		t.Errorf("%v, want %q", err, want)
	}
	// A class of nothing but litter is empty.
	root := tree(t, "train/a/1.png", "train/b/._1.png", "val/a/1.png", "val/b/1.png")
	if _, err := ReadFolder(root); err == nil || !strings.Contains(err.Error(), "1 class without an image (b)") {
		t.Errorf("error %v, want that class b is without an image", err)
	}
}
