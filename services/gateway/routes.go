package gateway

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/run/config"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	operationsv1 "european-pay.eu/eupay/proto/eupay/operations/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/adminapi"
	"european-pay.eu/eupay/services/gateway/internal/apidoc"
	"european-pay.eu/eupay/services/gateway/internal/authapi"
	"european-pay.eu/eupay/services/gateway/internal/bankapi"
	"european-pay.eu/eupay/services/gateway/internal/billapi"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/catalogapi"
	"european-pay.eu/eupay/services/gateway/internal/customerapi"
	"european-pay.eu/eupay/services/gateway/internal/drawing"
	"european-pay.eu/eupay/services/gateway/internal/einvoiceapi"
	"european-pay.eu/eupay/services/gateway/internal/exportapi"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/giveback"
	"european-pay.eu/eupay/services/gateway/internal/hoursapi"
	"european-pay.eu/eupay/services/gateway/internal/kitchenapi"
	"european-pay.eu/eupay/services/gateway/internal/linkapi"
	"european-pay.eu/eupay/services/gateway/internal/merchantapi"
	"european-pay.eu/eupay/services/gateway/internal/payerapi"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/paymentapi"
	"european-pay.eu/eupay/services/gateway/internal/promotionapi"
	"european-pay.eu/eupay/services/gateway/internal/provider"
	"european-pay.eu/eupay/services/gateway/internal/qrapi"
	"european-pay.eu/eupay/services/gateway/internal/qrimageapi"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rewardapi"
	"european-pay.eu/eupay/services/gateway/internal/scanapi"
	"european-pay.eu/eupay/services/gateway/internal/settlementapi"
	"european-pay.eu/eupay/services/gateway/internal/stockapi"
	"european-pay.eu/eupay/services/gateway/internal/subscriptionapi"
	"european-pay.eu/eupay/services/gateway/internal/tableapi"
	"european-pay.eu/eupay/services/gateway/internal/tillapi"
	"european-pay.eu/eupay/services/gateway/internal/web"
	"european-pay.eu/eupay/services/gateway/internal/webhookapi"
)

// others are the connections to the other services.
type others struct{ payments, qr, webhooks, einvoice grpc.ClientConnInterface }

// dialAll connects to the other services, which need not be running yet.
func (s *Service) dialAll() (o others, err error) {
	for _, to := range []struct {
		conn       *grpc.ClientConnInterface
		name, addr string
	}{
		{&o.payments, identity.Payments, s.cfg.PaymentsAddr},
		{&o.qr, identity.QR, s.cfg.QRAddr},
		{&o.webhooks, identity.Webhooks, s.cfg.WebhooksAddr},
		{&o.einvoice, identity.EInvoice, s.cfg.EInvoiceAddr},
	} {
		if *to.conn, err = s.dial(to.name, to.addr); err != nil {
			return others{}, err
		}
	}
	return o, nil
}

