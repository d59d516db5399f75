// Package exportapi makes files for accountants and hands them out.
package exportapi

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/money"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	readTimeout = 5 * time.Second
	// createTimeout is longer than the service waits for a small file.
	createTimeout = 10 * time.Second
	// createdPerMinute bounds the exports of one merchant.
	createdPerMinute = 30
)

// The values of the filters.
var (
	kinds    = []string{"payments", "refunds", "invoices", "sales", "receipts", "fec", "statement"}
	statuses = []string{"pending", "ready", "failed"}
)

// Deps are what New needs.
type Deps struct {
	Exports einvoicev1.ExportsServiceClient
	Access  *caller.Access
	Limiter ratelimit.Limiter
}

// API is the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	access := a.Access.ForAccount(rights.ExportsRead)
	g.POST("/exports", a.create, access)
	g.GET("/exports", a.list, access)
	g.GET("/exports/accounts", a.getAccounts, access)
	g.PUT("/exports/accounts", a.setAccounts, a.Access.Login(caller.Owner...))
	g.GET("/exports/:id", a.get, access)
	g.GET("/exports/:id/file", a.file, access)
}

// accounts are the numbers of accounts in a FEC.
type accounts struct {
	Customers string `json:"customers"`
	Goods     string `json:"goods"`
	Services  string `json:"services"`
	VAT       string `json:"vat"`
	Transit   string `json:"transit"`
	Bank      string `json:"bank"`
	Cash      string `json:"cash"`
	Suspense  string `json:"suspense"`
	Advances  string `json:"advances"`
	// AdvancesFrom is the first day of the deposit invoices that are advances.
	AdvancesFrom    string `json:"advances_from"`
	GoodsRebates    string `json:"goods_rebates"`
	ServicesRebates string `json:"services_rebates"`
}

type createRequest struct {
	Kind      string   `json:"kind"`
	Format    string   `json:"format"`
	Separator string   `json:"separator"`
	From      string   `json:"from"`
	To        string   `json:"to"`
	Accounts  accounts `json:"accounts"`
}

// create answers 201 with an export whose file is ready, or could not be made, and 202 with one whose file is being made.
func (a *API) create(c echo.Context) error {
	var in createRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := web.Required("kind", in.Kind, "from", in.From, "to", in.To); err != nil {
		return err
	}
	key, err := web.IdempotencyKey(c)
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	if err := web.Limited(c, a.Limiter, "exports:"+of.Merchant.ID, createdPerMinute); err != nil {
		return err
	}
	res, err := web.Call(c, createTimeout, a.Exports.CreateExport, &einvoicev1.CreateExportRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Kind: in.Kind, Format: in.Format, Separator: in.Separator, From: in.From, To: in.To,
		Accounts:    in.Accounts.message(),
		CompanyName: cmp.Or(of.Merchant.LegalName, of.Merchant.Name), Siren: of.Merchant.SIREN, IdempotencyKey: key,
	})
	if err != nil {
		return fmt.Errorf("create export: %w", err)
	}
	status := http.StatusCreated
	switch {
	case res.GetReplayed():
		status = http.StatusOK
		c.Response().Header().Set(web.HeaderReplayed, "true")
	case res.GetExport().GetStatus() == "pending":
		status = http.StatusAccepted
	}
	return web.OK(c, status, view(res.GetExport()))
}

func (a *API) list(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	of, f := caller.AccountOf(c), web.FiltersOf(c)
	req := &einvoicev1.ListExportsRequest{
		MerchantId: of.Merchant.ID, Livemode: of.Livemode, Page: int32(page), Limit: int32(limit), Kind: f.OneOf("kind", kinds), Status: f.OneOf("status", statuses),
	}
	if err := f.Err(); err != nil {
		return err
	}
	res, err := web.Call(c, readTimeout, a.Exports.ListExports, req)
	if err != nil {
		return fmt.Errorf("list exports: %w", err)
	}
	all := make([]export, len(res.GetExports()))
	for i, x := range res.GetExports() {
		all[i] = view(x)
	}
	return web.List(c, all, web.Pagination{Page: page, Limit: limit, Total: res.GetTotal(), TotalIsMinimum: res.GetTotalIsMinimum()})
}

