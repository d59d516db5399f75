package webhookapi

import (
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc"

	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const nobody = portaltest.Nobody

type as = portaltest.As

// fixture is the API with logins and merchants on a real server, database and broker.
type fixture struct {
	*portaltest.Portal
	hooks  *hooks
	pushes *pushes
}

func setup(t *testing.T, with ...func(*directory.Deps)) *fixture {
	t.Helper()
	f := &fixture{Portal: portaltest.New(t, with...), hooks: &hooks{}, pushes: &pushes{}}
	New(Deps{
		Merchants: f.Accounts.Merchants, Webhooks: f.hooks.client(t), Push: f.pushes.client(t), Listen: full.client(t),
		Audit: f.Accounts.Audit, Access: f.Access, Limiter: f.Limiter,
	}).Register(f.Group)
	return f
}

// client connects to the stand-in of the webhooks service.
func (h *hooks) client(t *testing.T) webhooksv1.WebhooksServiceClient {
	t.Helper()
	return webhooksv1.NewWebhooksServiceClient(gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) { webhooksv1.RegisterWebhooksServiceServer(r, h) }))
}
