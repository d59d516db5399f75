package grpcapi

import (
	"context"
	"slices"

	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/tally"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/received"
)

// Received implements ReceivedService.
type Received struct {
	einvoicev1.UnimplementedReceivedServiceServer
	inbox *received.Inbox
}

// NewReceived returns the server of received invoices.
func NewReceived(b *received.Inbox) *Received { return &Received{inbox: b} }

func recipient(r scoped) received.Who {
	return received.Who{MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode()}
}

// ListReceived implements ReceivedService.
func (s *Received) ListReceived(ctx context.Context, req *einvoicev1.ListReceivedRequest) (*einvoicev1.ListReceivedResponse, error) {
	f := received.Filter{Status: req.GetStatus(), SellerSIREN: req.GetSellerSiren()}
	f.Page, f.Limit = paging(req.GetPage(), req.GetLimit())
	if req.GetFrom() != nil {
		f.From = req.GetFrom().AsTime()
	}
	if req.GetTo() != nil {
		f.To = req.GetTo().AsTime()
	}
	out := &einvoicev1.ListReceivedResponse{}
	var (
		list []received.Record
		err  error
	)
	if after := req.GetStartingAfter(); after != "" {
		list, out.HasMore, err = s.inbox.ListAfter(ctx, recipient(req), f, after)
	} else {
		var total tally.Total
		list, total, err = s.inbox.List(ctx, recipient(req), f)
		out.Total, out.TotalIsMinimum = total.Rows, total.Minimum
	}
	if err != nil {
		return nil, err
	}
	for i := range list {
		out.Invoices = append(out.Invoices, list[i].Summary())
	}
	return out, nil
}

// GetReceived implements ReceivedService.
func (s *Received) GetReceived(ctx context.Context, req *einvoicev1.GetReceivedRequest) (*einvoicev1.GetReceivedResponse, error) {
	v, err := s.inbox.Get(ctx, recipient(req), req.GetId())
	if err != nil {
		return nil, err
	}
	return &einvoicev1.GetReceivedResponse{Invoice: v.Proto()}, nil
}

// partSize is the size of the parts of a file, which may be larger than a message.
const partSize = 256 << 10

// GetReceivedFile implements ReceivedService.
func (s *Received) GetReceivedFile(req *einvoicev1.GetReceivedFileRequest, stream grpc.ServerStreamingServer[einvoicev1.GetReceivedFileResponse]) error {
	head, ctx := &einvoicev1.GetReceivedFileResponse{}, stream.Context()
	var file []byte
	var err error
	switch req.GetFormat() {
	case "pdf":
		file, head.Number, head.Rendered, err = s.inbox.PDF(ctx, recipient(req), req.GetId())
	case "xml":
		file, head.Number, err = s.inbox.XML(ctx, recipient(req), req.GetId())
	default:
		err = errs.Invalid(errs.Field{Field: "format", Message: "format must be pdf or xml."})
	}
	if err == nil {
		err = stream.Send(head)
	}
	for part := range slices.Chunk(file, partSize) {
		if err == nil {
			err = stream.Send(&einvoicev1.GetReceivedFileResponse{Data: part})
		}
	}
	return err
}

// AnswerReceived implements ReceivedService.
func (s *Received) AnswerReceived(ctx context.Context, req *einvoicev1.AnswerReceivedRequest) (*einvoicev1.AnswerReceivedResponse, error) {
	idem := same(req, req.GetIdempotencyKey())
	v, replayed, err := s.inbox.Answer(ctx, recipient(req), req.GetId(), received.Given{
		Code: int(req.GetCode()), ReasonCode: req.GetReasonCode(), Reason: req.GetReason(),
	}, received.Idempotency{Key: idem.Key, Hash: idem.Hash})
	if err != nil {
		return nil, err
	}
	return &einvoicev1.AnswerReceivedResponse{Invoice: v.Proto(), Replayed: replayed}, nil
}

// PayReceived implements ReceivedService. What the sender knows of the merchant is no part of the request that is repeated.
func (s *Received) PayReceived(ctx context.Context, req *einvoicev1.PayReceivedRequest) (*einvoicev1.PayReceivedResponse, error) {
	w := received.Wish{
		MerchantVersion: req.GetMerchantVersion(), Confirm: req.GetConfirmIban(), SuccessURL: req.GetSuccessUrl(), CancelURL: req.GetCancelUrl(),
	}
	req.MerchantVersion = 0
	idem := same(req, req.GetIdempotencyKey())
	p, replayed, err := s.inbox.Pay(ctx, recipient(req), req.GetId(), w, received.Idempotency{Key: idem.Key, Hash: idem.Hash})
	if err != nil {
		return nil, err
	}
	return &einvoicev1.PayReceivedResponse{Payment: p, Replayed: replayed}, nil
}

// CancelReceivedPayment implements ReceivedService.
func (s *Received) CancelReceivedPayment(ctx context.Context, req *einvoicev1.CancelReceivedPaymentRequest) (*einvoicev1.CancelReceivedPaymentResponse, error) {
	p, url, err := s.inbox.CancelPayment(ctx, recipient(req), req.GetId())
	if err != nil {
		return nil, err
	}
	return &einvoicev1.CancelReceivedPaymentResponse{Payment: p, AuthorisationUrl: url}, nil
}
