package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Remote is a file of a repository on the Hugging Face hub.
type Remote struct {
	Repo     string // owner/name
	File     string // its path in the repository
	Revision string // branch, tag or commit; "" is main
	SHA256   string // in hexadecimal what the file must be; "" accepts what the hub says
}

// Watch is told how a download goes. Its functions may be nil.
type Watch struct {
	Progress func(done, total int64) // the bytes that are there, and the bytes that there will be
	Notice   func(text string)       // a sentence: an attempt failed, another process is waited for, a file was damaged
}

// Fetch returns the path of a file in the cache, and downloads the file if it is not there. The cache is that of Python's
// huggingface_hub: $HF_HUB_CACHE, $HF_HOME/hub, or huggingface/hub in $XDG_CACHE_HOME or ~/.cache. What Python has
// downloaded is found here, and the reverse. The cache notes the commit that a branch was at the last download from it. A
// file that the cache has of this commit is returned, even if the branch has moved on since.
//
// A download that was cut off is resumed, now or by the next call. The file gets its name once its length and its checksum
// are right. Wrong bytes are removed. While one process downloads, others that want the same file wait. On a file system
// without locks each of them downloads, which does no harm.
//
// A file in the cache is taken as right if its length and its time of change are those of its last check. The folder
// .checked, beside the snapshots, records the check. Otherwise the file is checked again:
//
//   - If its SHA-256 is known, all of it is read. The SHA-256 of a large file is known: it is the name of its blob.
//   - If not, its length must be the one that the hub tells. The file is taken as it is if HF_HUB_OFFLINE is set,
//     or if the hub does not answer within ten seconds.
//
// A file that is wrong is downloaded again. If HF_HUB_OFFLINE is set, the error names the file to delete instead.
//
// HF_ENDPOINT stands for https://huggingface.co, HF_TOKEN opens private repositories, and with HF_HUB_OFFLINE=1 nothing is
// asked of the network. The watch may be nil.
func Fetch(ctx context.Context, r Remote, w *Watch) (string, error) {
	d := download{Remote: r, pause: time.Second, idle: time.Minute, lock: lockFile}
	if w != nil {
		d.Watch = *w
	}
	d.Revision, d.SHA256 = cmp.Or(r.Revision, "main"), strings.ToLower(r.SHA256)
	path, err := d.fetch(ctx)
	if err != nil {
		return "", fmt.Errorf("hub: %s: %s: %w", r.Repo, r.File, err)
	}
	return path, nil
}

// download is a call of Fetch.
type download struct {
	Remote
	Watch
	pause time.Duration // before the second attempt; it doubles with every attempt that brings nothing
	idle  time.Duration // how long a server may be silent
	lock  func(path string) locker
	etag  string // the name that the server gave to the content of which bytes came
	most  int64  // the most bytes of it that were there at any time
}

// locker is a lock that keeps other processes out.
type locker interface {
	TryLock() (bool, error)
	TryLockContext(ctx context.Context, pause time.Duration) (bool, error)
	Unlock() error
}

func lockFile(path string) locker { return flock.New(path, flock.SetPermissions(0o666)) }

const (
	attempts = 6                // in a row that bring nothing, before the download is given up
	glance   = 10 * time.Second // for the hub's answer about a file that is there and may be right
)

var repoName = regexp.MustCompile(`^[\w.-]+/[\w.-]+$`)

func offline() bool {
	switch strings.ToLower(os.Getenv("HF_HUB_OFFLINE")) {
	case "1", "true", "yes", "on":
		return true
	}
	return false
}

// fetch finds the file in the cache or brings it there.
func (d *download) fetch(ctx context.Context) (string, error) {
	local, revision := filepath.FromSlash(d.File), filepath.FromSlash(d.Revision)
	if !repoName.MatchString(d.Repo) || !filepath.IsLocal(local) || !filepath.IsLocal(revision) {
		return "", fmt.Errorf("revision %s: not the name of a file on the hub", d.Revision)
	}
	root, err := cache()
	if err != nil {
		return "", err
	}
	r := repository{root, "models--" + strings.ReplaceAll(d.Repo, "/", "--")}
	commit, unread := r.commit(revision)
	var there *entry
	var damage error // nil if nothing speaks against what is there
	for _, snapshot := range []string{commit, revision} {
		e, err := r.entry(snapshot, local)
		if err != nil {
			return "", err
		}
		if e == nil {
			continue
		}
		right, err := e.check(d.SHA256)
		if right {
			return e.path, nil
		}
		there, damage = e, err
		break
	}
	switch {
	case !offline():
	case there != nil && damage == nil:
		return there.path, nil
	case there != nil:
		return "", fmt.Errorf("%w, and HF_HUB_OFFLINE is set: delete %s, and fetch it again with the network", damage, there.real)
	default:
		return "", errors.Join(fmt.Errorf("not in the cache, and HF_HUB_OFFLINE is set: put %s at %s", d.url(), r.place(commit, local)), unread)
	}
	a, err := d.identify(ctx, there, damage)
	switch {
	case err != nil && there != nil && damage == nil && ctx.Err() == nil:
		return there.path, nil
	case err != nil && damage != nil:
		return "", fmt.Errorf("%w, and to fetch it again fails: %w", damage, err)
	case err != nil && errors.As(err, new(final)):
		return "", err
	case err != nil:
		return "", fmt.Errorf("%w\nwithout the network: put %s at %s", err, d.url(), r.place(commit, local))
	}
	if d.SHA256 != "" && a.sha256 != "" && a.sha256 != d.SHA256 {
		return "", fmt.Errorf("the hub has SHA-256 %s, want %s", a.sha256, d.SHA256)
	}
	if there != nil && damage == nil {
		if damage = there.agree(a); damage == nil {
			return there.path, nil
		}
	}
	if damage != nil {
		d.notice("%s/%s: %v: it is fetched again", d.Repo, d.File, damage)
	}
	return d.obtain(ctx, a, r, local, revision)
}

