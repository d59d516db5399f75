package rewardapi

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

type member struct {
	ID             string `json:"id"`
	CustomerID     string `json:"customer_id,omitempty"`
	CustomerNumber string `json:"customer_number,omitempty"`
	EmailSHA256    string `json:"email_sha256,omitempty"`
	Balance        int64  `json:"balance"`
	Held           int64  `json:"held"`
	// Available is what can be redeemed now.
	Available      int64   `json:"available"`
	ExpiringPoints int64   `json:"expiring_points"`
	ExpiringAt     *string `json:"expiring_at"`
	CreatedAt      string  `json:"created_at"`
	ForgottenAt    *string `json:"forgotten_at"`
}

func memberView(m *qrv1.RewardMember) member {
	return member{
		ID: m.GetId(), CustomerID: m.GetCustomerId(), CustomerNumber: m.GetCustomerNumber(), EmailSHA256: m.GetEmailSha256(),
		Balance: m.GetBalance(), Held: m.GetHeld(), Available: max(m.GetBalance()-m.GetHeld(), 0),
		ExpiringPoints: m.GetExpiringPoints(), ExpiringAt: web.OptionalStamp(m.GetExpiringAt()),
		CreatedAt: web.Stamp(m.GetCreatedAt()), ForgottenAt: web.OptionalStamp(m.GetForgottenAt()),
	}
}

// members lists the members, or the one of a number or of the hash of an address.
func (a *API) members(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	f, of := web.FiltersOf(c), caller.AccountOf(c)
	req := &qrv1.ListMembersRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, CustomerNumber: f.Text("customer_number", maxNumber), EmailSha256: f.Text("email_sha256", maxNumber),
		Page: int32(page), Limit: int32(limit),
	}
	if err := f.Err(); err != nil {
		return err
	}
	got, err := web.Call(c, callTimeout, a.Rewards.ListMembers, req)
	if err != nil {
		return fmt.Errorf("list members: %w", err)
	}
	return web.List(c, views(got.GetMembers(), memberView), web.Pagination{Page: page, Limit: limit, Total: got.GetTotal()})
}

func (a *API) createMember(c echo.Context) error {
	var in struct {
		CustomerNumber string `json:"customer_number"`
		Email          string `json:"email"`
		EmailSHA256    string `json:"email_sha256"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	var bad refuse.Problems
	if in.Email != "" {
		in.Email = form.NormalEmail(in.Email)
		form.Email(&bad, in.Email)
	}
	bad.If(in.Email != "" && in.EmailSHA256 != "", "email", "cannot be combined with email_sha256")
	if err := bad.Err(); err != nil {
		return err
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, callTimeout, a.Rewards.CreateMember, &qrv1.CreateMemberRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, CustomerNumber: in.CustomerNumber, Email: in.Email, EmailSha256: in.EmailSHA256,
	})
	if err != nil {
		return fmt.Errorf("create member: %w", err)
	}
	return web.OK(c, created(c, got.GetExisted()), memberView(got.GetMember()))
}

// created is the status of an answer: something was made, or an earlier request had made it.
func created(c echo.Context, existed bool) int {
	if existed {
		c.Response().Header().Set(web.HeaderReplayed, "true")
		return http.StatusOK
	}
	return http.StatusCreated
}

func (a *API) member(c echo.Context) error {
	id, err := web.PathID(c, "id", memberNoun)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	got, err := web.Call(c, callTimeout, a.Rewards.GetMember, &qrv1.GetMemberRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return fmt.Errorf("read member: %w", err)
	}
	return web.OK(c, http.StatusOK, memberView(got.GetMember()))
}

func (a *API) forgetMember(c echo.Context) error {
	id, err := web.PathID(c, "id", memberNoun)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	_, err = web.Call(c, callTimeout, a.Rewards.ForgetMember, &qrv1.ForgetMemberRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return fmt.Errorf("forget member: %w", err)
	}
	return c.NoContent(http.StatusNoContent)
}
