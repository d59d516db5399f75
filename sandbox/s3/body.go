package s3

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const (
	streaming = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	// chunkHeader is the maximum length of the line before a chunk: 16 digits, a signature and separators.
	chunkHeader = 128
	md5Size     = 16
)

// sizeOf returns the size of the object in a request, in bytes.
func sizeOf(r *http.Request, payload string) (int64, error) {
	if payload != streaming {
		if r.ContentLength < 0 {
			return 0, errNoLength
		}
		return r.ContentLength, nil
	}
	size, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	if err != nil || size < 0 {
		return 0, errNoLength
	}
	return size, nil
}

// open returns the object in the body of a request. Its content is valid only once reading ends with io.EOF: then all hashes and
// signatures were correct.
func (c *claim) open(body io.Reader) (io.Reader, error) {
	switch {
	case c.payload == unsigned:
		return body, nil
	case c.payload == streaming:
		return &chunks{in: bufio.NewReader(body), signer: c.signer, before: c.signature}, nil
	case strings.HasPrefix(c.payload, "STREAMING-"):
		return nil, errNotDone
	}
	if _, err := hex.DecodeString(c.payload); err != nil || len(c.payload) != hex.EncodedLen(sha256.Size) {
		return nil, errHash
	}
	return &hashed{in: body, sum: sha256.New(), want: c.payload}, nil
}

// md5Of returns the Content-MD5 header of an upload; nil if there is none.
func md5Of(r *http.Request) ([]byte, error) {
	text := r.Header.Get("Content-Md5")
	if text == "" {
		return nil, nil
	}
	sum, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sum) != md5Size {
		return nil, errMD5
	}
	return sum, nil
}

// hashed is a body whose hash is signed.
type hashed struct {
	in   io.Reader
	sum  hash.Hash
	want string
}

func (h *hashed) Read(p []byte) (int, error) {
	n, err := h.in.Read(p)
	h.sum.Write(p[:n])
	if errors.Is(err, io.EOF) && !same(hex.EncodeToString(h.sum.Sum(nil)), h.want) {
		return n, errHashDiffers
	}
	return n, err
}

// chunks is a body in chunks, each signed together with the signature before it.
type chunks struct {
	in     *bufio.Reader
	signer signer
	before string

	left      int64 // of the current chunk
	sum       hash.Hash
	signature string
}

func (c *chunks) Read(p []byte) (int, error) {
	if c.left == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	n, err := c.in.Read(p[:min(int64(len(p)), c.left)])
	c.sum.Write(p[:n])
	c.left -= int64(n)
	if err != nil {
		return n, cutOff(err)
	}
	if c.left == 0 {
		err = c.end()
	}
	return n, err
}

// next begins a chunk. The empty one is the last.
func (c *chunks) next() error {
	line, err := c.in.ReadSlice('\n')
	if err != nil || len(line) > chunkHeader {
		return cutOff(err)
	}
	size, signature, _ := strings.Cut(strings.TrimSuffix(string(line), "\r\n"), ";chunk-signature=")
	if c.left, err = strconv.ParseInt(size, 16, 64); err != nil || c.left < 0 {
		return errIncomplete
	}
	c.sum, c.signature = sha256.New(), signature
	if c.left > 0 {
		return nil
	}
	if err := c.end(); err != nil {
		return err
	}
	if _, err := c.in.Peek(1); !errors.Is(err, io.EOF) {
		return cutOff(err)
	}
	return io.EOF
}

// end verifies a chunk that was read.
func (c *chunks) end() error {
	if !same(c.signer.chunk(c.before, hex.EncodeToString(c.sum.Sum(nil))), c.signature) {
		return errSignature
	}
	c.before = c.signature
	var line [2]byte
	if _, err := io.ReadFull(c.in, line[:]); err != nil || !bytes.Equal(line[:], []byte("\r\n")) {
		return cutOff(err)
	}
	return nil
}

// cutOff converts the errors of a body that is incomplete or malformed. Other errors are unchanged.
func cutOff(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, bufio.ErrBufferFull) {
		return errIncomplete
	}
	return err
}
