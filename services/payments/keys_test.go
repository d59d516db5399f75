package payments

import (
	"testing"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/services/payments/internal/account"
	"european-pay.eu/eupay/services/payments/internal/settlement"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/migrations"
)

// TestEverySealedColumnIsSealedAnew with a new master key.
func TestEverySealedColumnIsSealedAnew(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	vaulttest.KnowsAll(t, pool, sealedBy(new(account.Accounts), new(store.Store), new(settlement.Settlement)))
}
