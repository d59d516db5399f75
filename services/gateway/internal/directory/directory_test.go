package directory_test

import (
	"testing"

	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

// A key is remembered with its merchant, whose changes must be seen at once.
func TestAChangeOfAMerchantReachesItsKeys(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, err := f.Seed(t.Context(), demo())
	if err != nil {
		t.Fatal(err)
	}
	authenticate := func() apikey.Key {
		t.Helper()
		key, err := f.Keys.Authenticate(t.Context(), "pk_test_demo0000", "sk_test_demo0000", roomtest.Home.IP)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	authenticate()
	name := "New name"
	if _, err := f.Merchants.Update(t.Context(), "user:x", m.ID, merchant.Change{Name: &name}, roomtest.Home); err != nil {
		t.Fatal(err)
	}
	if got := authenticate(); got.Merchant.Name != name {
		t.Errorf("its key still says %q", got.Merchant.Name)
	}
}
