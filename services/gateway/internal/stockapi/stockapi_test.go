package stockapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
	"european-pay.eu/eupay/services/gateway/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)

const (
	someID   = "01976a3e-6a1b-7c2d-8e3f-4a5b6c7d8e9f"
	password = "correct horse battery"
)

// shelves stands in for the qr service: it remembers the last request, and the file of an import.
type shelves struct {
	qrv1.UnimplementedStockServiceServer
	mu   sync.Mutex
	last proto.Message
	file []byte
}

func (s *shelves) note(m proto.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = m
}

func (s *shelves) asked() (proto.Message, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.file
}

func (s *shelves) UpdateVariant(_ context.Context, r *qrv1.UpdateVariantRequest) (*qrv1.UpdateVariantResponse, error) {
	s.note(r)
	return &qrv1.UpdateVariantResponse{Variant: &qrv1.Variant{Id: someID, ProductId: someID, Name: "M", CreatedAt: timestamppb.New(noon), UpdatedAt: timestamppb.New(noon)}}, nil
}

func (s *shelves) MoveStock(_ context.Context, r *qrv1.MoveStockRequest) (*qrv1.MoveStockResponse, error) {
	s.note(r)
	return &qrv1.MoveStockResponse{Movement: &qrv1.StockMovement{
		Id: someID, ProductId: someID, Name: "M", Reason: r.GetReason(), Quantity: r.GetQuantity(), Sequence: 2, OccurredAt: timestamppb.New(noon),
	}, Replayed: r.GetIdempotencyKey() != ""}, nil
}

func (s *shelves) ListMovements(_ context.Context, r *qrv1.ListMovementsRequest) (*qrv1.ListMovementsResponse, error) {
	s.note(r)
	return &qrv1.ListMovementsResponse{HasMore: true}, nil
}

func (s *shelves) ImportCatalog(stream grpc.ClientStreamingServer[qrv1.ImportCatalogRequest, qrv1.ImportCatalogResponse]) error {
	var first *qrv1.ImportCatalogRequest
	var file []byte
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if first == nil {
			first = m
		}
		file = append(file, m.GetData()...)
	}
	s.note(first)
	s.mu.Lock()
	s.file = file
	s.mu.Unlock()
	return stream.SendAndClose(&qrv1.ImportCatalogResponse{Lines: 2, Created: 1, Problems: []*qrv1.ImportProblem{{Line: 3, Column: "ean", Message: "ean is wrong."}, {Line: 4, Message: "The line is double."}}})
}

func (s *shelves) ExportCatalog(r *qrv1.ExportCatalogRequest, stream grpc.ServerStreamingServer[qrv1.ExportCatalogResponse]) error {
	s.note(r)
	return errors.Join(stream.Send(&qrv1.ExportCatalogResponse{Data: []byte("id,")}), stream.Send(&qrv1.ExportCatalogResponse{Data: []byte("name\r\n")}))
}

type fixture struct {
	shelves  *shelves
	api      gatewaytest.Client
	owner    []string
	merchant string
}

func setup(t *testing.T) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	now := func() time.Time { return noon }
	accounts := gatewaytest.Accounts(t, pool, natstest.New(t).NC, now)
	f := &fixture{shelves: &shelves{}}
	e := web.New(slog.New(slog.DiscardHandler), nil)
	g := apidoctest.API(t, e)
	access := gatewaytest.Access(accounts, now)
	portaltest.Register(g, accounts, access, nil)
	client := qrv1.NewStockServiceClient(gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) { qrv1.RegisterStockServiceServer(r, f.shelves) }))
	New(Deps{Stock: client, Access: access, Limiter: ratelimit.NewMemory(now), ProductView: func(*qrv1.Product) any { return nil }}).Register(g)
	srv := httptest.NewServer(e)
	t.Cleanup(srv.Close)
	f.api = gatewaytest.Client{URL: srv.URL, HTTP: srv.Client(), Doc: apidoctest.New(t)}
	in := f.api.Call(t, "POST", apidoctest.Base+"/auth/register", `{"email":"owner@example.com","password":"`+password+`","name":"Shop","iban":"FR7630006000011234567890189"}`)
	token, _ := in.JSON["token"].(string)
	f.owner, f.merchant = gatewaytest.Bearer(token), in.JSON["merchant_id"].(string)
	return f
}

