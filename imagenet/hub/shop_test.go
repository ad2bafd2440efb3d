package hub

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// shop is a hub with one file, a.bin of owner/name, and faults.
type shop struct {
	data    []byte
	small   bool // served by the hub itself, by ETag, and not by another server, by checksum
	commit  string
	cut     int             // bytes after which a connection is cut, 0 for never
	deaf    bool            // ignores ranges
	wrong   bool            // sends other bytes
	longer  bool            // sends more bytes
	shift   bool            // sends the range after the one asked for
	status  int             // what it answers instead
	busy    int             // how many requests it answers with 503
	silent  bool            // sends half of the file to who asks first, then nothing
	changes bool            // the file changes with the first cut
	newest  []byte          // what the branch is now, at another commit; nil if it is data
	forgets bool            // knows the branch alone
	untold  bool            // gives no ETag
	crowd   *sync.WaitGroup // of those that want bytes, none gets any before all have asked

	mu       *sync.Mutex
	requests []string // method, range and whether it was conditional
}

func (s *shop) checksum() string {
	return fmt.Sprintf("%x", sha256.Sum256(s.data))
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.crowd != nil && r.Method == http.MethodGet && (s.small || r.URL.Path == "/elsewhere") && r.Header.Get("Range") == "" {
		s.crowd.Done()
		s.crowd.Wait()
	}
	s.mu.Lock()
	s.requests = append(s.requests, strings.TrimSpace(r.Method+" "+r.Header.Get("Range")+" "+r.Header.Get("If-Range")))
	busy := s.busy > 0
	if busy {
		s.busy--
	}
	data, commit := bytes.Clone(s.data), s.commit
	s.mu.Unlock()
	if busy {
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	if s.status != 0 {
		http.Error(w, "no", s.status)
		return
	}
	branch := r.URL.Path == "/owner/name/resolve/main/a.bin"
	if s.newest != nil && (branch || s.forgets) {
		data, commit = bytes.Clone(s.newest), strings.Repeat("f", 40)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(data))
	switch {
	case branch || !s.forgets && commit != "" && r.URL.Path == "/owner/name/resolve/"+commit+"/a.bin":
		if commit != "" {
			w.Header().Set("X-Repo-Commit", commit)
		}
		if !s.small {
			w.Header().Set("X-Linked-Etag", `"`+sum+`"`)
			w.Header().Set("X-Linked-Size", strconv.Itoa(len(data)))
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
			return
		}
	case r.URL.Path != "/elsewhere":
		http.NotFound(w, r)
		return
	}
	if !s.untold {
		w.Header().Set("ETag", `"`+sum[:40]+`"`)
	}
	if s.wrong {
		data[len(data)/2]++
	}
	if s.longer && r.Method == http.MethodGet {
		data = append(data, "more"...)
	}
	if s.deaf {
		r.Header.Del("Range")
	}
	if s.shift && r.Header.Get("Range") != "" {
		r.Header.Set("Range", "bytes=1-")
	}
	if s.silent && r.Method == http.MethodGet && r.Header.Get("Range") == "" {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		w.Write(data[:len(data)/2])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return
	}
	if s.cut > 0 && r.Method == http.MethodGet {
		w = &cutter{w, s.cut}
		if s.changes {
			s.mu.Lock()
			s.data = bytes.ToUpper(s.data)
			s.mu.Unlock()
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// cutter ends the connection after so many bytes.
type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(b []byte) (int, error) {
	if len(b) >= c.left {
		c.ResponseWriter.Write(b[:c.left])
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(b)
	return c.ResponseWriter.Write(b)
}

// open opens a shop, and a cache that is empty.
func (s *shop) open(t *testing.T) {
	t.Helper()
	s.mu = new(sync.Mutex)
	if s.data == nil {
		s.data = []byte(strings.Repeat("numbers. ", 30_000))
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Setenv("HF_ENDPOINT", server.URL)
	t.Setenv("HF_HOME", t.TempDir())
	for _, name := range []string{"HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN"} {
		t.Setenv(name, "")
	}
}

// get fetches the file, with short pauses, from a server that may be silent as long as the machine is slow.
func (s *shop) get(ctx context.Context, sum string, progress func(done, total int64)) (string, error) {
	d := s.download()
	d.SHA256, d.Progress = sum, progress
	return d.fetch(ctx)
}

func (s *shop) download() *download {
	return &download{Remote: Remote{"owner/name", "a.bin", "main", ""}, pause: time.Millisecond, idle: time.Hour, lock: lockFile}
}

// incomplete returns how many bytes of a download are left lying.
func incomplete(t *testing.T) int {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(os.Getenv("HF_HOME"), "hub", "*", "blobs", "*.incomplete"))
	if err != nil || len(names) > 1 {
		t.Fatal(names, err)
	}
	if len(names) == 0 {
		return 0
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	return len(data)
}
