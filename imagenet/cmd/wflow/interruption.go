package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/internal/thousands"
)

// interruption returns why a training has ended: by what broke beside it, such as the record, rather than by what that led to, or
// because the user has interrupted the command. It is only an interruption if nothing else went wrong: then the training was saved.
func interruption(c *cobra.Command, err, broken error) (only bool, reason error) {
	if c.Context().Err() != nil {
		err = errors.Join(err, broken)
		return errors.Is(err, context.Canceled) && len(asides(err)) == 0, err
	}
	return false, cmp.Or(broken, err)
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