func (f *fixture) call(t *testing.T, method, path, body string, headers ...string) gatewaytest.Reply {
	t.Helper()
	return f.api.Call(t, method, apidoctest.Base+path, body, append(headers, f.owner...)...)
}

func TestAVariantIsChangedInParts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for body, want := range map[string]*qrv1.VariantFields{
		`{"price_ttc":19.90}`:                       {PriceTtcCents: proto.Int64(1990)},
		`{"price_ttc":null,"ean":null}`:             {WithoutPrice: true, Ean: proto.String("")},
		`{"low_stock_at":3}`:                        {LowStockAt: proto.Int32(3)},
		`{"low_stock_at":null,"sku":"X"}`:           {LowStockAt: proto.Int32(0), Sku: proto.String("X")},
		`{"attributes":{"size":"M"},"name":"M"}`:    {Name: proto.String("M"), Attributes: &qrv1.VariantAttributes{Values: map[string]string{"size": "M"}}},
		`{"stock_quantity":0,"is_available":false}`: {StockQuantity: proto.Int32(0), IsAvailable: proto.Bool(false)},
	} {
		a := f.call(t, "PATCH", "/product/"+someID+"/variants/"+someID, body)
		asked, _ := f.shelves.asked()
		r, ok := asked.(*qrv1.UpdateVariantRequest)
		if a.Status != 200 || !ok || r.GetActor() == "" || r.GetMerchantId() != f.merchant || !proto.Equal(r.GetFields(), want) {
			t.Errorf("%s answers %d %s, asked %v", body, a.Status, a.Text, asked)
		}
	}
	if a := f.call(t, "PATCH", "/product/"+someID+"/variants/"+someID, `{"low_stock_at":0}`); a.Status != 400 {
		t.Errorf("a threshold of 0: %d %s", a.Status, a.Text)
	}
}

func TestAFileIsSentOnInParts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	file := "name\n" + strings.Repeat("é", partSize) // more than one part
	a := f.call(t, "POST", "/product/imports?dry_run=true", file, "Content-Type", "text/csv; charset=utf-8")
	asked, got := f.shelves.asked()
	r, ok := asked.(*qrv1.ImportCatalogRequest)
	if a.Status != 200 || !ok || !r.GetDryRun() || r.GetSetStock() || r.GetMerchantId() != f.merchant || string(got) != file {
		t.Errorf("answers %d %s, asked %v", a.Status, a.Text, asked)
	}
	if want := `"problems":[{"line":3,"column":"ean","message":"ean is wrong."},{"line":4,"column":null,"message":"The line is double."}]`; !strings.Contains(a.Text, want) {
		t.Errorf("%s is not in %s", want, a.Text)
	}
	for kind, want := range map[string]int{"application/json": 415, "text/csv; charset=iso-8859-1": 415} {
		if a := f.call(t, "POST", "/product/imports", file, "Content-Type", kind); a.Status != want {
			t.Errorf("%s: %d %s", kind, a.Status, a.Text)
		}
	}
	if a := f.call(t, "POST", "/product/imports", strings.Repeat("a", maxFile+1), "Content-Type", "text/csv"); a.Status != 413 {
		t.Errorf("too large: %d %s", a.Status, a.Text)
	}
	if a := f.call(t, "GET", "/product/export?separator=semicolon", ""); a.Status != 200 || a.Text != "id,name\r\n" {
		t.Errorf("the export is %d %q", a.Status, a.Text)
	}
}

func TestAMovementIsRecordedAndListed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	a := f.call(t, "POST", "/stock/movements", `{"product_id":"`+someID+`","reason":"count","counted":4,"expected":0}`, "Idempotency-Key", "k")
	asked, _ := f.shelves.asked()
	r, ok := asked.(*qrv1.MoveStockRequest)
	if a.Status != 201 || a.Header.Get("Idempotent-Replayed") != "true" || !ok || r.GetCounted() != 4 || r.Expected == nil || r.GetExpected() != 0 || r.GetIdempotencyKey() != "k" {
		t.Errorf("answers %d %s, asked %v", a.Status, a.Text, asked)
	}
	if a := f.call(t, "GET", "/stock/movements?limit=5", ""); a.Status != 200 || a.Text != `{"data":[],"has_more":true}`+"\n" {
		t.Errorf("the list is %d %q", a.Status, a.Text)
	}
}