// routes creates the handlers with the clients of the other services.
func (s *Service) routes() (*echo.Echo, error) {
	trusted, err := config.Prefixes(trustedProxies, s.cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	limiter, err := s.limiter(ratelimit.Window)
	if err != nil {
		return nil, err
	}
	orderLimiter, err := s.limiter(tableapi.OrderWindow)
	if err != nil {
		return nil, err
	}
	to, err := s.dialAll()
	if err != nil {
		return nil, err
	}
	s.writeToCustomers(to)
	own, err := s.dial(identity.Gateway, s.core.GRPCAddr())
	if err != nil {
		return nil, err
	}
	reference, err := apidoc.Load()
	if err != nil {
		return nil, err
	}
	e := web.New(s.core.Log, trusted)
	if len(s.cfg.CORSOrigins) > 0 {
		e.Use(web.CORS(s.cfg.CORSOrigins))
	}
	e.Use(web.Patient(s.cfg.Patience))
	api := web.NewAPI(e, basePath, reference.Query)
	reference.Register(api)
	access := caller.New(caller.Deps{
		Keys: s.accounts.Keys, Tokens: s.accounts.Tokens, Users: s.accounts.Users, Merchants: s.accounts.Merchants,
		Limiter: limiter, PerMinute: s.cfg.RateLimit, Limits: s.cfg.Limits,
	})
	authapi.New(authapi.Deps{Accounts: s.accounts, Access: access}).Register(api)
	merchantapi.New(merchantapi.Deps{Accounts: s.accounts, Access: access, Limiter: limiter}).Register(api)
	adminapi.New(adminapi.Deps{Accounts: s.accounts, Access: access}).Register(api)
	s.operations(to, own, access).Register(api)
	webhookapi.New(webhookapi.Deps{
		Merchants: s.accounts.Merchants, Webhooks: webhooksv1.NewWebhooksServiceClient(to.webhooks), Push: webhooksv1.NewPushServiceClient(to.webhooks),
		Listen: webhooksv1.NewListenServiceClient(to.webhooks), Audit: s.accounts.Audit, Access: access, Limiter: limiter,
	}).Register(api)
	sender := paying.Sender{Commands: s.money, Deadline: s.cfg.CreateDeadline}
	signer := paying.Signer{QR: qrv1.NewQRServiceClient(to.qr), Log: s.core.Log, Deadline: s.cfg.CreateDeadline}
	(&paymentapi.Payments{
		Sender: sender, Signer: signer, Reads: paymentsv1.NewPaymentsServiceClient(to.payments),
		Access: access, Limiter: limiter, Now: s.core.Now,
	}).Register(api)
	bankapi.New(bankapi.Deps{Banks: paymentsv1.NewBanksServiceClient(to.payments), Access: access}).Register(api)
	subscriptionapi.New(subscriptionapi.Deps{
		Subscriptions: paymentsv1.NewSubscriptionsServiceClient(to.payments), Access: access, Now: s.core.Now,
	}).Register(api)
	linkapi.New(linkapi.Deps{
		Links: paymentsv1.NewLinksServiceClient(to.payments), Banks: paymentsv1.NewBanksServiceClient(to.payments), Merchants: s.accounts.Merchants,
		Sender: sender, Access: access, Limiter: limiter, Now: s.core.Now,
	}).Register(api)
	(&provider.Provider{
		Commands: s.money, Limiter: limiter, Log: s.core.Log, SignedPath: provider.SignedPath(s.cfg.PublicURL, basePath),
		LiveSecret: s.cfg.PowensLiveWebhookSecret, TestSecret: s.cfg.PowensTestWebhookSecret, ReturnWait: returnWait, Receipts: s.cfg.PagesURL != "",
		Settlement: paymentsv1.NewSettlementServiceClient(to.payments),
	}).Register(api)
	settlementapi.New(settlementapi.Deps{
		Settlement: paymentsv1.NewSettlementServiceClient(to.payments), Audit: s.accounts.Audit, Access: access, Limiter: limiter,
		Portal: strings.TrimRight(s.cfg.PortalURL, "/"), Log: s.core.Log,
	}).Register(api)
	catalogapi.RegisterStatic(e)
	s.shopRoutes(api, to, access, limiter, orderLimiter, signer)
	rewardapi.New(rewardapi.Deps{Rewards: qrv1.NewRewardsServiceClient(to.qr), Access: access, Limiter: limiter}).Register(api)
	s.codeRoutes(api, to, access, limiter)
	return e, s.handOn(e)
}

// shopRoutes are those of what merchants sell at tables and counters.
func (s *Service) shopRoutes(api *web.API, to others, access *caller.Access, limiter ratelimit.Limiter, orderLimiter ratelimit.Limiter, signer paying.Signer) {
	catalogapi.New(catalogapi.Deps{
		Catalog: qrv1.NewCatalogServiceClient(to.qr), Assortment: qrv1.NewAssortmentServiceClient(to.qr), Access: access, Limiter: limiter,
	}).Register(api)
	stockapi.New(stockapi.Deps{Stock: qrv1.NewStockServiceClient(to.qr), Access: access, Limiter: limiter, ProductView: catalogapi.View}).Register(api)
	tableapi.New(tableapi.Deps{
		Cancellations: qrv1.NewCancellationServiceClient(to.qr),
		Tables:        qrv1.NewTableServiceClient(to.qr), Till: qrv1.NewTillServiceClient(to.qr),
		Merchants: s.accounts.Merchants, Codes: signer, Access: access, Deadline: s.cfg.CreateDeadline,
		MenuLimiter: limiter, OrderLimiter: orderLimiter, Deployment: s.deployment(), Now: s.core.Now,
	}).Register(api)
	tickets := s.ticketMails()
	till := tillapi.New(tillapi.Deps{
		Mails: tickets, Till: qrv1.NewTillServiceClient(to.qr), Tables: qrv1.NewTableServiceClient(to.qr), Invoices: einvoicev1.NewEInvoiceServiceClient(to.einvoice),
		Bills: qrv1.NewBillServiceClient(to.qr), Merchants: s.accounts.Merchants, Access: access, Limiter: limiter, Log: s.core.Log,
	})
	till.Register(api)
	tickets.Print = till.Print
	hoursapi.New(hoursapi.Deps{Hours: qrv1.NewHoursServiceClient(to.qr), Access: access, Limiter: limiter}).Register(api)
	promotionapi.New(promotionapi.Deps{Promotions: qrv1.NewPromotionServiceClient(to.qr), Access: access}).Register(api)
	kitchenapi.New(kitchenapi.Deps{
		Kitchen: qrv1.NewKitchenServiceClient(to.qr), Access: access, Limiter: limiter, OrderView: tableapi.OrderView,
		Base: strings.TrimRight(s.cfg.PublicURL, "/") + basePath,
	}).Register(api)
	billapi.New(billapi.Deps{
		Bills: qrv1.NewBillServiceClient(to.qr), Merchants: s.accounts.Merchants, Codes: signer, Access: access, Deadline: s.cfg.CreateDeadline,
		Limiter: limiter, Deployment: s.deployment(), Now: s.core.Now,
	}).Register(api)
}

// handOn hands requests for pages and for the sandbox's mails on to those that serve them.
func (s *Service) handOn(e *echo.Echo) error {
	if s.cfg.PagesURL != "" {
		if err := web.RegisterPages(e, s.cfg.PagesURL, s.core.Log); err != nil {
			return err
		}
	}
	if s.cfg.MailboxURL == "" {
		return nil
	}
	return web.RegisterMailbox(e, s.cfg.MailboxURL, s.core.Log)
}

// operations is what admins see of all services.
func (s *Service) operations(to others, own grpc.ClientConnInterface, access *caller.Access) *adminapi.Operations {
	return adminapi.NewOperations(adminapi.OperationsDeps{
		Audit: s.accounts.Audit, Access: access, Payments: paymentsv1.NewOperationsServiceClient(to.payments),
		Webhooks: webhooksv1.NewOperationsServiceClient(to.webhooks), Transmissions: einvoicev1.NewOperationsServiceClient(to.einvoice), JS: s.core.Bus.JS,
		Backlogs: []adminapi.Backlog{
			{Name: identity.Payments, Client: operationsv1.NewBacklogServiceClient(to.payments)},
			{Name: identity.Webhooks, Client: operationsv1.NewBacklogServiceClient(to.webhooks)},
			{Name: identity.QR, Client: operationsv1.NewBacklogServiceClient(to.qr)},
			{Name: identity.EInvoice, Client: operationsv1.NewBacklogServiceClient(to.einvoice)},
			{Name: identity.Gateway, Client: operationsv1.NewBacklogServiceClient(own)},
		},
	})
}

// deployment has the mode of merchants' codes and of orders.
func (s *Service) deployment() gate.Deployment { return gate.Deployment{Live: s.cfg.OrdersLive} }

// origin of the portal's pages: the customers' app is there too, beside the merchants' pages, which mails link to.
func origin(portal string) string {
	u, err := url.Parse(portal)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// codeRoutes registers the routes of QR codes and invoices: creating, drawing, scanning and paying them.
func (s *Service) codeRoutes(api *web.API, to others, access *caller.Access, limiter ratelimit.Limiter) {
	payments, qr, invoices := paymentsv1.NewPaymentsServiceClient(to.payments), qrv1.NewQRServiceClient(to.qr), einvoicev1.NewEInvoiceServiceClient(to.einvoice)
	signed := codes{qr}
	drawn := drawing.New(limiter, s.cfg.Drawings).For(func(c echo.Context) string { return caller.Of(c).MerchantID() })
	qrapi.New(qrapi.Deps{
		QR: qr, Payments: payments, Merchants: s.accounts.Merchants,
		Access: access, Now: s.core.Now,
	}).Register(api)
	qrimageapi.New(qrimageapi.Deps{
		Merchants: s.accounts.Merchants, Payments: payments, QR: qr, Links: paymentsv1.NewLinksServiceClient(to.payments),
		Render: qrv1.NewRenderServiceClient(to.qr), Access: access, Now: s.core.Now, Drawn: drawn,
		MerchantCode: signed.ofMerchant, Deployment: s.deployment(), Table: tables{qrv1.NewTableServiceClient(to.qr)}.card, LogoChanged: documents{invoices}.setLogo,
	}).Register(api)
	wanted := einvoicev1.NewCreditRefundsServiceClient(to.einvoice)
	s.refunds = giveback.New(giveback.Deps{
		Wanted: wanted, Merchants: s.accounts.Merchants, Refunds: paying.Sender{Commands: s.money, Deadline: s.cfg.CreateDeadline}, Log: s.core.Log,
	})
	einvoiceapi.New(einvoiceapi.Deps{
		CreditRefunds: wanted, Rebates: einvoicev1.NewRebatesServiceClient(to.einvoice),
		Invoices: invoices, Received: einvoicev1.NewReceivedServiceClient(to.einvoice), Directory: einvoicev1.NewDirectoryServiceClient(to.einvoice),
		Sales: einvoicev1.NewSalesServiceClient(to.einvoice), Trails: einvoicev1.NewTrailServiceClient(to.einvoice),
		Refunds: &paymentapi.Payments{
			Sender: paying.Sender{Commands: s.money, Deadline: s.cfg.CreateDeadline}, Reads: payments, Access: access, Limiter: limiter, Now: s.core.Now,
		},
		Merchants: s.accounts.Merchants, Access: access, Limiter: limiter, Drawn: drawn, Log: s.core.Log,
	}).Register(api)
	exportapi.New(exportapi.Deps{Exports: einvoicev1.NewExportsServiceClient(to.einvoice), Access: access, Limiter: limiter}).Register(api)
	customerapi.New(customerapi.Deps{
		Accounts: paymentsv1.NewAccountsServiceClient(to.payments), Loyalty: qrv1.NewLoyaltyServiceClient(to.qr), Access: access, Limiter: limiter,
		Pages: origin(s.cfg.PortalURL), Livemode: s.cfg.OrdersLive, Log: s.core.Log,
	}).Register(api)
	scanapi.New(scanapi.Deps{
		Sender: paying.Sender{Commands: s.money, Deadline: s.cfg.CreateDeadline}, Payments: payments, Codes: signed, Merchants: s.accounts.Merchants,
		Logins:  access,
		Limiter: limiter, Now: s.core.Now, Deployment: s.deployment(),
	}).Register(api)
	payerapi.New(payerapi.Deps{
		QR: qr, Payments: payments, Banks: paymentsv1.NewBanksServiceClient(to.payments), Merchants: s.accounts.Merchants,
		Sender:  paying.Sender{Commands: s.money, Deadline: s.cfg.CreateDeadline},
		Limiter: limiter, Now: s.core.Now, Deployment: s.deployment(),
	}).Register(api)
}
