package einvoiceapi

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// settingsFields are the settings in a request. Absent fields stay unchanged.
type settingsFields struct {
	LegalName         *string  `json:"legal_name"`
	TradingName       *string  `json:"trading_name"`
	LegalForm         *string  `json:"legal_form"`
	SIRET             *string  `json:"siret"`
	VATNumber         *string  `json:"vat_number"`
	Address           *address `json:"address"`
	Email             *string  `json:"email"`
	Phone             *string  `json:"phone"`
	ElectronicAddress *string  `json:"electronic_address"`
	Activity          *string  `json:"activity"`
	VATRegime         *string  `json:"vat_regime"`
	VATOnDebits       *bool    `json:"vat_on_debits"`
	IBAN              *string  `json:"iban"`
	BIC               *string  `json:"bic"`
	TermDays          *int32   `json:"term_days"`
	Penalties         *string  `json:"penalties"`
	Recovery          *string  `json:"recovery"`
	Discount          *string  `json:"discount"`
	Footer            *string  `json:"footer"`
	ConsumerMediator  *string  `json:"consumer_mediator"`
	SalesVATRate      *string  `json:"sales_vat_rate"`
	SalesType         *string  `json:"sales_type"`
	SalesByTill       *bool    `json:"sales_by_till"`
}

// texts pairs each text of the request with its field in the message and its maximum length.
func (f settingsFields) texts(s *einvoicev1.Settings) []settingText {
	return []settingText{
		{"legal_name", f.LegalName, &s.LegalName, maxName},
		{"trading_name", f.TradingName, &s.TradingName, maxName},
		{"legal_form", f.LegalForm, &s.LegalForm, maxSentence},
		{"siret", f.SIRET, &s.Siret, maxNumber},
		{"vat_number", f.VATNumber, &s.VatNumber, maxNumber},
		{"email", f.Email, &s.Email, maxEmail},
		{"phone", f.Phone, &s.Phone, maxPhone},
		{"electronic_address", f.ElectronicAddress, &s.ElectronicAddress, maxElectronic},
		{"activity", f.Activity, &s.Activity, maxNumber},
		{"vat_regime", f.VATRegime, &s.VatRegime, maxNumber},
		{"iban", f.IBAN, &s.Iban, maxPhone},
		{"bic", f.BIC, &s.Bic, maxNumber},
		{"penalties", f.Penalties, &s.LatePenalties, maxSentence},
		{"recovery", f.Recovery, &s.RecoveryFee, maxSentence},
		{"discount", f.Discount, &s.EarlyDiscount, maxSentence},
		{"footer", f.Footer, &s.Footer, maxSentence},
		{"sales_vat_rate", f.SalesVATRate, &s.SalesVatRate, maxNumber},
		{"sales_type", f.SalesType, &s.SalesNature, maxNumber},
		{"consumer_mediator", f.ConsumerMediator, &s.ConsumerMediator, maxSentence},
	}
}

type settingText struct {
	field string
	given *string
	into  *string
	most  int
}

// apply sets the given fields, or refuses those of the wrong form.
func (f settingsFields) apply(s *einvoicev1.Settings) error {
	var bad problems
	for _, t := range f.texts(s) {
		if t.given != nil {
			bad.line(t.field, *t.given, t.most)
			*t.into = *t.given
		}
	}
	if f.Address != nil {
		f.Address.check(&bad, "address")
		s.Address = f.Address.message()
	}
	if f.VATOnDebits != nil {
		s.VatOnDebits = *f.VATOnDebits
	}
	if f.TermDays != nil {
		s.PaymentTermDays = *f.TermDays
	}
	if f.SalesByTill != nil {
		s.SalesByTill = *f.SalesByTill
	}
	return bad.Err()
}

type settingsView struct {
	LegalName         string  `json:"legal_name"`
	TradingName       string  `json:"trading_name"`
	LegalForm         string  `json:"legal_form"`
	SIRET             string  `json:"siret"`
	VATNumber         string  `json:"vat_number"`
	Address           address `json:"address"`
	Email             string  `json:"email"`
	Phone             string  `json:"phone"`
	ElectronicAddress string  `json:"electronic_address"`
	Activity          string  `json:"activity"`
	VATRegime         string  `json:"vat_regime"`
	VATOnDebits       bool    `json:"vat_on_debits"`
	IBAN              string  `json:"iban"`
	BIC               string  `json:"bic"`
	TermDays          int32   `json:"term_days"`
	Penalties         string  `json:"penalties"`
	Recovery          string  `json:"recovery"`
	Discount          string  `json:"discount"`
	Footer            string  `json:"footer"`
	ConsumerMediator  string  `json:"consumer_mediator"`
	SalesVATRate      string  `json:"sales_vat_rate"`
	SalesType         string  `json:"sales_type"`
	SalesByTill       bool    `json:"sales_by_till"`
}

