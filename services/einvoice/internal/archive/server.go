package archive

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Server implements ArchiveService for operators, and TrailService.
type Server struct {
	einvoicev1.UnimplementedArchiveServiceServer
	einvoicev1.UnimplementedTrailServiceServer
	archive *Archive
}

// NewServer returns the server.
func NewServer(a *Archive) *Server { return &Server{archive: a} }

// maxAnchors is how many kept anchors a request may have: those of thirty years.
const maxAnchors = 11_000

// Verify implements ArchiveService.
func (s *Server) Verify(req *einvoicev1.VerifyRequest, stream grpc.ServerStreamingServer[einvoicev1.VerifyResponse]) error {
	var bad refuse.Problems
	bad.If(len(req.GetAnchors()) > maxAnchors, "anchors", "must have at most %d entries", maxAnchors)
	var kept []Anchor
	for i, x := range req.GetAnchors() {
		_, err := invoice.ParseDate(x.GetDay())
		bad.If(err != nil || x.GetPosition() < 1 || !isHash(x.GetHash()), refuse.At("anchors", i), "must have a day, a position and a hash")
		kept = append(kept, Anchor{Day: invoice.Date(x.GetDay()), Position: x.GetPosition(), Hash: x.GetHash()})
	}
	if err := bad.Err(); err != nil {
		return err
	}
	r, err := s.archive.Verify(stream.Context(), Who{req.GetMerchantId(), req.GetLivemode()}, kept, func(documents int64) error {
		return stream.Send(&einvoicev1.VerifyResponse{Documents: documents})
	})
	if err != nil {
		return err
	}
	return stream.Send(&einvoicev1.VerifyResponse{
		Documents: r.Documents, Done: true, Problem: r.Problem, Position: r.Position, Number: r.Number, Head: r.Head, Waiting: r.Waiting,
	})
}

// ListAnchors implements ArchiveService.
func (s *Server) ListAnchors(ctx context.Context, req *einvoicev1.ListAnchorsRequest) (*einvoicev1.ListAnchorsResponse, error) {
	if from := req.GetFrom(); from != "" {
		if _, err := invoice.ParseDate(from); err != nil {
			return nil, errs.Invalid(errs.Field{Field: "from", Message: "from must be a day as YYYY-MM-DD."})
		}
	}
	list, err := s.archive.Anchors(ctx, Who{req.GetMerchantId(), req.GetLivemode()}, invoice.Date(req.GetFrom()))
	if err != nil {
		return nil, err
	}
	res := &einvoicev1.ListAnchorsResponse{}
	for _, x := range list {
		res.Anchors = append(res.Anchors, &einvoicev1.Anchor{Day: string(x.Day), Position: x.Position, Hash: x.Hash})
	}
	return res, nil
}

// GetTrail implements TrailService.
func (s *Server) GetTrail(ctx context.Context, req *einvoicev1.GetTrailRequest) (*einvoicev1.GetTrailResponse, error) {
	t, err := s.archive.Trail(ctx, Who{req.GetMerchantId(), req.GetLivemode()}, req.GetId())
	if err != nil {
		return nil, err
	}
	res := &einvoicev1.GetTrailResponse{Id: t.ID.String(), Number: t.Number}
	for _, x := range t.Steps {
		res.Steps = append(res.Steps, &einvoicev1.TrailStep{
			At: timestamppb.New(x.At), Kind: x.Kind, Reference: x.Reference, AmountCents: (*int64)(x.Amount), Detail: x.Detail,
		})
	}
	return res, nil
}
