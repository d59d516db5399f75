package billapi

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	billID  = "4fc1cd9e-b053-4e95-9e79-14e5080c1b26"
	partID  = "50d2deaf-c164-4fa6-af8a-25f6191d2c37"
	mine    = "/table-order/bills/" + billID
	guests  = "/table-order/bill/" + gatewaytest.Token
	atTable = "/table-order/menu/" + gatewaytest.Ours + "/" + gatewaytest.Token + "/bill"
)

var noon = timestamppb.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))

type noCodes struct{}

func (noCodes) Sign(context.Context, *paymentsv1.Payment) *paying.QRData { return nil }

func setup(t *testing.T) (*gatewaytest.Desk, *gatewaytest.Backend) {
	t.Helper()
	d, b := gatewaytest.NewDesk(t), gatewaytest.NewBackend(t)
	New(Deps{
		Bills: qrv1.NewBillServiceClient(b.Conn), Merchants: d, Codes: noCodes{}, Access: d.Access, Deadline: time.Second, Limiter: d.Limits,
		Now: func() time.Time { return noon.AsTime() },
	}).Register(d.Group)
	return d, b
}

func TestWhatHoldsForAllCalls(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	owner := gatewaytest.As(rights.RoleMerchant)
	gatewaytest.CheckRoutes(t, d, b, []gatewaytest.Route{
		{Token: owner, Method: "GET", Path: "/table-order/bills?status=open"},
		{Token: owner, Method: "GET", Path: mine},
		{Token: owner, Method: "POST", Path: mine + "/payments", Body: `{"method":"cash","amount":10}`, Headers: []string{"Idempotency-Key", "k"}},
		{Token: owner, Method: "POST", Path: mine + "/payments/" + partID + "/refund"},
		{Token: owner, Method: "POST", Path: mine + "/shares", Body: `{"kind":"rest"}`},
		{Token: owner, Method: "POST", Path: mine + "/shares/" + partID + "/cancel"},
		{Token: owner, Method: "POST", Path: mine + "/close"},
		{Method: "GET", Path: atTable, Limits: []string{"ip:bill:", "table-bill:"}},
		{Method: "GET", Path: guests, Limits: []string{"ip:bill:", "bill:"}},
		{Method: "POST", Path: guests + "/shares", Body: `{"kind":"rest"}`, Limits: []string{"ip:share:", "shares:"}},
		{Method: "GET", Path: guests + "/shares/" + partID, Limits: []string{"ip:bill:", "share:"}},
		{Method: "POST", Path: guests + "/shares/" + partID + "/cancel", Limits: []string{"ip:share:"}},
	})
}

func TestWhatCannotBeAnIDIsNobodys(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	owner, long := gatewaytest.As(rights.RoleMerchant), strings.Repeat("a", 65)
	gatewaytest.CheckNobodys(t, d, b, []gatewaytest.Route{
		{Token: owner, Method: "GET", Path: "/table-order/bills/" + long},
		{Token: owner, Method: "POST", Path: "/table-order/bills/a.b/payments", Body: `{"method":"cash","amount":10}`},
		{Token: owner, Method: "POST", Path: mine + "/payments/%20/refund"},
		{Token: owner, Method: "POST", Path: mine + "/shares/a'b/cancel"},
		{Method: "GET", Path: "/table-order/menu/" + long + "/" + gatewaytest.Token + "/bill"},
		{Method: "GET", Path: "/table-order/menu/" + gatewaytest.Ours + "/a%2Fb/bill"},
		{Method: "GET", Path: "/table-order/bill/" + long},
		{Method: "POST", Path: "/table-order/bill/" + long + "/shares", Body: `{"kind":"rest"}`},
		{Method: "GET", Path: guests + "/shares/" + long},
	})
}

