package tableapi

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// canceller is the other half of what stands for the qr service.
type canceller struct {
	qrv1.UnimplementedCancellationServiceServer
	on *tables
}

func cancellationOf(id, reason string) *qrv1.Cancellation {
	taxes := []*qrv1.TaxShare{{VatPerMille: 55, GrossCents: 350, VatCents: 18}}
	return &qrv1.Cancellation{
		Id: id, Number: 1, AmountCents: 350, Taxes: taxes, Reason: reason, RefundCents: 350, CreatedAt: at,
		Refund: &qrv1.OrderRefund{Status: "requested", AmountCents: 350, Reference: "REF-1"},
		Lines:  []*qrv1.CancelledLine{{Position: 0, Name: "Café", Quantity: 1, AmountCents: 350, Taxes: taxes}},
	}
}

// CancelOrder refuses money to who may not give it back, as the qr service does.
func (s canceller) CancelOrder(_ context.Context, r *qrv1.CancelOrderRequest) (*qrv1.CancelOrderResponse, error) {
	now, err := s.on.note(r)
	switch refund := r.Refund == nil || r.GetRefund(); {
	case err != nil:
		return nil, err
	case refund && !r.GetMayRefund():
		return nil, errs.New(errs.Forbidden, "No.")
	case refund && r.RefundLimitCents != nil && r.GetRefundLimitCents() < 350:
		return nil, errs.New(errs.StepUpRequired, "No.")
	}
	id := orderID
	if r.GetDryRun() {
		id = ""
	}
	return &qrv1.CancelOrderResponse{Cancellation: cancellationOf(id, r.GetReason()), Order: orderOf(r.GetMerchantId(), "received", 700), Replayed: now.replayed}, nil
}

func (s canceller) ListCancellations(_ context.Context, r *qrv1.ListCancellationsRequest) (*qrv1.ListCancellationsResponse, error) {
	_, err := s.on.note(r)
	return &qrv1.ListCancellationsResponse{Cancellations: []*qrv1.Cancellation{cancellationOf(orderID, "")}}, err
}

func (s canceller) RefundCancellation(_ context.Context, r *qrv1.RefundCancellationRequest) (*qrv1.RefundCancellationResponse, error) {
	_, err := s.on.note(r)
	return &qrv1.RefundCancellationResponse{Cancellation: cancellationOf(r.GetCancellationId(), ""), Order: orderOf(r.GetMerchantId(), "received", 700)}, err
}

func TestPiecesOfAnOrderAreCancelled(t *testing.T) {
	t.Parallel()
	f := setup(t)
	path := "/table-order/orders/" + orderID + "/cancellations"
	r := f.call(t, f.owner, "POST", path, `{"lines":[{"position":0,"quantity":1}],"reason":"cold","restock":false}`, "Idempotency-Key", "tap")
	want(t, r, 201, "cancel")
	c, _ := r.json["cancellation"].(map[string]any)
	if c["id"] != orderID || c["amount"] != 3.5 || c["refund"].(map[string]any)["reference"] != "REF-1" || c["lines"].([]any)[0].(map[string]any)["name"] != "Café" {
		t.Errorf("got %s", r.text)
	}
	sent := last[*qrv1.CancelOrderRequest](t, f.tables)
	wanted := &qrv1.CancelOrderRequest{
		MerchantId: f.merchant, OrderId: orderID, Lines: []*qrv1.CancelLine{{Quantity: 1}}, Reason: "cold", Restock: proto.Bool(false), IdempotencyKey: "tap", MayRefund: true,
	}
	if !proto.Equal(sent, wanted) {
		t.Errorf("sent %v", sent)
	}
	dry := f.call(t, f.owner, "POST", path, `{"dry_run":true}`)
	want(t, dry, 200, "a dry run")
	if c, _ := dry.json["cancellation"].(map[string]any); c["id"] != nil {
		t.Errorf("got %s", dry.text)
	}
	f.tables.set(func(s *tables) { s.replayed = true })
	if r := f.call(t, f.owner, "POST", path, `{}`); r.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("got %v", r.header)
	}
	for _, body := range []string{`{"lines":[]}`, `{"lines":[{"position":0.5,"quantity":1}]}`, `{"amount":1}`} {
		want(t, f.call(t, f.owner, "POST", path, body), 400, body)
	}
	want(t, f.call(t, f.owner, "GET", path, ""), 200, "list")
	want(t, f.call(t, f.owner, "POST", path+"/"+orderID+"/refund", ""), 200, "refund")
}

