package latent

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// flat makes of a folder of classes one whose val has none, as people have it, with the labels where place says, and
// returns the folder of train and val.
func flat(t *testing.T, classes, below, images string, label func(root string, of map[string]string)) string {
	t.Helper()
	top := t.TempDir()
	root := filepath.Join(top, below)
	f := read(t, classes)
	if err := os.CopyFS(filepath.Join(root, "train"), os.DirFS(filepath.Join(classes, "train"))); err != nil {
		t.Fatal(err)
	}
	of := map[string]string{}
	for _, file := range f.Val {
		data, err := os.ReadFile(f.Path(Val, file))
		if err != nil {
			t.Fatal(err)
		}
		class, name, _ := strings.Cut(file.Name, "/")
		of[name] = class
		write(t, filepath.Join(root, images, name), data)
	}
	label(top, of)
	return root
}

// solution writes LOC_val_solution.csv, whose lines are in no order.
func solution(t *testing.T, path string, of map[string]string) {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("ImageId,PredictionString\r\n")
	for name, class := range of {
		fmt.Fprintf(&b, "%s,%s 85 1 499 272 %s 1 2 3 4 \r\n", strings.TrimSuffix(name, ".png"), class, class)
	}
	write(t, path, b.Bytes())
}

// A val without folders of classes gives the same cache as one with them, wherever its labels are.
func TestLabels(t *testing.T) {
	classes := folder(t, 10)
	whole, _ := prepare(t, read(t, classes), Settings{})
	inSolution := func(place string) func(string, map[string]string) {
		return func(root string, of map[string]string) { solution(t, filepath.Join(root, place, kaggle), of) }
	}
	cls := "ILSVRC/Data/CLS-LOC"
	for name, c := range map[string]struct {
		below, images string
		label         func(root string, of map[string]string)
		note          string
	}{
		"the root given": {"", "val", inSolution(""), "read from "},
		"in val":         {"", "val", inSolution("val"), "read from "},
		"beside ILSVRC":  {cls, "val", inSolution(""), "read from "},
		"in ILSVRC":      {cls, "val", inSolution("ILSVRC"), "read from "},
		"beside CLS-LOC": {cls, "val", inSolution("ILSVRC/Data"), "read from "},
		"beside train":   {cls, "val", inSolution(cls), "read from "},
		"more than there": {"", "val", func(root string, of map[string]string) {
			more := maps.Clone(of)
			more["another.png"], more["a third.png"] = "n00000000", "nobody"
			solution(t, filepath.Join(root, kaggle), more)
		}, "LOC_val_solution.csv, which names 2 images more"},
		"Tiny ImageNet": {"", "val/images", func(root string, of map[string]string) {
			var b bytes.Buffer
			for name, class := range of {
				fmt.Fprintf(&b, "%s\t%s\t0\t32\t44\t62\n", name, class)
			}
			write(t, filepath.Join(root, "val", tiny), b.Bytes())
		}, "read from "},
		"a link to val": {"", "val", func(root string, of map[string]string) {
			solution(t, filepath.Join(root, "elsewhere", kaggle), of)
			to := filepath.Join(root, "elsewhere", "Data", "val")
			if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(filepath.Join(root, "val"), to); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(to, filepath.Join(root, "val")); err != nil {
				t.Fatal(err)
			}
		}, "elsewhere"},
	} {
		f := read(t, flat(t, classes, filepath.FromSlash(c.below), filepath.FromSlash(c.images), c.label))
		if len(f.Notes) != 1 || !strings.HasPrefix(f.Notes[0], "the classes of val are read from ") || !strings.Contains(f.Notes[0], c.note) {
			t.Errorf("%s: notes %q, want one that says from where the classes are read: %q", name, f.Notes, c.note)
		}
		cache, _ := prepare(t, f, Settings{})
		same(t, name, contents(t, cache), contents(t, whole))
	}
}

// Names that end in their class stand for folders, in both splits.
func TestLabelsInNames(t *testing.T) {
	f := read(t, tree(t, "train/n00000002_7_n00000002.JPEG", "train/n00000001_9_n00000001.JPEG", "train/n00000001_8_n00000001.JPEG",
		"val/ILSVRC2012_val_00000001_n00000002.JPEG", "val/ILSVRC2012_val_00000002_n00000001.JPEG"))
	want := []string{"n00000001/n00000001_8_n00000001.JPEG", "n00000001/n00000001_9_n00000001.JPEG", "n00000002/n00000002_7_n00000002.JPEG"}
	for i, file := range f.Train {
		if file.Name != want[i] || file.Class != i/2 {
			t.Errorf("image %d is %v, want %s", i, file, want[i])
		}
		if _, err := os.Stat(f.Path(Train, file)); err != nil {
			t.Errorf("%v, want no error: an image lies at its path", err)
		}
	}
	if len(f.Train) != 3 || f.Val[0].Name != "n00000001/ILSVRC2012_val_00000002_n00000001.JPEG" || len(f.Notes) != 2 {
		t.Errorf("%v, want 3 images of train, two notes, and val as in folders of classes", f)
	}
}

