// Package grpcapi is the gRPC interface of the service: it converts requests and responses for the packages that do the work.
package grpcapi

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/vat"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/enrol"
	"european-pay.eu/eupay/services/einvoice/internal/ereport"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/ledger"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/received"
)

// Server implements EInvoiceService.
type Server struct {
	einvoicev1.UnimplementedEInvoiceServiceServer
	ledger    *ledger.Ledger
	enrol     *enrol.Enroller
	reports   *ereport.Reporter
	platforms map[bool]platform.Platform
	received  *received.Inbox
}

// New returns the server.
func New(l *ledger.Ledger, e *enrol.Enroller, r *ereport.Reporter, in *received.Inbox, platforms map[bool]platform.Platform) *Server {
	return &Server{ledger: l, enrol: e, reports: r, received: in, platforms: platforms}
}

// scoped is a request about one merchant.
type scoped interface {
	GetMerchantId() string
	GetLivemode() bool
}

func who(r scoped) ledger.Who {
	return ledger.Who{MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode()}
}

// Enroll implements EInvoiceService.
func (s *Server) Enroll(ctx context.Context, req *einvoicev1.EnrollRequest) (*einvoicev1.EnrollResponse, error) {
	e, err := s.enrol.Enroll(ctx, req.GetMerchantId(), req.GetLivemode(), settingsIn(req.GetSettings()), req.GetLogo())
	if err != nil {
		return nil, err
	}
	return &einvoicev1.EnrollResponse{Enrollment: enrolment(e)}, nil
}

// GetEnrollment implements EInvoiceService.
func (s *Server) GetEnrollment(ctx context.Context, req *einvoicev1.GetEnrollmentRequest) (*einvoicev1.GetEnrollmentResponse, error) {
	e, enrolled, err := s.enrol.Current(ctx, req.GetMerchantId(), req.GetLivemode())
	if err != nil {
		return nil, err
	}
	if !enrolled {
		return &einvoicev1.GetEnrollmentResponse{Enrollment: &einvoicev1.Enrollment{}}, nil
	}
	return &einvoicev1.GetEnrollmentResponse{Enrollment: enrolment(e)}, nil
}

// GetOnboardingLink implements EInvoiceService.
func (s *Server) GetOnboardingLink(
	ctx context.Context, req *einvoicev1.GetOnboardingLinkRequest,
) (*einvoicev1.GetOnboardingLinkResponse, error) {
	link, err := s.enrol.Link(ctx, req.GetMerchantId(), req.GetLivemode())
	if err != nil {
		return nil, err
	}
	return &einvoicev1.GetOnboardingLinkResponse{Url: link.URL, ExpiresAt: timestamppb.New(link.Expires)}, nil
}

// UpdateSettings implements EInvoiceService.
func (s *Server) UpdateSettings(ctx context.Context, req *einvoicev1.UpdateSettingsRequest) (*einvoicev1.UpdateSettingsResponse, error) {
	e, err := s.enrol.UpdateSettings(ctx, req.GetMerchantId(), req.GetLivemode(), settingsIn(req.GetSettings()))
	if err != nil {
		return nil, err
	}
	return &einvoicev1.UpdateSettingsResponse{Enrollment: enrolment(e)}, nil
}

// SetLogo implements EInvoiceService.
func (s *Server) SetLogo(ctx context.Context, req *einvoicev1.SetLogoRequest) (*einvoicev1.SetLogoResponse, error) {
	return &einvoicev1.SetLogoResponse{}, s.enrol.SetLogo(ctx, req.GetMerchantId(), req.GetLogo())
}

// HandlePlatformHook implements EInvoiceService. The webhook is only a hint: its subject is read from the platform.
func (s *Server) HandlePlatformHook(
	ctx context.Context, req *einvoicev1.HandlePlatformHookRequest,
) (*einvoicev1.HandlePlatformHookResponse, error) {
	p := s.platforms[req.GetLivemode()]
	if p == nil {
		return nil, errNoPlatform()
	}
	hook, err := p.ReadHook(req.GetBody(), req.GetHeaders())
	if err != nil {
		return nil, hookError(err)
	}
	switch {
	case hook.Type == "invoice.received":
		err = s.received.Hint(ctx, req.GetLivemode(), hook.ClientID)
	case hook.ObjectType == "invoice" && hook.ObjectID != "":
		err = s.ledger.Hint(ctx, req.GetLivemode(), hook.ObjectID)
	case hook.ClientID != "":
		err = s.enrol.Hint(ctx, req.GetLivemode(), hook.ClientID)
	}
	return &einvoicev1.HandlePlatformHookResponse{}, err
}

