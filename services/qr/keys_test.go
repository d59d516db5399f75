package qr

import (
	"testing"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/services/qr/migrations"
)

// TestNothingIsSealed, so no key of this service has to be replaced in the database.
func TestNothingIsSealed(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "qr", migrations.FS)
	vaulttest.KnowsAll(t, pool, nil)
}
