package giveback

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book stands in for the einvoice service with one refund that is wanted until its outcome is recorded.
type book struct {
	einvoicev1.CreditRefundsServiceClient
	wanted *einvoicev1.WantedRefund
	ended  []*einvoicev1.EndCreditRefundRequest
	away   error
}

func (b *book) ClaimCreditRefunds(context.Context, *einvoicev1.ClaimCreditRefundsRequest, ...grpc.CallOption) (*einvoicev1.ClaimCreditRefundsResponse, error) {
	if b.wanted == nil || b.away != nil {
		return nil, b.away
	}
	return &einvoicev1.ClaimCreditRefundsResponse{Refunds: []*einvoicev1.WantedRefund{b.wanted}}, nil
}

func (b *book) EndCreditRefund(_ context.Context, r *einvoicev1.EndCreditRefundRequest, _ ...grpc.CallOption) (*einvoicev1.EndCreditRefundResponse, error) {
	b.ended, b.wanted = append(b.ended, r), nil
	return &einvoicev1.EndCreditRefundResponse{}, nil
}

// till stands in for the payments service.
type till struct {
	made map[string]int64
	fail error
	// lost: the refund is made and its answer is not received.
	lost bool
}

func (p *till) Refund(_ context.Context, _ string, pass gate.Pass, r paying.Refund) (paying.Outcome, error) {
	if p.fail != nil && !p.lost {
		return paying.Outcome{}, p.fail
	}
	p.made[pass.Merchant().ID+" "+r.Reference+" "+r.Payment+" "+r.Key] = int64(r.Amount)
	return paying.Outcome{}, p.fail
}

type shops map[string]merchant.Merchant

func (s shops) Get(_ context.Context, id string) (merchant.Merchant, error) { return s[id], nil }

func TestARefundIsAskedForUntilThereIsAnOutcome(t *testing.T) {
	t.Parallel()
	wanted := &einvoicev1.WantedRefund{CreditNoteId: "n", MerchantId: "m", PaymentReference: "PAY-1", RefundReference: "REF-1", AmountCents: 5000}
	b, p := &book{wanted: wanted}, &till{made: map[string]int64{}}
	m := merchant.Merchant{ID: "m", Name: "Shop", IBAN: "FR7630006000011234567890189", GatewayEnabled: true}
	loop := New(Deps{Wanted: b, Merchants: shops{"m": m}, Refunds: p, Log: slog.New(slog.DiscardHandler)})
	turn := func() {
		t.Helper()
		if _, err := loop.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p.fail = errs.New(errs.Unavailable, "No answer.")
	turn()
	p.fail, p.lost = errors.New("connection reset"), true
	turn()
	if len(b.ended) != 0 {
		t.Fatalf("it ended without an outcome: %v", b.ended)
	}
	p.fail, p.lost = nil, false
	turn()
	if len(b.ended) != 1 || b.ended[0].GetErrorCode() != "" || b.ended[0].GetCreditNoteId() != "n" {
		t.Fatalf("ended %v", b.ended)
	}
	if len(p.made) != 1 || p.made["m REF-1 PAY-1 credit note n"] != 5000 {
		t.Errorf("made %v, want one refund under its reference", p.made)
	}
	b.wanted, p.fail = wanted, errs.New(errs.RefundExceeds, "Nothing is left.")
	turn()
	if last := b.ended[len(b.ended)-1]; last.GetErrorCode() != "REFUND_EXCEEDS_PAYMENT" || last.GetErrorMessage() != "Nothing is left." {
		t.Errorf("a refusal is recorded as %v", last)
	}
	b.wanted, p.fail, p.made = wanted, nil, map[string]int64{}
	loop.Do(t.Context(), &einvoicev1.WantedRefund{CreditNoteId: "n", MerchantId: "other", RefundReference: "REF-2", AmountCents: 1})
	if last := b.ended[len(b.ended)-1]; last.GetErrorCode() != "API_ACCESS_DISABLED" || len(p.made) != 0 {
		t.Errorf("a merchant that may move no money: %v, made %v", last, p.made)
	}
}
