package hub

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
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

// Fetch returns the path of a file in the cache, downloaded if it is not there. The cache is the one of Python's
// huggingface_hub, $HF_HUB_CACHE, $HF_HOME/hub or huggingface/hub in $XDG_CACHE_HOME or ~/.cache, and what either side downloaded serves
// both; a branch stays what it was when it was fetched first. A download that was cut off is resumed, now or by the next call, and
// the file gets its name once length and checksum are right; wrong bytes are removed. While one process downloads, others
// that want the same file wait.
//
// HF_ENDPOINT stands for https://huggingface.co, HF_TOKEN opens private repositories, and with HF_HUB_OFFLINE=1 nothing is
// asked of the network. Progress, if it is not nil, hears how many bytes are there and how many it will be.
func Fetch(ctx context.Context, r Remote, progress func(done, total int64)) (string, error) {
	d := download{Remote: r, progress: progress, pause: time.Second, idle: time.Minute}
	d.Revision, d.SHA256 = cmp.Or(r.Revision, "main"), strings.ToLower(r.SHA256)
	path, err := d.fetch(ctx)
	if err != nil {
		return "", fmt.Errorf("hub: %s: %s: %w", r.Repo, r.File, err)
	}
	return path, nil
}

type download struct {
	Remote
	progress func(done, total int64)
	pause    time.Duration // before the second attempt; it doubles with every one that brings nothing
	idle     time.Duration // how long a server may be silent
	etag     string        // of the bytes that came, in the words of the server that sent them
	most     int64         // of those bytes at any time
}

const attempts = 6 // that bring nothing, one after the other

var (
	repoName  = regexp.MustCompile(`^[\w.-]+/[\w.-]+$`)
	plainName = regexp.MustCompile(`^[\w-][\w.-]*$`)
	commitID  = regexp.MustCompile(`^[0-9a-f]{40}$`)
	sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// cache returns the folder of all repositories.
func cache() (string, error) {
	if dir := os.Getenv("HF_HUB_CACHE"); dir != "" {
		return dir, nil
	}
	if dir := os.Getenv("HF_HOME"); dir != "" {
		return filepath.Join(dir, "hub"), nil
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "huggingface", "hub"), nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".cache", "huggingface", "hub"), err
}

func offline() bool {
	switch strings.ToLower(os.Getenv("HF_HUB_OFFLINE")) {
	case "1", "true", "yes", "on":
		return true
	}
	return false
}

// fetch finds the file in the cache or brings it there.
func (d *download) fetch(ctx context.Context) (string, error) {
	local := filepath.FromSlash(d.File)
	revision := filepath.FromSlash(d.Revision)
	if !repoName.MatchString(d.Repo) || !filepath.IsLocal(local) || !filepath.IsLocal(revision) {
		return "", fmt.Errorf("revision %s: not the name of a file on the hub", d.Revision)
	}
	root, err := cache()
	if err != nil {
		return "", err
	}
	name := "models--" + strings.ReplaceAll(d.Repo, "/", "--")
	dir := filepath.Join(root, name)
	commit := revision
	if ref, err := os.ReadFile(filepath.Join(dir, "refs", revision)); err == nil && commitID.Match(ref) {
		commit = string(ref)
	}
	for _, commit := range []string{commit, revision} {
		path := filepath.Join(dir, "snapshots", commit, local)
		if _, err := os.Stat(path); err == nil {
			return path, d.check(path, d.SHA256)
		}
	}
	if offline() {
		return "", fmt.Errorf("not in the cache, and HF_HUB_OFFLINE is set: put %s at %s",
			d.url(), filepath.Join(dir, "snapshots", commit, local))
	}
	var a *about
	if err := d.insist(ctx, func() (came bool, err error) { a, err = d.ask(ctx); return false, err }); err != nil {
		return "", err
	}
	if d.SHA256 != "" && a.sha256 != "" && a.sha256 != d.SHA256 {
		return "", fmt.Errorf("the hub has SHA-256 %s, want %s", a.sha256, d.SHA256)
	}
	locks := filepath.Join(root, ".locks", name)
	blob := filepath.Join(dir, "blobs", a.blob)
	path := filepath.Join(dir, "snapshots", cmp.Or(a.commit, revision), local)
	for _, folder := range []string{locks, filepath.Dir(blob), filepath.Dir(path)} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
	}
	lock := flock.New(filepath.Join(locks, a.blob+".lock"))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return "", err
	}
	defer lock.Unlock()
	if _, err := os.Stat(blob); err != nil {
		if err := d.bring(ctx, a, blob); err != nil {
			return "", err
		}
	}
	if err := link(blob, path); err != nil {
		return "", err
	}
	if a.commit != "" && a.commit != d.Revision {
		ref := filepath.Join(dir, "refs", revision)
		if err := os.MkdirAll(filepath.Dir(ref), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(ref, []byte(a.commit), 0o644); err != nil {
			return "", err
		}
	}
	return path, d.check(path, d.SHA256)
}

