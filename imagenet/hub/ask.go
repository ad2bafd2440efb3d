package hub

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
)

func (d *download) url() string {
	endpoint := strings.TrimSuffix(cmp.Or(os.Getenv("HF_ENDPOINT"), "https://huggingface.co"), "/")
	parts := strings.Split(d.File, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return endpoint + "/" + d.Repo + "/resolve/" + url.PathEscape(d.Revision) + "/" + strings.Join(parts, "/")
}

var plainName = regexp.MustCompile(`^[\w-]([\w.-]{0,126}[\w-])?$`)

// about is what the hub says of a file.
type about struct {
	commit string // "" if it does not say
	blob   string // the name of the file's content
	sha256 string // "" if it does not say
	etag   string // "" where the content comes from another server
	size   int64  // -1 if it does not say
}

// ask asks the hub for the size and the identity of the file. A large file comes from another server. The hub's own answer,
// which redirects there, tells both.
func (d *download) ask(ctx context.Context) (*about, error) {
	ctx, cancel := context.WithTimeout(ctx, d.idle)
	defer cancel()
	response, err := d.do(ctx, http.MethodHead, nil)
	if err != nil {
		return nil, err
	}
	response.Body.Close()
	return d.read(response.Header, response.ContentLength), nil
}

// read reads what the hub says of the file. Length is the length of the answer, -1 if it has none. Whatever the hub says,
// the name of the blob is one that a file may have.
func (d *download) read(h http.Header, length int64) *about {
	a := &about{size: max(length, -1)}
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
	if !plainName.MatchString(a.blob) || strings.HasSuffix(a.blob, partial) {
		sum := sha256.Sum256([]byte(etag + "\n" + d.url()))
		a.blob = "url-" + hex.EncodeToString(sum[:])
	}
	return a
}

// do sends a request. An answer that another attempt would not change is an error of type final.
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
	case status == http.StatusNotFound:
		err = final{fmt.Errorf("%s: %s: there is no such repository, revision or file: look at their names", d.url(), response.Status)}
	case status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500:
		err = fmt.Errorf("%s: %s", d.url(), response.Status)
	default:
		err = final{fmt.Errorf("%s: %s", d.url(), response.Status)}
	}
	response.Body.Close()
	return nil, err
}

// final is an error that another attempt would not change.
type final struct{ error }

func (f final) Unwrap() error { return f.error }
