//go:build unix

package help

import (
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// packages returns the packages that a cell can use without importing them, by name: those of the standard library and of the
// modules that the go.mod of a folder replaces by folders. Of two with one name, it is the one with the shorter path.
func packages(folder string) map[string]string {
	found := map[string]string{}
	root := exec.Command("go", "env", "GOROOT")
	root.Dir = folder
	if said, err := root.Output(); err == nil {
		collect(filepath.Join(strings.TrimSpace(string(said)), "src"), "", found)
	}
	if text, err := os.ReadFile(filepath.Join(folder, "go.mod")); err == nil {
		if module, err := modfile.Parse("go.mod", text, nil); err == nil {
			for _, r := range module.Replace {
				if r.New.Version == "" && filepath.IsAbs(r.New.Path) {
					collect(r.New.Path, r.Old.Path, found)
				}
			}
		}
	}
	return found
}

func collect(root, module string, found map[string]string) {
	_ = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || file == root {
			return nil
		}
		name := entry.Name()
		if entry.IsDir() {
			_, nested := os.Stat(filepath.Join(file, "go.mod"))
			if name[0] == '.' || name[0] == '_' || name == "internal" || name == "vendor" || name == "testdata" || name == "cmd" || nested == nil {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || filepath.Dir(file) == root && module == "" {
			return nil
		}
		within, _ := filepath.Rel(root, filepath.Dir(file))
		p := path.Join(module, filepath.ToSlash(within))
		short := packageName(p)
		if other, is := found[short]; !is || len(p) < len(other) && strings.HasPrefix(other, module) {
			found[short] = p
		}
		return nil
	})
}
