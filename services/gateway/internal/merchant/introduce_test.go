package merchant_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// TestMerchantsOfBeforeAreAnnouncedOnceMore, with all that payments has to know of them: it pays nobody whom it has not heard of.
func TestMerchantsOfBeforeAreAnnouncedOnceMore(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "old@example.com")
	if _, err := f.Pool.Exec(t.Context(), `update merchants set announced = 0`); err != nil { // as the migration leaves it
		t.Fatal(err)
	}
	before := len(f.Announced(t, m.ID))
	f.Merchants.Introduce(t.Context())
	f.Merchants.Introduce(t.Context()) // there is nothing left to do
	var data []byte
	if err := f.Pool.QueryRow(t.Context(), `select data from outbox where merchant_id = $1 order by id desc limit 1`, m.ID).Scan(&data); err != nil {
		t.Fatal(err)
	}
	var e eventsv1.MerchantChanged
	if err := proto.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	if n := len(f.Announced(t, m.ID)); n != before+1 || e.GetProfile().GetIban() != m.IBAN || e.GetProfile().GetVersion() != 1 {
		t.Errorf("announced %d times, at last %v", n-before, &e)
	}
}
