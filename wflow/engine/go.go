//go:build !(cgo && linux && amd64)

package engine

import (
	"errors"

	"github.com/gomlx/compute"
)

// newXLA fails: go-xla wants cgo, and its plugin linux/amd64.
func newXLA(string) (compute.Backend, error) {
	return nil, errors.New("XLA wants cgo on linux/amd64")
}
