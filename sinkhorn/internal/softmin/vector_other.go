//go:build !amd64

package softmin

// vectorKernels returns none: this processor runs plain Go.
func vectorKernels() []set { return nil }
