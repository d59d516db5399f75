package catalog

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"

	"golang.org/x/image/webp"
)

const (
	// MaxImage is the maximum size of an image in bytes.
	MaxImage = 5 << 20
	// maxPixels limits the memory that a small file may take when it is shown. Phone cameras have up to 50 million pixels.
	maxPixels = 64_000_000
)

// extensions are the image types that browsers show and that cannot contain scripts.
var extensions = map[string]string{"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}

// headers read the size of a picture without decoding its pixels.
var headers = map[string]func(io.Reader) (image.Config, error){
	"image/jpeg": jpeg.DecodeConfig, "image/png": png.DecodeConfig, "image/webp": webp.DecodeConfig, "image/gif": gif.DecodeConfig,
}

// kindOf detects the type of a picture from its bytes; empty if it is not an accepted picture.
func kindOf(picture []byte) string {
	kind := http.DetectContentType(picture)
	header := headers[kind]
	if header == nil || len(picture) > MaxImage {
		return ""
	}
	size, err := header(bytes.NewReader(picture))
	if err != nil || size.Width < 1 || size.Height < 1 || int64(size.Width)*int64(size.Height) > maxPixels {
		return ""
	}
	return kind
}
