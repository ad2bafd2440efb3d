package declared

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// sources returns a folder with these files.
func sources(t *testing.T, files map[string]string) (folder string) {
	folder = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("package p\n"+text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// answers checks what is found, and that nothing to be found is an error.
func answers(t *testing.T, what string, got []string, err error, want ...string) {
	t.Helper()
	if (err != nil) != (len(want) == 0) || !slices.Equal(got, want) {
		t.Errorf("%s: %q, error %v, want %q, and an error if that is nothing", what, got, err, want)
	}
}

func TestReceivers(t *testing.T) {
	folder := sources(t, map[string]string{
		"a.go":      "func (f *Swirl) Velocity() {}\nfunc (f Swirl) Energy() {}\nfunc Velocity() {}\n",
		"b.go":      "func (Gust) Velocity() {}\nfunc (f hidden) Velocity() {}\nfunc (f *Still) velocity() {}\n",
		"c_test.go": "func (f *Probe) Velocity() {}\n",
	})
	got, err := Receivers(folder, "Velocity")
	answers(t, "types with Velocity", got, err, "Gust", "Swirl")
	got, err = Receivers(folder, "Momentum")
	answers(t, "types with Momentum", got, err)
}

func TestMakers(t *testing.T) {
	folder := sources(t, map[string]string{
		"a.go":      "func Moons() Law\nfunc Board() *Mix\nfunc Gauss(d int) Law\nfunc Both() (Law, error)\nfunc All() []Law\n",
		"b.go":      "func hidden() Law\nfunc (l Law) Shifted() Law\nfunc Name() string\nfunc Nothing()\n",
		"c_test.go": "func Probe() Law\n",
	})
	got, err := Makers(folder, "Law", "*Mix")
	answers(t, "makers of Law and *Mix", got, err, "Board", "Moons")
	got, err = Makers(folder, "Mix")
	answers(t, "makers of Mix", got, err)
}

func TestExamples(t *testing.T) {
	folder := sources(t, map[string]string{
		"a.go":      "func ExampleInCode() {}\n",
		"a_test.go": "func Example() {}\nfunc ExampleMoons() {}\nfunc TestExamples() {}\nfunc (p probe) ExampleMethod() {}\n",
	})
	got, err := Examples(folder)
	answers(t, "examples", got, err, "Example", "ExampleMoons")
	got, err = Examples(sources(t, map[string]string{"a.go": "func ExampleInCode() {}\n"}))
	answers(t, "examples without tests", got, err)
}

func TestMentioned(t *testing.T) {
	folder := sources(t, map[string]string{
		"a.go":      "func All() []Law { return []Law{Moons(), Board().Law, Moons()} }\nfunc (l Law) All() { Hidden() }\n",
		"a_test.go": `func TestAll() { run(map[string]func(){"moons": Moons}) }` + "\n",
	})
	got, err := Mentioned(folder, "All")
	answers(t, "mentioned in All", got, err, "Board", "Law", "Moons")
	got, err = Mentioned(folder, "TestAll")
	answers(t, "mentioned in TestAll", got, err, "Moons", "run", "string")
	got, err = Mentioned(folder, "Some")
	answers(t, "mentioned in a function that is not there", got, err)
}
