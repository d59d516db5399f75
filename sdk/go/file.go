package eupay

import (
	"context"
	"mime"
	"net/http"
)

// File is a picture or a document.
type File struct {
	// Name is what the API calls the file; empty when it has no name for it.
	Name string
	// ContentType is its media type, such as image/png.
	ContentType string
	Data        []byte
}

// file reads one.
func (c *caller) file(ctx context.Context, op call) (*File, error) {
	op.method = http.MethodGet
	a, err := c.send(ctx, &op)
	if err != nil {
		return nil, err
	}
	f := &File{ContentType: a.header.Get("Content-Type"), Data: a.body}
	if _, of, err := mime.ParseMediaType(a.header.Get("Content-Disposition")); err == nil {
		f.Name = of["filename"]
	}
	return f, nil
}
