package declared

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestReceivers(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"a.go":      "package p\nfunc (f *Swirl) Velocity() {}\nfunc (f Swirl) Energy() {}\nfunc Velocity() {}\n",
		"b.go":      "package p\nfunc (Gust) Velocity() {}\nfunc (f hidden) Velocity() {}\nfunc (f *Still) velocity() {}\n",
		"c_test.go": "package p\nfunc (f *Probe) Velocity() {}\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Receivers(folder, "Velocity")
	if want := []string{"Gust", "Swirl"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("types %v, error %v, want %v", got, err, want)
	}
	if got, err := Receivers(folder, "Momentum"); err == nil {
		t.Errorf("types %v for a method that nothing has, want an error", got)
	}
}
