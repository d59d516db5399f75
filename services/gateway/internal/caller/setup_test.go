package caller_test

import (
	"testing"

	"go.uber.org/goleak"

	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password = portaltest.Password
	iban     = portaltest.IBAN
	nobody   = portaltest.Nobody
)

type as = portaltest.As

// fixture is the API with logins, merchants and admins on a real server, database and broker.
type fixture struct{ *portaltest.Portal }

func setup(t *testing.T, with ...func(*directory.Deps)) *fixture {
	t.Helper()
	return &fixture{portaltest.New(t, with...)}
}