func TestBodiesAreReadStrictly(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	owner := gatewaytest.As(rights.RoleMerchant)
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Token: owner, Method: "POST", Path: mine + "/payments"}, map[string]string{
		`{"method":"cash","amount":10}`: "", `{"method":"cash","amount":10,"tips":1}`: "tips", `{"method":"cash","amount":"10"}`: "amount",
		`{"method":"cash","amount":1e2,"tip":0.001}`: "amount tip", `{"method":1,"amount":10}`: "method", `[]`: "body", `{}{}`: "body", ``: "body",
		`{"method":"cash","amount":99999999999999999999}`: "amount", `{"method":"cash","amount":1,"amount":2}`: "amount",
	})
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Method: "POST", Path: guests + "/shares"}, map[string]string{
		`{"kind":"rest","tip":1.5}`: "", `{"kind":"rest","hold_minutes":2.5}`: "hold_minutes", `{"kind":"rest","hold_minutes":99999999999}`: "hold_minutes",
		`{"kind":"amount","amount":1e1}`: "amount", `{"kind":"items","items":[{"order_id":"x","position":1,"quantity":1,"price":0}]}`: "items[0].price",
		`{"kind":"equal","people":"2","parts":1}`: "people", `{"kind":"rest","merchant_id":"x"}`: "merchant_id", `{"kind":"rest","expected_amount":-0.001}`: "expected_amount",
	})
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Token: owner, Method: "POST", Path: mine + "/payments/" + partID + "/refund"}, map[string]string{
		``: "", `{"amount":0.01}`: "", `{"amount":0}`: "amount", `{"amount":-5}`: "amount", `{"reason":"x"}`: "reason",
	})
	if r := d.Call(t, "", "POST", guests+"/shares", `{"kind":"`+strings.Repeat("x", 64<<10)+`"}`); r.Code() != errs.PayloadTooLarge {
		t.Errorf("a body of 64 KiB: %d %s", r.Status, r.Text)
	}
}

// TestARefundOfABillWantsAProofBeyondTheLimit: refunds of bills went past the merchant's limit, however much they gave back.
func TestARefundOfABillWantsAProofBeyondTheLimit(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	limit := money.Cents(50_00)
	d.Shops[gatewaytest.Ours] = merchant.Merchant{
		ID: gatewaytest.Ours, Name: "Café", IBAN: "FR7630006000011234567890189", GatewayEnabled: true, RefundStepUpAbove: &limit,
	}
	refund := func() (gatewaytest.Reply, *qrv1.RefundPaymentRequest) {
		r := d.Call(t, gatewaytest.As(rights.RoleMerchant), "POST", mine+"/payments/"+partID+"/refund", `{"amount":60}`)
		return r, gatewaytest.Latest[*qrv1.RefundPaymentRequest](b)
	}
	if r, asked := refund(); r.Status != 200 || asked.RefundLimitCents != nil {
		t.Errorf("with a proof: %d %s, asked %v", r.Status, r.Text, asked)
	}
	d.Stale = errs.New(errs.StepUpRequired, "Here is how.")
	if r, asked := refund(); r.Status != 200 || asked.RefundLimitCents == nil || asked.GetRefundLimitCents() != 50_00 {
		t.Errorf("without: %d %s, asked %v", r.Status, r.Text, asked)
	}
	b.FailIn("RefundPayment", errs.New(errs.StepUpRequired, "Prove it."))
	if r, _ := refund(); r.Code() != errs.StepUpRequired || !strings.Contains(r.Text, "Here is how.") {
		t.Errorf("beyond the limit: %d %s", r.Status, r.Text)
	}
}

// TestAGuestSeesNoOtherGuestsAffairs: neither who pays what, nor tips, nor references of payments.
func TestAGuestSeesNoOtherGuestsAffairs(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	bill := &qrv1.Bill{
		Id: billID, MerchantId: gatewaytest.Ours, Token: gatewaytest.Token, Status: "open", CreatedAt: noon, UpdatedAt: noon, TipCents: 777,
		Shares:   []*qrv1.BillShare{{Id: partID, PaymentReference: "PAY-1", PaymentUrl: "https://bank.example/1", CreatedAt: noon, ExpiresAt: noon}},
		Payments: []*qrv1.BillPayment{{Id: partID, Reference: "PAY-2", TipCents: 777, ReceivedAt: noon}}, WriteOffReason: "gone",
	}
	b.Answer(&qrv1.GetPublicBillResponse{Bill: bill}, &qrv1.GetTableBillResponse{Bill: proto.CloneOf(bill)})
	for _, path := range []string{guests, atTable} {
		r := d.Call(t, "", "GET", path, "")
		for _, private := range []string{partID, "PAY-", "bank.example", "7.77", "gone", billID} {
			if r.Status != 200 || strings.Contains(r.Text, private) {
				t.Errorf("%s shows %q: %d %s", path, private, r.Status, r.Text)
			}
		}
	}
}
