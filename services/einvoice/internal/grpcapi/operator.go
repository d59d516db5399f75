package grpcapi

import (
	"context"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/ledger"
)

// Operator implements OperatorService.
type Operator struct {
	einvoicev1.UnimplementedOperatorServiceServer
	ledger *ledger.Ledger
}

// NewOperator returns the server for operators.
func NewOperator(l *ledger.Ledger) *Operator { return &Operator{ledger: l} }

// Resubmit implements OperatorService.
func (o *Operator) Resubmit(ctx context.Context, req *einvoicev1.ResubmitRequest) (*einvoicev1.ResubmitResponse, error) {
	var id *uuid.UUID
	switch {
	case (req.GetInvoiceId() == "") == (req.GetMerchantId() == ""):
		return nil, errs.Invalid(errs.Field{Field: "invoice_id", Message: "Give the id of either an invoice or a merchant."})
	case req.GetInvoiceId() != "":
		parsed, err := uuid.Parse(req.GetInvoiceId())
		if err != nil {
			return nil, errs.NotFound("Invoice")
		}
		id = &parsed
	}
	n, err := o.ledger.Resubmit(ctx, id, who(req), req.GetDryRun())
	return &einvoicev1.ResubmitResponse{Transmissions: n}, err
}

// SubmissionStatus implements OperatorService.
func (o *Operator) SubmissionStatus(
	ctx context.Context, req *einvoicev1.SubmissionStatusRequest,
) (*einvoicev1.SubmissionStatusResponse, error) {
	counts, troubles, err := o.ledger.Submissions(ctx, req.GetMerchantId(), req.GetLivemode())
	if err != nil {
		return nil, err
	}
	return &einvoicev1.SubmissionStatusResponse{Counts: submissionCounts(counts), Troubles: submissionTroubles(troubles)}, nil
}

func submissionCounts(counts []ledger.Count) (list []*einvoicev1.SubmissionCount) {
	for _, c := range counts {
		list = append(list, &einvoicev1.SubmissionCount{Kind: c.Kind, State: c.State, Count: c.Count, Oldest: timestamppb.New(c.Oldest)})
	}
	return list
}

func submissionTroubles(troubles []ledger.Failure) (list []*einvoicev1.SubmissionTrouble) {
	for _, t := range troubles {
		v := &einvoicev1.SubmissionTrouble{
			Kind: t.Kind, What: t.What, MerchantId: t.MerchantID, State: t.State, Attempts: int32(t.Attempts), Error: t.Error,
			SubjectId: t.Subject.String(),
		}
		if t.Next != nil {
			v.NextAt = timestamppb.New(*t.Next)
		}
		list = append(list, v)
	}
	return list
}

// Export implements OperatorService.
func (o *Operator) Export(req *einvoicev1.ExportRequest, stream grpc.ServerStreamingServer[einvoicev1.ExportResponse]) error {
	from, err := invoice.ParseDate(req.GetFrom())
	if err != nil {
		return errs.Invalid(errs.Field{Field: "from", Message: "from must be a day as YYYY-MM-DD."})
	}
	to, err := invoice.ParseDate(req.GetTo())
	if err != nil || to < from {
		return errs.Invalid(errs.Field{Field: "to", Message: "to must be a day as YYYY-MM-DD, not before from."})
	}
	return o.ledger.Export(stream.Context(), who(req), from, to, func(e ledger.Exported) error {
		return stream.Send(&einvoicev1.ExportResponse{Invoice: e.Proto(), Xml: e.XML, Pdf: e.PDF})
	})
}
