package hub

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestFetch: the file comes through whatever can be mended, and is asked for once.
func TestFetch(t *testing.T) {
	for _, c := range []struct {
		what     string
		shop     shop
		requests string // after HEAD
	}{
		{"from another server", shop{commit: commit}, "GET,GET"},
		{"from the hub", shop{small: true, commit: commit}, "GET"},
		{"without a commit", shop{small: true}, "GET"},
		{"empty", shop{data: []byte{}}, ""},
		{"cut", shop{small: true, cut: 100_000, commit: commit}, "GET,GET bytes=100000- ETAG,GET bytes=200000- ETAG"},
		{"cut elsewhere", shop{cut: 200_000}, "GET,GET,GET bytes=200000- ETAG,GET bytes=200000- ETAG"},
		{"busy", shop{small: true, busy: 3}, "HEAD,HEAD,HEAD,GET"},
	} {
		t.Run(c.what, func(t *testing.T) {
			c.shop.open(t)
			var done, total int64
			path, err := c.shop.get(t.Context(), c.shop.checksum(), func(d, n int64) {
				if d <= done && len(c.shop.data) > 0 {
					t.Errorf("progress from %d to %d", done, d)
				}
				done, total = d, n
			})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, c.shop.data) {
				t.Errorf("%d bytes, %v, want %d", len(got), err, len(c.shop.data))
			}
			if size := int64(len(c.shop.data)); done != size || total != size {
				t.Errorf("progress ended with %d of %d, want %d", done, total, size)
			}
			want := strings.ReplaceAll(c.requests, "ETAG", `"`+c.shop.checksum()[:40]+`"`)
			if got := strings.Join(c.shop.requests[1:], ","); got != want {
				t.Errorf("requests %s, want %s", got, want)
			}
			asked := len(c.shop.requests)
			again, err := c.shop.get(t.Context(), "", nil)
			if err != nil || again != path || len(c.shop.requests) != asked {
				t.Errorf("the second time: %s, %v, %d requests more", again, err, len(c.shop.requests)-asked)
			}
			snapshot := filepath.Join("hub", "models--owner--name", "snapshots", map[bool]string{true: c.shop.commit, false: "main"}[c.shop.commit != ""], "a.bin")
			if !strings.HasSuffix(path, snapshot) {
				t.Errorf("it lies at %s, want %s as huggingface_hub does", path, snapshot)
			}
			if n := incomplete(t); n != 0 {
				t.Errorf("%d bytes are left lying", n)
			}
		})
	}
}

// TestFetchFails: what cannot be mended is an error that says why; no file appears under its name.
func TestFetchFails(t *testing.T) {
	for _, c := range []struct {
		what     string
		shop     shop
		sum      string
		want     string
		requests int
		left     int // bytes that the next call may go on with
	}{
		{"not there", shop{status: 404}, "", "404", 1, 0},
		{"private", shop{status: 401}, "", "HF_TOKEN", 1, 0},
		{"wrong bytes", shop{wrong: true}, "", "wrong bytes came, and were removed", 3, 0},
		{"wrong bytes from the hub", shop{small: true, wrong: true}, "SUM", "wrong bytes came, and were removed", 2, 0},
		{"another file", shop{}, strings.Repeat("0", 64), "want 0000", 1, 0},
		{"too long", shop{longer: true}, "", "more than the 270000 bytes", 3, 0},
		{"always busy", shop{busy: 100}, "", "given up after 6 attempts", 6, 0},
		{"deaf to ranges, and always cut", shop{small: true, deaf: true, cut: 100_000}, "", "given up after 6 attempts", 7, 100_000},
		{"another range", shop{small: true, shift: true, cut: 269_990}, "", "given up after 6 attempts", 7, 0},
		{"changes", shop{small: true, changes: true, cut: 100_000}, "", "changed while", 3, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			c.shop.open(t)
			if c.sum == "SUM" {
				c.sum = c.shop.checksum()
			}
			path, err := c.shop.get(t.Context(), c.sum, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, error %v, want one with %q", path, err, c.want)
			}
			if len(c.shop.requests) != c.requests {
				t.Errorf("%d requests %q, want %d", len(c.shop.requests), c.shop.requests, c.requests)
			}
			if n := incomplete(t); n != c.left {
				t.Errorf("%d bytes are left lying, want %d", n, c.left)
			}
			if found, _ := filepath.Glob(filepath.Join(os.Getenv("HF_HOME"), "hub", "*", "snapshots", "*", "*")); len(found) > 0 {
				t.Errorf("there is %q", found)
			}
		})
	}
}

