package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/wflowlab/wflowlab/internal/atomicfile"
)

// readLines reads the lines of a JSON lines file, which may not be there. A last line that is cut off, as a crash leaves it, is left
// out.
func readLines[T any](path string) (list []T, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var m T
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			if !lines.Scan() {
				break
			}
			return nil, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
		list = append(list, m)
	}
	return list, lines.Err()
}

// linesUpTo reads the lines of the first steps of a training. Steps behind the newest checkpoint will be taken again.
func linesUpTo[T interface{ step() int }](path string, done int) ([]T, error) {
	list, err := readLines[T](path)
	return slices.DeleteFunc(list, func(line T) bool { return line.step() > done }), err
}

// writeLines writes a JSON lines file.
func writeLines[T any](path string, list []T) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	for _, line := range list {
		if err := e.Encode(line); err != nil {
			return err
		}
	}
	return atomicfile.WriteBytes(path, text.Bytes())
}
