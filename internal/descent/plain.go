package descent

// Plain returns the error that GoMLX's functions passed on, without the names that each of them put before it.
func Plain(err error) error {
	for {
		wrapper, ok := err.(interface{ Cause() error }) // as those of github.com/pkg/errors, which GoMLX wraps with
		if !ok {
			return err
		}
		err = wrapper.Cause()
	}
}
