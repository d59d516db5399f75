package link

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/merchant"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// maxLimit bounds one page.
const maxLimit = 100

// Server implements LinksService.
type Server struct {
	paymentsv1.UnimplementedLinksServiceServer
	links *Links
}

// NewServer returns a server for l.
func NewServer(l *Links) *Server { return &Server{links: l} }

// CreateLink implements LinksService.
func (s *Server) CreateLink(ctx context.Context, r *paymentsv1.CreateLinkRequest) (*paymentsv1.CreateLinkResponse, error) {
	w := r.GetLink()
	spec := Spec{
		MerchantID: w.GetMerchantId(), Livemode: w.GetLivemode(), Amount: money.Cents(w.GetAmountCents()), Minimum: money.Cents(w.GetMinimumCents()),
		Maximum: money.Cents(w.GetMaximumCents()), UsesMax: int(w.GetUsesMax()), ExpiresAt: moment(w.GetExpiresAt()), Description: w.GetDescription(),
		Reference: w.GetReference(), SuccessURL: w.GetSuccessUrl(), Metadata: string(w.GetMetadataJson()), Actor: r.GetActor(),
	}
	made, replayed, err := s.create(ctx, r, spec)
	if err != nil {
		return nil, err
	}
	return &paymentsv1.CreateLinkResponse{Link: made.Proto(), Replayed: replayed}, nil
}

func (s *Server) create(ctx context.Context, r *paymentsv1.CreateLinkRequest, spec Spec) (Link, bool, error) {
	idem := store.Idempotency{Key: r.GetIdempotencyKey(), Fingerprint: r.GetFingerprint()}
	if Host(r.GetLink().GetHost()) != Powens {
		return s.links.Create(ctx, spec, idem)
	}
	m, err := s.links.Merchants.Get(ctx, spec.MerchantID, r.GetMerchantVersion())
	if errors.Is(err, merchant.ErrNotSynced) {
		return Link{}, false, errs.New(errs.Unavailable, "Your data is being changed. Repeat the request in a moment.")
	}
	if err != nil {
		return Link{}, false, err
	}
	if err := m.CheckPayable(spec.Livemode); err != nil {
		return Link{}, false, err
	}
	h := Hosting{Reference: reference.Payment(s.links.clock()), Merchant: m.Profile, Payer: payment.IdentityOf(r.GetCustomer())}
	return s.links.CreateHosted(ctx, spec, h, idem)
}

// GetLink implements LinksService.
func (s *Server) GetLink(ctx context.Context, r *paymentsv1.GetLinkRequest) (*paymentsv1.GetLinkResponse, error) {
	x, err := s.links.Get(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId())
	if err != nil {
		return nil, err
	}
	history, err := s.links.History(ctx, x.ID)
	if err != nil {
		return nil, err
	}
	out := &paymentsv1.GetLinkResponse{Link: x.Proto()}
	for _, h := range history {
		out.History = append(out.History, &paymentsv1.LinkChange{
			Sequence: h.Sequence, Status: string(h.Status), What: h.What, PaymentReference: h.Payment, Actor: h.Actor, OccurredAt: timestamppb.New(h.At),
		})
	}
	return out, nil
}

// ListLinks implements LinksService.
func (s *Server) ListLinks(ctx context.Context, r *paymentsv1.ListLinksRequest) (*paymentsv1.ListLinksResponse, error) {
	f := Filter{
		MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode(), Status: Status(r.GetStatus()), Host: Host(r.GetHost()), Reference: r.GetReference(),
		SubscriptionID: r.GetSubscriptionId(), MadeBy: r.GetMadeBy(), Search: r.GetSearch(),
	}
	if at := moment(r.GetFrom()); at != nil {
		f.From = *at
	}
	if at := moment(r.GetTo()); at != nil {
		f.To = *at
	}
	list, total, err := s.links.List(ctx, f, bounded(r.GetLimit()), max(0, int(r.GetOffset())))
	if err != nil {
		return nil, err
	}
	out := &paymentsv1.ListLinksResponse{Total: total.Rows, TotalIsMinimum: total.Minimum}
	for _, x := range list {
		out.Links = append(out.Links, x.Proto())
	}
	return out, nil
}

// UpdateLink implements LinksService.
func (s *Server) UpdateLink(ctx context.Context, r *paymentsv1.UpdateLinkRequest) (*paymentsv1.UpdateLinkResponse, error) {
	x, err := s.links.UpdateExpiry(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId(), moment(r.GetExpiresAt()), r.GetActor())
	if err != nil {
		return nil, err
	}
	return &paymentsv1.UpdateLinkResponse{Link: x.Proto()}, nil
}

// RevokeLink implements LinksService.
func (s *Server) RevokeLink(ctx context.Context, r *paymentsv1.RevokeLinkRequest) (*paymentsv1.RevokeLinkResponse, error) {
	x, err := s.links.Revoke(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId(), r.GetActor())
	if err != nil {
		return nil, err
	}
	return &paymentsv1.RevokeLinkResponse{Link: x.Proto()}, nil
}

// ListLinkPayments implements LinksService.
func (s *Server) ListLinkPayments(ctx context.Context, r *paymentsv1.ListLinkPaymentsRequest) (*paymentsv1.ListLinkPaymentsResponse, error) {
	x, err := s.links.Get(ctx, r.GetMerchantId(), r.GetLivemode(), r.GetId())
	if err != nil {
		return nil, err
	}
	f := store.Filter{MerchantID: x.MerchantID, Livemode: x.Livemode, PaymentLinkID: x.ID}
	list, total, err := s.links.Store.List(ctx, f, bounded(r.GetLimit()), max(0, int(r.GetOffset())))
	if err != nil {
		return nil, err
	}
	out := &paymentsv1.ListLinkPaymentsResponse{Total: total.Rows, TotalIsMinimum: total.Minimum}
	for _, p := range list {
		out.Payments = append(out.Payments, p.Proto())
	}
	return out, nil
}

// OpenLink implements LinksService.
func (s *Server) OpenLink(ctx context.Context, r *paymentsv1.OpenLinkRequest) (*paymentsv1.OpenLinkResponse, error) {
	o, err := s.links.Open(ctx, r.GetSlug())
	if err != nil {
		return nil, err
	}
	out := &paymentsv1.OpenLinkResponse{Link: o.Proto()}
	if o.Payment == "" {
		return out, nil
	}
	p, err := s.links.Store.ByReference(ctx, o.Payment)
	if err != nil {
		return nil, err
	}
	out.Payment = p.Proto()
	return out, nil
}

func bounded(limit int32) int { return max(1, min(int(limit), maxLimit)) }

func moment(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	at := t.AsTime().Truncate(time.Microsecond)
	return &at
}
