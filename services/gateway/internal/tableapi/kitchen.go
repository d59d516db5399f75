package tableapi

import (
	"cmp"

	"google.golang.org/protobuf/types/known/timestamppb"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// OrderView is what merchants see of an order, also where kitchens follow it.
func OrderView(o *qrv1.Order) any { return orderView(o) }

// kitchenJSON is what the kitchen knows of a line, or of a part of one that is a set menu.
type kitchenJSON struct {
	// Position is that of a line in its order, from 0, or of a part in its line, from 1.
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

// made is a line or a part of one.
type made interface {
	GetStatus() string
	GetCourse() int32
	GetFiredAt() *timestamppb.Timestamp
	GetStationId() string
	GetStationName() string
}

// kitchenOf also shows what a qr service of the version before says nothing of.
func kitchenOf(position int32, l made) kitchenJSON {
	v := kitchenJSON{Position: position, Status: cmp.Or(l.GetStatus(), "waiting"), FiredAt: web.OptionalStamp(l.GetFiredAt())}
	if c := l.GetCourse(); c > 0 {
		v.Course = &c
	}
	return v
}

// showStations adds where lines and parts are made.
func showStations(items []lineJSON, lines []*qrv1.OrderLine) {
	for i, l := range lines {
		items[i].Station = stationOf(l)
		for j, p := range l.GetParts() {
			items[i].Parts[j].Station = stationOf(p)
		}
	}
}

func stationOf(l made) *stationOfLine {
	if l.GetStationId() == "" {
		return nil
	}
	return &stationOfLine{l.GetStationId(), l.GetStationName()}
}
