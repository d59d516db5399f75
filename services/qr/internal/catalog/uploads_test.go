package catalog

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"testing"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// A picture of one pixel of each type.
var (
	pngPicture  = drawn(func(w io.Writer, m image.Image) error { return png.Encode(w, m) })
	jpegPicture = drawn(func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) })
	gifPicture  = drawn(func(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) })
	webpPicture = fromBase64("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
)

func drawn(encode func(io.Writer, image.Image) error) string {
	var out bytes.Buffer
	if err := encode(&out, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		panic(err)
	}
	return out.String()
}

func fromBase64(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// content is the public content at the URL, or the HTTP status if there is none.
func content(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Sprint(resp.StatusCode)
	}
	return string(body)
}

func TestAnUploadIsShownOnlyOnceAProductHasIt(t *testing.T) {
	t.Parallel()
	f, store := stored(t)
	id, up := f.add(t, us, nil).GetId(), f.sign(t, us, "image/png")
	if status := put(t, up.GetUploadUrl(), "image/png", []byte(pngPicture)); status != http.StatusOK {
		t.Fatalf("upload answers %d", status)
	}
	if got := content(t, up.GetImageUrl()); got != "404" {
		t.Errorf("before: %q", got)
	}
	if got := content(t, store.PublicURL+"/uploads/"+up.GetKey()); got != "403" {
		t.Errorf("what waits: %q", got)
	}
	for range 2 { // saving it again is harmless
		if err := f.save(t, us, id, up.GetImageUrl()); err != nil {
			t.Fatal(err)
		}
	}
	if got := content(t, up.GetImageUrl()); got != pngPicture {
		t.Errorf("after: %q", got)
	}
}

func TestAPictureDoesNotChangeAfterItWasChecked(t *testing.T) {
	t.Parallel()
	f, _ := stored(t)
	id, up := f.add(t, us, nil).GetId(), f.sign(t, us, "image/png")
	put(t, up.GetUploadUrl(), "image/png", []byte(pngPicture))
	if err := f.save(t, us, id, up.GetImageUrl()); err != nil {
		t.Fatal(err)
	}
	// The URL is still good, for its holder or whoever took it.
	if status := put(t, up.GetUploadUrl(), "image/png", []byte("<script>alert(1)</script>")); status != http.StatusOK {
		t.Fatalf("the second upload answers %d", status)
	}
	if got := content(t, up.GetImageUrl()); got != pngPicture {
		t.Errorf("it is now %q", got)
	}
	if err := f.save(t, us, id, up.GetImageUrl()); err != nil {
		t.Errorf("saved again: %v", err)
	}
	if got := content(t, up.GetImageUrl()); got != pngPicture {
		t.Errorf("after it was saved again it is %q", got)
	}
}

func TestTheStoreAcceptsOnlyTheAnnouncedSize(t *testing.T) {
	t.Parallel()
	f, _ := stored(t)
	size := int64(len(pngPicture))
	up, err := f.CreateUploadURL(t.Context(), &qrv1.CreateUploadURLRequest{MerchantId: us, Filename: "a.png", ContentType: "image/png", Size: &size})
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{"more": pngPicture + "x", "less": pngPicture[1:], "none": ""} {
		if status := put(t, up.GetUploadUrl(), "image/png", []byte(body)); status != http.StatusForbidden {
			t.Errorf("%s: the store answers %d", name, status)
		}
	}
	if status := put(t, up.GetUploadUrl(), "image/png", []byte(pngPicture)); status != http.StatusOK {
		t.Errorf("as announced: %d", status)
	}
	if err := f.save(t, us, f.add(t, us, nil).GetId(), up.GetImageUrl()); err != nil {
		t.Error(err)
	}
	for _, size := range []int64{-1, 0, MaxImage + 1} {
		_, err := f.CreateUploadURL(t.Context(), &qrv1.CreateUploadURLRequest{MerchantId: us, Filename: "a.png", ContentType: "image/png", Size: &size})
		if refusedField(err) != "size" {
			t.Errorf("%d: %v", size, err)
		}
	}
}

func TestWaitingUploadsAreLimited(t *testing.T) {
	t.Parallel()
	f, _ := stored(t)
	first := f.sign(t, us, "image/png")
	for range maxUploads - 1 {
		f.sign(t, us, "image/png")
	}
	more := func() error {
		_, err := f.CreateUploadURL(t.Context(), &qrv1.CreateUploadURLRequest{MerchantId: us, Filename: "a.png", ContentType: "image/png"})
		return err
	}
	if err := more(); !errs.Is(err, errs.InvalidState) {
		t.Errorf("got %v", err)
	}
	f.sign(t, them, "image/png")
	put(t, first.GetUploadUrl(), "image/png", []byte(pngPicture))
	f.add(t, us, func(p *qrv1.ProductFields) { p.ImageUrl = proto.String(first.GetImageUrl()) })
	if err := more(); err != nil {
		t.Errorf("after one was saved: %v", err)
	}
}