// TestMoneyIsGivenBackByWhoMay: staff cancels without a refund.
func TestMoneyIsGivenBackByWhoMay(t *testing.T) {
	t.Parallel()
	f := setup(t)
	path := "/table-order/orders/" + orderID + "/cancellations"
	want(t, f.call(t, f.owner, "POST", "/merchant/team", `{"email":"staff@example.com","password":"`+password+`","role":"staff"}`), 201, "add")
	staff, _ := f.call(t, "", "POST", "/auth/login", `{"email":"staff@example.com","password":"`+password+`"}`).json["token"].(string)
	want(t, f.call(t, staff, "POST", path, `{}`), 403, "staff gives money back")
	want(t, f.call(t, staff, "POST", path, `{"refund":false}`), 201, "staff cancels")
	want(t, f.call(t, staff, "POST", path+"/"+orderID+"/refund", ""), 403, "staff gives money back later")
}

// The bound of refunds without a fresh proof holds for what cancellations give back.
func TestALargeRefundOfACancellationWantsAFreshProof(t *testing.T) {
	t.Parallel()
	f := setup(t)
	path := "/table-order/orders/" + orderID + "/cancellations"
	order := "/table-order/orders/" + orderID
	limit := func() *int64 { return last[*qrv1.CancelOrderRequest](t, f.tables).RefundLimitCents }
	cancelled := `{"status":"cancelled","refund":true}`
	want(t, f.call(t, f.owner, "PATCH", "/merchant", `{"refund_step_up_above":3}`), 200, "lower the bound")
	want(t, f.call(t, f.owner, "POST", path, `{}`), 201, "with a fresh proof")
	if limit() != nil {
		t.Errorf("a fresh proof has the limit %d", *limit())
	}
	want(t, f.call(t, f.owner, "POST", order+"/status", cancelled), 200, "all of it with a fresh proof")
	f.mu.Lock()
	f.now = f.now.Add(5 * time.Minute)
	f.mu.Unlock()
	for _, body := range []string{`{}`, `{"refund":true}`, `{"lines":[{"position":0,"quantity":1}]}`} {
		r := f.call(t, f.owner, "POST", path, body)
		if r.status != 403 || r.code() != "STEP_UP_REQUIRED" || !strings.Contains(r.text, "POST /auth/step-up") {
			t.Errorf("%s: got %d %s", body, r.status, r.text)
		}
		if limit() == nil || *limit() != 300 {
			t.Errorf("%s: the limit is %v", body, limit())
		}
	}
	if r := f.call(t, f.owner, "POST", order+"/status", cancelled); r.code() != "STEP_UP_REQUIRED" {
		t.Errorf("all of it: got %d %s", r.status, r.text)
	}
	want(t, f.call(t, f.owner, "POST", path, `{"refund":false}`), 201, "without a refund")
	want(t, f.call(t, f.owner, "POST", path+"/"+orderID+"/refund", ""), 200, "the refund later, which the qr service decides")
	if sent := last[*qrv1.RefundCancellationRequest](t, f.tables); sent.GetRefundLimitCents() != 300 {
		t.Errorf("sent %v", sent)
	}
	want(t, f.call(t, f.owner, "POST", "/auth/step-up", `{"password":"`+password+`"}`), 204, "prove it")
	want(t, f.call(t, f.owner, "POST", path, `{}`), 201, "proven anew")
}
