// Package finite looks for numbers that are NaN or infinite.
package finite

import "fmt"

// Check returns an error that names the first number that is NaN or infinite, if there is one.
func Check[T float32 | float64](values []T) error {
	for i, v := range values {
		if v-v != 0 {
			return fmt.Errorf("number %d is %v", i, v)
		}
	}
	return nil
}