// link makes path stand for blob, whatever was there before.
func link(blob, path string) error {
	target, err := filepath.Rel(filepath.Dir(path), blob)
	if err != nil {
		return err
	}
	made := path + ".incomplete"
	os.Remove(made)
	if os.Symlink(target, made) != nil { // a file system without symbolic links
		if err := os.Link(blob, made); err != nil {
			return err
		}
	}
	return os.Rename(made, path)
}

// check holds a file against a checksum, if there is one to hold it against.
func (d *download) check(path, want string) error {
	if want == "" {
		return nil
	}
	got, err := sum(path)
	if err == nil && got != want {
		err = fmt.Errorf("%s: SHA-256 %s, want %s", path, got, want)
	}
	return err
}

func sum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (d *download) url() string {
	endpoint := strings.TrimSuffix(cmp.Or(os.Getenv("HF_ENDPOINT"), "https://huggingface.co"), "/")
	parts := strings.Split(d.File, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return endpoint + "/" + d.Repo + "/resolve/" + url.PathEscape(d.Revision) + "/" + strings.Join(parts, "/")
}

// about is what the hub says of a file.
type about struct {
	commit string // "" if it does not say
	blob   string // the name of the file's content
	sha256 string // "" if it does not say
	etag   string // "" where the content comes from another server
	size   int64  // -1 if it does not say
}

// ask asks the hub for a file's size and identity. Large files come from another server, and it is the first answer, which
// points there, that tells.
func (d *download) ask(ctx context.Context) (*about, error) {
	ctx, cancel := context.WithTimeout(ctx, d.idle)
	defer cancel()
	response, err := d.do(ctx, http.MethodHead, nil)
	if err != nil {
		return nil, err
	}
	response.Body.Close()
	h := response.Header
	a := &about{size: response.ContentLength}
	if commit := h.Get("X-Repo-Commit"); commitID.MatchString(commit) {
		a.commit = commit
	}
	etag := h.Get("X-Linked-Etag")
	if etag != "" {
		a.size = -1
		if size, err := strconv.ParseInt(h.Get("X-Linked-Size"), 10, 64); err == nil && size >= 0 {
			a.size = size
		}
	} else {
		etag, a.etag = h.Get("Etag"), h.Get("Etag")
	}
	a.blob = strings.Trim(strings.TrimPrefix(etag, "W/"), `"`)
	if sha256Hex.MatchString(a.blob) {
		a.sha256 = a.blob
	}
	if !plainName.MatchString(a.blob) {
		sum := sha256.Sum256([]byte(etag + "\n" + d.url()))
		a.blob = "url-" + hex.EncodeToString(sum[:])
	}
	return a, nil
}

// do sends a request. Answers that will not change are errors that end the attempts.
func (d *download) do(ctx context.Context, method string, header http.Header) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, d.url(), nil)
	if err != nil {
		return nil, final{err}
	}
	for key, values := range header {
		request.Header[key] = values
	}
	request.Header.Set("Accept-Encoding", "identity") // lengths and ranges are those of the file
	if token := os.Getenv("HF_TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token) // net/http drops it when another host takes over
	}
	client := http.Client{CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if method == http.MethodHead && next.Response.Header.Get("X-Linked-Etag") != "" {
			return http.ErrUseLastResponse
		}
		if len(via) > 10 {
			return errors.New("more than 10 redirects")
		}
		return nil
	}}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	switch status := response.StatusCode; {
	case status < 400 || status == http.StatusRequestedRangeNotSatisfiable:
		return response, nil
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		err = final{fmt.Errorf("%s: %s: private, or not there; HF_TOKEN opens private repositories", d.url(), response.Status)}
	case status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500:
		err = fmt.Errorf("%s: %s", d.url(), response.Status)
	default:
		err = final{fmt.Errorf("%s: %s", d.url(), response.Status)}
	}
	response.Body.Close()
	return nil, err
}

