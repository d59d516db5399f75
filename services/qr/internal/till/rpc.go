package till

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// CloseDay implements TillService.
func (s *Server) CloseDay(ctx context.Context, r *qrv1.CloseDayRequest) (*qrv1.CloseDayResponse, error) {
	if err := checkMerchantID(r.GetMerchantId()); err != nil {
		return nil, err
	}
	c, err := s.CloseNow(ctx, journal.Who{MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode()})
	if err != nil {
		return nil, err
	}
	return &qrv1.CloseDayResponse{Closing: c.view()}, nil
}

// maxPage is the highest number of closings on a page.
const maxPage = 100

// ListClosings implements TillService.
func (s *Server) ListClosings(ctx context.Context, r *qrv1.ListClosingsRequest) (*qrv1.ListClosingsResponse, error) {
	if err := checkMerchantID(r.GetMerchantId()); err != nil {
		return nil, err
	}
	var bad refuse.Problems
	period := Period(r.GetPeriod())
	bad.If(period != "" && period != Day && period != Month && period != Year, "period", "must be day, month or year")
	for field, day := range map[string]string{"from": r.GetFrom(), "to": r.GetTo()} {
		_, err := time.Parse(time.DateOnly, day)
		bad.If(day != "" && err != nil, field, "must be a day such as 2026-11-30")
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	limit := int64(min(max(r.GetLimit(), 1), maxPage))
	list, total, err := listClosings(ctx, s.reads, journal.Who{MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode()},
		chosen{r.GetPeriod(), r.GetFrom(), r.GetTo()}, limit, int64(max(r.GetPage(), 1)-1)*limit)
	if err != nil {
		return nil, err
	}
	res := &qrv1.ListClosingsResponse{Total: total.Rows, TotalIsMinimum: total.Minimum}
	for _, c := range list {
		res.Closings = append(res.Closings, c.view())
	}
	return res, nil
}

// GetClosing implements TillService.
func (s *Server) GetClosing(ctx context.Context, r *qrv1.GetClosingRequest) (*qrv1.GetClosingResponse, error) {
	if err := checkMerchantID(r.GetMerchantId()); err != nil {
		return nil, err
	}
	if !isID(r.GetId()) {
		return nil, errs.NotFound(closingNoun)
	}
	c, err := readClosing(ctx, s.pool, journal.Who{MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode()}, r.GetId())
	if err != nil {
		return nil, err
	}
	res := &qrv1.GetClosingResponse{Closing: c.view()}
	if r.GetFormat() != "" {
		res.File, err = c.slip(r.GetSeller(), words(r.GetLanguage())).render(r.GetFormat())
	}
	return res, err
}

// exportedJSON is the detail of an export in the journal.
type exportedJSON struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Records int64  `json:"records"`
	Last    int64  `json:"last_sequence"`
}

// ReadJournal implements TillService. The records between the first and the last of the time are complete, so that their chain can be verified; one
// that happened outside of the time may be among them.
func (s *Server) ReadJournal(r *qrv1.ReadJournalRequest, stream grpc.ServerStreamingServer[qrv1.ReadJournalResponse]) error {
	if err := checkMerchantID(r.GetMerchantId()); err != nil {
		return err
	}
	ctx, who := stream.Context(), journal.Who{MerchantID: r.GetMerchantId(), Livemode: r.GetLivemode()}
	from, to := r.GetFrom().AsTime(), r.GetTo().AsTime()
	if r.GetFrom() == nil || r.GetTo() == nil || !from.Before(to) {
		return errs.Invalid(errs.Field{Field: "to", Message: "to must be after from."})
	}
	first, last, err := journal.Within(ctx, s.pool, who, from, to)
	if err != nil {
		return err
	}
	var n int64
	if first > 0 {
		err = journal.Between(ctx, s.pool, who, first, last, func(list []journal.Record) error {
			part := &qrv1.ReadJournalResponse{}
			for _, x := range list {
				part.Records = append(part.Records, &qrv1.JournalRecord{Sequence: x.Sequence, Body: x.Body, Previous: hexed(x.Previous), Hash: hexed(x.Hash)})
			}
			n += int64(len(list))
			return stream.Send(part)
		})
	}
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := journal.Append(ctx, tx, journal.Entry{
			MerchantID: who.MerchantID, Livemode: who.Livemode, Kind: journal.Exported, At: s.now(),
			Detail: exportedJSON{from.Format(time.RFC3339), to.Format(time.RFC3339), n, last},
		})
		return err
	})
}

func (c *Closing) view() *qrv1.Closing {
	return &qrv1.Closing{
		Id: c.ID, Livemode: c.Livemode, Period: string(c.Period), Number: c.Number, Day: c.Date, ByHand: c.ByHand, FirstSequence: c.First,
		LastSequence: c.Last, Sequence: c.Sequence, ClosedAt: timestamppb.New(c.ClosedAt), Hash: hexed(c.Hash), Totals: c.totals(),
	}
}

func (c *Closing) totals() *qrv1.ClosingTotals {
	t, g := c.Totals, c.Grand
	v := &qrv1.ClosingTotals{
		Orders: t.Orders, GrossCents: int64(t.Gross), NetCents: int64(t.Net), VatCents: int64(t.VAT), Taxes: taxViews(t.Taxes), DiscountCents: int64(t.Discount),
		Cancellations: t.Cancellations, CancelledCents: int64(t.Cancelled), Refunds: t.Refunds, RefundedCents: int64(t.Refunded),
		ReceivedTaxes: taxViews(t.ReceivedTaxes), TipCents: int64(t.Tips), GrandTotalCents: int64(g.Total), GrandCancelledCents: int64(g.Cancelled),
		GrandReceivedCents: int64(g.Received), GrandRefundedCents: int64(g.Refunded),
	}
	for _, m := range t.Methods {
		v.Methods = append(v.Methods, &qrv1.MethodTotal{
			Method: m.Method, Payments: m.Payments, ReceivedCents: int64(m.Received), Refunds: m.Refunds, RefundedCents: int64(m.Refunded), TipCents: int64(m.Tips),
		})
	}
	return v
}

func taxViews(list []journal.Share) []*qrv1.TaxShare {
	views := make([]*qrv1.TaxShare, len(list))
	for i, t := range list {
		views[i] = &qrv1.TaxShare{VatPerMille: int32(t.Rate), GrossCents: int64(t.Gross), VatCents: int64(t.VAT)}
	}
	return views
}
