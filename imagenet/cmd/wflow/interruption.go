package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/internal/thousands"
)

// interruption returns why a training has ended: what ended its context, unless the user has interrupted the command, rather than what
// that led to. It is only an interruption if nothing else went wrong: then the training was saved.
func interruption(ctx context.Context, c *cobra.Command, err error) (only bool, reason error) {
	if c.Context().Err() != nil {
		return errors.Is(err, context.Canceled) && len(asides(err)) == 0, err
	}
	if broken := context.Cause(ctx); broken != nil {
		return false, broken
	}
	return false, err
}

// sayKept says at which step an interrupted training was saved.
func sayKept(c *cobra.Command, step int) {
	fmt.Fprintf(c.ErrOrStderr(), "wflow: step %s is kept, and the same command goes on from there\n", thousands.Text(step))
}

// asides returns the errors that stand beside an interruption, such as that of a checkpoint that could not be written. An error that
// is no interruption has none: it may be what the interruption led to.
func asides(err error) (list []error) {
	if !errors.Is(err, context.Canceled) {
		return nil
	}
	for ; err != nil; err = errors.Unwrap(err) {
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok {
			continue
		}
		for _, part := range joined.Unwrap() {
			if errors.Is(part, context.Canceled) {
				list = append(list, asides(part)...)
			} else {
				list = append(list, part)
			}
		}
	}
	return list
}
