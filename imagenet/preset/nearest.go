package preset

import (
	"reflect"
	"strings"

	"github.com/wflowlab/wflowlab/internal/nearest"
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

// nearestPath returns the known path whose last word takes the fewest edits. Among paths that are equally near it takes
// the first that is in the same block, and otherwise the first.
func nearestPath(path string, known []string) string {
	split := func(path string) (block, word string) {
		i := strings.LastIndexAny(path, "./")
		return path[:i+1], path[i+1:]
	}
	block, word := split(path)
	best, least := "", 0
	for _, k := range known {
		b, w := split(k)
		cost := 2 * nearest.Edits(shorten(word), w)
		if b != block {
			cost++
		}
		if best == "" || cost < least {
			best, least = k, cost
		}
	}
	return best
}
