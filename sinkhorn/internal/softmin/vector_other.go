//go:build !amd64

package softmin

// vectorKernels: there are none for this processor.
func vectorKernels() []set { return nil }
