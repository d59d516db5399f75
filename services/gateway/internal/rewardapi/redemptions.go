package rewardapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/money"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// states of a redemption.
var states = []string{"held", "captured", "released", "expired"}

type redemption struct {
	ID        string      `json:"id"`
	MemberID  string      `json:"member_id"`
	Status    string      `json:"status"`
	Points    int64       `json:"points"`
	Amount    money.Cents `json:"amount"`
	Reference string      `json:"reference,omitempty"`
	Actor     string      `json:"actor"`
	ExpiresAt string      `json:"expires_at"`
	CreatedAt string      `json:"created_at"`
	EndedAt   *string     `json:"ended_at"`
}

func redemptionView(r *qrv1.Redemption) redemption {
	return redemption{
		ID: r.GetId(), MemberID: r.GetMemberId(), Status: r.GetStatus(), Points: r.GetPoints(), Amount: money.Cents(r.GetAmountCents()), Reference: r.GetReference(),
		Actor: r.GetActor(), ExpiresAt: web.Stamp(r.GetExpiresAt()), CreatedAt: web.Stamp(r.GetCreatedAt()), EndedAt: web.OptionalStamp(r.GetEndedAt()),
	}
}

func (a *API) redemptions(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	f, of := web.FiltersOf(c), caller.AccountOf(c)
	req := &qrv1.ListRedemptionsRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Status: f.OneOf("status", states), MemberId: f.Text("member_id", maxNumber),
		Page: int32(page), Limit: int32(limit),
	}
	if err := f.Err(); err != nil {
		return err
	}
	got, err := web.Call(c, callTimeout, a.Rewards.ListRedemptions, req)
	if err != nil {
		return fmt.Errorf("list redemptions: %w", err)
	}
	return web.List(c, views(got.GetRedemptions(), redemptionView), web.Pagination{Page: page, Limit: limit, Total: got.GetTotal(), TotalIsMinimum: got.GetTotalIsMinimum()})
}

// hold sets points aside.
func (a *API) hold(c echo.Context) error {
	key, err := web.IdempotencyKey(c)
	if err != nil {
		return err
	}
	var in struct {
		MemberID  string     `json:"member_id"`
		Points    int64      `json:"points"`
		Amount    web.Amount `json:"amount"`
		Reference string     `json:"reference"`
		ExpiresIn int32      `json:"expires_in_seconds"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, callTimeout, a.Rewards.HoldPoints, &qrv1.HoldPointsRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, MemberId: in.MemberID, Points: in.Points, AmountCents: int64(in.Amount.Cents()),
		Reference: in.Reference, ExpiresInSeconds: in.ExpiresIn, IdempotencyKey: key, Actor: string(caller.Of(c).Actor()),
	})
	if err != nil {
		return fmt.Errorf("hold points: %w", err)
	}
	return web.OK(c, created(c, got.GetExisted()), redemptionView(got.GetRedemption()))
}

func (a *API) redemption(c echo.Context) error {
	id, err := web.PathID(c, "id", redemptionNoun)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	return answer(c, a.Rewards.GetRedemption, &qrv1.GetRedemptionRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id})
}

func (a *API) capture(c echo.Context) error {
	id, err := endedID(c)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	return answer(c, a.Rewards.CaptureRedemption, &qrv1.CaptureRedemptionRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id})
}

func (a *API) release(c echo.Context) error {
	id, err := endedID(c)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	return answer(c, a.Rewards.ReleaseRedemption, &qrv1.ReleaseRedemptionRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id})
}

// endedID reads which redemption a request ends. Its body is empty, or an empty object.
func endedID(c echo.Context) (string, error) {
	var in struct{}
	if err := web.DecodeOptional(c, &in); err != nil {
		return "", err
	}
	return web.PathID(c, "id", redemptionNoun)
}

// answer calls a method that answers with a redemption.
func answer[Req any, Res interface{ GetRedemption() *qrv1.Redemption }](
	c echo.Context, method func(context.Context, Req, ...grpc.CallOption) (Res, error), req Req,
) error {
	got, err := web.Call(c, callTimeout, method, req)
	if err != nil {
		return fmt.Errorf("redemption: %w", err)
	}
	return web.OK(c, http.StatusOK, redemptionView(got.GetRedemption()))
}
