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
	// MaxImage is the largest image, in bytes.
	MaxImage = 5 << 20
	// maxPixels bounds what a small file may become in the memory of whoever shows it. Telephones make pictures of 50 million.
	maxPixels = 64_000_000
)

// extensions are the types of images that browsers show and that hold no script.
var extensions = map[string]string{"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}

// headers read the size of a picture and leave its pixels alone.
var headers = map[string]func(io.Reader) (image.Config, error){
	"image/jpeg": jpeg.DecodeConfig, "image/png": png.DecodeConfig, "image/webp": webp.DecodeConfig, "image/gif": gif.DecodeConfig,
}

// kindOf tells the type of a picture from its bytes alone; empty for what is no picture that we take.
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
