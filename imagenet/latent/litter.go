package latent

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// litter lists the names, in small letters, that file systems, file servers and programs give to what they keep among the
// files of others. Names that begin with a dot are not in it.
var litter = []string{
	"@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp", "@sharebin", "~snapshot", // Synology, QNAP, NetApp
	"$recycle.bin", "recycler", "recycled", "system volume information", "found.000", "thumbs.db", "ehthumbs.db", "desktop.ini", // Windows
	"__macosx", "icon\r", "network trash folder", "temporary items", "thevolumesettingsfolder", "thefindbycontentfolder", // macOS
	"lost+found", "__pycache__",
}

// littered tells whether a name is that of something that a program left among the files of others, and of which kind it is:
// "._*", ".Trash-*", ".*.icloud" or the name itself.
func littered(name string) (kind string, yes bool) {
	switch {
	case strings.HasPrefix(name, "._"): // what macOS knows of a file beside it
		return "._*", true
	case strings.HasPrefix(name, ".Trash-"):
		return ".Trash-*", true
	case strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".icloud"): // stands for a file that is in the cloud only
		return ".*.icloud", true
	case strings.HasPrefix(name, "."):
		return name, true
	}
	return name, slices.Contains(litter, strings.ToLower(name))
}

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
