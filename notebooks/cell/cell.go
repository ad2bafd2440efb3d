// Package cell is what the cells of the notebooks share: a context that the interrupt button cancels, a progress bar, a
// folder for what one cell leaves to the next, and checks of a notebook's own numbers.
//
// Each cell run is a fresh program: declarations stay, values do not. What takes long is written to [Cache] and read back.
package cell

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

// Context returns a context that the notebook's interrupt button, or Ctrl-C, cancels.
func Context() context.Context {
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt)
	return ctx
}

// Cache returns the path of a file that cells pass on, in the folder that the environment variable WFLOW_CACHE names, or
// else in the user's cache folder. The folder is made if it is missing.
func Cache(name string) string {
	folder := os.Getenv("WFLOW_CACHE")
	if folder == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			user = os.TempDir()
		}
		folder = filepath.Join(user, "wflowlab")
	}
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		panic(fmt.Sprintf("cell: folder for %s: %v", name, err))
	}
	return path
}
