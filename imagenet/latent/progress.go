package latent

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// progress claims what is on the disk.
type progress struct {
	Batches  int           `json:"batches"` // of the shard
	Rows     map[Split]int `json:"rows"`    // that they have
	Corrupt  []Corrupt     `json:"corrupt"` // the images of these batches that have none
	Finished bool          `json:"finished"`
}

// without returns the number of corrupt images of a split.
func (p *progress) without(s Split) (n int) {
	for _, c := range p.Corrupt {
		if strings.HasPrefix(c.File, string(s)+"/") {
			n++
		}
	}
	return n
}

// Shard says how far a part of a cache is that is not merged yet.
type Shard struct {
	Shard    int       `json:"shard"`
	Shards   int       `json:"shards"`
	Train    int       `json:"train"` // images that are done
	Val      int       `json:"val"`
	Corrupt  []Corrupt `json:"corrupt,omitempty"`
	Finished bool      `json:"finished"`
}

// report returns how far shard i of n is.
func (p *progress) report(i, n int) Shard {
	return Shard{Shard: i, Shards: n, Train: p.Rows[Train], Val: p.Rows[Val], Corrupt: p.Corrupt, Finished: p.Finished}
}

// ReadShards reads how far the shards of a cache are, those that have begun, in their order. There are none before Prepare,
// and none after Merge.
func ReadShards(folder string) ([]Shard, error) {
	names, err := shards(folder)
	if err != nil {
		return nil, fmt.Errorf("latent: cache: %w", err)
	}
	var all []Shard
	for _, name := range names {
		var p progress
		if err := readJSON(filepath.Join(folder, name, progressFile), &p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("latent: cache: %w", err)
		}
		var i, n int
		fmt.Sscanf(name, shardFormat, &i, &n)
		all = append(all, p.report(i, n))
	}
	slices.SortFunc(all, func(a, b Shard) int { return cmp.Or(cmp.Compare(a.Shards, b.Shards), cmp.Compare(a.Shard, b.Shard)) })
	return all, nil
}

// ErrNoShards is the error of Merge where nothing has been prepared.
var ErrNoShards = errors.New("it holds no shards: nothing has been prepared there")

// UnfinishedError is the error of Merge where shards are not finished.
type UnfinishedError struct {
	Shards  int     // in all
	Missing []int   // those that have not begun
	Begun   []Shard // those that have, and are stopped or at work
}

func (e *UnfinishedError) Error() string {
	const most = 10
	var b strings.Builder
	fmt.Fprintf(&b, "of %s, %d not finished:", plural(e.Shards, "shard"), len(e.Missing)+len(e.Begun))
	for k, i := range e.Missing {
		if k == most {
			fmt.Fprintf(&b, "\n\tand %d more that have not begun", len(e.Missing)-most)
			break
		}
		fmt.Fprintf(&b, "\n\t%d/%d has not begun", i, e.Shards)
	}
	for k, s := range e.Begun {
		if k == most {
			fmt.Fprintf(&b, "\n\tand %d more that have begun", len(e.Begun)-most)
			break
		}
		fmt.Fprintf(&b, "\n\t%d/%d has done %s of train and %d of val", s.Shard, s.Shards, plural(s.Train, "image"), s.Val)
		if n := len(s.Corrupt); n > 0 {
			fmt.Fprintf(&b, " and could not read %d", n)
		}
	}
	return b.String()
}
