package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// ledger replaces the payments service: it has one payment. asked gets what is to be asked about.
type ledger struct {
	paymentsv1.UnimplementedOperatorServiceServer
	asked chan<- []string
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

// stuckOne is a payment whose bank has had no news.
var stuckOne = &paymentsv1.StalledPayment{
	Reference: "PAY-1", Kind: "payment", MerchantId: "m1", AmountCents: 2999, Status: "pending_sca", ProviderState: "validating",
	CreatedAt: timestamppb.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)),
}

func (ledger) ShowPayment(_ context.Context, r *paymentsv1.ShowPaymentRequest) (*paymentsv1.ShowPaymentResponse, error) {
	if r.GetReference() != "PAY-1" {
		return nil, errs.NotFound("Payment")
	}
	return &paymentsv1.ShowPaymentResponse{Payment: stuckOne, ProviderPaymentId: "p-7", PaymentLinkId: "PL-1"}, nil
}

func (ledger) ListStuck(_ context.Context, r *paymentsv1.ListStuckRequest) (*paymentsv1.ListStuckResponse, error) {
	if r.GetOverdueSeconds() > 300 {
		return &paymentsv1.ListStuckResponse{}, nil
	}
	return &paymentsv1.ListStuckResponse{Payments: []*paymentsv1.StalledPayment{stuckOne}}, nil
}

func (l ledger) Reconcile(_ context.Context, r *paymentsv1.ReconcileRequest) (*paymentsv1.ReconcileResponse, error) {
	out := &paymentsv1.ReconcileResponse{}
	for _, reference := range r.GetReferences() {
		if reference == "PAY-1" {
			out.References = append(out.References, reference)
		}
	}
	l.asked <- out.GetReferences()
	return out, nil
}

func TestAnOperatorSeesAPaymentAndAsksTheProviderAgain(t *testing.T) {
	asked := make(chan []string, 10)
	serve(t, identity.Payments, paymentsAddr, &paymentsv1.OperatorService_ServiceDesc, ledger{asked: asked})
	for _, c := range []struct {
		args  []string
		code  int
		says  string
		asked []string
	}{
		{[]string{"payments", "show", "PAY-1"}, 0, "29.99 EUR", nil},
		{[]string{"payments", "show", "PAY-1", "-o", "json"}, 0, `"payment_link_id":"PL-1"`, nil},
		{[]string{"payments", "show", "PAY-2"}, exitFailed, "Payment not found", nil},
		{[]string{"payments", "stuck"}, exitFailed, "validating", nil},
		{[]string{"payments", "stuck", "--overdue", "1h"}, 0, "REFERENCE", nil},
		{[]string{"payments", "reconcile"}, exitUsage, "name the payments", nil},
		{[]string{"payments", "reconcile", "PAY-1", "--stuck"}, exitUsage, "name the payments", nil},
		{[]string{"payments", "reconcile", "PAY-1"}, 0, "Nothing was changed", nil},
		{[]string{"payments", "reconcile", "PAY-1", "PAY-2", "--run"}, 0, "PAY-2 is left", []string{"PAY-1"}},
		{[]string{"payments", "reconcile", "--stuck", "--run"}, 0, "asked about 1 payments", []string{"PAY-1"}},
		{[]string{"payments", "reconcile", "--stuck", "--overdue", "1h", "--run"}, 0, "Nothing is stuck", nil},
	} {
		var out, errOut strings.Builder
		code := run(t.Context(), c.args, &out, &errOut)
		if all := out.String() + errOut.String(); code != c.code || !strings.Contains(all, c.says) {
			t.Errorf("%q ends with %d and says %q", c.args, code, all)
		}
		var got []string
		select {
		case got = <-asked:
		default:
		}
		if !slices.Equal(got, c.asked) {
			t.Errorf("%q asks about %q, not %q", c.args, got, c.asked)
		}
	}
}
