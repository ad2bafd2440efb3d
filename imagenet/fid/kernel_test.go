package fid

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
)

// One subset is all images, in whatever order. With d = 1: x = 0, 1 and y = 2, 3 have k(0, 1) = 1, k(2, 3) = 7³ and, across,
// 1, 1, 3³ and 4³.
func TestKernelByHand(t *testing.T) {
	b, _ := backend(t)
	k, err := Kernel(t.Context(), b, Features[float64]{1, []float64{0, 1}}, Features[float64]{1, []float64{2, 3}}, Subsets{1, 2, 1})
	want := 1 + 343 - 2*(1+1+27+64)/4.
	if err != nil || math.Abs(k.Mean-want) > 1e-12*want || k.Deviation != 0 || len(k.Each) != 1 {
		t.Errorf("distance %+v, error %v, want %v", k, err, want)
	}
}

// It is unbiased: the mean over many subsets of two samples of one law is 0, within four of its standard errors.
func TestKernelOfOneLaw(t *testing.T) {
	b, _ := backend(t)
	k, err := Kernel(t.Context(), b, features("one", 3000, 4), features("two", 3000, 4), Subsets{100, 50, 3})
	if err != nil {
		t.Fatal(err)
	}
	if most := 4 * k.Deviation / 10; math.Abs(k.Mean) > most {
		t.Errorf("distance %v, want within %v of 0", k.Mean, most)
	}
}

func TestKernelRefuses(t *testing.T) {
	b, _ := backend(t)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	five, huge := features("five", 5, 2), Features[float64]{1, []float64{1e150, -1e150}}
	for want, call := range map[string]func() error{
		"want subsets of 2 to 5": func() error { _, err := Kernel(t.Context(), b, five, five, Subsets{1, 6, 1}); return err },
		"0 subsets of 3":         func() error { _, err := Kernel(t.Context(), b, five, five, Subsets{0, 3, 1}); return err },
		"of 2 and of 1 numbers":  func() error { _, err := Kernel(t.Context(), b, five, huge, Subsets{1, 2, 1}); return err },
		"too large":              func() error { _, err := Kernel(t.Context(), b, huge, huge, Subsets{1, 2, 1}); return err },
		"after 0 of 1 subsets":   func() error { _, err := Kernel(stopped, b, five, five, Subsets{1, 2, 1}); return err },
		"first set: 3 numbers for": func() error {
			_, err := Kernel(t.Context(), b, Features[float64]{2, make([]float64, 3)}, five, Subsets{1, 2, 1})
			return err
		},
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := Kernel(stopped, b, five, five, Subsets{1, 2, 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want one of the context", err)
	}
}
