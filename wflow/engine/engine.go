// Package engine chooses what GoMLX's graphs run on: XLA where its plugin loads, GoMLX's pure Go engine elsewhere.
//
//	backend, line, err := engine.Find()
//	fmt.Println(line) // "XLA", or "pure Go" and why
package engine

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
)

// PluginVariable is the environment variable that names the file of the XLA plugin.
const PluginVariable = "WFLOW_XLA_PLUGIN"

// Find returns the engine that graphs run on and a line that says which it is, for a notebook to print:
//
//   - what the environment variable GOMLX_BACKEND asks for, if it is set ("xla:cpu" lets go-xla install its own
//     plugin), or an error if that cannot be had;
//   - else XLA, if the program is built with cgo for linux/amd64 and the plugin named by WFLOW_XLA_PLUGIN loads;
//   - else GoMLX's pure Go engine, 20 to 30 times slower on transport, and the line says why.
//
// Nothing else in the laboratory chooses an engine. Finalize the engine when done, or leave that to the end of the
// program.
func Find() (compute.Backend, string, error) {
	if asked, ok := os.LookupEnv(compute.ConfigEnvVar); ok && asked != "" {
		b, err := named(asked)
		if err != nil {
			return nil, "", fmt.Errorf("engine: %s=%s: %w", compute.ConfigEnvVar, asked, err)
		}
		return b, fmt.Sprintf("%s, as %s asks", Name(b), compute.ConfigEnvVar), nil
	}
	b, err := newXLA(os.Getenv(PluginVariable))
	if err == nil {
		return b, Name(b), nil
	}
	reason := err
	// Without a bound on their number, GoMLX's workers wait for each other in training steps.
	if b, err = quietly(func() (compute.Backend, error) { return gobackend.New("parallelism=-1") }); err != nil {
		return nil, "", fmt.Errorf("engine: pure Go backend: %w", err)
	}
	return b, fmt.Sprintf("%s: %v", Name(b), reason), nil
}

var errNoPlugin = errors.New(PluginVariable + " names no XLA plugin")

// Name returns the name of an engine: "pure Go", "XLA", which computes on processor cores, or "XLA on a GPU".
func Name(b compute.Backend) string {
	switch {
	case b.String() == gobackend.BackendName:
		return "pure Go"
	case OnProcessor(b):
		return "XLA"
	}
	return "XLA on a GPU"
}

// OnProcessor tells whether an engine computes on processor cores, not on a GPU.
func OnProcessor(b compute.Backend) bool {
	return b.String() == gobackend.BackendName || strings.HasPrefix(strings.ToLower(b.DeviceDescription(0)), "cpu")
}

// named returns the backend of a GoMLX configuration string. GoMLX panics at a name that it does not know; here that is
// an error.
func named(config string) (b compute.Backend, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return quietly(func() (compute.Backend, error) { return compute.NewWithConfig(config) })
}

var stdout sync.Mutex

// quietly calls f without its standard output. The pure Go backend announces itself there, which would end up in the
// outputs of notebooks.
func quietly(f func() (compute.Backend, error)) (compute.Backend, error) {
	stdout.Lock()
	defer stdout.Unlock()
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		defer null.Close()
		defer func(out *os.File) { os.Stdout = out }(os.Stdout)
		os.Stdout = null
	}
	return f()
}
