package main

import (
	"fmt"
	"strconv"
	"strings"
)

// parseClasses returns the classes of a list such as 207,829 or 0-9,33, in its order. All is how many classes there are; an
// empty list stands for all of them.
func parseClasses(list string, all int) (classes []int, err error) {
	if list == "" {
		list = fmt.Sprintf("0-%d", all-1)
	}
	for word := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(word), "-")
		first, err := strconv.Atoi(from)
		last := first
		if err == nil && isRange {
			last, err = strconv.Atoi(to)
		}
		switch {
		case err != nil || last < first:
			return nil, misuse{fmt.Errorf("--classes %s: %q, want numbers and ranges, such as 207,829 or 0-9", list, word)}
		case last >= all:
			return nil, misuse{fmt.Errorf("--classes %s: class %d, want 0 to %d, which the generator has", list, last, all-1)}
		}
		for class := first; class <= last; class++ {
			classes = append(classes, class)
		}
	}
	return classes, nil
}
