package merchantapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/shape"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

func (a *API) merchant(c echo.Context) error {
	m, err := a.accounts.Merchants.Get(c.Request().Context(), caller.Of(c).MerchantID())
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, shape.MerchantOf(m))
}

// bound is an amount that may be null, which says: none.
type bound merchant.RefundStepUp

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
	change := merchant.Change{
		Name: in.Name, LegalStatus: in.LegalStatus, SIREN: in.SIREN, IBAN: in.IBAN, BIC: in.BIC, WaitForSettlement: in.WaitForSettlement,
		LoyaltyEligible: in.LoyaltyEligible, EPCEnabled: in.EPCEnabled,
		AccountName: in.AccountName, LegalName: in.LegalName, Address: in.Address, RefundStepUp: merchant.RefundStepUp(in.RefundStepUpAbove),
	}
	if change == (merchant.Change{}) {
		return web.NothingToDo("name, legal_status, siren, iban, bic, account_name, legal_name, address, wait_for_settlement, loyalty_eligible, " +
			"epc_enabled, refund_step_up_above")
	}
	if in.IBAN != nil || in.RefundStepUpAbove.Given {
		if err := a.access.CheckProof(c); err != nil {
			return err
		}
	}
	who := caller.Of(c).Login
	m, err := a.accounts.Merchants.Update(c.Request().Context(), audit.ByUser(who.ID), who.MerchantID, change, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, shape.MerchantOf(m))
}

// stopIBANChange requires no fresh proof: an owner who notices a fraud must be able to stop it at once.
func (a *API) stopIBANChange(c echo.Context) error {
	who := caller.Of(c).Login
	m, err := a.accounts.Merchants.StopIBANChange(c.Request().Context(), audit.ByUser(who.ID), who.MerchantID, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, shape.MerchantOf(m))
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
	return web.Answer(c, http.StatusOK, web.ListingOf(users, shape.UserOf, number, limit, total))
}

func (a *API) addMember(c echo.Context) error {
	var in struct {
		Email    string      `json:"email"`
		Password string      `json:"password"`
		Name     string      `json:"name"`
		Role     rights.Role `json:"role"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	who := caller.Of(c).Login
	u, err := a.accounts.Users.AddMember(c.Request().Context(), audit.ByUser(who.ID), who.MerchantID,
		user.Member{Email: in.Email, Password: in.Password, Name: in.Name, Role: in.Role}, caller.DeviceOf(c))
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, shape.UserOf(u))
}
