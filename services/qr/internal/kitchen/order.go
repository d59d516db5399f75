package kitchen

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	orderNoun = "Order"
	lineNoun  = "Line"
	partNoun  = "Part"
)

// readStatus validates the status that a caller gives a line.
func readStatus(text string) (Status, error) {
	to := Status(text)
	if to != Preparing && to != Ready && to != Served {
		return "", errs.Invalid(errs.Field{Field: "status", Message: "status must be preparing, ready or served."})
	}
	return to, nil
}

// SetLineStatus implements KitchenService.
func (s *Server) SetLineStatus(ctx context.Context, r *qrv1.SetLineStatusRequest) (*qrv1.SetLineStatusResponse, error) {
	to, err := readStatus(r.GetStatus())
	if err != nil {
		return nil, err
	}
	o, err := s.change(ctx, r.GetMerchantId(), r.GetOrderId(), r.Livemode, func(_ context.Context, _ pgx.Tx, lines []Line, now time.Time) ([]Line, error) {
		line := Of(lines, r.GetPosition())
		if len(line) == 0 {
			return nil, errs.NotFound(lineNoun)
		}
		return MoveWhole(line, to, now)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.SetLineStatusResponse{Order: o}, nil
}

// SetPartStatus implements KitchenService.
func (s *Server) SetPartStatus(ctx context.Context, r *qrv1.SetPartStatusRequest) (*qrv1.SetPartStatusResponse, error) {
	to, err := readStatus(r.GetStatus())
	if err != nil {
		return nil, err
	}
	o, err := s.change(ctx, r.GetMerchantId(), r.GetOrderId(), r.Livemode, func(_ context.Context, _ pgx.Tx, lines []Line, now time.Time) ([]Line, error) {
		i := slices.IndexFunc(lines, func(l Line) bool { return l.Part > 0 && l.Position == r.GetPosition() && l.Part == r.GetPart() })
		if i < 0 {
			return nil, errs.NotFound(partNoun)
		}
		return moveOne(&lines[i], to, now)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.SetPartStatusResponse{Order: o}, nil
}

// SetStationStatus implements KitchenService.
func (s *Server) SetStationStatus(ctx context.Context, r *qrv1.SetStationStatusRequest) (*qrv1.SetStationStatusResponse, error) {
	to, err := readStatus(r.GetStatus())
	if err != nil {
		return nil, err
	}
	if !isID(r.GetStationId()) {
		return nil, errs.NotFound(stationNoun)
	}
	o, err := s.change(ctx, r.GetMerchantId(), r.GetOrderId(), r.Livemode, func(_ context.Context, _ pgx.Tx, lines []Line, now time.Time) (changed []Line, err error) {
		found := false
		for i := range lines {
			l := &lines[i]
			if l.StationID != r.GetStationId() {
				continue
			}
			found = true
			if l.waits() || ranks[l.Status] >= ranks[to] {
				continue
			}
			l.reach(to, now)
			changed = append(changed, *l)
		}
		if !found {
			return nil, errs.NotFound(stationNoun)
		}
		return changed, nil
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.SetStationStatusResponse{Order: o}, nil
}

// FireCourse implements KitchenService.
func (s *Server) FireCourse(ctx context.Context, r *qrv1.FireCourseRequest) (*qrv1.FireCourseResponse, error) {
	if r.GetCourse() < 1 || r.GetCourse() > MaxCourse {
		return nil, errs.NotFound("Course")
	}
	o, err := s.change(ctx, r.GetMerchantId(), r.GetOrderId(), r.Livemode, func(ctx context.Context, tx pgx.Tx, lines []Line, now time.Time) (fired []Line, err error) {
		fired, err = Fire(lines, r.GetCourse(), now)
		if err != nil || len(fired) == 0 {
			return nil, err
		}
		return fired, Print(ctx, tx, r.GetMerchantId(), r.GetOrderId(), r.GetCourse(), fired, now)
	})
	if err != nil {
		return nil, err
	}
	return &qrv1.FireCourseResponse{Order: o}, nil
}

func (s *Server) change(ctx context.Context, merchantID, id string, live *bool, do Change) (*qrv1.Order, error) {
	if err := checkIDs(merchantID, id, orderNoun); err != nil {
		return nil, err
	}
	o, err := s.orders.ChangeLines(ctx, merchantID, id, live, do)
	if err != nil {
		return nil, err
	}
	s.Nudge()
	return o, nil
}
