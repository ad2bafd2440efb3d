package hub

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
)

var commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// cache returns the folder that holds all repositories.
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

// repository is the folder of one repository in the cache:
//
//	refs/main                     the commit that a branch or tag is
//	snapshots/COMMIT/path/file    a link to its blob, or a copy where there are no links
//	blobs/NAME                    bytes, by the name that the hub has for them
//	.checked/COMMIT/path/file     the file's seal: what it looked like when it was right
type repository struct{ root, name string }

func (r repository) join(parts ...string) string {
	return filepath.Join(append([]string{r.root, r.name}, parts...)...)
}

// commit returns the commit that a branch or a tag was when it was fetched first. If none is noted, it returns the
// revision itself. If the note is no commit, it returns that and an error.
func (r repository) commit(revision string) (string, error) {
	path := r.join("refs", revision)
	file, err := os.Open(path)
	if err != nil {
		return revision, nil
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 1<<10))
	if err != nil { // a folder, of branches that are called revision/…
		return revision, nil
	}
	if commit, ok := parseRef(text); ok {
		return commit, nil
	}
	return revision, fmt.Errorf("%s holds %.60q, want a commit of 40 hexadecimal digits", path, text)
}

// parseRef reads the note of a commit, which editors and shells may have ended with blanks or a line end.
func parseRef(text []byte) (commit string, ok bool) {
	commit = strings.ToLower(string(bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))))
	return commit, commitID.MatchString(commit)
}

// refer notes the commit that a branch or a tag is.
func (r repository) refer(revision, commit string) error {
	path := r.join("refs", revision)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, []byte(commit))
}

// place returns the path at which a file has to be put by hand: its path in the snapshot, or the path that a link there
// leads to.
func (r repository) place(snapshot, local string) string {
	path := r.join("snapshots", snapshot, local)
	if target, err := os.Readlink(path); err == nil && !filepath.IsAbs(target) {
		return filepath.Join(filepath.Dir(path), target)
	}
	return path
}

// link makes path stand for blob, whatever was there before: by a symbolic link, a hard link or a copy, whichever the
// file system has.
func link(blob, path string) error {
	target, err := filepath.Rel(filepath.Dir(path), blob)
	if err != nil {
		return err
	}
	if there, err := os.Readlink(path); err == nil && there == target {
		return nil
	}
	made := path + "." + rand.Text() + partial
	if os.Symlink(target, made) == nil || os.Link(blob, made) == nil {
		if err = os.Rename(made, path); err != nil {
			os.Remove(made)
		}
		return err
	}
	from, err := os.Open(blob)
	if err != nil {
		return err
	}
	defer from.Close()
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
}

var cached = regexp.MustCompile(`/models--[^/]+/(snapshots|blobs)/.`)

// advice returns what to do about a file that cannot be read if the file lies in the cache, and otherwise nothing.
func advice(path string) string {
	if path, err := filepath.Abs(path); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil && (cached.MatchString(filepath.ToSlash(path)) || cached.MatchString(filepath.ToSlash(real))) {
			return fmt.Sprintf("; it is in the cache of downloads: if it is damaged, delete %s, and fetch it again", real)
		}
	}
	return ""
}
