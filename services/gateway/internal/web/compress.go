package web

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
)

// compressFrom is the minimum size of a compressed answer: smaller ones fit into one packet anyway.
const compressFrom = 1400

var compressors = sync.Pool{New: func() any { return newCompressor() }}

func newCompressor() *gzip.Writer {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}

// Send writes a body, compressed if it is large and the caller accepts gzip. Answers may contain secrets beside text that a
// caller chose, but the BREACH attack does not apply: credentials are in headers that a page of another origin cannot make a
// browser send.
func Send(c echo.Context, status int, contentType string, body []byte) error {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, contentType)
	h.Add(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if len(body) >= compressFrom && takesGzip(c.Request().Header.Values(echo.HeaderAcceptEncoding)) {
		small := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(small)
		small.Reset()
		if err := compress(small, body); err != nil {
			return err
		}
		h.Set(echo.HeaderContentEncoding, "gzip")
		body = small.Bytes()
	}
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	c.Response().WriteHeader(status)
	if _, err := c.Response().Write(body); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

func compress(into *bytes.Buffer, body []byte) error {
	w := compressors.Get().(*gzip.Writer)
	defer compressors.Put(w)
	w.Reset(into)
	if _, err := w.Write(body); err != nil {
		return fmt.Errorf("compress answer: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("compress answer: %w", err)
	}
	return nil
}

// takesGzip evaluates Accept-Encoding (RFC 9110, section 12.5.3): gzip or *, unless its weight is 0. An entry for gzip takes
// precedence over *.
func takesGzip(headers []string) bool {
	takes := false
	for coding := range strings.SplitSeq(strings.ToLower(strings.Join(headers, ",")), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		name = strings.TrimSpace(name)
		if name != "gzip" && name != "x-gzip" && name != "*" {
			continue
		}
		value, weighted := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
		ok := !weighted || strings.Trim(value, "0.") != ""
		if name != "*" {
			return ok
		}
		takes = ok
	}
	return takes
}
