package descent

import (
	"errors"
	"fmt"
	"testing"
)

// passedOn is an error as GoMLX wraps them.
type passedOn struct{ cause error }

func (p passedOn) Error() string { return "Loop.RunSteps(3): " + p.cause.Error() }
func (p passedOn) Cause() error  { return p.cause }

// TestPlain: wrappers of GoMLX's kind are taken off, and the error below them stays whole.
func TestPlain(t *testing.T) {
	cause := errors.New("cause")
	ours := fmt.Errorf("ours: %w", cause)
	if got := Plain(passedOn{passedOn{ours}}); got != ours {
		t.Errorf("%v, want %v", got, ours)
	}
	if Plain(nil) != nil {
		t.Error("no error becomes one")
	}
}
