package preset

import (
	"reflect"
	"strings"
)

// paths returns the paths of all keys, those of blocks too.
func paths(path string, block reflect.Value) (all []string) {
	for k := range keys(path, block) {
		all = append(all, k.path)
		if k.block() {
			all = append(all, paths(k.path, k.value)...)
		}
	}
	return all
}

// nearest returns the known path whose last word takes the fewest edits; of equally near ones the first in the same
// block, or else the first.
func nearest(path string, known []string) string {
	split := func(path string) (block, word string) {
		i := strings.LastIndexAny(path, "./")
		return path[:i+1], path[i+1:]
	}
	block, word := split(path)
	best, least := "", 0
	for _, k := range known {
		b, w := split(k)
		cost := 2 * edits(shorten(word), w)
		if b != block {
			cost++
		}
		if best == "" || cost < least {
			best, least = k, cost
		}
	}
	return best
}

// edits returns the fewest insertions, deletions and replacements of bytes that make b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
