package engine

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/compute"
)

// reason says why there is no XLA: in a build without it, or for this plugin.
func reason(plugin string) string {
	_, err := newXLA(plugin)
	return err.Error()
}

// TestFind: what the user asks for is honoured or an error; without a plugin, or with a bad one, it is pure Go and the
// line says why; nothing is printed.
func TestFind(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func(out *os.File) { os.Stdout = out }(os.Stdout)
	os.Stdout = write
	for _, c := range []struct{ asked, plugin, line, err string }{
		{"", "", "pure Go: " + reason(""), ""},
		{"", "/no/such/plugin.so", "pure Go: " + reason("/no/such/plugin.so"), ""},
		{"go:parallelism=2", "/no/such/plugin.so", "pure Go, as GOMLX_BACKEND asks", ""},
		{"abacus", "", "", "abacus"},
		{"go:colour=red", "", "", "colour"},
	} {
		t.Setenv(compute.ConfigEnvVar, c.asked)
		t.Setenv(PluginVariable, c.plugin)
		b, line, err := Find()
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%+v: error %v, want one with %q", c, err, c.err)
			}
			continue
		}
		if err != nil || line != c.line {
			t.Errorf("%+v: line %q, error %v, want the line %q", c, line, err, c.line)
			continue
		}
		b.Finalize()
	}
	write.Close()
	if out, err := io.ReadAll(read); err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("printed %q (error %v), want nothing", out, err)
	}
}

// device is an engine of a name with one device.
type device struct {
	compute.Backend
	name, description string
}

func (d device) String() string                             { return d.name }
func (d device) DeviceDescription(compute.DeviceNum) string { return d.description }

// TestName: an engine on a GPU has another name than one on processor cores, so that checkpoints tell them apart.
func TestName(t *testing.T) {
	for want, d := range map[string]device{
		"pure Go":      {nil, "go", "a device of pure Go"},
		"XLA":          {nil, "xla", "cpu"},
		"XLA on a GPU": {nil, "xla", "NVIDIA H100 80GB HBM3"},
	} {
		if got := Name(d); got != want || OnProcessor(d) != (want != "XLA on a GPU") {
			t.Errorf("%q is called %q, on a processor: %v", d.description, got, OnProcessor(d))
		}
	}
}
