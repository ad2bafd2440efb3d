//go:build !js

package toy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/wflowlab/wflowlab/toy/digits"   // so that a change there runs these tests again
	_ "github.com/wflowlab/wflowlab/wflow/stream" // and here
)

// TestSameBytesEverywhere runs TestBytes of this package, of stream and of digits, which compare hashes of everything
// they draw with constants, as WebAssembly under node.
func TestSameBytesEverywhere(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed: the samples' bytes under js/wasm are not checked")
	}
	root := strings.TrimSpace(goCommand(t, "", "env", "GOROOT"))
	out := goCommand(t, "js/wasm", "test", "-v", "-run=^TestBytes$", "-exec="+filepath.Join(root, "lib", "wasm", "go_js_wasm_exec"), "./...", "../wflow/stream")
	if passed := strings.Count(out, "--- PASS: TestBytes"); passed != 3 {
		t.Errorf("TestBytes passed in %d packages, want 3:\n%s", passed, out)
	}
}

// TestNothingIsFused reads the assembly for arm64, where Go fuses x*y + z wherever the language lets it: a fused
// multiply-add in these packages is a product that lacks its float64(…).
func TestNothingIsFused(t *testing.T) {
	out := goCommand(t, "linux/arm64", "build", "-gcflags=-S", "./...", "../wflow/stream")
	if !strings.Contains(out, "\tFMULD\t") || !strings.Contains(out, "wflow/stream.octic") {
		t.Fatal("the compiler printed no assembly of stream.octic with an FMULD, want it to: this test reads it")
	}
	for line := range strings.Lines(out) {
		for _, fused := range []string{"\tFMADD", "\tFMSUB", "\tFNMADD", "\tFNMSUB"} {
			if strings.Contains(line, fused) {
				t.Errorf("a fused multiply-add: write the product as float64(x*y): %s", strings.TrimSpace(line))
			}
		}
	}
}

// goCommand returns what the go command prints when it works for a platform; "" is this one. Of the environment it
// passes on what go needs: a WebAssembly program has only a few kilobytes for its own.
func goCommand(t *testing.T, platform string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Env = []string{}
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		switch {
		case name == "GOMAXPROCS": // WebAssembly has one thread, and panics if it is to use more
		case name == "GOFLAGS": // flags for the tests at hand, such as -race or -gcflags, are not for these programs
		case strings.HasPrefix(name, "GO"), name == "PATH", name == "HOME", name == "TMPDIR", name == "XDG_CACHE_HOME":
			cmd.Env = append(cmd.Env, v)
		}
	}
	if system, machine, ok := strings.Cut(platform, "/"); ok {
		cmd.Env = append(cmd.Env, "GOOS="+system, "GOARCH="+machine)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s for %q: %v\n%s", strings.Join(args, " "), platform, err, out)
	}
	return string(out)
}
