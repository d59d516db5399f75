package export

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
)

// partSize is how much of a file is in memory, and in one row.
const partSize = 256 << 10

// file is what an attempt writes: parts in the database.
type file struct {
	ctx    context.Context
	e      *Exports
	x      Export
	buffer []byte
	parts  int
	size   int64
	sum    hash.Hash
}

func (e *Exports) newFile(ctx context.Context, x Export) *file {
	return &file{ctx: ctx, e: e, x: x, buffer: make([]byte, 0, partSize), sum: sha256.New()}
}

// Write implements io.Writer.
func (f *file) Write(p []byte) (n int, err error) {
	f.sum.Write(p)
	f.size += int64(len(p))
	for n < len(p) {
		room := min(cap(f.buffer)-len(f.buffer), len(p)-n)
		f.buffer = append(f.buffer, p[n:n+room]...)
		n += room
		if len(f.buffer) == cap(f.buffer) {
			if err := f.flush(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func (f *file) flush() error {
	if len(f.buffer) == 0 {
		return nil
	}
	if err := f.e.addPart(f.ctx, f.x, f.parts, f.buffer); err != nil {
		return err
	}
	f.parts++
	f.buffer = f.buffer[:0]
	return nil
}

// reader reads a file that was written.
type reader struct {
	ctx  context.Context
	e    *Exports
	x    Export
	next int
	rest []byte
	// err is why the database did not answer.
	err error
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		part, err := r.e.part(r.ctx, r.x, r.next)
		if err != nil {
			r.err = err
			return 0, err
		}
		if part == nil {
			return 0, io.EOF
		}
		r.next++
		r.rest = part
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// errCut means that a file that was ready lost parts: it was purged meanwhile.
var errCut = errors.New("the file ends early")

// Read gives the parts of a ready file to send, one after the other.
func (e *Exports) Read(ctx context.Context, x Export, send func(part []byte) error) error {
	var size int64
	for number := 0; size < x.Size; number++ {
		part, err := e.part(ctx, x, number)
		if err != nil {
			return err
		}
		if part == nil {
			return errCut
		}
		size += int64(len(part))
		if err := send(part); err != nil {
			return err
		}
	}
	return nil
}
