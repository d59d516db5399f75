package catalog

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"google.golang.org/protobuf/proto"

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
func TestTheURLOfAnotherSiteIsNotJudgedByItsEnd(t *testing.T) {
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

func TestTheLibraryKnowsFrenchAndEnglish(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for product, want := range map[[2]string]string{
		{"Café Noisette", "boissons"}: "coffee", {"Thé vert", ""}: "tea", {"Pinte de blonde", ""}: "beer", {"Verre de Bordeaux", "boissons"}: "wine",
		{"Perrier", ""}: "drink", {"Margherita", "pizzas"}: "pizza", {"Cheeseburger", "plats"}: "burger", {"Salade César", "entrées"}: "salad",
		{"Grilled salmon", ""}: "fish", {"Entrecôte", "plats"}: "meat", {"Crème brûlée", "Desserts"}: "dessert", {"Baguette", ""}: "bread",
		{"Strawberry", ""}: "fruit", {"Chef's special", "plats"}: "dish", {"Coupe homme", "services"}: "service", {"USB-C", "électronique"}: "parcel",
		{"<script>x", "%00"}: "parcel",
	} {
		res, err := f.FindImage(t.Context(), &qrv1.FindImageRequest{MerchantId: us, Name: product[0], Category: product[1]})
		if err != nil || res.GetImageUrl() != static+"/"+want+".svg" {
			t.Errorf("%v: %s, %v", product, res.GetImageUrl(), err)
			continue
		}
		fields := documented()
		fields.ImageUrl = &res.ImageUrl
		if _, err := f.CreateProduct(t.Context(), &qrv1.CreateProductRequest{MerchantId: us, Fields: fields}); err != nil {
			t.Errorf("what was found cannot be saved: %v", err)
		}
	}
	_, err := f.FindImage(t.Context(), &qrv1.FindImageRequest{MerchantId: us})
	if refusedField(err) != "name" {
		t.Errorf("got %v", err)
	}
}

// bedrockAt is the finder against a stand-in that answers as the Bedrock Runtime API.
func bedrockAt(t *testing.T, f *fixture, answer http.HandlerFunc) *Bedrock {
	t.Helper()
	srv := httptest.NewServer(answer)
	t.Cleanup(srv.Close)
	b, err := NewBedrock(BedrockSettings{
		Region: "eu-west-1", Model: "amazon.nova-canvas-v1:0", AccessKey: "AKIDEXAMPLE", SecretKey: "not-in-any-header", Endpoint: srv.URL,
	}, f.images, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func TestBedrockDrawsAnImage(t *testing.T) {
	t.Parallel()
	f, store := stored(t)
	b := bedrockAt(t, f, func(w http.ResponseWriter, r *http.Request) {
		var in bedrockRequest
		raw, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(raw, &in) != nil || in.TaskType != "TEXT_IMAGE" || !strings.HasSuffix(in.Params.Text, ": Café Noisette (boissons)") {
			t.Errorf("asked %s, %v", raw, err)
		}
		auth := r.Header.Get("Authorization")
		if r.URL.EscapedPath() != "/model/amazon.nova-canvas-v1%3A0/invoke" || r.Header.Get("X-Amz-Date") != "20260617T120000Z" ||
			!strings.HasPrefix(auth, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260617/eu-west-1/bedrock/aws4_request, ") || strings.Contains(auth, "not-in") {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		io.WriteString(w, `{"images":["`+base64.StdEncoding.EncodeToString([]byte(pngPicture))+`"],"error":null}`)
	})
	found, err := b.Find(t.Context(), us, "Café Noisette", "boissons")
	if err != nil || !strings.HasPrefix(found, store.PublicURL+"/product-images/"+us+"/") {
		t.Fatalf("%q, %v", found, err)
	}
	if err := f.save(t, us, f.add(t, us, nil).GetId(), found); err != nil {
		t.Errorf("what was found cannot be saved: %v", err)
	}
}

func TestWhatBedrockRefusesIsNoImage(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for name, answer := range map[string]http.HandlerFunc{
		"throttled": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amzn-Errortype", "ThrottlingException")
			w.WriteHeader(http.StatusTooManyRequests)
			io.WriteString(w, `{"message":"internal words"}`)
		},
		"no image":  func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"images":[],"error":"filtered"}`) },
		"no base64": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"images":["%%"]}`) },
		"a page":    func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"images":["PGh0bWw+"]}`) },
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
	} {
		f.finder = bedrockAt(t, f, answer)
		_, err := f.FindImage(t.Context(), &qrv1.FindImageRequest{MerchantId: us, Name: "x"})
		if !errs.Is(err, errs.Unavailable) || strings.Contains(err.Error(), "internal words") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// finds lets a test decide what a search finds.
type finds func() (string, error)

func (f finds) Find(context.Context, string, string, string) (string, error) { return f() }

func TestABackfillNeverOverwritesTheMerchant(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const mine = "https://images.elsewhere.example/mine.jpg"
	for name, meanwhile := range map[string]func(id string){
		"set":     func(id string) { _ = f.save(t, us, id, mine) },
		"deleted": func(id string) { _ = f.store.Delete(t.Context(), us, id) },
		"nothing": func(string) {},
	} {
		id := f.add(t, us, nil).GetId()
		if _, err := f.pool.Exec(t.Context(), `insert into image_jobs (product_id, due_at) values ($1, $2)`, id, noon); err != nil {
			t.Fatal(err)
		}
		b := &Backfill{store: f.store, pool: f.pool, finder: finds(func() (string, error) {
			meanwhile(id)
			return static + "/coffee.svg", nil
		})}
		if did, err := b.next(t.Context()); !did || err != nil {
			t.Fatalf("%s: %v %v", name, did, err)
		}
		p, err := f.store.Get(t.Context(), us, id)
		want := map[string]string{"set": mine, "nothing": static + "/coffee.svg"}[name]
		if p.ImageURL != want || (name == "deleted") != errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%s: %q, %v", name, p.ImageURL, err)
		}
		if did, err := b.next(t.Context()); did || err != nil {
			t.Errorf("%s: the job is done twice: %v", name, err)
		}
	}
}

func TestASearchThatFailsIsRepeatedAndGivenUp(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id, now, searches := f.add(t, us, func(p *qrv1.ProductFields) { p.ImageUrl = proto.String("") }).GetId(), noon, 0
	f.store.now = func() time.Time { return now }
	if _, err := f.pool.Exec(t.Context(), `insert into image_jobs (product_id, due_at) values ($1, $2)`, id, noon); err != nil {
		t.Fatal(err)
	}
	b := NewBackfill(f.store, finds(func() (string, error) { searches++; return "", io.ErrUnexpectedEOF }), nil, quiet)
	for range 60 {
		if _, err := b.next(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
	}
	var left int
	if err := f.pool.QueryRow(t.Context(), `select count(*) from image_jobs`).Scan(&left); err != nil || searches != jobAttempts || left != 0 {
		t.Errorf("%d searches, %d jobs left, %v", searches, left, err)
	}
}
