// Package journal is an append-only file of JSON lines. A line is in the kernel before Append returns, so a killed process loses
// none; a power cut may.
package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// File is an open journal. A nil *File discards lines.
type File struct {
	mu sync.Mutex
	f  *os.File
}

// Read calls each for every complete line of the journal, which need not exist. An incomplete last line was being written when
// the process died; its writer was never told that it succeeded, so it is skipped.
func Read(path string, each func(line []byte) error) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	defer f.Close()
	lines := bufio.NewReaderSize(f, 1<<20)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read journal: %w", err)
		}
		if err := each(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			return fmt.Errorf("line %d of %s: %w", n, path, err)
		}
	}
}

// Rewrite replaces the journal atomically with what write appends, and keeps it open.
func Rewrite(path string, write func(add func(v any) error) error) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make journal folder: %w", err)
	}
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	out := bufio.NewWriterSize(f, 1<<20)
	err = errors.Join(write(json.NewEncoder(out).Encode), out.Flush())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("rewrite journal: %w", err), f.Close())
	}
	return &File{f: f}, nil
}

// Append adds one line.
func (j *File) Append(v any) error {
	if j == nil {
		return nil
	}
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode journal line: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.f.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

// Close closes the file. Appending to it afterwards is an error.
func (j *File) Close() error {
	if j == nil {
		return nil
	}
	return j.f.Close()
}
