package preset

import (
	"encoding/json"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// hostile texts are refused with an error that says why.
var hostile = map[string]string{
	"":                               "f: empty",
	"# nothing\n":                    "f: empty",
	"\n\n- 1\n":                      "f:3: a list, want a block of keys",
	"~":                              "f:1: nothing, want a block of keys",
	"a: 1\n---\nb: 2\n":              "f:",
	"{}\n---\n{}\n":                  "f:2: a second document",
	"a: 1\nb: \xff\n":                "f:2: not UTF-8",
	"\xff\xfea\x00:\x00 \x001\x00":   "f:1: not UTF-8",
	"a: \x00":                        "f:",
	"a: 1\nb: [1\n":                  "f:",
	"a: *b":                          "f:1: ",
	"a: 1\n\tb: 2":                   "f:2: ",
	"a: &a {<<: *a}":                 "f:",
	"<<: &a [*a]":                    "f:",
	"model: &a {model: *a}":          "f:",
	"!!python/object:os.system {}":   "f:1: the tag !!python/object:os.system, want a block of keys",
	"model: !x {}":                   "the tag !x, want a block of keys",
	"model: &a [*a, *a]":             "f:",
	strings.Repeat("[", 60000):       "f:",
	strings.Repeat("{a: ", 15000):    "f:",
	strings.Repeat("- ", 30000):      "f:",
	strings.Repeat("a: 1\n", 13000):  "and 4086 more",
	"x: " + strings.Repeat("9", 1e5): "f: longer than 65536 bytes",
	"x: " + strings.Repeat("9", 6e4): "f:1: x: unknown key",
	strings.Repeat("k", 6e4) + ": 1": "f:1: ",
	bomb("[%s]"):                     "f:",
	"<<: 1":                          "f:1: merges \"1\", want a block of keys",
	"a: &a {}\n<<: [" + strings.Repeat("*a,", 9000) + "]": "f:2: more than 4096 keys",
	bomb("{<<: [%s]}"): "more than 4096 keys, aliases unfolded",
}

// bomb returns nine levels of nine aliases each, and the ninth merged.
func bomb(level string) string {
	var b strings.Builder
	last := "{seed: 1}"
	for i := range 9 {
		name := string(rune('a' + i))
		b.WriteString(name + ": &" + name + " " + last + "\n")
		last = strings.Replace(level, "%s", strings.TrimSuffix(strings.Repeat("*"+name+", ", 9), ", "), 1)
	}
	return b.String() + "<<: " + last + "\nmodel: " + last + "\n"
}

// most is how many bytes Parse may allocate for a small file: what unfolds without bound takes gigabytes.
const most = 64 << 20

// parsed returns what Parse does, and how many bytes it has allocated.
func parsed(text []byte) (p *Preset, bytes uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err = Parse("f", text)
	runtime.ReadMemStats(&after)
	return p, after.TotalAlloc - before.TotalAlloc, err
}

func TestHostile(t *testing.T) {
	for text, want := range hostile {
		_, bytes, err := parsed([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "preset: f:") {
			t.Errorf("%.40q: %v\nwant %s", text, err, want)
		} else if len(err.Error()) > 8000 {
			t.Errorf("%.40q: an error of %d bytes, want at most 8000", text, len(err.Error()))
		}
		if bytes > most {
			t.Errorf("%.40q: took %d bytes, want at most %d", text, bytes, most)
		}
	}
}

// What Parse accepts can be written, is read back with the same values, and can be reported.
func FuzzParse(f *testing.F) {
	for _, name := range Names() {
		f.Add([]byte(edited(f, name)))
	}
	for text := range hostile {
		if len(text) < 4000 {
			f.Add([]byte(text))
		}
	}
	for _, v := range recorded(f) {
		f.Add([]byte(anchors(flow(v))))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, bytes, err := parsed(text)
		if bytes > most {
			t.Fatalf("took %d bytes, want at most %d", bytes, most)
		}
		if err != nil {
			if len(err.Error()) > 8000 {
				t.Fatalf("an error of %d bytes, want at most 8000", len(err.Error()))
			}
			return
		}
		out, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse("f", out)
		if err != nil {
			t.Fatalf("%v, want no error in\n%s", err, out)
		}
		if !reflect.DeepEqual(back.Generator, p.Generator) || !reflect.DeepEqual(back.MAE, p.MAE) || !slices.Equal(back.Defaults(), p.Defaults()) {
			t.Fatalf("%+v came back, want %+v, from\n%s", back, p, out)
		}
		if _, err := json.Marshal(p); err != nil || len(p.Report()) < 5 {
			t.Fatalf("error %v and a report %v, want none and five lines or more", err, p.Report())
		}
	})
}
