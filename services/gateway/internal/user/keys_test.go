package user

import (
	"testing"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/services/gateway/migrations"
)

// TestEverySealedColumnIsSealedAnew with a new secret of login tokens. The secrets of factors are the only ones in the schema of the gateway.
func TestEverySealedColumnIsSealedAnew(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	vaulttest.KnowsAll(t, pool, Sealed())
}