// identify asks the hub what the file is in the commit that the cache has. There is the file in the cache, nil if there is
// none, and damage what is wrong with it. If the file may be right, identify asks only once.
func (d *download) identify(ctx context.Context, there *entry, damage error) (a *about, err error) {
	ask := func() (came bool, err error) { a, err = d.ask(ctx); return false, err }
	if there == nil {
		return a, d.insist(ctx, ask)
	}
	if damage == nil {
		short, cancel := context.WithTimeout(ctx, min(d.idle, glance))
		defer cancel()
		ctx = short
		_, err = ask()
	} else {
		err = d.insist(ctx, ask)
	}
	if err != nil || d.SHA256 != "" || a.commit == "" || a.commit == there.snapshot || !commitID.MatchString(there.snapshot) {
		return a, err
	}
	branch, newest := d.Revision, a // which has moved on
	d.Revision = there.snapshot
	if _, err := ask(); err == nil || damage == nil {
		return a, err
	}
	d.Revision = branch
	return newest, nil
}

// obtain downloads the file that the hub has described, unless its blob is there, and gives it its names in the cache.
func (d *download) obtain(ctx context.Context, a *about, r repository, local, revision string) (string, error) {
	blob, locks := r.join("blobs", a.blob), filepath.Join(r.root, ".locks", r.name)
	snapshot := cmp.Or(a.commit, revision)
	path := r.join("snapshots", snapshot, local)
	for _, folder := range []string{filepath.Dir(blob), filepath.Dir(path)} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
	}
	release, err := d.hold(ctx, locks, a.blob)
	if err != nil {
		return "", err
	}
	defer release()
	want := cmp.Or(a.sha256, d.SHA256)
	if !intact(blob, a.size, want) {
		if err := d.bring(ctx, a, blob); err != nil {
			return "", err
		}
	}
	if err := link(blob, path); err != nil {
		return "", err
	}
	if a.commit != "" && a.commit != d.Revision {
		if err := r.refer(revision, a.commit); err != nil {
			return "", err
		}
	}
	e, err := r.entry(snapshot, local)
	if err == nil && e == nil {
		err = fmt.Errorf("%s: another process took it away", path)
	}
	if err != nil {
		return "", err
	}
	e.seal(want)
	return e.path, nil
}

// hold waits until no other process downloads the blob. It returns the function that lets the next process go on. Where the
// file system has no locks, nobody waits.
func (d *download) hold(ctx context.Context, folder, blob string) (release func(), err error) {
	os.MkdirAll(folder, 0o755)
	l := d.lock(filepath.Join(folder, blob+".lock"))
	if held, err := l.TryLock(); !held && err == nil {
		d.notice("%s/%s: another process downloads it: waiting", d.Repo, d.File)
		l.TryLockContext(ctx, 200*time.Millisecond)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return func() { l.Unlock() }, nil
}

func (d *download) notice(format string, arguments ...any) {
	if d.Notice != nil {
		d.Notice(fmt.Sprintf(format, arguments...))
	}
}

// insist calls try until it succeeds, until its error is final, or until too many calls in a row have brought nothing.
func (d *download) insist(ctx context.Context, try func() (came bool, err error)) error {
	pause := d.pause
	for left := attempts; ; {
		came, err := try()
		if err == nil || errors.As(err, new(final)) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if came {
			left, pause = attempts, d.pause
		}
		if left--; left == 0 {
			return fmt.Errorf("given up after %d attempts: %w", attempts, err)
		}
		d.notice("%s/%s: %v: attempt %d of %d in %v", d.Repo, d.File, err, attempts-left+1, attempts, pause)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, 30*time.Second)
	}
}