// ListReports implements EInvoiceService.
func (s *Server) ListReports(ctx context.Context, req *einvoicev1.ListReportsRequest) (*einvoicev1.ListReportsResponse, error) {
	page, limit := paging(req.GetPage(), req.GetLimit())
	list, total, err := s.reports.List(ctx, req.GetMerchantId(), req.GetLivemode(), page, limit)
	if err != nil {
		return nil, err
	}
	return &einvoicev1.ListReportsResponse{Reports: list, Total: total}, nil
}

func enrolment(e enrol.Enrolment) *einvoicev1.Enrollment {
	return &einvoicev1.Enrollment{
		Enrolled: true, MandateId: e.MandateID, MandateStatus: string(e.Status()), Ready: e.Ready(), Siret: e.Settings.SIRET,
		Settings: settingsOut(e.Settings), CreatedAt: timestamppb.New(e.CreatedAt),
	}
}

func settingsIn(s *einvoicev1.Settings) invoice.Settings {
	return invoice.Settings{
		LegalName: s.GetLegalName(), TradingName: s.GetTradingName(), LegalForm: s.GetLegalForm(),
		SIRET: ident.Compact(s.GetSiret()), VATNumber: ident.Compact(s.GetVatNumber()),
		Address: address(s.GetAddress()), Email: s.GetEmail(), Phone: s.GetPhone(), ElectronicAddress: s.GetElectronicAddress(),
		Activity: invoice.Nature(s.GetActivity()), Regime: invoice.Regime(s.GetVatRegime()), VATOnDebits: s.GetVatOnDebits(),
		IBAN: ident.Compact(s.GetIban()), BIC: ident.Compact(s.GetBic()),
		TermDays: int(s.GetPaymentTermDays()), Penalties: s.GetLatePenalties(), Recovery: s.GetRecoveryFee(), Discount: s.GetEarlyDiscount(), Footer: s.GetFooter(),
		SalesRate: rateIn(s.GetSalesVatRate()), SalesNature: invoice.Nature(s.GetSalesNature()), SalesByTill: s.GetSalesByTill(),
		ConsumerMediator: s.GetConsumerMediator(),
	}
}

func settingsOut(s invoice.Settings) *einvoicev1.Settings {
	return &einvoicev1.Settings{
		LegalName: s.LegalName, TradingName: s.TradingName, LegalForm: s.LegalForm, Siret: s.SIRET, VatNumber: s.VATNumber,
		Address: &einvoicev1.Address{
			Street: s.Address.Street, More: s.Address.More, PostCode: s.Address.PostCode, City: s.Address.City, Country: s.Address.Country,
		},
		Email: s.Email, Phone: s.Phone, ElectronicAddress: s.ElectronicAddress, Activity: string(s.Activity), VatRegime: string(s.Regime),
		VatOnDebits: s.VATOnDebits, Iban: s.IBAN, Bic: s.BIC, PaymentTermDays: int32(s.TermDays), LatePenalties: s.Penalties,
		RecoveryFee: s.Recovery, EarlyDiscount: s.Discount, Footer: s.Footer, ConsumerMediator: s.ConsumerMediator,
		SalesVatRate: rateOut(s.SalesRate), SalesNature: string(s.SalesNature), SalesByTill: s.SalesByTill,
	}
}

// rateIn reads a rate; nil for an empty text. What is no rate becomes one that the check of the settings refuses.
func rateIn(text string) *vat.Rate {
	if text == "" {
		return nil
	}
	r, err := vat.Parse(text)
	if err != nil {
		r = -1
	}
	return &r
}

func rateOut(r *vat.Rate) string {
	if r == nil {
		return ""
	}
	return r.String()
}

func address(a *einvoicev1.Address) invoice.Address {
	return invoice.Address{Street: a.GetStreet(), More: a.GetMore(), PostCode: a.GetPostCode(), City: a.GetCity(), Country: a.GetCountry()}
}
