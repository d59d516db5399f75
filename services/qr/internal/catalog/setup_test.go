package catalog

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/sandbox/s3"
	"european-pay.eu/eupay/services/qr/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	us     = "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2"
	them   = "1c9f8a6b-8d20-4b62-8b46-e1b2d5c9e8f3"
	static = "http://127.0.0.1:8080/static/product-images"
)

var (
	noon  = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	quiet = slog.New(slog.DiscardHandler)
)

// fixture is the catalog on a real database.
type fixture struct {
	*Server
	pool *pgxpool.Pool
}

func setup(t *testing.T) *fixture {
	t.Helper()
	return with(t, ImageSettings{PublicURL: "https://cdn.european-pay.fr", StaticURL: static})
}

func with(t *testing.T, o ImageSettings) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "qr", migrations.FS)
	images, err := NewImages(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(images.Close)
	store := NewStore(pool, func() time.Time { return noon }, func() {})
	return &fixture{NewServer(store, images, Library{BaseURL: static}), pool}
}

// stored is the catalog with a store of images.
func stored(t *testing.T) (*fixture, ImageSettings) {
	t.Helper()
	o := ImageSettings{Bucket: "eupay-images", Region: "eu-west-3", AccessKey: "test-access-key", SecretKey: "test-secret-key-of-the-store", StaticURL: static}
	store, err := s3.New(s3.Config{
		Dir: t.TempDir(), Bucket: o.Bucket, Region: o.Region, AccessKey: o.AccessKey, SecretKey: o.SecretKey,
		Public: "product-images/",
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(store.Handler())
	t.Cleanup(srv.Close)
	o.Endpoint, o.PublicURL = srv.URL, srv.URL+"/"+o.Bucket
	return with(t, o), o
}

// documented are the fields of the documentation's example.
func documented() *qrv1.ProductFields {
	return &qrv1.ProductFields{
		Name: proto.String("Café Noisette"), Category: proto.String("boissons"), PriceTtcCents: proto.Int64(350),
		VatRatePerMille: proto.Int32(100), StockQuantity: proto.Int32(500),
	}
}

func (f *fixture) add(t *testing.T, merchantID string, change func(*qrv1.ProductFields)) *qrv1.Product {
	t.Helper()
	fields := documented()
	if change != nil {
		change(fields)
	}
	res, err := f.CreateProduct(t.Context(), &qrv1.CreateProductRequest{MerchantId: merchantID, Fields: fields})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetProduct()
}

func (f *fixture) version(t *testing.T, merchantID string) int64 {
	t.Helper()
	v, err := f.store.Version(t.Context(), f.pool, merchantID)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// announced are the types of the events in the outbox.
func (f *fixture) announced(t *testing.T) []string {
	t.Helper()
	var types []string
	if err := f.pool.QueryRow(t.Context(), `select coalesce(array_agg(event_type order by id), '{}') from outbox`).Scan(&types); err != nil {
		t.Fatal(err)
	}
	return types
}

// refusedField is the one field that a VALIDATION_ERROR names.
func refusedField(err error) string {
	if !errs.Is(err, errs.ValidationError) || len(errs.From(err).Fields) != 1 {
		return ""
	}
	return errs.From(err).Fields[0].Field
}

// put uploads as a browser does and returns the status.
func put(t *testing.T, url, contentType string, body []byte) int {
	t.Helper()
	return send(t, http.MethodPut, url, contentType, body).StatusCode
}

func send(t *testing.T, method, url, contentType string, body []byte) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}