func TestLabelsRefuse(t *testing.T) {
	labelled := func(text string, more ...string) string {
		root := tree(t, append(more, "train/a/1.png", "train/b/1.png", "val/1.png", "val/2.png")...)
		write(t, filepath.Join(root, kaggle), []byte(text))
		return root
	}
	for name, c := range map[string]struct{ root, want string }{
		"none":         {tree(t, "train/a/1.png", "val/1.png", "val/2.png"), "val holds 2 images and no folders of classes, want "},
		"tell":         {tree(t, "train/a/1.png", "val/1.png"), "or Kaggle's LOC_val_solution.csv in "},
		"packed":       {tree(t, "train/a/1.png", "val/1.png", "LOC_val_solution.csv.zip"), "LOC_val_solution.csv.zip is packed: unzip it"},
		"devkit":       {tree(t, "train/a/1.png", "val/1.png", "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt"), "ground_truth.txt does not help, for it counts"},
		"Tiny":         {tree(t, "train/a/images/1.png", "val/images/1.png", "val/images/2.png"), filepath.Join("val", "images") + " holds 2 images and no folders of classes"},
		"Tiny bare":    {tree(t, "train/a/images/1.png", "val/images/1.png"), "or Tiny ImageNet's val_annotations.txt in "},
		"Tiny damaged": {tree(t, "train/a/images/1.png", "val/images/1.png", "val/val_annotations.txt"), "val_annotations.txt: line 1: \"val/val_annotations.txt\", want an image and its class"},
		"train":        {tree(t, "train/1.png", "val/a/1.png"), "train holds 1 image and no folders of classes"},
		"no class":     {labelled("ImageId,PredictionString\n1,a 1 2 3 4\n2,\n"), "line 3: \"2,\", want an image and its class"},
		"two classes":  {labelled("1,a\n2,b\n1,b\n"), "line 3: 1 is of class b, and of a before"},
		"missing":      {labelled("1,a\n"), "LOC_val_solution.csv has no line for 1 image of "},
		"other class":  {labelled("1,a\n2,c\n"), "1 only in train (b), 1 only in val (c)"},
		"empty":        {labelled("ImageId,PredictionString\n"), "it has no line of an image and its class"},
		"too long":     {labelled(strings.Repeat("1", 1<<17)), "LOC_val_solution.csv: line 1: \"1111"},
		"a pointer":    {labelled("version https://git-lfs.github.com/spec/v1\n"), "LOC_val_solution.csv, which is a Git LFS pointer, not the file it stands for: git lfs pull"},
		"a page":       {labelled("<!DOCTYPE html>\n"), "LOC_val_solution.csv, which is an HTML page"},
		"UTF-16":       {labelled("\xff\xfe1\x00,\x00a\x00"), "LOC_val_solution.csv, which is text in UTF-16: save it as UTF-8"},
		"in columns":   {labelled("class,image\nb,2\na\n"), "line 3: \"a\", want an image and its class"},
	} {
		if f, err := ReadFolder(c.root); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v, want %q", name, f, err, c.want)
		}
	}
}

// A table of labels is read alike in every way of saving it.
func TestParseLabels(t *testing.T) {
	want := map[string]string{"1": "a", "2": "b"}
	for name, text := range map[string]string{
		"Kaggle's":              "ImageId,PredictionString\n1,a 1 2 3 4 b 5 6 7 8 \n2,b 1 2 3 4 \n",
		"Windows":               "\ufeffImageId,PredictionString\r\n1,a 1 2 3 4 \r\n\r\n2,b 1 2 3 4 \r\n",
		"an old Mac":            "ImageId,PredictionString\r1,a 1 2 3 4 \r2,b 1 2 3 4 ",
		"without names":         "1,a\n2,b\n",
		"in quotes":             `"ImageId","PredictionString"` + "\n" + `"1","a 1 2 3 4"` + "\n" + `"2","b"`,
		"the other way round":   "PredictionString,ImageId\na 1 2 3 4 ,1\nb,2\n",
		"with an index":         ",ImageId,PredictionString\n0,1,a 1 2 3 4\n1,2,b\n",
		"other names":           "file_name;size;label\n1.JPEG;7;a\n2.JPEG;8;b\n",
		"semicolons":            "ImageId;PredictionString\n1;a 1 2 3 4\n2;b\n",
		"tabs":                  "1.JPEG\ta\t0\t32\n2.JPEG\tb\t0\t32\n",
		"spaces":                "1.png a\n2.png  b 1 2\n",
		"folders":               "val/1.JPEG,a\nC:\\val\\2.JPEG,b\n",
		"twice the same":        "1,a\n2,b\n1,a\n",
		"blanks after a comma":  "1, a\n2,\tb 3 4\n",
		"more columns than two": "1,a,0,0\n2,b,0,0\n",
	} {
		if got, err := parseLabels(text); err != nil || !maps.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
}

func FuzzLabels(f *testing.F) {
	f.Add("ImageId,PredictionString\nILSVRC2012_val_00048981,n03995372 85 1 499 272 \n")
	f.Add("val_0.JPEG\tn03444034\t0\t32\t44\t62\n")
	f.Add("\xef\xbb\xbf\"1\",\"a\"\r\n")
	f.Add(",PredictionString,ImageId\n0,n03995372 1 2,val/ILSVRC2012_val_00048981.JPEG\n")
	f.Fuzz(func(t *testing.T, text string) {
		classes, err := parseLabels(text)
		if err == nil && len(classes) == 0 {
			t.Error("no labels and no error")
		}
		for image, class := range classes {
			if image == "" || class == "" || strings.ContainsAny(class, " \t\n") {
				t.Errorf("image %q of class %q, want names, of the class one word", image, class)
			}
		}
	})
}
