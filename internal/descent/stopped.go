package descent

import (
	"context"
	"errors"
	"fmt"
)

// Stopped returns the error of a training whose context is done. It wraps the context's error and its cause.
func Stopped(ctx context.Context, step, steps int) error {
	cause := context.Cause(ctx)
	if !errors.Is(cause, ctx.Err()) {
		cause = fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return fmt.Errorf("stopped after step %d of %d: %w", step, steps, cause)
}
