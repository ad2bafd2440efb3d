package preset

import (
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every file in the folders has a line in the list and the reverse. The released ones come first, each kind by name; no
// two names are one where file systems ignore case.
func TestList(t *testing.T) {
	var inFolders []string
	err := fs.WalkDir(files, ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			inFolders = append(inFolders, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var listed, small []string
	for _, p := range List() {
		listed, small = append(listed, p.Name+".yaml"), append(small, strings.ToLower(p.Name))
		if p.Origin != Released && p.Origin != Ours {
			t.Errorf("%s: origin %q, want %q or %q", p.Name, p.Origin, Released, Ours)
		}
		for what, text := range map[string]string{"source": p.Source, "purpose": p.Purpose} {
			if text == "" || strings.Contains(text, "\n") {
				t.Errorf("%s: %s %q, want one line", p.Name, what, text)
			}
		}
	}
	for _, file := range inFolders {
		if !slices.Contains(listed, file) {
			t.Errorf("%s has no line in the list, want one", file)
		}
	}
	for _, file := range listed {
		if !slices.Contains(inFolders, file) {
			t.Errorf("the list has a line for %s, want the file", file)
		}
	}
	slices.Sort(small)
	if once := slices.Compact(slices.Clone(small)); len(once) != len(small) {
		t.Errorf("names in small letters %q, want no two the same", small)
	}
	order := func(p Listed) string {
		if p.Origin == Released {
			return "0 " + p.Name
		}
		return "1 " + p.Name
	}
	if !slices.IsSortedFunc(List(), func(a, b Listed) int { return strings.Compare(order(a), order(b)) }) {
		t.Errorf("the list is in the order %q, want the released presets by name, then ours by name", Names())
	}
	List()[0].Name = "another"
	if Names()[0] == "another" {
		t.Error("the caller of List changed the list, want a copy")
	}
}

// Every preset of the list is found by its name, whatever letters and dots it has, is of the kind of its folder, and has
// its line. The error of a name that is nearly right says which may be meant.
func TestNamed(t *testing.T) {
	for _, want := range List() {
		p, err := Named(want.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		if p.Name != want.Name || p.Listed == nil || *p.Listed != want {
			t.Errorf("%s: named %s with the line %+v, want %+v", want.Name, p.Name, p.Listed, want)
		}
		if (p.MAE != nil) != strings.HasPrefix(want.Name, "mae/") || (p.Generator != nil) != strings.HasPrefix(want.Name, "gen/") {
			t.Errorf("%s: a generator %v, an encoder %v: want a generator in gen and an encoder in mae", want.Name, p.Generator != nil, p.MAE != nil)
		}
		_, last, _ := strings.Cut(want.Name, "/")
		for _, near := range []string{want.Name + ".yaml", strings.ToUpper(want.Name), last} {
			if _, err := Named(near); err == nil || !strings.Contains(err.Error(), "no preset \""+near+"\": did you mean ") || !strings.Contains(err.Error(), want.Name) {
				t.Errorf("%s: error %v, want one that asks whether %s is meant", near, err, want.Name)
			}
		}
	}
	for _, name := range []string{"", "gen", "gen/", "gen/none", "../preset/gen/ablation_ot_1node", "list.go"} {
		if p, err := Named(name); err == nil {
			t.Errorf("%q is %s, want an error", name, p.Name)
		}
	}
	if p, err := Parse(ablation, []byte(edited(t, ablation))); err != nil || p.Listed != nil {
		t.Errorf("a text that is called as a preset has the line %+v (error %v), want none", p.Listed, err)
	}
}

// Every released configuration says what it is for, in words that its values bear out.
func TestPurpose(t *testing.T) {
	sizes := map[int]string{768: "B/2", 1024: "L/2", 1152: "XL/2"}
	for _, released := range List() {
		if released.Origin != Released {
			continue
		}
		p, err := Named(released.Name)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"feature encoder"}
		if g := p.Generator; g != nil {
			want = []string{"generator " + sizes[g.Model.Width], "at full length", " 8 GPUs", "mae/latent_640"}
			if g.Train.Steps == 30_000 {
				want[1], want[3] = "a short training", "mae/latent_ablation_256"
			}
			if g.Train.Chunks == 1 {
				want[2] = " 64 GPUs"
			}
		}
		for _, words := range want {
			if !strings.Contains(released.Purpose, words) {
				t.Errorf("%s: %q, want %q", released.Name, released.Purpose, words)
			}
		}
	}
}

// difference is a line in the comment of a preset that varies another one.
var difference = regexp.MustCompile(`^#   (\S+: .+ instead of .+)$`)

// Every preset of ours begins with a comment that says what it is. If its first word is another preset, its lines list
// all that differs from that. If it has such lines, or a first word like the name of a preset, there is that preset.
func TestOurs(t *testing.T) {
	for _, ours := range List() {
		if ours.Origin != Ours {
			continue
		}
		text, err := files.ReadFile(ours.Name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if text[0] != '#' {
			t.Errorf("%s begins with %.20q, want a comment that says what it is and where its numbers are from", ours.Name, text)
			continue
		}
		var said, differs []string
		for line := range strings.Lines(string(text)) {
			if words := difference.FindStringSubmatch(strings.TrimSpace(line)); words != nil {
				said = append(said, words[1])
			}
		}
		first := strings.Fields(string(text) + " .")[1]
		base, err := Named(first)
		if err != nil {
			if strings.HasPrefix(first, "gen/") || strings.HasPrefix(first, "mae/") || len(said) > 0 {
				t.Errorf("%s: its comment begins with %q: %v; want the name of the preset that it varies", ours.Name, first, err)
			}
			continue
		}
		p, err := Named(ours.Name)
		if err != nil {
			t.Fatal(err)
		}
		before := map[string]string{}
		for k := range leaves("", base.config()) {
			before[k.path] = asWritten(k.value)
		}
		for k := range leaves("", p.config()) {
			if now := asWritten(k.value); now != before[k.path] {
				differs = append(differs, k.path+": "+now+" instead of "+before[k.path])
			}
		}
		if !slices.Equal(said, differs) || len(differs) == 0 {
			t.Errorf("%s: its comment says that it differs from %s in %q, want %q", ours.Name, base.Name, said, differs)
		}
	}
}

// asWritten returns a value as a file has it.
func asWritten(v reflect.Value) string {
	if v.Kind() != reflect.Slice {
		return scalarText(v)
	}
	var numbers []string
	for i := range v.Len() {
		numbers = append(numbers, scalarText(v.Index(i)))
	}
	return "[" + strings.Join(numbers, ", ") + "]"
}
