package customerapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

type loyalty struct {
	// Balance is the sum of all points of the ledger.
	Balance int64 `json:"balance"`
	web.Listing[loyaltyEntry]
}

type loyaltyEntry struct {
	ID           string `json:"id"`
	Kind         string `json:"kind"`
	Points       int64  `json:"points"`
	Balance      int64  `json:"balance"`
	MerchantID   string `json:"merchant_id"`
	MerchantName string `json:"merchant_name"`
	Reference    string `json:"reference"`
	OccurredAt   string `json:"occurred_at"`
}

func loyaltyEntryView(e *qrv1.LoyaltyEntry) loyaltyEntry {
	return loyaltyEntry{
		ID: e.GetId(), Kind: e.GetKind(), Points: e.GetPoints(), Balance: e.GetBalance(), MerchantID: e.GetMerchantId(),
		MerchantName: e.GetMerchantName(), Reference: e.GetReference(), OccurredAt: web.Stamp(e.GetOccurredAt()),
	}
}

// loyaltyOf shows a customer's points: test points, unless the query says livemode=true.
func (a *API) loyaltyOf(c echo.Context) error {
	number, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	live, err := caller.AskedMode(c, nil)
	if err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	res, err := a.Loyalty.GetLoyalty(ctx, &qrv1.GetLoyaltyRequest{
		CustomerId: caller.Of(c).Login.ID, Livemode: live != nil && *live, Page: int32(number), Limit: int32(limit),
	})
	if err != nil {
		return err
	}
	entries := web.ListingOf(res.GetEntries(), loyaltyEntryView, number, limit, res.GetTotal()).AtLeast(res.GetTotalIsMinimum())
	return web.Answer(c, http.StatusOK, loyalty{res.GetBalance(), entries})
}
