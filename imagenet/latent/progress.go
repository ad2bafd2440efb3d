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

// progress says how far a shard is: what it counts is on the disk.
type progress struct {
	Batches  int           `json:"batches"`  // how many batches are done
	Rows     map[Split]int `json:"rows"`     // how many rows these batches have
	Corrupt  []Corrupt     `json:"corrupt"`  // the images of these batches that have no row
	Finished bool          `json:"finished"` // the arrays have their headers
}

// without returns how many images of a split have no row.
func (p *progress) without(s Split) (n int) {
	for _, c := range p.Corrupt {
		if strings.HasPrefix(c.File, string(s)+"/") {
			n++
		}
	}
	return n
}

// Shard says how far a shard is that is not merged yet.
type Shard struct {
	Shard    int       `json:"shard"`
	Shards   int       `json:"shards"`
	Train    int       `json:"train"` // how many images of train have a row
	Val      int       `json:"val"`   // how many images of val have a row
	Corrupt  []Corrupt `json:"corrupt,omitempty"`
	Finished bool      `json:"finished"`

	Resolution int `json:"resolution"` // height and width of the crops, in pixels
}

// report returns the progress of shard i of n.
func (p *progress) report(i, n int, r Recipe) Shard {
	return Shard{Shard: i, Shards: n, Train: p.Rows[Train], Val: p.Rows[Val], Corrupt: p.Corrupt, Finished: p.Finished, Resolution: r.resolution()}
}

// ReadShards returns the shards of a cache that have begun, in their order. There are none before [Prepare], and none after
// [Merge].
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
		recipe, err := readRecipe(filepath.Join(folder, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("latent: cache: %w", err)
		}
		var i, n int
		fmt.Sscanf(name, shardFormat, &i, &n)
		all = append(all, p.report(i, n, recipe))
	}
	slices.SortFunc(all, func(a, b Shard) int { return cmp.Or(cmp.Compare(a.Shards, b.Shards), cmp.Compare(a.Shard, b.Shard)) })
	return all, nil
}

// ErrNoShards is the error of [Merge] if nothing has been prepared.
var ErrNoShards = errors.New("it holds no shards: nothing has been prepared there")

// UnfinishedError is the error of [Merge] if shards are not finished.
type UnfinishedError struct {
	Shards  int     // how many there are in all
	Missing []int   // the shards that have not begun
	Begun   []Shard // the shards that have begun and are not finished
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
