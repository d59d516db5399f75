package portal

import (
	"testing"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/services/portal/migrations"
)

// TestWhatIsSealedEndsByItself: sessions and the answers that they keep are not sealed anew. They are gone when the key before them is removed.
func TestWhatIsSealedEndsByItself(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "portal", migrations.FS)
	vaulttest.KnowsAll(t, pool, nil, "sessions", "answers")
}