func viewSettings(s *einvoicev1.Settings) settingsView {
	a := s.GetAddress()
	return settingsView{
		LegalName: s.GetLegalName(), TradingName: s.GetTradingName(), LegalForm: s.GetLegalForm(), SIRET: s.GetSiret(), VATNumber: s.GetVatNumber(),
		Address: address{a.GetStreet(), a.GetMore(), a.GetPostCode(), a.GetCity(), a.GetCountry()}, Email: s.GetEmail(), Phone: s.GetPhone(),
		ElectronicAddress: s.GetElectronicAddress(), Activity: s.GetActivity(), VATRegime: s.GetVatRegime(), VATOnDebits: s.GetVatOnDebits(),
		IBAN: s.GetIban(), BIC: s.GetBic(), TermDays: s.GetPaymentTermDays(), Penalties: s.GetLatePenalties(), Recovery: s.GetRecoveryFee(),
		Discount: s.GetEarlyDiscount(), Footer: s.GetFooter(), ConsumerMediator: s.GetConsumerMediator(),
		SalesVATRate: s.GetSalesVatRate(), SalesType: s.GetSalesNature(), SalesByTill: s.GetSalesByTill(),
	}
}

// enroll takes the company's data from the profile.
func (a *API) enroll(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	var in settingsFields
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, platformTimeout)
	defer cancel()
	m, err := a.Merchants.Get(ctx, of.MerchantID)
	if err != nil {
		return err
	}
	s := &einvoicev1.Settings{Email: m.Email, Iban: m.IBAN, Bic: m.BIC}
	if err := in.apply(s); err != nil {
		return err
	}
	logo, err := a.Merchants.Logo(ctx, of.MerchantID)
	if err != nil {
		return err
	}
	res, err := a.Invoices.Enroll(ctx, &einvoicev1.EnrollRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Settings: s, Logo: logo})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, viewEnrollment(res.GetEnrollment()))
}

type linkView struct {
	URL       string  `json:"url"`
	ExpiresAt *string `json:"expires_at"`
}

func (a *API) onboardingLink(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, platformTimeout)
	defer cancel()
	res, err := a.Invoices.GetOnboardingLink(ctx, &einvoicev1.GetOnboardingLinkRequest{MerchantId: of.MerchantID, Livemode: of.Livemode})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, linkView{res.GetUrl(), unlessNever(res.GetExpiresAt())})
}

func (a *API) settings(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, platformTimeout)
	defer cancel()
	s, err := a.settingsOf(ctx, of)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, viewSettings(s))
}

func (a *API) settingsOf(ctx context.Context, of caller.Whose) (*einvoicev1.Settings, error) {
	res, err := a.Invoices.GetEnrollment(ctx, &einvoicev1.GetEnrollmentRequest{MerchantId: of.MerchantID, Livemode: of.Livemode})
	switch {
	case err != nil:
		return nil, err
	case !res.GetEnrollment().GetEnrolled():
		return nil, notEnrolled()
	}
	return res.GetEnrollment().GetSettings(), nil
}

// updateSettings changes the given fields. Documents that were issued keep theirs.
func (a *API) updateSettings(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	var in settingsFields
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in == (settingsFields{}) {
		return errs.Invalid(errs.Field{Field: "body", Message: "The body changes nothing: give at least one setting."})
	}
	if err := in.apply(&einvoicev1.Settings{}); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, platformTimeout)
	defer cancel()
	s, err := a.settingsOf(ctx, of)
	if err != nil {
		return err
	}
	if s == nil {
		s = &einvoicev1.Settings{}
	}
	if err := in.apply(s); err != nil {
		return err
	}
	res, err := a.Invoices.UpdateSettings(ctx, &einvoicev1.UpdateSettingsRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Settings: s})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, viewSettings(res.GetEnrollment().GetSettings()))
}

type reportView struct {
	ID          string  `json:"id"`
	Kind        string  `json:"kind"`
	PeriodStart string  `json:"period_start"`
	PeriodEnd   string  `json:"period_end"`
	DueDate     string  `json:"due_date"`
	Number      int32   `json:"number"`
	Status      string  `json:"status"`
	PlatformID  *string `json:"platform_id"`
	Problem     *string `json:"problem"`
	CreatedAt   string  `json:"created_at"`
	SentAt      *string `json:"sent_at"`
}

func viewReport(r *einvoicev1.EReport) reportView {
	return reportView{
		ID: r.GetId(), Kind: r.GetKind(), PeriodStart: r.GetPeriodStart(), PeriodEnd: r.GetPeriodEnd(), DueDate: r.GetDueDate(), Number: r.GetNumber(),
		Status: r.GetStatus(), PlatformID: unlessEmpty(r.GetPlatformId()), Problem: unlessEmpty(r.GetProblem()),
		CreatedAt: web.Time(r.GetCreatedAt().AsTime()), SentAt: unlessNever(r.GetSentAt()),
	}
}

func (a *API) reports(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, readTimeout)
	defer cancel()
	res, err := a.Invoices.ListReports(ctx, &einvoicev1.ListReportsRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Page: int32(page), Limit: int32(limit),
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetReports(), viewReport, page, limit, res.GetTotal()))
}
