package web

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// Download is a file that is answered in parts: only one part is in memory, however large the file is.
type Download struct {
	c    echo.Context
	conn *http.ResponseController
}

// NewDownload begins the answer. The server's read and write timeouts no longer apply: each part has its own.
func NewDownload(c echo.Context, contentType, filename string) (*Download, error) {
	d := &Download{c: c, conn: http.NewResponseController(c.Response())}
	// Otherwise the read timeout would look as if the client had disconnected.
	if err := d.conn.SetReadDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("begin download: %w", err)
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, contentType)
	h.Set(echo.HeaderContentDisposition, `attachment; filename="`+filename+`"`)
	h.Set(echo.HeaderCacheControl, "no-store")
	c.Response().WriteHeader(http.StatusOK)
	return d, nil
}

// Write implements io.Writer.
func (d *Download) Write(part []byte) (int, error) {
	if err := d.conn.SetWriteDeadline(time.Now().Add(eventWriteTimeout)); err != nil {
		return 0, fmt.Errorf("write download: %w", err)
	}
	n, err := d.c.Response().Write(part)
	if err := errors.Join(err, d.conn.Flush()); err != nil {
		return n, fmt.Errorf("write download: %w", err)
	}
	return n, nil
}

// Cut aborts the answer because of err, which it logs. The connection breaks, so that nobody mistakes the parts for the whole
// file.
func (d *Download) Cut(err error) {
	d.c.Error(err)
	panic(http.ErrAbortHandler)
}
