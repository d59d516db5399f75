package kitchen

import (
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

// byStationView is the view with a column for each station.
const byStationView = "stations"

// rail is what is to be made at a station.
type rail struct {
	Station eupay.Station
	Tickets []ticket
}

// rails are the stations side by side. What is ready everywhere has left them. Dishes of no station are at the default one, so that they are made once.
func rails(stations []eupay.Station, orders []eupay.Order, now time.Time) []rail {
	list := make([]rail, len(stations))
	for i, st := range stations {
		list[i].Station = st
		for _, o := range orders {
			t := newTicket(o, "", now)
			t.Station, t.Rail, t.Homeless = st.ID, true, st.IsDefault
			next, unmade := onwardAt(st.ID, t.dishes())
			if t.Next = next; unmade {
				list[i].Tickets = append(list[i].Tickets, t)
			}
		}
	}
	return list
}

// onwardAt says what the button of a station makes of its dishes: they are begun together, and ready together. Empty: nothing that was fired is left to
// make there. unmade: some dish is not ready.
func onwardAt(station string, dishes []dish) (next string, unmade bool) {
	for _, d := range dishes {
		if d.Status != eupay.LineWaiting && d.Status != eupay.LinePreparing {
			continue
		}
		unmade = true
		switch {
		case d.Waits || d.Station.ID != station:
		case d.Status == eupay.LineWaiting && next == "":
			next = string(eupay.LinePreparing)
		case d.Status == eupay.LinePreparing:
			next = string(eupay.LineReady)
		}
	}
	return next, unmade
}
