package tableapi

import (
	"cmp"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// OrderView is what merchants see of an order, also where kitchens follow it.
func OrderView(o *qrv1.Order) any { return orderView(o) }

// kitchenJSON is what the kitchen knows of a line.
type kitchenJSON struct {
	Position int32   `json:"position"`
	Status   string  `json:"status"`
	Course   *int32  `json:"course"`
	FiredAt  *string `json:"fired_at"`
	// Station is for the merchant's eyes.
	Station *stationOfLine `json:"station,omitempty"`
}

type stationOfLine struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// kitchenOf also shows a line of a qr service of the version before, which says nothing of it.
func kitchenOf(l *qrv1.OrderLine) kitchenJSON {
	v := kitchenJSON{Position: l.GetPosition(), Status: cmp.Or(l.GetStatus(), "waiting"), FiredAt: web.OptionalStamp(l.GetFiredAt())}
	if c := l.GetCourse(); c > 0 {
		v.Course = &c
	}
	return v
}

// showStations adds where lines are made.
func showStations(items []lineJSON, lines []*qrv1.OrderLine) {
	for i, l := range lines {
		if l.GetStationId() != "" {
			items[i].Station = &stationOfLine{l.GetStationId(), l.GetStationName()}
		}
	}
}
