package cell

import (
	"fmt"
	"os"
	"strings"
)

// AtMost prints a notebook's number got beside its bound, after the words what. If the number is larger or NaN, the line
// begins with ✗ and says so, and the cell goes on: a reader who has changed a number sees what it did. The runner of the
// notebooks fails for such a line, except while `make accept` runs, which judges the means over seeds.
func AtMost(what string, got, bound float64) { check(got <= bound, what, got, "≤", bound) }

// AtLeast does what AtMost does for a lower bound.
func AtLeast(what string, got, bound float64) { check(got >= bound, what, got, "≥", bound) }

func check(holds bool, what string, got float64, relation string, bound float64) {
	mark, words := "✓", " "
	if !holds {
		mark = "✗"
		if os.Getenv("WFLOW_ACCEPT") == "" {
			words = ", the notebook as delivered keeps "
		}
	}
	line := fmt.Sprintf("%s %s: %.4g%s%s %.4g", mark, what, got, words, relation, bound)
	p, done := session()
	defer done()
	if len(p.unfinished) > 0 {
		line += " (" + strings.Join(p.unfinished, ", ") + ")"
	}
	fmt.Println(line)
}
