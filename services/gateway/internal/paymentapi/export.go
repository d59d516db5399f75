package paymentapi

import (
	"bytes"
	"context"
	"fmt"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/sheet"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	// exportsPerMinute bounds the downloads of one merchant.
	exportsPerMinute = 6
	// exportPart is how many payments are read at once.
	exportPart = 200
)

// exportHead is the first line of the file.
var exportHead = []string{
	"reference", "created_at", "status", "amount", "currency", "amount_refunded",
	"description", "merchant_reference", "completed_at", "status_detail", "failure_code", "metadata",
}

// export answers all payments that the filters choose as a file, the newest first.
func (p *Payments) export(c echo.Context) error {
	f := web.FiltersOf(c)
	req := listFilter(f)
	if err := f.Err(); err != nil {
		return err
	}
	of := caller.AccountOf(c)
	if err := web.Limited(c, p.Limiter, "payments.export:"+of.Merchant.ID, exportsPerMinute); err != nil {
		return err
	}
	ctx, cancel := web.UntilStop(c.Request())
	defer cancel()
	req.MerchantId, req.Livemode, req.Limit, req.Uncounted = of.Merchant.ID, of.Livemode, exportPart, true
	part, err := p.exported(ctx, req)
	if err != nil {
		return err
	}
	file, err := web.NewDownload(c, sheet.ContentType, "payments.csv")
	if err != nil {
		return err
	}
	rows := [][]string{exportHead}
	for {
		if err := writeRows(file, append(rows, exportRows(part.GetPayments())...)); err != nil {
			file.Cut(err)
		}
		if !part.GetHasMore() {
			return nil
		}
		rows, req.StartingAfter = nil, part.GetPayments()[len(part.GetPayments())-1].GetReference()
		if part, err = p.exported(ctx, req); err != nil {
			file.Cut(err)
		}
	}
}

func (p *Payments) exported(ctx context.Context, req *paymentsv1.ListPaymentsRequest) (*paymentsv1.ListPaymentsResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	part, err := p.Reads.ListPayments(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("read payments to export: %w", err)
	}
	return part, nil
}

func writeRows(file *web.Download, rows [][]string) error {
	var b bytes.Buffer
	if err := sheet.Write(&b, rows); err != nil {
		return err
	}
	_, err := file.Write(b.Bytes())
	return err
}

func exportRows(list []*paymentsv1.Payment) [][]string {
	rows := make([][]string, len(list))
	for i, p := range list {
		rows[i] = []string{
			p.GetReference(), web.StampOrNone(p.GetCreatedAt()), p.GetStatus(), money.Cents(p.GetAmountCents()).String(), p.GetCurrency(),
			money.Cents(p.GetAmountRefundedCents()).String(), p.GetDescription(), p.GetMerchantReference(), web.StampOrNone(p.GetCompletedAt()),
			p.GetStatusDetail(), p.GetFailureCode(), string(p.GetMetadataJson()),
		}
	}
	return rows
}
