package eupay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

// Download is a file that is read as it comes, because it may be long. A Read that fails with anything but io.EOF means that something is
// missing.
type Download struct {
	// Name is what the API calls the file.
	Name string
	// ContentType is its media type, such as text/csv.
	ContentType string

	body io.ReadCloser
	cut  context.CancelFunc
	// silence ends a connection on which nothing comes any more.
	silence *time.Timer
}

// downloadSilence is longer than the API takes for one part of a file.
const downloadSilence = 45 * time.Second

// Read implements io.Reader.
func (d *Download) Read(into []byte) (int, error) {
	d.silence.Reset(downloadSilence)
	return d.body.Read(into)
}

// Close ends the download.
func (d *Download) Close() error {
	d.silence.Stop()
	d.cut()
	return d.body.Close()
}

// download begins one. It is not repeated: what came may have been used.
func (c *caller) download(ctx context.Context, op call) (*Download, error) {
	op.method = http.MethodGet
	req, err := c.parcel(&op)
	if err != nil {
		return nil, err
	}
	ctx, cut := context.WithCancel(ctx)
	silence := time.AfterFunc(callLimit, cut)
	resp, err := c.http.Do(req.WithContext(ctx))
	if err == nil && resp.StatusCode < http.StatusMultipleChoices {
		d := &Download{ContentType: resp.Header.Get("Content-Type"), body: resp.Body, cut: cut, silence: silence}
		if _, of, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition")); err == nil {
			d.Name = of["filename"]
		}
		return d, nil
	}
	defer cut()
	defer silence.Stop()
	if err != nil {
		return nil, fmt.Errorf("EU Pay does not answer: %w", err)
	}
	a, err := read(resp)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	return nil, refusal(c.base, a)
}
