package link

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func TestOnlyPaymentsWithoutALinkAreIgnored(t *testing.T) {
	t.Parallel()
	of := func(link string) []byte {
		data, err := proto.Marshal(&eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{Reference: "PAY-1", PaymentLinkId: link}})
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for what, c := range map[string]struct {
		data []byte
		want bool
	}{
		"no link":    {of(""), true},
		"a link":     {of("plink_1"), false},
		"unreadable": {[]byte("{"), false}, // it is to be parked
	} {
		if got := Ignores(consume.Event{Event: events.Event{Data: c.data}}); got != c.want {
			t.Errorf("%s: ignored %t", what, got)
		}
	}
}
