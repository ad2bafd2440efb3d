package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// FileBytes is the most that a file keeps of what a cell has printed.
const FileBytes = 100_000_000

// File keeps all that a cell prints once its output is cut off, from the beginning, up to FileBytes. A kernel has one such
// file, in the folder output of WFLOW_CACHE: the next one replaces it, and those of kernels that have ended.
type File struct {
	folder, name string
	shown        string // what a reader is told: a path of this machine has no place in a notebook

	before []byte // printed while nothing was cut off
	file   *os.File
	room   int // bytes that it still takes
	lost   bool
	err    error
}

// NewFile returns the file of a run of a cell, by its number. It is made when something is cut off.
func NewFile(run int) *File {
	cache, root := os.Getenv("WFLOW_CACHE"), os.Getenv("WFLOW_ROOT")
	f := &File{folder: filepath.Join(cache, "output"), name: fmt.Sprintf("%d-%d.txt", os.Getpid(), run), room: FileBytes}
	f.shown = "$WFLOW_CACHE/output/" + f.name
	if within, err := filepath.Rel(root, f.folder); err == nil && filepath.IsLocal(within) {
		f.shown = filepath.Join(within, f.name)
	}
	if cache == "" {
		f.err = errors.New("WFLOW_CACHE is not set")
	}
	return f
}

func (f *File) write(text []byte) {
	if f.file == nil && f.err == nil {
		f.before = append(f.before, text...)
		return
	}
	if f.err != nil {
		return
	}
	n := min(f.room, len(text))
	f.lost = f.lost || n < len(text)
	f.room -= n
	_, f.err = f.file.Write(text[:n])
}

// open makes the file, if there is none yet, and writes what was printed before.
func (f *File) open() {
	if f.file != nil || f.err != nil {
		return
	}
	f.clear()
	f.err = os.MkdirAll(f.folder, 0o755)
	if f.err == nil {
		f.file, f.err = os.Create(filepath.Join(f.folder, f.name))
	}
	before := f.before
	f.before = nil
	f.write(before)
}

// clear removes the files of this kernel, and of those that have ended.
func (f *File) clear() {
	files, _ := filepath.Glob(filepath.Join(f.folder, "*-*.txt"))
	for _, file := range files {
		var kernel, run int
		if _, err := fmt.Sscanf(filepath.Base(file), "%d-%d.txt", &kernel, &run); err != nil {
			continue
		}
		if kernel == os.Getpid() || errors.Is(syscall.Kill(kernel, 0), syscall.ESRCH) {
			_ = os.Remove(file)
		}
	}
}

// place says where to read what is cut off, or why it is nowhere.
func (f *File) place() string {
	if f.err != nil {
		why := f.err
		if in, ok := errors.AsType[*fs.PathError](f.err); ok { // which names the path
			why = in.Err
		}
		return "not kept: " + why.Error()
	}
	if f.lost {
		return fmt.Sprintf("the first %d MB written to %s", FileBytes/1_000_000, f.shown)
	}
	return "written to " + f.shown
}

func (f *File) close() {
	if f.file != nil {
		_ = f.file.Close()
		f.file = nil
		f.err = fs.ErrClosed
	}
}
