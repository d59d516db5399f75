package tillapi

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/money"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// periods are the values of the filter.
var periods = []string{"day", "month", "year"}

// maxDay is the length of a day: 2026-11-30.
const maxDay = 10

type closingJSON struct {
	ID            string      `json:"id"`
	Livemode      bool        `json:"livemode"`
	Period        string      `json:"period"`
	Number        int64       `json:"number"`
	Day           string      `json:"day"`
	ByHand        bool        `json:"by_hand"`
	FirstSequence int64       `json:"first_sequence"`
	LastSequence  int64       `json:"last_sequence"`
	Sequence      int64       `json:"sequence"`
	ClosedAt      string      `json:"closed_at"`
	Hash          string      `json:"hash"`
	Orders        int64       `json:"orders"`
	Gross         money.Cents `json:"gross"`
	Net           money.Cents `json:"net"`
	VATAmount     money.Cents `json:"vat_amount"`
	Taxes         []taxJSON   `json:"taxes"`
	Discount      money.Cents `json:"discount"`
	Cancellations int64       `json:"cancellations"`
	Cancelled     money.Cents `json:"cancelled"`
	Refunds       int64       `json:"refunds"`
	Refunded      money.Cents `json:"refunded"`
	ReceivedTaxes []taxJSON   `json:"received_taxes"`
	Methods       []method    `json:"methods"`
	Tips          money.Cents `json:"tips"`
	GrandTotals   grandTotals `json:"grand_totals"`
}

type method struct {
	Method   string      `json:"method"`
	Payments int64       `json:"payments"`
	Received money.Cents `json:"received"`
	Refunds  int64       `json:"refunds"`
	Refunded money.Cents `json:"refunded"`
	Tips     money.Cents `json:"tips"`
}

// grandTotals count from the first record on.
type grandTotals struct {
	Total     money.Cents `json:"total"`
	Cancelled money.Cents `json:"cancelled"`
	Received  money.Cents `json:"received"`
	Refunded  money.Cents `json:"refunded"`
}

func closingView(x *qrv1.Closing) closingJSON {
	t := x.GetTotals()
	v := closingJSON{
		ID: x.GetId(), Livemode: x.GetLivemode(), Period: x.GetPeriod(), Number: x.GetNumber(), Day: x.GetDay(), ByHand: x.GetByHand(),
		FirstSequence: x.GetFirstSequence(), LastSequence: x.GetLastSequence(), Sequence: x.GetSequence(), ClosedAt: web.Stamp(x.GetClosedAt()), Hash: x.GetHash(),
		Orders: t.GetOrders(), Gross: money.Cents(t.GetGrossCents()), Net: money.Cents(t.GetNetCents()), VATAmount: money.Cents(t.GetVatCents()),
		Taxes: taxViews(t.GetTaxes()), Discount: money.Cents(t.GetDiscountCents()), Cancellations: t.GetCancellations(),
		Cancelled: money.Cents(t.GetCancelledCents()), Refunds: t.GetRefunds(), Refunded: money.Cents(t.GetRefundedCents()),
		ReceivedTaxes: taxViews(t.GetReceivedTaxes()), Methods: make([]method, len(t.GetMethods())), Tips: money.Cents(t.GetTipCents()),
		GrandTotals: grandTotals{
			money.Cents(t.GetGrandTotalCents()), money.Cents(t.GetGrandCancelledCents()), money.Cents(t.GetGrandReceivedCents()),
			money.Cents(t.GetGrandRefundedCents()),
		},
	}
	for i, m := range t.GetMethods() {
		v.Methods[i] = method{
			m.GetMethod(), m.GetPayments(), money.Cents(m.GetReceivedCents()), m.GetRefunds(), money.Cents(m.GetRefundedCents()), money.Cents(m.GetTipCents()),
		}
	}
	return v
}

// closeDay closes the day up to now, before its end.
func (a *API) closeDay(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Till.CloseDay, &qrv1.CloseDayRequest{MerchantId: of.MerchantID, Livemode: of.Livemode})
	if err != nil {
		return err
	}
	return web.Answer(c, http.StatusCreated, closingView(res.GetClosing()))
}

func (a *API) closings(c echo.Context) error {
	page, limit, err := web.Page(c)
	if err != nil {
		return err
	}
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	f := web.FiltersOf(c)
	format := f.OneOf("format", []string{"json", "csv"})
	req := &qrv1.ListClosingsRequest{
		MerchantId: of.MerchantID, Livemode: of.Livemode, Page: int32(page), Limit: int32(limit), Period: f.OneOf("period", periods),
		From: f.Text("from", maxDay), To: f.Text("to", maxDay),
	}
	if err := f.Err(); err != nil {
		return err
	}
	res, err := web.Call(c, callTimeout, a.Till.ListClosings, req)
	if err != nil {
		return err
	}
	if format == "csv" {
		return closingsCSV(c, res.GetClosings())
	}
	return web.Answer(c, http.StatusOK, web.ListingOf(res.GetClosings(), closingView, page, limit, res.GetTotal()).AtLeast(res.GetTotalIsMinimum()))
}

func (a *API) closing(c echo.Context) error {
	id, err := web.PathID(c, "id", closingNoun)
	if err != nil {
		return err
	}
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	f := web.FiltersOf(c)
	req := &qrv1.GetClosingRequest{MerchantId: of.MerchantID, Livemode: of.Livemode, Id: id, Language: f.OneOf("language", languages)}
	if req.Format = f.OneOf("format", formats); req.GetFormat() == "json" {
		req.Format = ""
	}
	if err := f.Err(); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, callTimeout)
	defer cancel()
	if req.GetFormat() != "" {
		if req.Seller, err = a.seller(ctx, of.MerchantID, of.Livemode); err != nil {
			return err
		}
	}
	res, err := a.Till.GetClosing(ctx, req)
	if err != nil {
		return err
	}
	if req.GetFormat() != "" {
		return file(c, req.GetFormat(), fmt.Sprintf("closing-%s-%d", res.GetClosing().GetPeriod(), res.GetClosing().GetNumber()), res.GetFile())
	}
	return web.Answer(c, http.StatusOK, closingView(res.GetClosing()))
}

// closingsCSV answers with a page of closings as a table. No cell begins with a character that makes it a formula.
func closingsCSV(c echo.Context, list []*qrv1.Closing) error {
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="closings.csv"`)
	h.Set(echo.HeaderCacheControl, "no-store")
	w := csv.NewWriter(c.Response())
	rows := [][]string{{
		"period", "number", "day", "closed_at", "first_sequence", "last_sequence", "orders", "gross", "net", "vat", "discount", "cancelled", "received", "refunded",
		"tips", "grand_total", "sequence", "hash",
	}}
	for _, x := range list {
		t := x.GetTotals()
		var received int64
		for _, m := range t.GetMethods() {
			received += m.GetReceivedCents()
		}
		rows = append(rows, []string{
			x.GetPeriod(), number(x.GetNumber()), x.GetDay(), web.Stamp(x.GetClosedAt()), number(x.GetFirstSequence()), number(x.GetLastSequence()),
			number(t.GetOrders()), euros(t.GetGrossCents()), euros(t.GetNetCents()), euros(t.GetVatCents()), euros(t.GetDiscountCents()),
			euros(t.GetCancelledCents()), euros(received), euros(t.GetRefundedCents()), euros(t.GetTipCents()), euros(t.GetGrandTotalCents()),
			number(x.GetSequence()), x.GetHash(),
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("write closings: %w", err)
	}
	return nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func euros(cents int64) string { return money.Cents(cents).String() }
