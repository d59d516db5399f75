package webhookapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// redriven is the result of sending many deliveries again.
type redriven struct {
	Count  int64 `json:"count"`
	More   bool  `json:"more"`
	DryRun bool  `json:"dry_run"`
	// CountIsMinimum says that a dry run found more than Count, which it did not count.
	CountIsMinimum bool `json:"count_is_minimum,omitempty"`
}

// modeOnly is an optional body with the mode.
type modeOnly struct {
	Livemode *bool `json:"livemode"`
}

// testEndpoint sends a test event and answers with the result. A refusal by the merchant's server is a regular result.
func (a *API) testEndpoint(c echo.Context) error {
	var in modeOnly
	if err := web.DecodeOptional(c, &in); err != nil {
		return err
	}
	of, id, err := a.endpointOf(c, in.Livemode)
	if err != nil {
		return err
	}
	if err := a.mayTest(c, of, id); err != nil {
		return err
	}
	res, err := web.Call(c, testTimeout, a.webhooks.TestEndpoint, &webhooksv1.TestEndpointRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, deliveryView(res.GetDelivery()))
}

// Limits of tests per minute: nobody may use our requests to explore other people's hosts.
const (
	testsOfMerchant = 10
	testsOfEndpoint = 3
)

// mayTest counts a test. It restricts a merchant that is not enabled yet to tests of its own machine.
func (a *API) mayTest(c echo.Context, of caller.Whose, id string) error {
	if err := web.Limited(c, a.limiter, "hook-test:"+of.MerchantID, testsOfMerchant); err != nil {
		return err
	}
	m, err := a.merchants.Get(c.Request().Context(), of.MerchantID)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.webhooks.GetEndpoint, &webhooksv1.GetEndpointRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return err
	}
	if !m.GatewayEnabled && !web.OnThisMachine(res.GetEndpoint().GetUrl()) {
		return errs.New(errs.APIAccessDisabled, "Your account is not enabled yet: until it is, tests go to your own machine only (localhost).")
	}
	return web.Limited(c, a.limiter, "hook-test:"+res.GetEndpoint().GetId(), testsOfEndpoint)
}

func (a *API) recoverEndpoint(c echo.Context) error {
	var in struct {
		Since    string `json:"since"`
		DryRun   bool   `json:"dry_run"`
		Livemode *bool  `json:"livemode"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("since", in.Since); err != nil {
		return err
	}
	from, err := spanOf("since", &in.Since, "", nil)
	if err != nil {
		return err
	}
	of, id, err := a.endpointOf(c, in.Livemode)
	if err != nil {
		return err
	}
	res, err := web.Call(c, bulkTimeout, a.webhooks.RecoverEndpoint, &webhooksv1.RecoverEndpointRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id, Since: from.after, DryRun: in.DryRun,
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, redriven{Count: res.GetCount(), More: res.GetMore(), DryRun: in.DryRun})
}

func (a *API) resendDelivery(c echo.Context) error {
	var in modeOnly
	if err := web.DecodeOptional(c, &in); err != nil {
		return err
	}
	of, id, err := a.deliveryOf(c, in.Livemode)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.webhooks.ResendDelivery, &webhooksv1.ResendDeliveryRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusAccepted, deliveryView(res.GetDelivery()))
}

func (a *API) resendDeliveries(c echo.Context) error {
	var in struct {
		EndpointID    string  `json:"endpoint_id"`
		Status        string  `json:"status"`
		Reference     string  `json:"reference"`
		EventType     string  `json:"event_type"`
		CreatedAfter  *string `json:"created_after"`
		CreatedBefore *string `json:"created_before"`
		DryRun        bool    `json:"dry_run"`
		Livemode      *bool   `json:"livemode"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	created, err := spanOf("created_after", in.CreatedAfter, "created_before", in.CreatedBefore)
	if err != nil {
		return err
	}
	of, err := caller.WhoseOf(c, in.Livemode)
	if err != nil {
		return err
	}
	res, err := web.Call(c, bulkTimeout, a.webhooks.ResendDeliveries, &webhooksv1.ResendDeliveriesRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, DryRun: in.DryRun,
		Filter: &webhooksv1.DeliveryFilter{
			EndpointId: in.EndpointID, Status: in.Status, Reference: in.Reference, EventType: in.EventType,
			CreatedAfter: created.after, CreatedBefore: created.before,
		},
	})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusOK, redriven{Count: res.GetCount(), More: res.GetMore(), DryRun: in.DryRun, CountIsMinimum: res.GetCountIsMinimum()})
}
