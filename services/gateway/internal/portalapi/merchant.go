package portalapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

type merchant struct {
	ID                string `json:"id"`
	Name              string `json:"name"`
	LegalStatus       string `json:"legal_status"`
	SIREN             string `json:"siren"`
	IBAN              string `json:"iban"`
	BIC               string `json:"bic"`
	AccountName       string `json:"account_name"`
	LegalName         string `json:"legal_name"`
	Address           string `json:"address"`
	Email             string `json:"email"`
	GatewayEnabled    bool   `json:"gateway_enabled"`
	LiveEnabled       bool   `json:"live_enabled"`
	WaitForSettlement bool   `json:"wait_for_settlement"`
	LoyaltyEligible   bool   `json:"loyalty_eligible"`
	EPCEnabled        bool   `json:"epc_enabled"`
	// LiveMissing names what the profile lacks before it may take live money; empty: nothing.
	LiveMissing []string `json:"live_missing"`
	CreatedAt   string   `json:"created_at"`
	// RefundStepUpAbove is null for never.
	RefundStepUpAbove *money.Cents `json:"refund_step_up_above"`
	// IBANChange is a new account that waits; null for none.
	IBANChange *ibanChange `json:"iban_change"`
}

type ibanChange struct {
	IBAN        string `json:"iban"`
	BIC         string `json:"bic"`
	EffectiveAt string `json:"effective_at"`
}

func merchantView(m account.Merchant) merchant {
	var change *ibanChange
	if m.NextAt != nil {
		change = &ibanChange{IBAN: m.NextIBAN, BIC: m.NextBIC, EffectiveAt: web.Time(*m.NextAt)}
	}
	return merchant{
		IBANChange: change, RefundStepUpAbove: m.RefundStepUpAbove,
		ID: m.ID, Name: m.Name, LegalStatus: m.LegalStatus, SIREN: m.SIREN, IBAN: m.IBAN, BIC: m.BIC, Email: m.Email,
		GatewayEnabled: m.GatewayEnabled, LiveEnabled: m.GatewayEnabled && m.LiveEnabled, WaitForSettlement: m.WaitForSettlement,
		LoyaltyEligible: m.LoyaltyEligible, EPCEnabled: m.EPCEnabled, CreatedAt: web.Time(m.CreatedAt),
		AccountName: m.AccountName, LegalName: m.LegalName, Address: m.Address, LiveMissing: append([]string{}, account.LiveMissing(m)...),
	}
}

func (a *API) merchant(c echo.Context) error {
	m, err := a.accounts.Merchants.Get(c.Request().Context(), caller.Of(c).MerchantID())
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, merchantView(m))
}

// bound is an amount that may be null, which says: none.
type bound account.RefundStepUp

// UnmarshalJSON implements json.Unmarshaler. Its errors are web.Refusals.
func (b *bound) UnmarshalJSON(text []byte) error {
	var a web.Amount
	if err := a.UnmarshalJSON(text); err != nil {
		return err
	}
	*b = bound{Given: true}
	if a.Given() {
		cents := a.Cents()
		b.Above = &cents
	}
	return nil
}

func (a *API) updateMerchant(c echo.Context) error {
	var in struct {
		Name              *string `json:"name"`
		LegalStatus       *string `json:"legal_status"`
		SIREN             *string `json:"siren"`
		IBAN              *string `json:"iban"`
		BIC               *string `json:"bic"`
		AccountName       *string `json:"account_name"`
		LegalName         *string `json:"legal_name"`
		Address           *string `json:"address"`
		WaitForSettlement *bool   `json:"wait_for_settlement"`
		LoyaltyEligible   *bool   `json:"loyalty_eligible"`
		EPCEnabled        *bool   `json:"epc_enabled"`
		RefundStepUpAbove bound   `json:"refund_step_up_above"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	change := account.MerchantChange{
		Name: in.Name, LegalStatus: in.LegalStatus, SIREN: in.SIREN, IBAN: in.IBAN, BIC: in.BIC, WaitForSettlement: in.WaitForSettlement,
		LoyaltyEligible: in.LoyaltyEligible, EPCEnabled: in.EPCEnabled,
		AccountName: in.AccountName, LegalName: in.LegalName, Address: in.Address, RefundStepUp: account.RefundStepUp(in.RefundStepUpAbove),
	}
	if change == (account.MerchantChange{}) {
		return nothingToDo("name, legal_status, siren, iban, bic, account_name, legal_name, address, wait_for_settlement, loyalty_eligible, " +
			"epc_enabled, refund_step_up_above")
	}
	if in.IBAN != nil || in.RefundStepUpAbove.Given {
		if err := a.access.CheckProof(c); err != nil {
			return err
		}
	}
	who := caller.Of(c).Login
	m, err := a.accounts.Merchants.Update(c.Request().Context(), account.ByUser(who.ID), who.MerchantID, change, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, merchantView(m))
}

// stopIBANChange takes no fresh proof: who sees that something is wrong must be able to stop it.
func (a *API) stopIBANChange(c echo.Context) error {
	who := caller.Of(c).Login
	m, err := a.accounts.Merchants.StopIBANChange(c.Request().Context(), account.ByUser(who.ID), who.MerchantID, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, merchantView(m))
}

func (a *API) team(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	users, total, err := a.accounts.Users.Team(c.Request().Context(), caller.Of(c).MerchantID(), number, limit)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(users, userView, number, limit, total))
}

func (a *API) addMember(c echo.Context) error {
	var in struct {
		Email    string       `json:"email"`
		Password string       `json:"password"`
		Name     string       `json:"name"`
		Role     account.Role `json:"role"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	who := caller.Of(c).Login
	u, err := a.accounts.Users.AddMember(c.Request().Context(), account.ByUser(who.ID), who.MerchantID,
		account.Member{Email: in.Email, Password: in.Password, Name: in.Name, Role: in.Role}, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, userView(u))
}

func (a *API) merchants(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	list, total, err := a.accounts.Merchants.List(c.Request().Context(), number, limit)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(list, merchantView, number, limit, total))
}

func (a *API) enableGateway(c echo.Context) error {
	var in struct {
		Enabled *bool `json:"enabled"`
		Live    *bool `json:"live"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in.Enabled == nil {
		return errs.Invalid(errs.Field{Field: "enabled", Message: "enabled is required: true or false."})
	}
	if !*in.Enabled && in.Live != nil && *in.Live {
		return errs.Invalid(errs.Field{Field: "live", Message: "live cannot be true for a merchant that is not enabled."})
	}
	m, err := a.accounts.Merchants.Enable(c.Request().Context(), account.ByUser(caller.Of(c).Login.ID), c.Param("id"), *in.Enabled, in.Live)
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, merchantView(m))
}
