package kitchenapi

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	id    = "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2"
	token = "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4"
)

var at = timestamppb.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))

// kitchen stands for the qr service. It notes what it is asked.
type kitchen struct {
	qrv1.UnimplementedKitchenServiceServer
	mu   sync.Mutex
	seen []proto.Message
}

func (k *kitchen) note(m proto.Message) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen = append(k.seen, m)
}

// last is the latest request of its type.
func last[M proto.Message](t *testing.T, k *kitchen) (found M) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range slices.Backward(k.seen) {
		if found, ok := m.(M); ok {
			return found
		}
	}
	t.Fatal("no such request came")
	return found
}

func (k *kitchen) ListStations(_ context.Context, r *qrv1.ListStationsRequest) (*qrv1.ListStationsResponse, error) {
	k.note(r)
	return &qrv1.ListStationsResponse{Stations: []*qrv1.Station{{Id: id, Name: "Bar", Categories: []string{"boissons"}, CreatedAt: at, UpdatedAt: at}}}, nil
}

func (k *kitchen) CreateStation(_ context.Context, r *qrv1.CreateStationRequest) (*qrv1.CreateStationResponse, error) {
	k.note(r)
	return &qrv1.CreateStationResponse{Station: &qrv1.Station{Id: id, Name: r.GetFields().GetName(), CreatedAt: at, UpdatedAt: at}}, nil
}

func (k *kitchen) UpdateStation(_ context.Context, r *qrv1.UpdateStationRequest) (*qrv1.UpdateStationResponse, error) {
	k.note(r)
	return &qrv1.UpdateStationResponse{Station: &qrv1.Station{Id: id, Name: "Bar", CreatedAt: at, UpdatedAt: at}}, nil
}

func (k *kitchen) CreatePrinter(_ context.Context, r *qrv1.CreatePrinterRequest) (*qrv1.CreatePrinterResponse, error) {
	k.note(r)
	return &qrv1.CreatePrinterResponse{Printer: printerOf(), Token: token}, nil
}

func (k *kitchen) GetPrinter(_ context.Context, r *qrv1.GetPrinterRequest) (*qrv1.GetPrinterResponse, error) {
	k.note(r)
	return &qrv1.GetPrinterResponse{Printer: printerOf()}, nil
}

func printerOf() *qrv1.Printer {
	return &qrv1.Printer{Id: id, Name: "Bar", Kind: "cloudprnt", Language: "fr", Width: 48, IsActive: true, Status: "new", CreatedAt: at, UpdatedAt: at}
}

func (k *kitchen) ListPrintJobs(_ context.Context, r *qrv1.ListPrintJobsRequest) (*qrv1.ListPrintJobsResponse, error) {
	k.note(r)
	return &qrv1.ListPrintJobsResponse{HasMore: true, Jobs: []*qrv1.PrintJob{{Id: id, PrinterId: id, State: "printed", CreatedAt: at, EndedAt: at, ExpiresAt: at}}}, nil
}

func (k *kitchen) SetLineStatus(_ context.Context, r *qrv1.SetLineStatusRequest) (*qrv1.SetLineStatusResponse, error) {
	k.note(r)
	return &qrv1.SetLineStatusResponse{Order: &qrv1.Order{Id: id}}, nil
}

func (k *kitchen) SetPartStatus(_ context.Context, r *qrv1.SetPartStatusRequest) (*qrv1.SetPartStatusResponse, error) {
	k.note(r)
	return &qrv1.SetPartStatusResponse{Order: &qrv1.Order{Id: id}}, nil
}

func (k *kitchen) FireCourse(_ context.Context, r *qrv1.FireCourseRequest) (*qrv1.FireCourseResponse, error) {
	k.note(r)
	return &qrv1.FireCourseResponse{Order: &qrv1.Order{Id: id}}, nil
}

func (k *kitchen) PollPrinter(_ context.Context, r *qrv1.PollPrinterRequest) (*qrv1.PollPrinterResponse, error) {
	k.note(r)
	if r.GetToken() != token {
		return nil, errs.NotFound("Printer")
	}
	return &qrv1.PollPrinterResponse{JobId: id, MediaTypes: []string{"application/vnd.star.starprnt", "text/plain"}}, nil
}

func (k *kitchen) FetchTicket(_ context.Context, r *qrv1.FetchTicketRequest) (*qrv1.FetchTicketResponse, error) {
	k.note(r)
	return &qrv1.FetchTicketResponse{MediaType: "application/vnd.star.starprnt", Content: []byte("\x1b@x\x82")}, nil
}

func (k *kitchen) ConfirmTicket(_ context.Context, r *qrv1.ConfirmTicketRequest) (*qrv1.ConfirmTicketResponse, error) {
	k.note(r)
	return &qrv1.ConfirmTicketResponse{}, nil
}

