package hub

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// part is the file of a blob that is being downloaded. Its name is one that no other process gives. A part may go on with
// what an earlier download left. Where no lock keeps other processes out, two of them may write to one file. That does no
// harm: they write the same bytes to the same places, and no process ever shortens a file that another one may have.
type part struct {
	*os.File
	blob string
}

const partial = ".incomplete"

var errWrong = errors.New("wrong bytes came, and were removed")

// begin returns what an earlier download of a blob left, or an empty file.
func begin(blob string) (*part, error) {
	own := ownName(blob)
	for _, name := range left(blob) {
		if os.Rename(name, own) != nil {
			continue
		}
		if file, err := os.OpenFile(own, os.O_RDWR, 0); err == nil {
			return &part{file, blob}, nil
		}
	}
	return empty(blob)
}

// empty returns an empty file for a blob.
func empty(blob string) (*part, error) {
	file, err := os.OpenFile(ownName(blob), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	return &part{file, blob}, err
}

func ownName(blob string) string { return blob + "." + rand.Text() + partial }

// left returns the files that downloads of a blob have left, here or in Python's library, the longest first.
func left(blob string) (names []string) {
	entries, _ := os.ReadDir(filepath.Dir(blob))
	sizes := map[string]int64{}
	for _, e := range entries {
		middle, ours := strings.CutPrefix(e.Name(), filepath.Base(blob)+".")
		if info, err := e.Info(); ours && err == nil && info.Mode().IsRegular() && strings.HasSuffix("."+middle, partial) {
			name := filepath.Join(filepath.Dir(blob), e.Name())
			names, sizes[name] = append(names, name), info.Size()
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(sizes[b], sizes[a]) })
	return names
}

// again replaces the file by an empty one.
func (p *part) again() error {
	p.Close()
	os.Remove(p.Name())
	fresh, err := empty(p.blob)
	if err == nil {
		*p = *fresh
	}
	return err
}

// leave keeps what came, so that the next download goes on with it.
func (p *part) leave() {
	info, err := p.Stat()
	p.Close()
	if err != nil || info.Size() == 0 || os.Rename(p.Name(), p.blob+partial) != nil {
		os.Remove(p.Name())
	}
}

// become gives the file the name of the blob. It is no error if another process has given this file another name before, or
// the name of the blob.
func (p *part) become() error {
	info, err := p.Stat()
	if err == nil {
		err = p.Close() // Windows renames no open file
	}
	if err != nil {
		return err
	}
	if err = os.Rename(p.Name(), p.blob); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range left(p.blob) {
		if other, stat := os.Stat(name); stat == nil && os.SameFile(info, other) && os.Rename(name, p.blob) == nil {
			return nil
		}
	}
	return err
}

// bring downloads into a file beside the blob's place, checks it and gives it the blob's name.
func (d *download) bring(ctx context.Context, a *about, blob string) error {
	start := begin
	if a.sha256 == "" && a.etag == "" { // nothing tells whether what is there belongs to what will come
		start = empty
	}
	p, err := start(blob)
	if err != nil {
		return err
	}
	d.etag = a.etag
	had, err := p.Seek(0, io.SeekEnd)
	if err == nil {
		err = d.insist(ctx, func() (bool, error) { return d.more(ctx, a, p) })
	}
	if err != nil {
		p.leave()
		return err
	}
	if err = d.finish(a, p); had > 0 && errors.Is(err, errWrong) { // what an earlier download left may have been
		d.notice("%s/%s: what an earlier download left is damaged: it is fetched from the beginning", d.Repo, d.File)
		if err = p.again(); err != nil {
			return err
		}
		d.etag, d.most = a.etag, 0
		if err = d.insist(ctx, func() (bool, error) { return d.more(ctx, a, p) }); err != nil {
			p.leave()
			return err
		}
		err = d.finish(a, p)
	}
	if err != nil {
		p.Close()
		os.Remove(p.Name())
		return err
	}
	for _, name := range left(blob) {
		os.Remove(name)
	}
	return nil
}

// finish compares what came with its checksums, and gives it the blob's name. That another process was faster is no error.
func (d *download) finish(a *about, p *part) error {
	if err := p.Sync(); err != nil {
		return err
	}
	for _, want := range []string{a.sha256, d.SHA256} {
		if want == "" {
			continue
		}
		got, err := digest(io.NewSectionReader(p, 0, math.MaxInt64))
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%w: SHA-256 %s, want %s", errWrong, got, want)
		}
	}
	err := p.become()
	if err != nil && intact(p.blob, a.size, cmp.Or(a.sha256, d.SHA256)) {
		return nil
	}
	return err
}

// more appends to the file what it lacks, and tells whether bytes came that had not come before.
func (d *download) more(ctx context.Context, a *about, p *part) (bool, error) {
	have, err := p.Seek(0, io.SeekEnd)
	if err != nil {
		return false, final{err}
	}
	again := func() error { // from the beginning
		have, d.etag = 0, a.etag
		return p.again()
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
		if first, ok := firstByte(response.Header.Get("Content-Range")); !ok || first != have || d.etag != "" && etag != "" && etag != d.etag {
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
			return true, errors.Join(final{fmt.Errorf("more than the %d bytes that the hub says it has: removed", a.size)}, p.again())
		}
		if _, err := p.Write(buffer[:n]); err != nil {
			return came, final{err}
		}
		have += int64(n)
		came = came || have > d.most
		d.most = max(d.most, have)
		if d.Progress != nil && n > 0 {
			d.Progress(have, total)
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

// firstByte returns the number of the first byte in a description such as "bytes 100-199/200".
func firstByte(contentRange string) (int64, bool) {
	text, ok := strings.CutPrefix(contentRange, "bytes ")
	first, _, found := strings.Cut(text, "-")
	n, err := strconv.ParseInt(first, 10, 64)
	return n, ok && found && err == nil && n >= 0
}
