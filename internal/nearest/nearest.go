// Package nearest finds the known words that a misspelt one may stand for.
package nearest

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// most is how many words a question offers.
const most = 3

// Hint returns a question to end an error with, ": did you mean gen/a or gen/b?", or nothing if no known word is near.
func Hint(word string, known []string) string {
	words := Words(word, known)
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return ": did you mean " + words[0] + "?"
	default:
		return ": did you mean " + strings.Join(words[:n-1], ", ") + " or " + words[n-1] + "?"
	}
}

// Words returns the known words that are nearest to a word: at most three, in the order of known, or none. Case does not
// count. A word is near another if
//
//   - they differ in at most half of the letters of the longer one, or
//   - one holds all letters of the other, of three or more, in their order, and at most three fifths are its own: sota_B is
//     near gen/sota_B_ot.
func Words(word string, known []string) (near []string) {
	const shortest = 3 // too many words hold any two letters
	word = strings.ToLower(word)
	least := 0
	for _, k := range known {
		other := strings.ToLower(k)
		n, m := utf8.RuneCountInString(word), utf8.RuneCountInString(other)
		e := Edits(word, other)
		short, long := min(n, m), max(n, m)
		holds := e == long-short && short >= shortest && 5*short >= 2*long
		if !holds && 2*e > long || short == 0 {
			continue
		}
		if len(near) == 0 || e < least {
			near, least = near[:0], e
		}
		if e == least && !slices.Contains(near, k) && len(near) < most {
			near = append(near, k)
		}
	}
	return near
}

// Edits returns the fewest insertions, deletions and replacements of letters that make b of a.
func Edits(a, b string) int {
	to := []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for _, r := range a {
		diagonal := row[0]
		row[0]++
		for j := range to {
			cost := diagonal
			if r != to[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(to)]
}
