package table

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"sync"
)

// body is the part of a menu that all tables share, compressed when the first of them is asked for. A large menu would fill the memory if each
// of a thousand tables had a copy.
type body struct {
	plain []byte

	once     sync.Once
	deflated []byte
	sum      [sha256.Size]byte
}

// encoded is the response for one table: a head of its own, and the shared body. It is built when it is first requested.
type encoded struct {
	head []byte
	body *body

	once sync.Once
	// begin and end surround the compressed body in a gzip file.
	begin, end []byte
	etag       string
}

// gzipHead begins a gzip file without a name and a time (RFC 1952 section 2.3): deflate, no flags, an unknown system.
var gzipHead = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}

// build returns the number of bytes that it created.
func (e *encoded) build() (size int64) {
	b := e.body
	b.once.Do(func() {
		b.deflated, b.sum = deflate(b.plain, true), sha256.Sum256(b.plain)
		size = int64(len(b.plain) + len(b.deflated))
	})
	// A block that was flushed ends at a byte, and those after it do not refer to it (RFC 1951 section 3.2.4).
	e.begin = append(slices.Clone(gzipHead), deflate(e.head, false)...)
	e.end = binary.LittleEndian.AppendUint32(nil, crc32.Update(crc32.ChecksumIEEE(e.head), crc32.IEEETable, b.plain))
	e.end = binary.LittleEndian.AppendUint32(e.end, uint32(len(e.head)+len(b.plain)))
	sum := sha256.Sum256(append(b.sum[:], e.head...))
	// Weak: the same for both encodings.
	e.etag = `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	return size + int64(len(e.head)+len(e.begin)+len(e.end))
}

func (e *encoded) plain() []byte { return slices.Concat(e.head, e.body.plain) }

func (e *encoded) gzip() []byte { return slices.Concat(e.begin, e.body.deflated, e.end) }

// deflate compresses text as the last part of a stream, or as one that others follow.
func deflate(text []byte, last bool) []byte {
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err == nil {
		_, err = z.Write(text)
	}
	if err == nil && last {
		err = z.Close()
	} else if err == nil {
		err = z.Flush()
	}
	if err != nil {
		panic(err) // the level is known, and writing to memory never fails
	}
	return b.Bytes()
}
