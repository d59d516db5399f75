package s3

import (
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxKey      = 1024
	defaultType = "binary/octet-stream"
)

// checkKey refuses keys that S3 refuses, and those that no log or XML document can show.
func checkKey(key string) error {
	if len(key) > maxKey {
		return errKeyTooLong
	}
	if !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl) {
		return errURI
	}
	return nil
}

// understood are the x-amz headers that have no effect here or are handled elsewhere.
var understood = map[string]bool{
	"x-amz-date": true, "x-amz-content-sha256": true, "x-amz-decoded-content-length": true, "x-amz-storage-class": true,
}

// asksMore reports whether a request uses features that this store lacks: access lists, copies, encryption, conditional writes.
// It must not look as if they worked.
func asksMore(r *http.Request) bool {
	for name := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") && !understood[lower] {
			return true
		}
	}
	writes := r.Method == http.MethodPut || r.Method == http.MethodDelete
	coding := r.Header.Get("Content-Encoding")
	return writes && (r.Header.Get("If-Match") != "" || r.Header.Get("If-None-Match") != "" || (coding != "" && coding != "aws-chunked"))
}

func (s *Store) get(w http.ResponseWriter, r *http.Request, key string) error {
	o, err := s.objects.open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return errNoKey
	}
	if err != nil {
		return err
	}
	defer o.Close()
	w.Header().Set("Content-Type", o.ContentType)
	w.Header().Set("ETag", o.ETag)
	http.ServeContent(w, r, "", o.Modified, o.content)
	return nil
}

func (s *Store) put(w http.ResponseWriter, r *http.Request, key string, who *claim) error {
	size, err := sizeOf(r, who.payload)
	if err != nil {
		return err
	}
	if size > s.cfg.MaxObject {
		return errTooLarge
	}
	content, err := who.open(r.Body)
	if err != nil {
		return err
	}
	want, err := md5Of(r)
	if err != nil {
		return err
	}
	o := about{Key: key, ContentType: r.Header.Get("Content-Type"), Modified: s.cfg.Now().UTC()}
	if o.ContentType == "" {
		o.ContentType = defaultType
	}
	err = s.objects.put(&o, &exactly{in: content, left: size}, func(got []byte) error {
		if want != nil && !same(hex.EncodeToString(want), hex.EncodeToString(got)) {
			return errMD5Differs
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.Header().Set("ETag", o.ETag)
	return nil
}

// exactly is a body that must have the announced length.
type exactly struct {
	in   io.Reader
	left int64
}

func (e *exactly) Read(p []byte) (int, error) {
	n, err := e.in.Read(p)
	e.left -= int64(n)
	if e.left < 0 || (e.left > 0 && errors.Is(err, io.EOF)) || errors.Is(err, io.ErrUnexpectedEOF) {
		return n, errIncomplete
	}
	return n, err
}
