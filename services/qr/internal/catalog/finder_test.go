package catalog

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

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

func TestARefusalByBedrockIsAnError(t *testing.T) {
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
		b := NewBackfill(f.store, finds(func() (string, error) {
			meanwhile(id)
			return static + "/coffee.svg", nil
		}), nil, quiet)
		if n, err := b.jobs.Once(t.Context()); n != 1 || err != nil {
			t.Fatalf("%s: %d %v", name, n, err)
		}
		p, err := f.store.Get(t.Context(), us, id)
		want := map[string]string{"set": mine, "nothing": static + "/coffee.svg"}[name]
		if p.ImageURL != want || (name == "deleted") != errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%s: %q, %v", name, p.ImageURL, err)
		}
		var left int
		if err := f.pool.QueryRow(t.Context(), `select count(*) from image_jobs`).Scan(&left); left != 0 || err != nil {
			t.Errorf("%s: the job is done twice: %v", name, err)
		}
	}
}

func TestAFailedSearchIsRetriedAndGivenUp(t *testing.T) {
	t.Parallel()
	f := setup(t)
	id, now, searches := f.add(t, us, func(p *qrv1.ProductFields) { p.ImageUrl = proto.String("") }).GetId(), noon, 0
	f.store.now = func() time.Time { return now }
	if _, err := f.pool.Exec(t.Context(), `insert into image_jobs (product_id, due_at) values ($1, $2)`, id, noon); err != nil {
		t.Fatal(err)
	}
	b := NewBackfill(f.store, finds(func() (string, error) { searches++; return "", io.ErrUnexpectedEOF }), nil, quiet)
	for range 60 {
		if _, err := b.jobs.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
	}
	var left int
	if err := f.pool.QueryRow(t.Context(), `select count(*) from image_jobs`).Scan(&left); err != nil || searches != jobAttempts || left != 0 {
		t.Errorf("%d searches, %d jobs left, %v", searches, left, err)
	}
}
