package catalog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// swept is a fixture whose clock the test moves, with its sweeper.
func swept(t *testing.T) (f *fixture, at *time.Time, w *Sweeper) {
	t.Helper()
	f, _ = stored(t)
	now := noon
	f.store.now = func() time.Time { return now }
	return f, &now, NewSweeper(f.store, f.images, quiet)
}

// all does all that is due, and what becomes due by it.
func (w *Sweeper) all(t *testing.T) {
	t.Helper()
	for w.once(t) > 0 {
	}
}

func (w *Sweeper) once(t *testing.T) int {
	t.Helper()
	n, err := w.loop.Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
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

func TestAnUnusedUploadIsSwept(t *testing.T) {
	t.Parallel()
	f, now, w := swept(t)
	id, up := f.add(t, us, nil).GetId(), f.sign(t, us, "image/png")
	put(t, up.GetUploadUrl(), "image/png", []byte(pngPicture))
	*now = noon.Add(uploadEnds + uploadRetention - time.Minute)
	if w.all(t); !f.waits(t, up.GetKey()) {
		t.Fatal("it was swept too early")
	}
	*now = now.Add(uploadRetention)
	if w.all(t); f.waits(t, up.GetKey()) {
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
	w.all(t)
	if f.images.remove(t.Context(), "nothing") != nil || !f.waits(t, small.GetKey()) {
		t.Error("the small one is gone")
	}
	_, err := f.images.read(t.Context(), uploads+large.GetKey())
	if !strings.Contains(fmt.Sprint(errs.From(err).Fields), notUploaded) {
		t.Errorf("the large one: %v", err)
	}
}

func TestUploadsInUseAreNotSwept(t *testing.T) {
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
	if w.all(t); !f.waits(t, early.GetKey()) {
		t.Error("while the URL is good its bytes are not removed: they would come again")
	}
	*now = noon.Add(uploadEnds + time.Hour)
	w.all(t)
	if err := f.save(t, us, id, late.GetImageUrl()); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(10 * uploadRetention)
	w.all(t)
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
		*now = now.Add(uploadRetention)
		w.all(t)
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
		*now = now.Add(uploadRetention + time.Hour)
		w.all(t)
	}
	_, err := f.store.Update(t.Context(), us, f.add(t, us, nil).GetId(), fields)
	if refusedField(err) != "image_url" {
		t.Errorf("got %v", err)
	}
}

func TestAnUnavailableStoreIsRetried(t *testing.T) {
	t.Parallel()
	f, now, w := swept(t)
	up := f.sign(t, us, "image/png")
	put(t, up.GetUploadUrl(), "image/png", []byte(pngPicture))
	right := f.images.o.Bucket
	f.images.o.Bucket = "a!bucket"
	*now = noon.Add(uploadEnds)
	if n := w.once(t); n != 1 {
		t.Fatalf("asked %d times", n)
	}
	f.images.o.Bucket = right
	if n := w.once(t); n != 0 {
		t.Fatal("asked again at once")
	}
	for range 2 {
		*now = now.Add(uploadRetention + sweepPause)
		w.all(t)
	}
	if f.waits(t, up.GetKey()) {
		t.Error("it is still there")
	}
}
