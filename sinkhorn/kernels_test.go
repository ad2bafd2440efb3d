package sinkhorn

import (
	"log"
	"os"
	"testing"

	"github.com/wflowlab/wflowlab/sinkhorn/internal/softmin"
)

// All tests of the package run with the kernels that WFLOW_KERNELS names, one of softmin.Names; by default the fastest.
func TestMain(m *testing.M) {
	if name := os.Getenv("WFLOW_KERNELS"); name != "" {
		if err := softmin.Use(name); err != nil {
			log.Fatal(err)
		}
	}
	os.Exit(m.Run())
}
