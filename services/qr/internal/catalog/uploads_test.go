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
	"strings"
	"testing"
	"time"

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

// content is what everybody reads at the URL; the status when nobody can.
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

func TestTheStoreTakesOnlyAsManyBytesAsWereAnnounced(t *testing.T) {
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

func TestUploadsThatWaitAreBounded(t *testing.T) {
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

// swept is a fixture whose clock the test moves, with its sweeper.
func swept(t *testing.T) (f *fixture, at *time.Time, w *Sweeper) {
	t.Helper()
	f, _ = stored(t)
	now := noon
	f.store.now = func() time.Time { return now }
	return f, &now, NewSweeper(f.store, f.images, quiet)
}

// sweep does all that is due.
func (w *Sweeper) sweep(t *testing.T) {
	t.Helper()
	for {
		did, err := w.next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !did {
			return
		}
	}
}

// waits reports whether bytes wait for the upload of that key.
func (f *fixture) waits(t *testing.T, key string) bool {
	t.Helper()
	_, err := f.images.read(t.Context(), uploads+key)
	if err != nil && refusedField(err) != "image_url" {
		t.Fatal(err)
	}
	return err == nil
}

func TestAnUploadThatNoProductGetsIsSwept(t *testing.T) {
	t.Parallel()
	f, now, w := swept(t)
	id, up := f.add(t, us, nil).GetId(), f.sign(t, us, "image/png")
	put(t, up.GetUploadUrl(), "image/png", []byte(pngPicture))
	*now = noon.Add(uploadEnds + keepUpload - time.Minute)
	if w.sweep(t); !f.waits(t, up.GetKey()) {
		t.Fatal("it was swept too early")
	}
	*now = now.Add(keepUpload)
	if w.sweep(t); f.waits(t, up.GetKey()) {
		t.Error("it is still there")
	}
	if err := f.save(t, us, id, up.GetImageUrl()); refusedField(err) != "image_url" {
		t.Errorf("saved afterwards: %v", err)
	}
	var rows int
	if err := f.pool.QueryRow(t.Context(), `select count(*) from image_uploads`).Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows are left, %v", rows, err)
	}
}

func TestAnUploadThatIsTooLargeIsSweptOnceItsURLHasEnded(t *testing.T) {
	t.Parallel()
	f, now, w := swept(t)
	large, small := f.sign(t, us, "image/jpeg"), f.sign(t, us, "image/jpeg")
	put(t, large.GetUploadUrl(), "image/jpeg", []byte(strings.Repeat("x", MaxImage+1)))
	put(t, small.GetUploadUrl(), "image/jpeg", []byte(jpegPicture))
	*now = noon.Add(uploadEnds)
	w.sweep(t)
	if f.images.remove(t.Context(), "nothing") != nil || !f.waits(t, small.GetKey()) {
		t.Error("the small one is gone")
	}
	_, err := f.images.read(t.Context(), uploads+large.GetKey())
	if !strings.Contains(fmt.Sprint(errs.From(err).Fields), notUploaded) {
		t.Errorf("the large one: %v", err)
	}
}

func TestWhatAProductHasIsNotSwept(t *testing.T) {
	t.Parallel()
	f, now, w := swept(t)
	early, late := f.sign(t, us, "image/png"), f.sign(t, us, "image/png")
	id := f.add(t, us, nil).GetId()
	for _, up := range []*qrv1.CreateUploadURLResponse{early, late} {
		put(t, up.GetUploadUrl(), "image/png", []byte(pngPicture))
	}
	if err := f.save(t, us, id, early.GetImageUrl()); err != nil {
		t.Fatal(err)
	}
	if w.sweep(t); !f.waits(t, early.GetKey()) {
		t.Error("while the URL is good its bytes are not removed: they would come again")
	}
	*now = noon.Add(uploadEnds + time.Hour)
	w.sweep(t)
	if err := f.save(t, us, id, late.GetImageUrl()); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(10 * keepUpload)
	w.sweep(t)
	for _, up := range []*qrv1.CreateUploadURLResponse{early, late} {
		if f.waits(t, up.GetKey()) || content(t, up.GetImageUrl()) != pngPicture {
			t.Errorf("it waits: %v; shown: %q", f.waits(t, up.GetKey()), content(t, up.GetImageUrl()))
		}
		if err := f.save(t, us, id, up.GetImageUrl()); err != nil {
			t.Errorf("saved again: %v", err)
		}
	}
}

func TestAnUploadOfAProductThatIsNotThereIsSwept(t *testing.T) {
	t.Parallel()
	f, now, w := swept(t)
	up := f.sign(t, us, "image/png")
	put(t, up.GetUploadUrl(), "image/png", []byte(pngPicture))
	if err := f.save(t, us, us, up.GetImageUrl()); !errs.Is(err, errs.NotFoundCode) {
		t.Fatalf("got %v", err)
	}
	for range 3 {
		*now = now.Add(keepUpload)
		w.sweep(t)
	}
	if got := content(t, up.GetImageUrl()); f.waits(t, up.GetKey()) || got != "404" {
		t.Errorf("it is still there: %q", got)
	}
}

func TestAnUploadIsNotSavedWhileItIsSwept(t *testing.T) {
	t.Parallel()
	f, now, w := swept(t)
	up, fields := f.sign(t, us, "image/png"), Fields{}
	put(t, up.GetUploadUrl(), "image/png", []byte(pngPicture))
	fields.ImageURL = &up.ImageUrl
	if err := f.checkImage(t.Context(), us, &fields); err != nil {
		t.Fatal(err)
	}
	for range 2 { // between the check and the change of the product
		*now = now.Add(keepUpload + time.Hour)
		w.sweep(t)
	}
	_, err := f.store.Update(t.Context(), us, f.add(t, us, nil).GetId(), fields)
	if refusedField(err) != "image_url" {
		t.Errorf("got %v", err)
	}
}

func TestAStoreThatDoesNotAnswerIsAskedAgain(t *testing.T) {
	t.Parallel()
	f, now, w := swept(t)
	up := f.sign(t, us, "image/png")
	put(t, up.GetUploadUrl(), "image/png", []byte(pngPicture))
	right := f.images.o.Bucket
	f.images.o.Bucket = "a!bucket"
	*now = noon.Add(uploadEnds)
	if did, err := w.next(t.Context()); !did || err != nil {
		t.Fatalf("%v, %v", did, err)
	}
	f.images.o.Bucket = right
	if did, err := w.next(t.Context()); did || err != nil {
		t.Fatalf("asked again at once: %v", err)
	}
	for range 2 {
		*now = now.Add(keepUpload + sweepPause)
		w.sweep(t)
	}
	if f.waits(t, up.GetKey()) {
		t.Error("it is still there")
	}
}
