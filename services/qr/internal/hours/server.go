package hours

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

// Server implements HoursService. Make it with NewServer.
type Server struct {
	qrv1.UnimplementedHoursServiceServer
	pool *pgxpool.Pool
	now  func() time.Time
}

// NewServer returns a server.
func NewServer(pool *pgxpool.Pool, now func() time.Time) *Server {
	// PostgreSQL stores microseconds.
	return &Server{pool: pool, now: func() time.Time { return now().UTC().Truncate(time.Microsecond) }}
}

// GetHours implements HoursService.
func (s *Server) GetHours(ctx context.Context, r *qrv1.GetHoursRequest) (*qrv1.GetHoursResponse, error) {
	if err := checkMerchant(r.GetMerchantId()); err != nil {
		return nil, err
	}
	state, err := Read(ctx, s.pool, r.GetMerchantId())
	if err != nil {
		return nil, err
	}
	return &qrv1.GetHoursResponse{Hours: state.view(s.now())}, nil
}

// SetHours implements HoursService.
func (s *Server) SetHours(ctx context.Context, r *qrv1.SetHoursRequest) (*qrv1.SetHoursResponse, error) {
	schedule, err := readSchedule(r.GetServices(), r.GetExceptions())
	if err != nil {
		return nil, err
	}
	v, err := s.change(ctx, r.GetMerchantId(), func(tx pgx.Tx) error { return writeSchedule(ctx, tx, r.GetMerchantId(), schedule) })
	return &qrv1.SetHoursResponse{Hours: v}, err
}

// SetPickup implements HoursService. Places that orders hold stay taken, whatever the capacity becomes.
func (s *Server) SetPickup(ctx context.Context, r *qrv1.SetPickupRequest) (*qrv1.SetPickupResponse, error) {
	pickup, err := readPickup(r.GetPickup())
	if err != nil {
		return nil, err
	}
	v, err := s.change(ctx, r.GetMerchantId(), func(tx pgx.Tx) error { return writePickup(ctx, tx, r.GetMerchantId(), pickup) })
	return &qrv1.SetPickupResponse{Hours: v}, err
}

// PauseOrders implements HoursService.
func (s *Server) PauseOrders(ctx context.Context, r *qrv1.PauseOrdersRequest) (*qrv1.PauseOrdersResponse, error) {
	var bad refuse.Problems
	dineIn, takeaway := readKind(&bad, r.GetKind())
	bad.If(r.GetMinutes() < 1 || r.GetMinutes() > maxPause, "minutes", "must be from 1 to %d", maxPause)
	if err := bad.Err(); err != nil {
		return nil, err
	}
	until := s.now().Add(time.Duration(r.GetMinutes()) * time.Minute)
	v, err := s.change(ctx, r.GetMerchantId(), func(tx pgx.Tx) error { return writePause(ctx, tx, r.GetMerchantId(), dineIn, takeaway, &until) })
	return &qrv1.PauseOrdersResponse{Hours: v}, err
}

// ResumeOrders implements HoursService.
func (s *Server) ResumeOrders(ctx context.Context, r *qrv1.ResumeOrdersRequest) (*qrv1.ResumeOrdersResponse, error) {
	var bad refuse.Problems
	dineIn, takeaway := readKind(&bad, r.GetKind())
	if err := bad.Err(); err != nil {
		return nil, err
	}
	v, err := s.change(ctx, r.GetMerchantId(), func(tx pgx.Tx) error { return writePause(ctx, tx, r.GetMerchantId(), dineIn, takeaway, nil) })
	return &qrv1.ResumeOrdersResponse{Hours: v}, err
}

// ListSlots implements HoursService. The request is validated before anything is looked up.
func (s *Server) ListSlots(ctx context.Context, r *qrv1.ListSlotsRequest) (*qrv1.ListSlotsResponse, error) {
	var only time.Time
	if text := r.GetDate(); text != "" {
		date, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return nil, errs.Invalid(errs.Field{Field: "date", Message: "date must be a date such as 2026-12-25."})
		}
		only = date
	}
	merchantID := strings.ToLower(r.GetMerchantId())
	found := isID(merchantID)
	if found {
		var err error
		if found, err = leads(ctx, s.pool, merchantID, r.GetToken()); err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, errs.NotFound("Table")
	}
	state, err := Read(ctx, s.pool, merchantID)
	if err != nil {
		return nil, err
	}
	now := s.now()
	free, err := state.free(ctx, s.pool, merchantID, now, only, maxSlots)
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListSlotsResponse{SlotMinutes: int32(state.Pickup.SlotMinutes), Earliest: timestamppb.New(state.Pickup.ready(now))}
	for _, at := range free {
		res.StartsAt = append(res.StartsAt, timestamppb.New(at))
	}
	return res, nil
}

// change runs do in a transaction that changes the merchant's menu.
func (s *Server) change(ctx context.Context, merchantID string, do func(pgx.Tx) error) (*qrv1.Hours, error) {
	if err := checkMerchant(merchantID); err != nil {
		return nil, err
	}
	var state State
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		var err error
		if state, err = Read(ctx, tx, merchantID); err != nil {
			return err
		}
		return catalog.Bump(ctx, tx, merchantID)
	})
	if err != nil {
		return nil, err
	}
	return state.view(s.now()), nil
}

func checkMerchant(merchantID string) error {
	if !isID(merchantID) {
		return errs.Invalid(errs.Field{Field: "merchant_id", Message: "merchant_id must be a UUID."})
	}
	return nil
}

// view shows a pause only while it lasts.
func (s State) view(now time.Time) *qrv1.Hours {
	p := s.Pickup
	v := &qrv1.Hours{Pickup: &qrv1.Pickup{
		SlotMinutes: int32(p.SlotMinutes), SlotCapacity: int32(p.SlotCapacity), PreparationMinutes: int32(p.PreparationMinutes), DaysAhead: int32(p.DaysAhead),
	}}
	if s.dineInPaused.After(now) {
		v.DineInPausedUntil = timestamppb.New(s.dineInPaused)
	}
	if s.takeawayPaused.After(now) {
		v.TakeawayPausedUntil = timestamppb.New(s.takeawayPaused)
	}
	for _, in := range s.Schedule.Services {
		m := &qrv1.MealService{Name: in.Name, LastOrderMinutes: int32(in.LastOrderMinutes), Products: in.Products, Categories: in.Categories}
		for _, w := range in.Windows {
			m.Windows = append(m.Windows, w.View())
		}
		v.Services = append(v.Services, m)
	}
	for _, in := range s.Schedule.Exceptions {
		e := &qrv1.DayException{Date: in.Date}
		for _, w := range in.Windows {
			e.Windows = append(e.Windows, &qrv1.DayWindow{Service: w.Service, From: w.From, Until: w.Until})
		}
		v.Exceptions = append(v.Exceptions, e)
	}
	return v
}

// View is the window as others see it.
func (w Weekly) View() *qrv1.WeeklyWindow {
	return &qrv1.WeeklyWindow{Weekdays: w.Weekdays, From: w.From, Until: w.Until}
}
