// Package nearest finds the known words that a misspelt one may stand for.
package nearest

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
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

// Words returns the known words that are nearest to a word: at most three, in the order of known, or none. It does not
// tell large letters from small ones. Two words are near each other if
//
//   - they differ in at most half of the letters of the longer one, or
//   - the shorter one has three letters or more, the longer one holds all of them in their order, and at most three fifths
//     of the longer one's letters are more than these: sota_B is near gen/sota_B_ot.
//
// How near they are is counted by [Edits]. But a known word that begins with the word counts as one edit away, however long
// it is: of gen/a the answer is gen/a_1 and gen/a_20.
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
		if strings.HasPrefix(other, word) {
			e = min(e, 1)
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
//
// Source: Levenshtein, Binary Codes Capable of Correcting Deletions, Insertions, and Reversals (1966).
func Edits(a, b string) int { return levenshtein.ComputeDistance(a, b) }
