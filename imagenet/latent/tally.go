package latent

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tally counts things by their kind.
type tally map[string]int

func (t tally) total() (n int) {
	for _, count := range t {
		n += count
	}
	return n
}

// String lists the ten most frequent kinds with their counts: "12 ._*, 3 .DS_Store".
func (t tally) String() string {
	const most = 10
	kinds := slices.SortedFunc(maps.Keys(t), func(a, b string) int { return cmp.Or(cmp.Compare(t[b], t[a]), cmp.Compare(a, b)) })
	var parts []string
	for i, kind := range kinds {
		if i == most {
			return strings.Join(parts, ", ") + ", …"
		}
		parts = append(parts, fmt.Sprintf("%d %s", t[kind], kind))
	}
	return strings.Join(parts, ", ")
}
