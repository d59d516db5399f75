package till

import (
	"context"
	"slices"

	"european-pay.eu/eupay/internal/money"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// Bills are the bills that tickets are of: a bill.Server.
type Bills interface {
	// GetBill and GetPublicBill are those of BillService.
	GetBill(ctx context.Context, r *qrv1.GetBillRequest) (*qrv1.GetBillResponse, error)
	GetPublicBill(ctx context.Context, r *qrv1.GetPublicBillRequest) (*qrv1.GetPublicBillResponse, error)
}

// openBill is the status of a bill that can be paid.
const openBill = "open"

// owing are the states of orders that their bill counts.
var owing = []string{"received", "preparing", "ready", "served"}

// GetBillTicket implements TillService.
func (s *Server) GetBillTicket(ctx context.Context, r *qrv1.GetBillTicketRequest) (*qrv1.GetBillTicketResponse, error) {
	if err := checkSeller(r.GetSeller()); err != nil {
		return nil, err
	}
	b, err := s.billOf(ctx, r)
	if err != nil {
		return nil, err
	}
	orders, err := s.orders.OrdersOfBill(ctx, b.GetId())
	if err != nil {
		return nil, err
	}
	orders = slices.DeleteFunc(orders, func(o *qrv1.Order) bool { return !slices.Contains(owing, o.GetStatus()) })
	ids := make([]string, len(orders))
	for i, o := range orders {
		ids[i] = o.GetId()
	}
	who := journal.Who{MerchantID: b.GetMerchantId(), Livemode: b.GetLivemode()}
	records, err := journal.OfBill(ctx, s.pool, who, b.GetId(), ids)
	if err != nil {
		return nil, err
	}
	t := billTicket(b, orders, records)
	t.Seller = r.GetSeller()
	if r.GetToken() != "" {
		hideReferences(t)
	}
	file, err := s.handOut(ctx, who, t, paper{r.GetFormat(), r.GetLanguage(), r.GetIssueId(), r.GetToken() != ""})
	if err != nil {
		return nil, err
	}
	return &qrv1.GetBillTicketResponse{Ticket: t, File: file}, nil
}

// billOf reads the bill for its merchant, or for a guest with its link.
func (s *Server) billOf(ctx context.Context, r *qrv1.GetBillTicketRequest) (*qrv1.Bill, error) {
	if r.GetToken() != "" {
		res, err := s.bills.GetPublicBill(ctx, &qrv1.GetPublicBillRequest{Token: r.GetToken()})
		return res.GetBill(), err
	}
	res, err := s.bills.GetBill(ctx, &qrv1.GetBillRequest{MerchantId: r.GetMerchantId(), Id: r.GetBillId()})
	return res.GetBill(), err
}

// billTicket is the ticket of a bill: the orders that it counts, and by the journal what they cost and what was paid.
func billTicket(b *qrv1.Bill, orders []*qrv1.Order, records []journal.Record) *qrv1.Ticket {
	t := &qrv1.Ticket{
		BillId: b.GetId(), At: b.GetCreatedAt(), TableName: b.GetTableName(), OrderType: dineIn, Livemode: b.GetLivemode(), WrittenOffCents: b.GetWrittenOffCents(),
	}
	for _, o := range orders {
		t.OrderNumbers = append(t.OrderNumbers, o.GetNumber())
		t.DiscountCents += o.GetDiscountCents()
		for _, l := range o.GetLines() {
			t.Lines = append(t.Lines, ticketLine(l))
		}
	}
	useRecords(t, records)
	setTaxes(t, journal.Owed(records))
	if left := money.Cents(t.GetTotalCents()) - paidOf(t); left > 0 && b.GetStatus() == openBill {
		t.DueCents = int64(left)
	}
	return t
}

// hideReferences takes the references of payments from a ticket that is shown to all guests of a table: they are known to their payers alone.
func hideReferences(t *qrv1.Ticket) {
	for _, p := range t.GetPayments() {
		p.Reference = ""
	}
}

// paidOf is what was paid of a ticket and not given back, without tips.
func paidOf(t *qrv1.Ticket) (sum money.Cents) {
	for _, p := range t.GetPayments() {
		sum += money.Cents(p.GetAmountCents())
	}
	return sum
}
