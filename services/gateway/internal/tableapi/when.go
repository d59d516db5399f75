package tableapi

import (
	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// codesPerMinute bounds the orders of one table that name a promotion code, and guessesPerMinute those of one address: each is a guess.
const codesPerMinute, guessesPerMinute = 10, 60

// guessed counts an order that names a promotion code.
func (a *API) guessed(c echo.Context, in orderRequest, merchantID, token string) error {
	if in.PromotionCode == "" {
		return nil
	}
	if err := web.Limited(c, a.MenuLimiter, ratelimit.IPKey("promotion", web.ClientIP(c)), guessesPerMinute); err != nil {
		return err
	}
	return web.Limited(c, a.MenuLimiter, "promotion:"+merchantID+":"+tokenKey(token), codesPerMinute)
}

// pickup is when the guest wants to fetch the order; nil: as soon as possible.
func (in orderRequest) pickup() (*timestamppb.Timestamp, error) {
	if in.PickupAt == nil || *in.PickupAt == "" {
		return nil, nil
	}
	return instant("pickup_at", *in.PickupAt)
}

// scheduleJSON is when an offer counts in each week, in Paris.
type scheduleJSON struct {
	Weekdays []string `json:"weekdays"`
	From     string   `json:"from"`
	Until    string   `json:"until"`
}

func scheduleView(w *qrv1.WeeklyWindow) *scheduleJSON {
	if w == nil {
		return nil
	}
	return &scheduleJSON{append([]string{}, w.GetWeekdays()...), w.GetFrom(), w.GetUntil()}
}

func (s *scheduleJSON) window() *qrv1.WeeklyWindow {
	if s == nil {
		return nil
	}
	return &qrv1.WeeklyWindow{Weekdays: s.Weekdays, From: s.From, Until: s.Until}
}
