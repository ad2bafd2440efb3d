//go:build cgo && linux && amd64

package engine

import (
	"fmt"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
)

// newXLA loads the XLA plugin in the given file.
func newXLA(plugin string) (compute.Backend, error) {
	if plugin == "" {
		return nil, errNoPlugin
	}
	path, err := filepath.Abs(plugin)
	if err != nil {
		return nil, err
	}
	b, err := xla.New(path)
	if err != nil {
		return nil, fmt.Errorf("the XLA plugin %s does not load", filepath.Base(path))
	}
	return b, nil
}
