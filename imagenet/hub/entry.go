package hub

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
)

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// entry is a file in the cache.
type entry struct {
	snapshot string // the snapshot that it is in: a commit, or a branch if the hub told no commit
	path     string // in the snapshot
	real     string // the path of its blob, or the same path where there are no links
	sealed   string // the path of its seal
	info     fs.FileInfo
}

// entry returns a file of a snapshot, or nil if the snapshot has no such file.
func (r repository) entry(snapshot, local string) (*entry, error) {
	e := &entry{snapshot: snapshot, path: r.join("snapshots", snapshot, local), sealed: r.join(".checked", snapshot, local)}
	var err error
	if e.info, err = os.Stat(e.path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !e.info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a file: move it away", e.path)
	}
	if err == nil {
		e.real, err = filepath.EvalSymlinks(e.path)
	}
	return e, err
}

// seal notes what a file looked like when it was last found to be right.
type seal struct {
	size    int64
	time    int64  // of its last change, in nanoseconds since 1970
	sha256  string // "" if no checksum was known
	written time.Time
}

// still is how much later than the last change of a file its seal must have been written. File systems tell times in steps
// of up to two seconds, and within one step a file may change again.
const still = 2 * time.Second

func (s seal) String() string { return fmt.Sprintf("%d %d %s\n", s.size, s.time, s.sha256) }

// parseSeal reads what String writes, and returns false of anything else.
func parseSeal(text string) (s seal, ok bool) {
	fmt.Sscanf(text, "%d %d %s", &s.size, &s.time, &s.sha256)
	return s, s.String() == text && s.size >= 0 && (s.sha256 == "" || sha256Hex.MatchString(s.sha256))
}

// seal notes that the file is right. In a cache that cannot be written to there are no seals, and files are checked every
// time.
func (e *entry) seal(sha256 string) {
	s := seal{size: e.info.Size(), time: e.info.ModTime().UnixNano(), sha256: sha256}
	if os.MkdirAll(filepath.Dir(e.sealed), 0o755) == nil {
		atomicfile.WriteBytes(e.sealed, []byte(s.String()))
	}
}

// unseal returns the seal of the file, or nil if it has none.
func (e *entry) unseal() *seal {
	info, err := os.Stat(e.sealed)
	if err != nil || info.Size() > 1<<10 {
		return nil
	}
	text, err := os.ReadFile(e.sealed)
	if err != nil {
		return nil
	}
	s, ok := parseSeal(string(text))
	if !ok {
		return nil
	}
	s.written = info.ModTime()
	return &s
}

// check tells whether the file is right. If it is wrong, the error says what is wrong. If it returns false without an error,
// there is nothing to compare the file with.
func (e *entry) check(want string) (right bool, damage error) {
	s := e.unseal()
	name := filepath.Base(e.real)
	switch {
	case want != "":
	case filepath.Base(filepath.Dir(e.real)) == "blobs" && sha256Hex.MatchString(name):
		want = name
	case s != nil:
		want = s.sha256
	}
	switch same := s != nil && s.size == e.info.Size() && s.time == e.info.ModTime().UnixNano(); {
	case same && want == "":
		return true, nil
	case same && want == s.sha256 && s.written.Sub(e.info.ModTime()) >= still:
		return true, nil
	case want != "":
		return e.compare(want)
	case s != nil && s.size != e.info.Size():
		return false, fmt.Errorf("%s has %d bytes, and had %d when it came", e.real, e.info.Size(), s.size)
	}
	return false, nil
}

// agree compares the file with what the hub says of it, and returns what is wrong.
func (e *entry) agree(a *about) error {
	if a.size >= 0 && a.size != e.info.Size() {
		return fmt.Errorf("%s has %d bytes, and %d on the hub", e.real, e.info.Size(), a.size)
	}
	if a.sha256 != "" {
		_, err := e.compare(a.sha256)
		return err
	}
	if a.size >= 0 {
		e.seal("")
	}
	return nil
}

// compare reads the file and compares its checksum.
func (e *entry) compare(want string) (right bool, damage error) {
	got, err := sum(e.real)
	if err == nil && got != want {
		err = fmt.Errorf("%s has %d bytes with SHA-256 %s, want %s", e.real, e.info.Size(), got, want)
	}
	if err != nil {
		return false, err
	}
	e.seal(want)
	return true, nil
}

// intact tells whether a blob is there and has the length and the checksum, as far as they are known.
func intact(blob string, size int64, want string) bool {
	info, err := os.Stat(blob)
	if err != nil || size >= 0 && info.Size() != size {
		return false
	}
	if want == "" {
		return true
	}
	got, err := sum(blob)
	return err == nil && got == want
}

// sum returns the SHA-256 of a file in hexadecimal.
func sum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	return digest(file)
}

func digest(r io.Reader) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}