// Watch sends a snapshot and two orders that changed together, and ends.
func (k *kitchen) Watch(r *qrv1.WatchRequest, stream grpc.ServerStreamingServer[qrv1.WatchResponse]) error {
	k.note(r)
	if r.GetStationId() == "theirs" {
		return errs.NotFound("Station")
	}
	if err := stream.SendHeader(metadata.Pairs(openHeader, "true")); err != nil {
		return err
	}
	for _, res := range []*qrv1.WatchResponse{
		{Cursor: 41, IsSnapshot: true, Orders: []*qrv1.Order{{Id: "a"}}}, {Cursor: 42, Orders: []*qrv1.Order{{Id: "b"}, {Id: "c"}}},
	} {
		if err := stream.Send(res); err != nil {
			return err
		}
	}
	return errs.New(errs.Unavailable, "Connect again.")
}

type fixture struct {
	*portaltest.Portal
	kitchen *kitchen
}

func setup(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{portaltest.New(t), &kitchen{}}
	client := qrv1.NewKitchenServiceClient(gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) { qrv1.RegisterKitchenServiceServer(r, f.kitchen) }))
	New(Deps{
		Kitchen: client, Access: f.Access, Limiter: f.Limiter, Base: "https://api.example/api/v1/",
		OrderView: orderView,
	}).Register(f.Group)
	return f
}

// orderView is an order as it is described.
func orderView(o *qrv1.Order) any {
	return map[string]any{
		"id": o.GetId(), "number": 1, "status": "received", "order_type": "dine_in", "table": map[string]any{"id": id, "name": "T"}, "items": []any{}, "subtotal": 1,
		"discount": 0, "total": 1, "vat_amount": 0, "currency": "EUR", "pay_now": false, "payment_status": "not_required", "paid_at": nil, "refund": nil,
		"created_at": "2026-06-17T12:00:00Z", "updated_at": "2026-06-17T12:00:00Z", "customer_name": "", "notes": "", "payment_reference": nil, "paid_late": false,
		"livemode": false, "sequence": 1,
	}
}

func TestStationsAndPrintersAreSetUpByPeople(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	f.Must(t, owner, "GET", "/kitchen/stations", "")
	f.Must(t, owner, "POST", "/kitchen/stations", `{"name":"Bar","categories":["boissons"]}`)
	if got := last[*qrv1.CreateStationRequest](t, f.kitchen).GetFields(); got.GetName() != "Bar" || len(got.GetCategories().GetValues()) != 1 || got.GetProductIds() != nil || got.IsDefault != nil {
		t.Errorf("asked for %v", got)
	}
	f.Must(t, owner, "PATCH", "/kitchen/stations/"+id, `{"products":[]}`)
	if got := last[*qrv1.UpdateStationRequest](t, f.kitchen).GetFields(); got.Name != nil || got.GetProductIds() == nil {
		t.Errorf("asked for %v", got)
	}
	made := f.Must(t, owner, "POST", "/kitchen/printers", `{"name":"Bar","stations":["`+id+`"],"width":32}`)
	if made.Str("poll_url") != "https://api.example/api/v1/printers/cloudprnt/"+token {
		t.Errorf("got %s", made.Text)
	}
	if again := f.Must(t, owner, "GET", "/kitchen/printers/"+id, ""); strings.Contains(again.Text, token) {
		t.Errorf("the address is shown again: %s", again.Text)
	}
	if r := f.Must(t, owner, "GET", "/kitchen/print-jobs?limit=5&printer="+id, ""); r.JSON["has_more"] != true || last[*qrv1.ListPrintJobsRequest](t, f.kitchen).GetPrinterId() != id {
		t.Errorf("got %s", r.Text)
	}
	f.Refused(t, errs.ValidationError, owner, "GET", "/kitchen/print-jobs?printr=x", "")
	f.Refused(t, errs.ValidationError, owner, "POST", "/kitchen/stations", `{"nme":"x"}`)
}

func TestAKeyWorksOnOrdersOfItsMode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	reader, writer := f.APIKey(t, owner, "false", `["orders:read"]`), f.APIKey(t, owner, "false", `["orders:write"]`)
	path := "/table-order/orders/" + id
	for who, live := range map[string]*bool{"owner": nil, "key": new(bool)} {
		as := map[string]portaltest.As{"owner": owner, "key": writer}[who]
		r := f.Call(t, as, "PATCH", path+"/lines/3/status", `{"status":"ready"}`)
		got := last[*qrv1.SetLineStatusRequest](t, f.kitchen)
		if r.Status != 200 || got.GetPosition() != 3 || got.GetStatus() != "ready" || (got.Livemode == nil) != (live == nil) || got.GetLivemode() {
			t.Errorf("%s: %d, asked for %v", who, r.Status, got)
		}
		r = f.Call(t, as, "PATCH", path+"/lines/3/parts/2/status", `{"status":"served"}`)
		part := last[*qrv1.SetPartStatusRequest](t, f.kitchen)
		if r.Status != 200 || part.GetPosition() != 3 || part.GetPart() != 2 || part.GetStatus() != "served" || (part.Livemode == nil) != (live == nil) || part.GetLivemode() {
			t.Errorf("%s: %d, asked for %v", who, r.Status, part)
		}
	}
	f.Refused(t, errs.InsufficientScope, reader, "PATCH", path+"/lines/3/status", `{"status":"ready"}`)
	f.Refused(t, errs.InsufficientScope, reader, "PATCH", path+"/lines/3/parts/2/status", `{"status":"ready"}`)
	f.Refused(t, errs.InsufficientScope, writer, "GET", "/kitchen/stream", "")
	for _, p := range []string{"/lines/x/status", "/lines/-1/status", "/lines/99999999/status", "/lines/3/parts/x/status", "/lines/x/parts/1/status"} {
		f.Refused(t, errs.NotFoundCode, writer, "PATCH", path+p, `{"status":"ready"}`)
	}
	f.Refused(t, errs.ValidationError, writer, "PATCH", path+"/lines/3/status", `{}`)
}

