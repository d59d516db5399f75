package webhooks

import (
	"net/http"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

func (f *fixture) rewarded(kind string, c *eventsv1.RewardChanged, merchant string) events.Event {
	f.t.Helper()
	data, err := proto.Marshal(c)
	if err != nil {
		f.t.Fatal(err)
	}
	return events.Event{ID: events.NewID(), Type: kind, Source: "qr", Merchant: merchant, Time: f.clock.Now(), Data: data}
}

func TestPointsAreAnnouncedToTheirSubscribers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	asked, silent := newSink(t, status(http.StatusOK)), newSink(t, status(http.StatusOK))
	f.endpoint(asked.URL, "reward.earned", "reward.redeemed", "payment.completed")
	f.endpoint(silent.URL)
	earned := &eventsv1.RewardChanged{
		MerchantId: "m_1", Sequence: 2, Member: &qrv1.RewardMember{Id: "r-1", CustomerNumber: "C-1", Balance: 29, Held: 9},
		Entry: &qrv1.RewardEntry{
			Id: "e-1", Kind: "earned", Points: 29, Balance: 29, Reference: "PAY-20260617-0B25921FB72918ED",
			ExpiresAt: timestamppb.New(f.clock.Now().Add(time.Hour)),
		},
	}
	redeemed := &eventsv1.RewardChanged{
		MerchantId: "m_1", Sequence: 4, Member: &qrv1.RewardMember{Id: "r-1", EmailSha256: "abc", Balance: -5},
		Entry:      &qrv1.RewardEntry{Id: "e-2", Kind: "redeemed", Points: -60},
		Redemption: &qrv1.Redemption{Id: "d-1", Status: "captured", Points: 60, AmountCents: 299, Reference: "TILL <7>"},
	}
	// The first is of another merchant than its subject says, and the second says nothing: nobody gets them.
	f.publish(f.rewarded("reward.earned", earned, "m_2"), f.rewarded("reward.earned", &eventsv1.RewardChanged{MerchantId: "m_1", Member: earned.GetMember()}, "m_1"),
		f.rewarded("reward.earned", earned, "m_1"), f.rewarded("reward.redeemed", redeemed, "m_1"))
	f.publish(f.changed("payment.completed", payment()))
	at := f.clock.Now().UTC()
	want := []string{
		`{"event":"reward.earned","timestamp":"` + at.Format(time.RFC3339) + `","sequence":2,"data":{"member_id":"r-1","customer_number":"C-1","entry_id":"e-1",` +
			`"kind":"earned","points":29,"reference":"PAY-20260617-0B25921FB72918ED","expires_at":"` + at.Add(time.Hour).Format(time.RFC3339) + `","balance":29,"held":9,"available":20}}`,
		`{"event":"reward.redeemed","timestamp":"` + at.Format(time.RFC3339) + `","sequence":4,"data":{"member_id":"r-1","email_sha256":"abc","redemption_id":"d-1",` +
			`"status":"captured","points":60,"amount":2.99,"reference":"TILL <7>","balance":-5,"held":0,"available":0}}`,
	}
	got := map[string]bool{}
	for range 3 {
		got[string(asked.next(t).body)] = true
	}
	for _, body := range want {
		if !got[body] {
			t.Errorf("got %v\nwant %s", got, body)
		}
	}
	if got := silent.next(t).header.Get("X-EuPay-Event"); got != "payment.completed" {
		t.Errorf("an endpoint that did not ask hears of %s", got)
	}
}