// final is an error that another attempt would not mend.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// insist tries until it succeeds, or fails for good, or too often without anything coming.
func (d *download) insist(ctx context.Context, try func() (came bool, err error)) error {
	pause := d.pause
	for left := attempts; ; {
		came, err := try()
		if err == nil || errors.As(err, new(final)) {
			return err
		}
		if came {
			left, pause = attempts, d.pause
		}
		if left--; left == 0 {
			return fmt.Errorf("given up after %d attempts: %w", attempts, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, 30*time.Second)
	}
}

// bring downloads into a file beside blob, checks it and gives it its name.
func (d *download) bring(ctx context.Context, a *about, blob string) error {
	part, err := os.OpenFile(blob+".incomplete", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer part.Close()
	if a.sha256 == "" && a.etag == "" { // nothing tells whether what is there belongs to what will come
		if err := part.Truncate(0); err != nil {
			return err
		}
	}
	d.etag = a.etag
	if err := d.insist(ctx, func() (bool, error) { return d.more(ctx, a, part) }); err != nil {
		return err
	}
	if err := part.Sync(); err != nil {
		return err
	}
	for _, want := range []string{a.sha256, d.SHA256} {
		if err := d.check(part.Name(), want); err != nil {
			return errors.Join(fmt.Errorf("wrong bytes came, and were removed: %w", err), os.Remove(part.Name()))
		}
	}
	return os.Rename(part.Name(), blob)
}

// more appends to the file what it lacks, and tells whether anything came that had not come before.
func (d *download) more(ctx context.Context, a *about, part *os.File) (bool, error) {
	have, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return false, final{err}
	}
	again := func() error { // from the beginning
		have, d.etag = 0, a.etag
		_, err := part.Seek(0, io.SeekStart)
		return errors.Join(err, part.Truncate(0))
	}
	if a.size >= 0 && have > a.size {
		if err := again(); err != nil {
			return false, final{err}
		}
	}
	if have == a.size {
		return false, nil
	}
	header := http.Header{}
	if have > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		if d.etag != "" {
			header.Set("If-Range", d.etag)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(d.idle, func() { cancel(fmt.Errorf("nothing came for %v", d.idle)) })
	defer silence.Stop()
	why := func(err error) error {
		if cause := context.Cause(ctx); cause != nil && ctx.Err() != cause {
			return cause
		}
		return err
	}
	response, err := d.do(ctx, http.MethodGet, header)
	if err != nil {
		return false, why(err)
	}
	defer response.Body.Close()
	etag := response.Header.Get("Etag")
	switch {
	case response.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return false, errors.Join(errors.New("the server has no more bytes than came before"), again())
	case response.StatusCode == http.StatusPartialContent:
		var from, to int64
		if _, err := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes %d-%d/", &from, &to); err != nil || from != have || d.etag != "" && etag != "" && etag != d.etag {
			return false, errors.Join(errors.New("the server sends another part than asked for"), again())
		}
	case have > 0: // all of it: it has changed, or the server knows no ranges
		if err := again(); err != nil {
			return false, final{err}
		}
	}
	if a.etag != "" && etag != a.etag {
		return false, errors.Join(final{errors.New("it changed while it was downloaded")}, again())
	}
	if !strings.HasPrefix(etag, "W/") {
		d.etag = etag
	}
	total := a.size
	if total < 0 && response.ContentLength >= 0 {
		total = have + response.ContentLength
	}
	came := false
	buffer := make([]byte, 1<<18)
	for {
		n, err := response.Body.Read(buffer)
		silence.Reset(d.idle)
		if a.size >= 0 && have+int64(n) > a.size {
			return true, errors.Join(final{fmt.Errorf("more than the %d bytes that the hub says it has: removed", a.size)}, os.Remove(part.Name()))
		}
		if _, err := part.Write(buffer[:n]); err != nil {
			return came, final{err}
		}
		have += int64(n)
		came = came || have > d.most
		d.most = max(d.most, have)
		if d.progress != nil && n > 0 {
			d.progress(have, total)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return came, why(err)
		}
	}
	if a.size >= 0 && have < a.size {
		return came, fmt.Errorf("%d of %d bytes came", have, a.size)
	}
	return came, nil
}