// A kitchen's stream begins with a snapshot; of orders that are sent together only the last has the position.
func TestAKitchenIsFollowed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	owner := f.Register(t, "owner@example.com")
	key := f.APIKey(t, owner, "false", `["orders:read"]`)
	r := f.API.Call(t, "GET", "/kitchen/stream?station="+id, "", "X-Api-Key", key.Public, "X-Api-Secret", key.Secret, "Last-Event-ID", "40")
	asked := last[*qrv1.WatchRequest](t, f.kitchen)
	if asked.GetAfter() != 40 || asked.GetStationId() != id || asked.Livemode == nil || asked.GetLivemode() {
		t.Errorf("asked for %v", asked)
	}
	blocks := strings.Split(strings.TrimSpace(r.Text), "\n\n")
	begins := []string{"id: 41\nevent: snapshot\ndata: {\"data\":[{", "event: order\ndata: {", "id: 42\nevent: order\ndata: {", "event: error\ndata: {"}
	if len(blocks) != len(begins) {
		t.Fatalf("got %q", r.Text)
	}
	for i, begin := range begins {
		if !strings.HasPrefix(blocks[i], begin) {
			t.Errorf("event %d is %q", i, blocks[i])
		}
	}
	f.Refused(t, errs.NotFoundCode, owner, "GET", "/kitchen/stream?station=theirs", "")
	if r := f.API.Call(t, "GET", "/kitchen/stream", "", append(gatewaytest.Bearer(owner.Token), "Last-Event-ID", "x")...); r.Status != 400 {
		t.Errorf("a position that is none: %d", r.Status)
	}
}

func TestAPrinterFetchesItsTicketWithNothingButItsAddress(t *testing.T) {
	t.Parallel()
	f := setup(t)
	path := "/printers/cloudprnt/" + token
	poll := `{"status":"23 6 0","printerMAC":"00:11:62:00:00:01","uniqueID":null,"statusCode":"200%20OK","printingInProgress":false,"clientAction":null,"new":[1]}`
	r := f.API.Call(t, "POST", path, poll)
	if r.JSON["jobReady"] != true || r.JSON["jobToken"] != id || r.JSON["deleteMethod"] != "DELETE" {
		t.Errorf("offered %s", r.Text)
	}
	if got := last[*qrv1.PollPrinterRequest](t, f.kitchen); got.GetStatusCode() != "200 OK" || got.GetMac() != "00:11:62:00:00:01" || got.GetPrinting() {
		t.Errorf("asked for %v", got)
	}
	got := f.API.Call(t, "GET", path+"?uid=&type=application%2Fvnd.star.starprnt&mac=x&token="+id, "", "X-Star-Accept-Codepages", "1252 utf-8")
	if got.Text != "\x1b@x\x82" || got.Header.Get("Content-Type") != "application/vnd.star.starprnt" || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %q %v", got.Text, got.Header)
	}
	if asked := last[*qrv1.FetchTicketRequest](t, f.kitchen); asked.GetJobId() != id || asked.GetMediaType() != "application/vnd.star.starprnt" || !asked.GetUtf8() {
		t.Errorf("asked for %v", asked)
	}
	for _, c := range [][2]string{{"DELETE", "?code=200%20OK&token=" + id}, {"GET", "?delete&code=200+OK&token=" + id}} {
		if r := f.API.Call(t, c[0], path+c[1], ""); r.Status != 200 || last[*qrv1.ConfirmTicketRequest](t, f.kitchen).GetCode() != "200 OK" {
			t.Errorf("%s: %d", c[0], r.Status)
		}
	}
	if r := f.API.Call(t, "POST", "/printers/cloudprnt/"+strings.Repeat("0", 32), poll); r.Status != 404 {
		t.Errorf("an address that leads nowhere: %d", r.Status)
	}
	if r := f.API.Call(t, "POST", path, `{"statusCode"`); r.Status != 400 {
		t.Errorf("no JSON: %d", r.Status)
	}
}
