package hub

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wflowlab/wflowlab/imagenet/weights"
)

// MisfitError says how a file differs from the table of a network.
type MisfitError struct {
	Path       string
	Prefix     string   // stands before the names in the file; the names below are without it
	Parameters int      // how many the table has
	Missing    []string // parameters that the file lacks
	Left       []string // tensors that the table lacks, by their names in the file
	Wrong      []string // parameters of another shape, with both
	Several    []string // prefixes under each of which the whole table is found, so that it is unknown which is meant
}

// Problems returns how many differences there are.
func (e *MisfitError) Problems() int {
	return len(e.Missing) + len(e.Left) + len(e.Wrong) + max(len(e.Several)-1, 0)
}

// Near tells whether the file has at least half of the names of the parameters.
func (e *MisfitError) Near() bool { return 2*len(e.Missing) <= e.Parameters }

// Error implements error.
func (e *MisfitError) Error() string { return fmt.Sprintf("hub: %s: %s", e.Path, e.Differences()) }

// Differences says in a sentence what differs: of each kind the number, and the first five names.
func (e *MisfitError) Differences() string {
	if len(e.Several) > 0 {
		return fmt.Sprintf("all %d parameters are there %d times, under the prefixes %.200q: want a file with one of them", e.Parameters, len(e.Several), e.Several)
	}
	var kinds []string
	for _, kind := range []struct {
		what  string
		names []string
	}{{"missing", e.Missing}, {"left over", e.Left}, {"of another shape", e.Wrong}} {
		if n := len(kind.names); n > 5 {
			kinds = append(kinds, fmt.Sprintf("%d %s: %s, …", n, kind.what, strings.Join(kind.names[:5], ", ")))
		} else if n > 0 {
			kinds = append(kinds, fmt.Sprintf("%d %s: %s", n, kind.what, strings.Join(kind.names, ", ")))
		}
	}
	under := ""
	if e.Prefix != "" {
		under = fmt.Sprintf("under the prefix %.200q ", e.Prefix)
	}
	return fmt.Sprintf("%sof %d parameters, %s", under, e.Parameters, strings.Join(kinds, "; "))
}

const (
	deepest = 8  // parts of a prefix
	most    = 16 // prefixes that are looked at
)

// commonPrefixes returns the prefixes under which tensors may be the parameters of a table. The first is "", unless more
// than half of the table's names are found under another prefix, and more than under "". Then come the other prefixes under
// which all of them are found.
func commonPrefixes(tensors []Tensor, table weights.Table) []string {
	want := map[string]bool{}
	for _, p := range table {
		want[p.Name] = true
	}
	has := map[string]int{}
	for _, t := range tensors {
		at := 0
		for range deepest + 1 {
			if want[t.Name[at:]] {
				has[t.Name[:at]]++
			}
			n := strings.IndexByte(t.Name[at:], '.')
			if n < 0 {
				break
			}
			at += n + 1
		}
	}
	best := ""
	all := slices.Sorted(maps.Keys(has))
	for _, p := range all {
		if has[p] > max(has[best], len(table)/2) {
			best = p
		}
	}
	prefixes := []string{best}
	for _, p := range all {
		if p != best && has[p] >= len(table) && len(prefixes) < most {
			prefixes = append(prefixes, p)
		}
	}
	return prefixes
}
