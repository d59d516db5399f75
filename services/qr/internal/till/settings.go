package till

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/businessday"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// GetTillSettings implements TillService.
func (s *Server) GetTillSettings(ctx context.Context, r *qrv1.GetTillSettingsRequest) (*qrv1.GetTillSettingsResponse, error) {
	if err := checkMerchantID(r.GetMerchantId()); err != nil {
		return nil, err
	}
	settings, err := s.settings(ctx, journal.Who{MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode()})
	return &qrv1.GetTillSettingsResponse{Settings: settings}, err
}

// SetTillSettings implements TillService.
func (s *Server) SetTillSettings(ctx context.Context, r *qrv1.SetTillSettingsRequest) (*qrv1.SetTillSettingsResponse, error) {
	if err := checkMerchantID(r.GetMerchantId()); err != nil {
		return nil, err
	}
	starts, ok := businessday.Parse(r.GetDayStartsAt())
	if !ok {
		return nil, errs.Invalid(errs.Field{Field: "day_starts_at", Message: "day_starts_at must be a quarter of an hour from 00:00 to 12:00, such as 04:00."})
	}
	if err := businessday.Set(ctx, s.pool, r.GetMerchantId(), starts, s.now()); err != nil {
		return nil, err
	}
	settings, err := s.settings(ctx, journal.Who{MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode()})
	return &qrv1.SetTillSettingsResponse{Settings: settings}, err
}

// settings are those of a merchant, with what counts for the day that is open.
func (s *Server) settings(ctx context.Context, who journal.Who) (*qrv1.TillSettings, error) {
	wanted, err := businessday.StartOf(ctx, s.pool, who.MerchantID)
	if err != nil {
		return nil, err
	}
	last, err := lastClosing(ctx, s.pool, who, Day)
	if err != nil {
		return nil, err
	}
	starts := startsAfter(last, wanted)
	return &qrv1.TillSettings{DayStartsAt: wanted.String(), InForce: starts.String(), DayEndsAt: timestamppb.New(starts.Next(s.now()))}, nil
}
