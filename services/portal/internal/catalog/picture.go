package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// maxPicture is what the API takes, and putLimit how long the store may take for it.
const (
	maxPicture = 5 << 20
	putLimit   = 20 * time.Second
)

// kinds are the pictures that the API takes, and how their names end.
var kinds = map[string]string{"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/gif": ".gif"}

// upload gives the page's script a place to put a picture. Only that one file fits there, and it is of that kind.
func upload(r *web.Request) error {
	var in struct {
		ContentType string `json:"content_type"`
		Size        int64  `json:"size"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || kinds[in.ContentType] == "" || in.Size < 1 || in.Size > maxPicture {
		return answer(r, http.StatusUnprocessableEntity, map[string]string{"error": r.Text.T("catalog.picture_wrong")})
	}
	up, err := r.API.Products.UploadURL(r.Ctx(), eupay.ImageUploadParams{Filename: "picture" + kinds[in.ContentType], ContentType: in.ContentType, Size: in.Size})
	if err != nil {
		f := web.NewForm()
		if !r.Refused(f, err) {
			return err
		}
		return answer(r, http.StatusBadGateway, map[string]string{"error": f.Problem})
	}
	return answer(r, http.StatusOK, map[string]any{"url": up.UploadURL, "image": up.ImageURL, "headers": up.Headers})
}

func answer(r *web.Request, status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r.W.Header().Set("Content-Type", "application/json")
	r.W.Header().Set("Cache-Control", "no-store")
	r.Uncompressed()
	return r.Send(status, text)
}

// submitted reads the form with the picture that a browser without the script sends in it; nil: there is none.
func submitted(r *web.Request) (*web.Form, []byte, error) {
	r.AllowBody(maxPicture + 1<<20)
	err := r.ParseMultipartForm(maxPicture + 1<<20)
	if err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, nil, web.Unreadable
	}
	f, err := r.Form()
	if err != nil {
		return nil, nil, err
	}
	part, _, err := r.FormFile("picture")
	if err != nil {
		return f, nil, nil // no file was chosen
	}
	defer part.Close()
	file, err := io.ReadAll(io.LimitReader(part, maxPicture+1))
	if err != nil {
		return nil, nil, web.Unreadable
	}
	if len(file) == 0 {
		return f, nil, nil
	}
	if len(file) > maxPicture || kinds[http.DetectContentType(file)] == "" {
		f.Wrong("picture", r.Text.T("catalog.picture_wrong"))
		return f, nil, nil
	}
	return f, file, nil
}

// put brings a picture to the store and names it in the product.
func put(r *web.Request, f *web.Form, file []byte, c *eupay.ProductChange) {
	kind := http.DetectContentType(file)
	up, err := r.API.Products.UploadURL(r.Ctx(), eupay.ImageUploadParams{Filename: "picture" + kinds[kind], ContentType: kind, Size: int64(len(file))})
	if err != nil {
		if !r.Refused(f, err) {
			f.Problem = r.Text.T("error.unreachable")
		}
		return
	}
	if err := store(r.Ctx(), up, file); err != nil {
		r.Site.Log.WarnContext(r.Ctx(), "picture not stored", "error", err)
		f.Wrong("picture", r.Text.T("catalog.picture_lost"))
		return
	}
	c.ImageURL = &up.ImageURL
	f.Values.Set("image_url", up.ImageURL) // should the rest be refused, it is not sent again
}

func store(ctx context.Context, up *eupay.ImageUpload, file []byte) error {
	ctx, cancel := context.WithTimeout(ctx, putLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, up.UploadURL, bytes.NewReader(file))
	if err != nil {
		return err
	}
	for name, value := range up.Headers {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if !slices.Contains([]int{http.StatusOK, http.StatusCreated, http.StatusNoContent}, res.StatusCode) {
		return fmt.Errorf("the store answers %d", res.StatusCode)
	}
	return nil
}

// later reports whether the API may answer another time.
func later(err error) bool {
	var refused *eupay.Error
	return !errors.As(err, &refused) || refused.Temporary()
}
