package gateway

import (
	"github.com/labstack/echo/v4"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/apidoc"
	"european-pay.eu/eupay/services/gateway/internal/catalogapi"
	"european-pay.eu/eupay/services/gateway/internal/customerapi"
	"european-pay.eu/eupay/services/gateway/internal/edge"
	"european-pay.eu/eupay/services/gateway/internal/einvoiceapi"
	"european-pay.eu/eupay/services/gateway/internal/portalapi"
	"european-pay.eu/eupay/services/gateway/internal/provider"
	"european-pay.eu/eupay/services/gateway/internal/qrapi"
	"european-pay.eu/eupay/services/gateway/internal/qrimageapi"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/scanapi"
	"european-pay.eu/eupay/services/gateway/internal/tableapi"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// routes builds the handlers over the clients of the other services.
func (s *Service) routes() (*echo.Echo, error) {
	trusted, err := prefixes(s.cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	limiter, err := s.limiter(ratelimit.Window)
	if err != nil {
		return nil, err
	}
	paymentsConn, err := s.dial(s.cfg.PaymentsAddr)
	if err != nil {
		return nil, err
	}
	qrConn, err := s.dial(s.cfg.QRAddr)
	if err != nil {
		return nil, err
	}
	webhooks, err := s.dial(s.cfg.WebhooksAddr)
	if err != nil {
		return nil, err
	}
	invoices, err := s.invoices()
	if err != nil {
		return nil, err
	}
	payments, qr, orderTables := paymentsv1.NewPaymentsServiceClient(paymentsConn), qrv1.NewQRServiceClient(qrConn), qrv1.NewTableServiceClient(qrConn)
	signed := codes{qr}
	reference, err := apidoc.Load()
	if err != nil {
		return nil, err
	}
	e := web.New(s.core.Log, trusted)
	api := e.Group(basePath)
	reference.Register(api)
	access := edge.NewAccess(s.accounts.Keys, limiter, s.cfg.RateLimit)
	payment := &edge.Payments{
		Commands: s.commands, Reads: payments, QR: qr,
		Access: access, Limiter: limiter, Now: s.core.Now, Log: s.core.Log, Deadline: s.cfg.CreateDeadline,
	}
	payment.Register(api)
	(&provider.Provider{
		Commands: s.commands, Limiter: limiter, Log: s.core.Log, SignedPath: provider.SignedPath(s.cfg.PublicURL, basePath),
		LiveSecret: s.cfg.PowensLiveWebhookSecret, TestSecret: s.cfg.PowensTestWebhookSecret, ReturnWait: returnWait,
	}).Register(api)
	portal := portalapi.New(portalapi.Deps{
		Accounts: s.accounts, Webhooks: webhooksv1.NewWebhooksServiceClient(webhooks), Push: webhooksv1.NewPushServiceClient(webhooks),
		Listen: webhooksv1.NewListenServiceClient(webhooks), Loyalty: qrv1.NewLoyaltyServiceClient(qrConn), KeyAuth: access.Require, KeyFrom: edge.KeyFrom,
	})
	portal.Register(api)
	catalogapi.New(catalogapi.Deps{Catalog: qrv1.NewCatalogServiceClient(qrConn), Login: portal.Login, Limiter: limiter}).Register(api)
	catalogapi.RegisterStatic(e)
	orderLimiter, err := s.limiter(tableapi.OrderWindow)
	if err != nil {
		return nil, err
	}
	tableapi.New(tableapi.Deps{
		Tables: orderTables, Merchants: s.accounts.Merchants, Payments: payment, Login: portal.Login, Identity: portalapi.IdentityOf,
		MenuLimiter: limiter, OrderLimiter: orderLimiter, Live: s.cfg.OrdersLive, Now: s.core.Now, Log: s.core.Log,
	}).Register(api)
	qrapi.New(qrapi.Deps{
		QR: qr, Payments: payments, Merchants: s.accounts.Merchants,
		Login: portal.Login, CustomerLogin: portal.CustomerLogin, Now: s.core.Now,
	}).Register(api)
	qrimageapi.New(qrimageapi.Deps{
		Merchants: s.accounts.Merchants, Payments: payments, QR: qr,
		Render: qrv1.NewRenderServiceClient(qrConn), Login: portal.Login, KeyOrLogin: portal.KeyOrLogin, KeyFrom: edge.KeyFrom, Now: s.core.Now,
		MerchantCode: signed.ofMerchant, Table: tables{orderTables}.card, LogoChanged: documents{invoices}.setLogo,
	}).Register(api)
	einvoiceapi.New(einvoiceapi.Deps{
		Invoices: invoices, Merchants: s.accounts.Merchants, Login: portal.Login, KeyOrLogin: portal.KeyOrLogin, OwnerOf: portal.OwnerOf, Limiter: limiter,
	}).Register(api)
	customerapi.New(customerapi.Deps{
		Accounts: paymentsv1.NewAccountsServiceClient(paymentsConn), Login: portal.CustomerLogin(), Limiter: limiter,
		Livemode: s.cfg.OrdersLive, Log: s.core.Log,
	}).Register(api)
	scanapi.New(scanapi.Deps{
		Commands: s.commands, Payments: payments, Codes: signed, Merchants: s.accounts.Merchants,
		Logins: portal, Identity: portalapi.IdentityOf, KeyFrom: edge.KeyFrom, EPCEnabled: s.epcEnabled,
		Limiter: limiter, Now: s.core.Now, Deadline: s.cfg.CreateDeadline, Live: s.cfg.OrdersLive,
	}).Register(api)
	return e, nil
}

// invoices connects to the einvoice service.
func (s *Service) invoices() (einvoicev1.EInvoiceServiceClient, error) {
	conn, err := s.dial(s.cfg.EInvoiceAddr)
	if err != nil {
		return nil, err
	}
	return einvoicev1.NewEInvoiceServiceClient(conn), nil
}
