package till

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// told returns the closings that were announced, the oldest first.
func (r *rig) told() (list []*eventsv1.TillClosed) {
	r.t.Helper()
	rows, err := r.pool.Query(r.t.Context(), `select data from outbox where event_type = 'till.closed' order by id`)
	if err != nil {
		r.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var data []byte
		c := &eventsv1.TillClosed{}
		if err := rows.Scan(&data); err != nil {
			r.t.Fatal(err)
		}
		if err := proto.Unmarshal(data, c); err != nil {
			r.t.Fatal(err)
		}
		list = append(list, c)
	}
	if err := rows.Err(); err != nil {
		r.t.Fatal(err)
	}
	return list
}

// startAt sets when days start.
func (r *rig) startAt(text string) *qrv1.TillSettings {
	r.t.Helper()
	res, err := r.SetTillSettings(r.t.Context(), &qrv1.SetTillSettingsRequest{MerchantId: r.who.MerchantID, Livemode: r.who.Livemode, DayStartsAt: text})
	if err != nil {
		r.t.Fatal(err)
	}
	return res.GetSettings()
}

// at moves the clock to a time in France.
func (r *rig) at(text string) {
	r.t.Helper()
	when, err := time.ParseInLocation("2006-01-02 15:04", text, paris)
	if err != nil {
		r.t.Fatal(err)
	}
	r.clock.Advance(when.Sub(r.clock.Now()))
}

// days are the closings of days, with what was ordered in them.
func (r *rig) days() string {
	var list []string
	for _, c := range r.list(Day) {
		list = append(list, c.Date+" "+c.Totals.Gross.String())
	}
	return strings.Join(list, ", ")
}

func TestAChangeOfTheDayCountsFromTheNextClosing(t *testing.T) {
	t.Parallel()
	r := setup(t)
	r.at("2026-12-01 12:00")
	if s := r.startAt("04:00"); s.GetInForce() != "04:00" || !s.GetDayEndsAt().AsTime().Equal(time.Date(2026, 12, 2, 3, 0, 0, 0, time.UTC)) {
		t.Errorf("at first %v", s)
	}
	r.order(100)
	r.at("2026-12-02 04:00")
	r.close()
	if s := r.startAt("06:30"); s.GetDayStartsAt() != "06:30" || s.GetInForce() != "04:00" {
		t.Errorf("before the next closing %v", s)
	}
	r.order(200)
	r.at("2026-12-03 03:59")
	r.close()
	if got := r.days(); got != "2026-12-01 1.00" {
		t.Fatalf("closed are %s", got)
	}
	r.at("2026-12-03 04:00") // the day that was open ends when it was to end
	r.close()
	r.at("2026-12-03 05:00")
	r.order(300) // of the evening before, as days start now
	r.at("2026-12-03 06:29")
	r.close()
	if got := r.days(); got != "2026-12-01 1.00, 2026-12-02 2.00" {
		t.Fatalf("closed are %s", got)
	}
	r.at("2026-12-03 06:30")
	r.close()
	r.order(400)
	r.startAt("00:00")
	r.at("2026-12-04 06:30")
	r.close()
	r.order(500)
	r.at("2026-12-05 00:00")
	r.close()
	want := "2026-12-01 1.00, 2026-12-02 2.00, 2026-12-02 3.00, 2026-12-03 4.00, 2026-12-04 5.00"
	if got := r.days(); got != want {
		t.Errorf("closed are %s", got)
	}
	if p := r.verify(); p.GetProblem() != "" {
		t.Errorf("the journal: %v", p)
	}
}

// A month ends with its last day, whenever that ends.
func TestAMonthEndsWithItsLastDay(t *testing.T) {
	t.Parallel()
	r := setup(t)
	r.at("2026-10-24 20:00")
	r.startAt("02:15")
	r.order(100)
	r.clock.Advance(time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC).Sub(r.clock.Now())) // 02:30, the first of two
	r.order(200)
	r.close()
	r.clock.Advance(time.Hour)
	r.close()
	r.at("2026-10-31 23:00")
	r.order(300)
	r.at("2026-11-01 02:14")
	r.order(400)
	r.close()
	if got := r.list(Month); len(got) != 0 {
		t.Errorf("October ended as %+v", got[0].content)
	}
	r.clock.Advance(time.Minute)
	r.close()
	if got := r.days(); got != "2026-10-24 1.00, 2026-10-25 2.00, 2026-10-31 7.00" {
		t.Errorf("closed are %s", got)
	}
	if got := r.list(Month); len(got) != 1 || got[0].Date != "2026-10-01" || got[0].Totals.Gross != 1000 {
		t.Errorf("%d months", len(got))
	}
}

func TestOnlyQuartersOfAnHourStartADay(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for _, text := range []string{"", "4:00", "04:10", "12:15"} {
		_, err := r.SetTillSettings(t.Context(), &qrv1.SetTillSettingsRequest{MerchantId: r.who.MerchantID, DayStartsAt: text})
		if !errs.Is(err, errs.ValidationError) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := r.GetTillSettings(t.Context(), &qrv1.GetTillSettingsRequest{MerchantId: "m"}); !errs.Is(err, errs.ValidationError) {
		t.Errorf("of nobody: %v", err)
	}
	res, err := r.GetTillSettings(t.Context(), &qrv1.GetTillSettingsRequest{MerchantId: r.who.MerchantID, Livemode: true})
	if s := res.GetSettings(); err != nil || s.GetDayStartsAt() != "04:00" || s.GetInForce() != "04:00" {
		t.Errorf("%v, %v", s, err)
	}
}
