package descent

// Plain returns an error without the names of the GoMLX functions that passed it on.
func Plain(err error) error {
	for {
		wrapper, ok := err.(interface{ Cause() error }) // as those of github.com/pkg/errors, which GoMLX wraps with
		if !ok {
			return err
		}
		err = wrapper.Cause()
	}
}