func (a *API) get(c echo.Context) error {
	id, err := web.PathID(c, "id", "Export")
	if err != nil {
		return err
	}
	of := caller.AccountOf(c)
	res, err := web.Call(c, readTimeout, a.Exports.GetExport, &einvoicev1.GetExportRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return fmt.Errorf("read export: %w", err)
	}
	return web.OK(c, http.StatusOK, view(res.GetExport()))
}

// file answers with the file of an export that is ready.
func (a *API) file(c echo.Context) error {
	id, err := web.PathID(c, "id", "Export")
	if err != nil {
		return err
	}
	ctx, cancel := web.UntilStop(c.Request())
	defer cancel()
	of := caller.AccountOf(c)
	parts, err := a.Exports.ReadExport(ctx, &einvoicev1.ReadExportRequest{MerchantId: of.Merchant.ID, Livemode: of.Livemode, Id: id})
	if err != nil {
		return fmt.Errorf("read the file of an export: %w", err)
	}
	head, err := parts.Recv()
	if err != nil {
		return fmt.Errorf("read the file of an export: %w", err)
	}
	file, err := web.NewDownload(c, head.GetContentType(), head.GetFileName())
	if err != nil {
		return err
	}
	for {
		part, err := parts.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			_, err = file.Write(part.GetData())
		}
		if err != nil {
			file.Cut(err)
		}
	}
}

// export is an export in an answer.
type export struct {
	ID          string  `json:"id"`
	Livemode    bool    `json:"livemode"`
	Kind        string  `json:"kind"`
	Format      string  `json:"format"`
	Separator   string  `json:"separator,omitempty"`
	From        string  `json:"from"`
	To          string  `json:"to"`
	Status      string  `json:"status"`
	Problem     string  `json:"problem,omitempty"`
	FileName    string  `json:"file_name,omitempty"`
	ContentType string  `json:"content_type,omitempty"`
	Size        *int64  `json:"size,omitempty"`
	Rows        *int64  `json:"rows,omitempty"`
	SHA256      string  `json:"sha256,omitempty"`
	Totals      *totals `json:"totals,omitempty"`
	CreatedAt   string  `json:"created_at"`
	FinishedAt  string  `json:"finished_at,omitempty"`
	ExpiresAt   string  `json:"expires_at"`
}

type totals struct {
	Net      *money.Cents `json:"net,omitempty"`
	VAT      *money.Cents `json:"vat,omitempty"`
	Total    *money.Cents `json:"total,omitempty"`
	Refunded *money.Cents `json:"refunded,omitempty"`
	Received *money.Cents `json:"received,omitempty"`
	PaidOut  *money.Cents `json:"paid_out,omitempty"`
	Debit    *money.Cents `json:"debit,omitempty"`
	Credit   *money.Cents `json:"credit,omitempty"`
}

func view(x *einvoicev1.Export) export {
	v := export{
		ID: x.GetId(), Livemode: x.GetLivemode(), Kind: x.GetKind(), Format: x.GetFormat(), Separator: x.GetSeparator(), From: x.GetFrom(), To: x.GetTo(),
		Status: x.GetStatus(), Problem: x.GetProblem(), FileName: x.GetFileName(), ContentType: x.GetContentType(), SHA256: x.GetSha256(),
		CreatedAt: web.StampOrNone(x.GetCreatedAt()), FinishedAt: web.StampOrNone(x.GetFinishedAt()), ExpiresAt: web.StampOrNone(x.GetExpiresAt()),
	}
	if t := x.GetTotals(); t != nil {
		size, rows := x.GetSize(), x.GetRows()
		v.Size, v.Rows = &size, &rows
		v.Totals = &totals{
			Net: cents(t.NetCents), VAT: cents(t.VatCents), Total: cents(t.TotalCents), Refunded: cents(t.RefundedCents), Received: cents(t.ReceivedCents),
			PaidOut: cents(t.PaidOutCents), Debit: cents(t.DebitCents), Credit: cents(t.CreditCents),
		}
	}
	return v
}

func cents(n *int64) *money.Cents {
	if n == nil {
		return nil
	}
	c := money.Cents(*n)
	return &c
}
