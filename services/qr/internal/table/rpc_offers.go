package table

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// CreateOffer implements TableService.
func (s *Server) CreateOffer(ctx context.Context, r *qrv1.CreateOfferRequest) (*qrv1.CreateOfferResponse, error) {
	if err := checkMerchantID(r.GetMerchantId()); err != nil {
		return nil, err
	}
	now := s.now()
	o := offer{ID: uuid.Must(uuid.NewV7()).String(), Merchant: r.GetMerchantId(), CreatedAt: now, UpdatedAt: now}
	if err := o.read(r.GetOffer(), r.GetOnProduct()); err != nil {
		return nil, err
	}
	err := s.commit(ctx, o.Merchant, func(tx pgx.Tx) error { return insertOffer(ctx, tx, o) })
	if err != nil {
		return nil, err
	}
	return &qrv1.CreateOfferResponse{Offer: o.view()}, nil
}

// ListOffers implements TableService.
func (s *Server) ListOffers(ctx context.Context, r *qrv1.ListOffersRequest) (*qrv1.ListOffersResponse, error) {
	if err := checkMerchantID(r.GetMerchantId()); err != nil {
		return nil, err
	}
	limit, offset := page(r.GetPage(), r.GetLimit())
	list, total, err := listOffers(ctx, s.pool, r.GetMerchantId(), r.GetOnProduct(), limit, offset)
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListOffersResponse{Total: total}
	for _, o := range list {
		res.Offers = append(res.Offers, o.view())
	}
	return res, nil
}

// GetOffer implements TableService.
func (s *Server) GetOffer(ctx context.Context, r *qrv1.GetOfferRequest) (*qrv1.GetOfferResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), offerNoun); err != nil {
		return nil, err
	}
	o, err := readOffer(ctx, s.pool, r.GetMerchantId(), r.GetOnProduct(), r.GetId())
	if err != nil {
		return nil, err
	}
	return &qrv1.GetOfferResponse{Offer: o.view()}, nil
}

// UpdateOffer implements TableService.
func (s *Server) UpdateOffer(ctx context.Context, r *qrv1.UpdateOfferRequest) (*qrv1.UpdateOfferResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetOffer().GetId(), offerNoun); err != nil {
		return nil, err
	}
	var o offer
	err := s.commit(ctx, r.GetMerchantId(), func(tx pgx.Tx) error {
		var err error
		if o, err = readOffer(ctx, tx, r.GetMerchantId(), r.GetOnProduct(), r.GetOffer().GetId()); err != nil {
			return err
		}
		if err := o.read(r.GetOffer(), r.GetOnProduct()); err != nil {
			return err
		}
		o.UpdatedAt = s.now()
		return updateOffer(ctx, tx, o)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.UpdateOfferResponse{Offer: o.view()}, nil
}

// DeleteOffer implements TableService.
func (s *Server) DeleteOffer(ctx context.Context, r *qrv1.DeleteOfferRequest) (*qrv1.DeleteOfferResponse, error) {
	if err := checkIDs(r.GetMerchantId(), r.GetId(), offerNoun); err != nil {
		return nil, err
	}
	err := s.commit(ctx, r.GetMerchantId(), func(tx pgx.Tx) error {
		return deleteOffer(ctx, tx, r.GetMerchantId(), r.GetOnProduct(), r.GetId())
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.DeleteOfferResponse{}, nil
}
