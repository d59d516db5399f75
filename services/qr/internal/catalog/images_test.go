package catalog

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

func (f *fixture) sign(t *testing.T, merchantID, contentType string) *qrv1.CreateUploadURLResponse {
	t.Helper()
	up, err := f.CreateUploadURL(t.Context(), &qrv1.CreateUploadURLRequest{MerchantId: merchantID, Filename: "coffee.jpg", ContentType: contentType})
	if err != nil {
		t.Fatal(err)
	}
	return up
}

func (f *fixture) save(t *testing.T, merchantID, id, imageURL string) error {
	t.Helper()
	_, err := f.UpdateProduct(t.Context(), &qrv1.UpdateProductRequest{
		MerchantId: merchantID, Id: id, Fields: &qrv1.ProductFields{ImageUrl: &imageURL},
	})
	return err
}

// upload is the documented three steps.
func (f *fixture) upload(t *testing.T, id, contentType, content string) error {
	t.Helper()
	up := f.sign(t, us, contentType)
	if status := put(t, up.GetUploadUrl(), contentType, []byte(content)); status != http.StatusOK {
		t.Fatalf("upload answers %d", status)
	}
	return f.save(t, us, id, up.GetImageUrl())
}

func TestImagesAreUploadedInThreeSteps(t *testing.T) {
	t.Parallel()
	f, store := stored(t)
	id := f.add(t, us, nil).GetId()
	for contentType, content := range map[string]string{"image/jpeg": jpegPicture, "image/png": pngPicture, "image/webp": webpPicture, "image/gif": gifPicture} {
		up := f.sign(t, us, contentType)
		if up.GetExpiresInSeconds() != 300 || !strings.HasPrefix(up.GetKey(), "product-images/"+us+"/") || up.GetImageUrl() != store.PublicURL+"/"+up.GetKey() {
			t.Errorf("got %v", up)
		}
		if err := f.save(t, us, id, up.GetImageUrl()); refusedField(err) != "image_url" {
			t.Errorf("saved before the upload: %v", err)
		}
		if status := put(t, up.GetUploadUrl(), contentType, []byte(content)); status != http.StatusOK {
			t.Fatalf("upload of %s answers %d", contentType, status)
		}
		if err := f.save(t, us, id, up.GetImageUrl()); err != nil {
			t.Errorf("%s: %v", contentType, err)
		}
		if resp := send(t, http.MethodGet, up.GetImageUrl(), "", nil); resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != contentType {
			t.Errorf("everybody reads %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
		}
	}
}

func TestOnlyImagesThatAreSmallAndOursAreSaved(t *testing.T) {
	t.Parallel()
	f, store := stored(t)
	id, theirs := f.add(t, us, nil).GetId(), f.sign(t, them, "image/png")
	if put(t, theirs.GetUploadUrl(), "image/png", []byte(pngPicture)) != http.StatusOK {
		t.Fatal("not uploaded")
	}
	if err := f.upload(t, id, "image/jpeg", jpegPicture+strings.Repeat("x", MaxImage-len(jpegPicture))); err != nil {
		t.Errorf("just small enough: %v", err)
	}
	for name, err := range map[string]error{
		"too large":          f.upload(t, id, "image/jpeg", jpegPicture+strings.Repeat("x", MaxImage-len(jpegPicture)+1)),
		"a page":             f.upload(t, id, "image/png", "<html><script>alert(1)</script>"),
		"another type":       f.upload(t, id, "image/png", jpegPicture),
		"empty":              f.upload(t, id, "image/gif", ""),
		"only its beginning": f.upload(t, id, "image/png", pngPicture[:16]),
		"a huge canvas":      f.upload(t, id, "image/gif", "GIF89a\xff\xff\xff\xff\x00\x00\x00"),
		"another merchant's": f.save(t, us, id, theirs.GetImageUrl()),
		"no key of ours":     f.save(t, us, id, store.PublicURL+"/secrets.txt"),
		"a query":            f.save(t, us, id, theirs.GetImageUrl()+"?versionId=1"),
		"a way round":        f.save(t, us, id, store.PublicURL+"/product-images/"+us+"/../"+them+"/x.png"),
		"another port":       f.save(t, us, id, elsewhere(store.PublicURL, ":443")+"/uploads/"+theirs.GetKey()),
		"a dot behind it":    f.save(t, us, id, elsewhere(store.PublicURL, ".")+"/uploads/"+theirs.GetKey()),
		"a waiting upload":   f.save(t, us, id, store.PublicURL+"/uploads/"+f.sign(t, us, "image/png").GetKey()),
		"the store itself":   f.save(t, us, id, store.Endpoint+"/other/product-images/x.png"),
	} {
		if refusedField(err) != "image_url" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// elsewhere is the store's address, with https and something else in place of its port.
func elsewhere(base, instead string) string {
	u, err := url.Parse(base)
	if err != nil {
		panic(err)
	}
	return "https://" + u.Hostname() + instead + u.Path
}

// What is behind the URL of another site is for whoever shows it to find out: its end says nothing.
func TestTheExtensionOfAForeignURLIsIgnored(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id := f.add(t, us, nil).GetId()
	for _, good := range []string{
		"https://images.elsewhere.example/a.jpg", "https://images.elsewhere.example/a.svg?x=1", "https://images.elsewhere.example/a.html",
		"https://images.elsewhere.example/photo/17", "https://images.elsewhere.example:8443/?id=17&w=200", "https://images.elsewhere.example",
	} {
		if err := f.save(t, us, id, good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"http://images.elsewhere.example/a.jpg", "ftp://images.elsewhere.example/a.jpg", "javascript:alert(1)//a.jpg", "data:image/png;base64,iVBORw0KGgo=",
		"//images.elsewhere.example/a.jpg", "/a.jpg", "a.jpg", "https:///a.jpg", "https://:443/a.jpg", "https://me:secret@images.elsewhere.example/a.jpg",
		"https://cdn.european-pay.fr/a.jpg", "https://cdn.european-pay.fr:443/a.jpg", "https://CDN.european-pay.fr./a.jpg",
	} {
		if err := f.save(t, us, id, bad); refusedField(err) != "image_url" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestUploadsAreRefused(t *testing.T) {
	t.Parallel()
	f, store := stored(t)
	for _, c := range []struct{ filename, contentType, field string }{
		{"a.svg", "image/svg+xml", "contentType"},
		{"a.html", "text/html", "contentType"},
		{"a.jpg", "", "contentType"},
		{"a.jpg", "image/jpeg; charset=x", "contentType"},
		{"a.jpg", "IMAGE/JPEG\r\nX: y", "contentType"},
		{"../../x", "image/png", "filename"},
		{`..\x`, "image/png", "filename"},
		{"", "image/png", "filename"},
		{"a\x00.png", "image/png", "filename"},
		{strings.Repeat("x", 256), "image/png", "filename"},
	} {
		_, err := f.CreateUploadURL(t.Context(), &qrv1.CreateUploadURLRequest{MerchantId: us, Filename: c.filename, ContentType: c.contentType})
		if refusedField(err) != c.field {
			t.Errorf("%q %q: %v", c.filename, c.contentType, err)
		}
	}
	up := f.sign(t, us, "image/jpeg")
	last := up.GetUploadUrl()[len(up.GetUploadUrl())-1:]
	other := map[bool]string{true: "1", false: "0"}[last == "0"]
	bare, _, _ := strings.Cut(up.GetUploadUrl(), "?")
	for name, status := range map[string]int{
		"another type":     put(t, up.GetUploadUrl(), "image/svg+xml", []byte("<svg/>")),
		"no type":          put(t, up.GetUploadUrl(), "", []byte(jpegPicture)),
		"forged signature": put(t, strings.TrimSuffix(up.GetUploadUrl(), last)+other, "image/jpeg", []byte(jpegPicture)),
		"another key":      put(t, strings.Replace(up.GetUploadUrl(), us, them, 1), "image/jpeg", []byte(jpegPicture)),
		"longer":           put(t, strings.Replace(up.GetUploadUrl(), "X-Amz-Expires=300", "X-Amz-Expires=301", 1), "image/jpeg", []byte(jpegPicture)),
		"no signature":     put(t, bare, "image/jpeg", []byte(jpegPicture)),
		"expired":          put(t, signedAt(t, bare, store.AccessKey, store.SecretKey, time.Now().Add(-UploadTTL-time.Second)), "image/jpeg", []byte(jpegPicture)),
		"another secret":   put(t, signedAt(t, bare, store.AccessKey, "another secret", time.Now()), "image/jpeg", []byte(jpegPicture)),
	} {
		if status != http.StatusForbidden {
			t.Errorf("%s: the store answers %d", name, status)
		}
	}
	if status := put(t, signedAt(t, bare, store.AccessKey, store.SecretKey, time.Now()), "image/jpeg", []byte(jpegPicture)); status != http.StatusOK {
		t.Errorf("the test's own signature is not good: %d", status)
	}
}

// signedAt signs an upload at a moment of our choice.
func signedAt(t *testing.T, bare, access, secret string, at time.Time) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, bare+"?X-Amz-Expires=300", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "image/jpeg")
	creds := aws.Credentials{AccessKeyID: access, SecretAccessKey: secret}
	// S3 does not escape the path twice.
	signed, _, err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).
		PresignHTTP(t.Context(), creds, req, "UNSIGNED-PAYLOAD", "s3", "eu-west-3", at)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestWithoutAStoreNothingIsUploaded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, err := f.CreateUploadURL(t.Context(), &qrv1.CreateUploadURLRequest{MerchantId: us, Filename: "a.png", ContentType: "image/png"})
	if !errs.Is(err, errs.Unavailable) {
		t.Errorf("got %v", err)
	}
}
