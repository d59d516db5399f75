package exportapi

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

func (n accounts) message() *einvoicev1.Accounts {
	return &einvoicev1.Accounts{
		Customers: n.Customers, Goods: n.Goods, Services: n.Services, Vat: n.VAT, Transit: n.Transit, Bank: n.Bank, Cash: n.Cash, Suspense: n.Suspense,
		Advances: n.Advances, AdvancesFrom: n.AdvancesFrom, GoodsRebates: n.GoodsRebates, ServicesRebates: n.ServicesRebates,
	}
}

func accountsView(n *einvoicev1.Accounts) accounts {
	return accounts{
		Customers: n.GetCustomers(), Goods: n.GetGoods(), Services: n.GetServices(), VAT: n.GetVat(), Transit: n.GetTransit(), Bank: n.GetBank(),
		Cash: n.GetCash(), Suspense: n.GetSuspense(), Advances: n.GetAdvances(), AdvancesFrom: n.GetAdvancesFrom(),
		GoodsRebates: n.GetGoodsRebates(), ServicesRebates: n.GetServicesRebates(),
	}
}

// getAccounts answers with all accounts of the merchant's books, the usual ones included.
func (a *API) getAccounts(c echo.Context) error {
	of := caller.AccountOf(c)
	res, err := web.Call(c, readTimeout, a.Exports.GetAccounts, &einvoicev1.GetAccountsRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode})
	if err != nil {
		return fmt.Errorf("read the accounts of the books: %w", err)
	}
	return web.OK(c, http.StatusOK, accountsView(res.GetAccounts()))
}

// setAccounts replaces them for the exports that are requested from now on.
func (a *API) setAccounts(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	var in accounts
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	res, err := web.Call(c, readTimeout, a.Exports.SetAccounts, &einvoicev1.SetAccountsRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Accounts: in.message(),
	})
	if err != nil {
		return fmt.Errorf("set the accounts of the books: %w", err)
	}
	return web.OK(c, http.StatusOK, accountsView(res.GetAccounts()))
}
