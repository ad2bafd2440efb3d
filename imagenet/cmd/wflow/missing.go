package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/internal/nearest"
)

// missing explains why there is nothing at a path: its folder is not there, it is a link that leads nowhere, or another name
// in the folder may be meant. An error of another kind keeps its reason.
func missing(path string, err error) error {
	folder := filepath.Dir(path)
	target, notLink := os.Readlink(path)
	_, noFolder := os.Stat(folder)
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		if reason := (*fs.PathError)(nil); errors.As(err, &reason) {
			err = reason.Err
		}
		return fmt.Errorf("%s: %w", shown(path), err)
	case notLink == nil:
		return fmt.Errorf("%s: a link to %s, which is not there", shown(path), shown(target))
	case noFolder != nil:
		return fmt.Errorf("%s: there is no folder %s", shown(path), shown(folder))
	}
	return fmt.Errorf("%s: there is no such file or folder%s", shown(path), nearest.Hint(path, beside(path)))
}

// noSuchThing does what missing does if the name of a preset may have been meant too.
func noSuchThing(what string, err error) error {
	if _, notLink := os.Readlink(what); notLink == nil || !errors.Is(err, fs.ErrNotExist) {
		return missing(what, err)
	}
	hint := nearest.Hint(what, append(append(beside(what), preset.Names()...), "presets"))
	if hint == "" {
		hint = "; wflow info presets lists the presets"
	}
	return fmt.Errorf("%s: there is no such file, folder or preset%s", shown(what), hint)
}

// shown returns a path for an error: as it is, or in quotes if it has characters that do not print. A long path is cut.
func shown(path string) string {
	const longest = 300
	if r := []rune(path); len(r) > longest {
		return strconv.Quote(string(r[:longest]) + "…")
	}
	if strings.ContainsFunc(path, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(path)
	}
	return path
}

// argument returns a path as a shell takes it, for a command that is to be copied.
func argument(path string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_@%+=:,./-~", r)
	}
	if path != "" && !strings.ContainsFunc(path, func(r rune) bool { return !plain(r) }) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// beside returns the paths in the folder of a path whose names are near its own.
func beside(path string) (near []string) {
	folder, name := filepath.Split(path)
	entries, _ := os.ReadDir(filepath.Clean(folder)) // in a folder that cannot be listed there are none
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	for _, n := range nearest.Words(name, names) {
		near = append(near, folder+n)
	}
	return near
}
