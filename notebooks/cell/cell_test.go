package cell

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCache(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	t.Setenv("WFLOW_CACHE", folder)
	path := Cache("05/generator.safetensors")
	if want := filepath.Join(folder, "05", "generator.safetensors"); path != want {
		t.Errorf("%s, want %s", path, want)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Error(err)
	}
}

// TestProgress: the first step, which may have compiled, tells nothing of the pace. Two more in four seconds leave two for the last.
func TestProgress(t *testing.T) {
	p := NewProgress("flow <1>", 4)
	p.Step("")
	if got, want := p.html(p.paced.Add(3*time.Second), "S = 1"), "flow &lt;1&gt;: 1 of 4, … left. S = 1"; !strings.Contains(got, want) {
		t.Errorf("%q, want %q in it", got, want)
	}
	p.Set(3, "")
	if got, want := p.html(p.paced.Add(4*time.Second), "S = 1"), "flow &lt;1&gt;: 3 of 4, 2s left. S = 1"; !strings.Contains(got, want) {
		t.Errorf("%q, want %q in it", got, want)
	}
	p.Set(4, "")
	if got, want := p.html(p.start.Add(2*time.Second), "S = 0"), "<small>flow &lt;1&gt;: 4 in 2.0 s. S = 0</small>"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestContext(t *testing.T) {
	ctx := Context()
	if ctx.Err() != nil {
		t.Errorf("from the start the context says %v, want no error", ctx.Err())
	}
	p, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(os.Interrupt); err != nil {
		t.Skip("no interrupt on this platform:", err)
	}
	<-ctx.Done()
}
