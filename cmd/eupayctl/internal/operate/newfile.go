package operate

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// NewFile writes a file that only its owner can read. It is there only when it is complete; one that exists is replaced only with force.
func NewFile(path string, force bool, write func(io.Writer) error) error {
	if err := mayWrite(path, force); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(path), ".export-*") // readable only by its owner
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := errors.Join(write(out), out.Close()); err != nil {
		return errors.Join(fmt.Errorf("export: %w", err), os.Remove(out.Name()))
	}
	if err := mayWrite(path, force); err != nil { // another process may have created it meanwhile
		return errors.Join(err, os.Remove(out.Name()))
	}
	if err := os.Rename(out.Name(), path); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(out.Name()))
	}
	return nil
}

func mayWrite(path string, force bool) error {
	_, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("write %s: %w", path, err)
	case !force:
		return invalid("%s exists: choose another name, or replace it with --force", path)
	}
	return nil
}
