package cell

import (
	"io"
	"math"
	"os"
	"testing"
)

// printed returns what a function prints.
func printed(t *testing.T, do func()) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out := os.Stdout
	os.Stdout = write
	func() {
		defer func() { os.Stdout = out }()
		do()
	}()
	write.Close()
	text, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestChecks(t *testing.T) {
	for _, c := range []struct {
		do                   func()
		reader, inAcceptance string
	}{
		{func() { AtMost("gap", 1, 2) }, "✓ gap: 1 ≤ 2\n", "✓ gap: 1 ≤ 2\n"},
		{func() { AtMost("gap", 2, 2) }, "✓ gap: 2 ≤ 2\n", "✓ gap: 2 ≤ 2\n"},
		{func() { AtMost("gap", 3, 2) }, "✗ gap: 3, the notebook as delivered keeps ≤ 2\n", "✗ gap: 3 ≤ 2\n"},
		{func() { AtMost("gap", math.NaN(), 2) }, "✗ gap: NaN, the notebook as delivered keeps ≤ 2\n", "✗ gap: NaN ≤ 2\n"},
		{func() { AtLeast("share", 0.98, 0.97) }, "✓ share: 0.98 ≥ 0.97\n", "✓ share: 0.98 ≥ 0.97\n"},
		{func() { AtLeast("share", 0.96, 0.97) }, "✗ share: 0.96, the notebook as delivered keeps ≥ 0.97\n", "✗ share: 0.96 ≥ 0.97\n"},
		{func() { AtLeast("share", math.NaN(), 1) }, "✗ share: NaN, the notebook as delivered keeps ≥ 1\n", "✗ share: NaN ≥ 1\n"},
	} {
		if got := printed(t, c.do); got != c.reader {
			t.Errorf("%q, want %q", got, c.reader)
		}
		t.Run("acceptance", func(t *testing.T) {
			t.Setenv("WFLOW_ACCEPT", "1")
			if got := printed(t, c.do); got != c.inAcceptance {
				t.Errorf("%q, want %q", got, c.inAcceptance)
			}
		})
	}
}
