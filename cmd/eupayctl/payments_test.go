package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// ledger replaces the payments service: it has one payment.
type ledger struct {
	paymentsv1.UnimplementedOperatorServiceServer
}

func (ledger) ListAnswers(_ context.Context, r *paymentsv1.ListAnswersRequest) (*paymentsv1.ListAnswersResponse, error) {
	if r.GetReference() != "PAY-1" {
		return nil, errs.NotFound("Payment")
	}
	at := timestamppb.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))
	return &paymentsv1.ListAnswersResponse{Entries: []*paymentsv1.AnsweredEntry{
		{Entry: &paymentsv1.HistoryEntry{Sequence: 1, ToStatus: "pending", Cause: "api", OccurredAt: at}},
		{Entry: &paymentsv1.HistoryEntry{
			Sequence: 2, FromStatus: "pending", ToStatus: "completed", Cause: "provider", ProviderState: "done", OccurredAt: at, TraceId: "0af7651916cd43dd8448eb211c80319c",
		}, Answer: `{"state":"done"}`},
	}}, nil
}

func TestTheHistoryOfAPaymentNamesTheProvidersAnswersOnlyWhenAsked(t *testing.T) {
	serve(t, identity.Payments, paymentsAddr, &paymentsv1.OperatorService_ServiceDesc, ledger{})
	for _, c := range []struct {
		args        []string
		code        int
		says, never string
	}{
		{[]string{"payments", "history", "PAY-1"}, 0, "0af7651916cd43dd8448eb211c80319c", "{"},
		{[]string{"payments", "history", "PAY-1", "--answers"}, 0, `{"state":"done"}`, "none"},
		{[]string{"payments", "history", "PAY-1", "-o", "json"}, 0, `"to_status":"completed"`, "provider_answer"},
		{[]string{"payments", "history", "PAY-1", "-o", "json", "--answers"}, 0, `"provider_answer":"{\"state\":\"done\"}"`, "SEQ"},
		{[]string{"payments", "history", "PAY-2"}, exitFailed, "Payment not found", "SEQ"},
		{[]string{"payments", "history"}, exitUsage, "reference", "SEQ"},
	} {
		var out, errOut strings.Builder
		code := run(t.Context(), c.args, &out, &errOut)
		if all := out.String() + errOut.String(); code != c.code || !strings.Contains(all, c.says) || strings.Contains(all, c.never) {
			t.Errorf("%q ends with %d and says %q", c.args, code, all)
		}
	}
}