// TestFetchFromSilence: a server that has fallen silent is asked again, for what has not come. The machine may be so slow that
// an answer seems to be silence: that costs an attempt.
func TestFetchFromSilence(t *testing.T) {
	s := &shop{silent: true}
	s.open(t)
	d := s.download()
	d.SHA256, d.idle = s.checksum(), 2*time.Second
	var notices []string
	d.Notice = func(text string) { notices = append(notices, text) }
	path, err := d.fetch(t.Context())
	if err != nil {
		t.Fatal(err, notices)
	}
	if sum, err := sum(path); err != nil || sum != s.checksum() {
		t.Errorf("SHA-256 %s, %v, want %s", sum, err, s.checksum())
	}
	if !slices.ContainsFunc(notices, func(text string) bool { return strings.Contains(text, "nothing came for 2s: attempt 2 of 6") }) {
		t.Errorf("notices %q, want one that nothing came for 2s", notices)
	}
	if last := s.requests[len(s.requests)-1]; !strings.HasPrefix(last, "GET bytes=135000-") {
		t.Errorf("the last request is %q, want one for the bytes from 135000", last)
	}
}

// TestFetchCancelled: a cancelled download stops, and the next call goes on where it stopped.
func TestFetchCancelled(t *testing.T) {
	s := &shop{cut: 100_000}
	s.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := s.get(ctx, "", func(done, _ int64) { cancel() }); err == nil || ctx.Err() == nil {
		t.Fatalf("error %v", err)
	}
	have := incomplete(t)
	if have == 0 || have == len(s.data) {
		t.Fatalf("%d bytes are there", have)
	}
	s.cut, s.requests = 0, nil
	path, err := s.get(t.Context(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := sum(path); err != nil || sum != s.checksum() {
		t.Errorf("SHA-256 %s, %v", sum, err)
	}
	if last := s.requests[len(s.requests)-1]; last != fmt.Sprintf("GET bytes=%d-", have) {
		t.Errorf("the last request is %s with %d bytes there", last, have)
	}
}

// TestFetchAtOnce: two that want the same file share one download.
func TestFetchAtOnce(t *testing.T) {
	s := &shop{}
	s.open(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := s.get(t.Context(), s.checksum(), nil); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := strings.Count(strings.Join(s.requests, ","), "GET"); n != 2 { // the hub's redirect and the other server
		t.Errorf("%d times downloaded: %q", n, s.requests)
	}
}

// TestOffline: nothing is asked of the network, and the error says where to put which file.
func TestOffline(t *testing.T) {
	s := &shop{}
	s.open(t)
	t.Setenv("HF_HUB_OFFLINE", "1")
	_, err := Fetch(t.Context(), Remote{Repo: "owner/name", File: "a.bin"}, nil)
	if err == nil || len(s.requests) > 0 {
		t.Fatalf("error %v, requests %q", err, s.requests)
	}
	_, where, ok := strings.Cut(err.Error(), "/owner/name/resolve/main/a.bin at ")
	if !ok {
		t.Fatalf("error %v does not say where", err)
	}
	if err := os.MkdirAll(filepath.Dir(where), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(where, s.data, 0o644); err != nil {
		t.Fatal(err)
	}
	path, err := Fetch(t.Context(), Remote{Repo: "owner/name", File: "a.bin", SHA256: strings.ToUpper(s.checksum())}, nil)
	if err != nil || path != where {
		t.Errorf("%s, %v, want %s", path, err, where)
	}
	if _, err := Fetch(t.Context(), Remote{Repo: "owner/name", File: "a.bin", SHA256: strings.Repeat("1", 64)}, nil); err == nil {
		t.Error("another file than the one wanted is taken from the cache")
	}
	for _, r := range []Remote{{Repo: "name", File: "a"}, {Repo: "a/b", File: "../a"}, {Repo: "a/b", File: "a", Revision: "../.."}, {Repo: "../b/c", File: "a"}} {
		if _, err := Fetch(t.Context(), r, nil); err == nil || !strings.Contains(err.Error(), "not the name") {
			t.Errorf("%v: error %v", r, err)
		}
	}
}

// TestCacheFolder: the cache lies where the environment says, as Python's library looks for it.
func TestCacheFolder(t *testing.T) {
	for _, c := range [][2]string{{"HOME", "/a/.cache/huggingface/hub"}, {"XDG_CACHE_HOME", "/a/huggingface/hub"}, {"HF_HOME", "/a/hub"}, {"HF_HUB_CACHE", "/a"}} {
		for _, name := range []string{"XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE"} {
			t.Setenv(name, "")
		}
		t.Setenv(c[0], "/a")
		if got, err := cache(); err != nil || filepath.ToSlash(got) != c[1] {
			t.Errorf("%s: %s, %v, want %s", c[0], got, err, c[1])
		}
	}
}

// TestToken: the token goes to the hub, not to the server that the hub points to.
func TestToken(t *testing.T) {
	var elsewhere, hub string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere += r.Header.Get("Authorization")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("abcd"))
	}))
	defer other.Close()
	s := &shop{}
	s.open(t)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hub = r.Header.Get("Authorization")
		http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
	}))
	defer front.Close()
	t.Setenv("HF_ENDPOINT", front.URL)
	t.Setenv("HF_TOKEN", "secret")
	if _, err := s.get(t.Context(), "", nil); err != nil {
		t.Fatal(err)
	}
	if hub != "Bearer secret" || elsewhere != "" {
		t.Errorf("the hub gets %q, the other server %q", hub, elsewhere)
	}
}
