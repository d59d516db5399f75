package till

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

const (
	dineIn = "dine_in"
	// noteFrom is the price from which a note must be handed out for a service, VAT included (arrêté n° 83-50/A of 3 October 1983).
	noteFrom money.Cents = 25_00
	// withBill is the method of an order that was paid with the bill of its table.
	withBill = "bill"
	// maxCopies is how often one ticket is issued.
	maxCopies = 100
)

// The bounds of a seller, in bytes.
const (
	maxSellerText  = 560 // 140 characters, the limit of merchants' names
	maxSellerLines = 6
)

// GetTicket implements TillService.
func (s *Server) GetTicket(ctx context.Context, r *qrv1.GetTicketRequest) (*qrv1.GetTicketResponse, error) {
	if err := checkSeller(r.GetSeller()); err != nil {
		return nil, err
	}
	o, err := s.orderOf(ctx, r)
	if err != nil {
		return nil, err
	}
	who := journal.Who{MerchantID: o.GetMerchantId(), Livemode: o.GetLivemode()}
	records, err := journal.OfOrder(ctx, s.pool, who, o.GetId())
	if err != nil {
		return nil, err
	}
	t := ticketOf(o, records)
	t.Seller = r.GetSeller()
	file, err := s.handOut(ctx, who, t, paper{r.GetFormat(), r.GetLanguage(), r.GetIssueId(), r.GetToken() != ""})
	if err != nil {
		return nil, err
	}
	return &qrv1.GetTicketResponse{Ticket: t, File: file}, nil
}

// paper is how a ticket is asked for.
type paper struct {
	// format is empty for a ticket that is only read.
	format, language string
	// issueID is that of the mail with the ticket; empty: it is another copy each time.
	issueID string
	// guest is shown the ticket, which does not count.
	guest bool
}

// handOut renders a ticket, and records that it is handed out.
func (s *Server) handOut(ctx context.Context, who journal.Who, t *qrv1.Ticket, p paper) (file []byte, err error) {
	if p.issueID != "" && !isID(p.issueID) {
		return nil, errs.Invalid(errs.Field{Field: "issue_id", Message: "issue_id must be a UUID."})
	}
	if t.Copies, err = journal.Copies(ctx, s.pool, who, documentOf(t)); err != nil || p.format == "" {
		return nil, err
	}
	w := words(p.language)
	if file, err = ticketSlip(t, w).render(p.format); err != nil || p.guest { // an unknown format is not counted
		return file, err
	}
	if t.Copies, err = s.issue(ctx, who, t, p); err != nil {
		return nil, err
	}
	return ticketSlip(t, w).render(p.format)
}

// documentOf is what the journal knows a ticket by.
func documentOf(t *qrv1.Ticket) journal.Document {
	return journal.Document{OrderID: t.GetOrderId(), BillID: t.GetBillId()}
}

func checkSeller(x *qrv1.Seller) error {
	var bad refuse.Problems
	for _, text := range append([]string{x.GetName(), x.GetLegalName(), x.GetSiret(), x.GetVatNumber()}, x.GetAddress()...) {
		bad.If(len(text) > maxSellerText, "seller", "must have at most %d bytes a line", maxSellerText)
	}
	bad.If(len(x.GetAddress()) > maxSellerLines, "seller", "must have at most %d lines", maxSellerLines)
	return bad.Err()
}

// orderOf reads the order for its merchant, or for the guest with the table's code. An order that waits for its payment, or ended without one, has no
// ticket.
func (s *Server) orderOf(ctx context.Context, r *qrv1.GetTicketRequest) (*qrv1.Order, error) {
	var o *qrv1.Order
	if r.GetToken() != "" {
		res, err := s.orders.GetGuestOrder(ctx, &qrv1.GetGuestOrderRequest{OrderId: r.GetOrderId(), Token: r.GetToken()})
		if err != nil {
			return nil, err
		}
		o = res.GetOrder()
	} else {
		res, err := s.orders.GetOrder(ctx, &qrv1.GetOrderRequest{MerchantId: r.GetMerchantId(), Id: r.GetOrderId()})
		if err != nil {
			return nil, err
		}
		o = res.GetOrder()
	}
	if o.GetPaidAt() == nil && (o.GetStatus() == "awaiting_payment" || o.GetStatus() == "payment_failed" || o.GetStatus() == "expired") {
		return nil, errs.New(errs.InvalidState, "An order that is %s has no ticket.", o.GetStatus())
	}
	return o, nil
}

// issue records that a ticket is handed out, and returns how often it was before. Issues of one ticket wait for each other; one that is known already is
// not recorded again.
func (s *Server) issue(ctx context.Context, who journal.Who, t *qrv1.Ticket, p paper) (before int64, err error) {
	d := documentOf(t)
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := journal.Lock(ctx, tx, who); err != nil {
			return err
		}
		var known bool
		if before, known, err = journal.CopiesBefore(ctx, tx, who, d, p.issueID); err != nil || known {
			return err
		}
		if before >= maxCopies {
			return errs.New(errs.InvalidState, "This ticket was issued %d times.", maxCopies)
		}
		_, err = journal.Append(ctx, tx, journal.Entry{
			MerchantID: who.MerchantID, Livemode: who.Livemode, Kind: journal.Printed, At: s.now(), OrderID: d.OrderID, BillID: d.BillID, Reference: p.issueID,
			Detail: issuedJSON{before + 1, p.format},
		})
		return err
	})
	return before, err
}

// issuedJSON is the detail of an issued ticket in the journal: 1 is the first.
type issuedJSON struct {
	Copy   int64  `json:"copy"`
	Format string `json:"format"`
}

// ticketOf is the ticket of an order by what the journal says of its money. Of an order from before the journal, and of one that was paid with the bill
// of its table, the order itself says it.
func ticketOf(o *qrv1.Order, records []journal.Record) *qrv1.Ticket {
	t := &qrv1.Ticket{
		OrderId: o.GetId(), Number: o.GetNumber(), At: o.GetCreatedAt(), TableName: o.GetTableName(), OrderType: o.GetOrderType(), Livemode: o.GetLivemode(),
		DiscountCents: o.GetDiscountCents(),
	}
	var taxes []vat.Share
	for _, l := range o.GetLines() {
		t.Lines = append(t.Lines, ticketLine(l))
		for _, x := range l.GetTaxes() {
			taxes = append(taxes, vat.Share{Rate: vat.Rate(x.GetVatPerMille()), Gross: money.Cents(x.GetGrossCents()), VAT: money.Cents(x.GetVatCents())})
		}
	}
	if taxes = vat.Sum(taxes); len(records) > 0 {
		useRecords(t, records)
		taxes = journal.Owed(records)
	} else if o.GetPaidAt() != nil {
		t.Payments = []*qrv1.TicketPayment{{
			At: o.GetPaidAt(), Method: o.GetPaymentMethod(), Reference: o.GetPaymentReference(), AmountCents: o.GetTotalCents(),
		}}
	}
	gross, _ := vat.Total(taxes)
	if o.GetBillId() != "" && o.GetPaidAt() != nil { // the journal has its money with the bill
		t.Payments = append(t.Payments, &qrv1.TicketPayment{At: o.GetPaidAt(), Method: withBill, AmountCents: int64(gross)})
	}
	setTaxes(t, taxes)
	return t
}

// setTaxes sets what a ticket comes to by rate of VAT, and whether it must be handed out for that.
func setTaxes(t *qrv1.Ticket, taxes []vat.Share) {
	gross, _ := vat.Total(taxes)
	t.TotalCents, t.Taxes = int64(gross), taxViews(journal.Shares(taxes))
	t.Required = t.GetOrderType() == dineIn && gross >= noteFrom
}

// useRecords takes the payments, what was cancelled and the signature from the journal.
func useRecords(t *qrv1.Ticket, records []journal.Record) {
	for _, r := range records {
		switch r.Kind {
		case journal.Cancelled:
			t.CancelledCents += int64(r.Amount)
		case journal.Paid, journal.Refunded:
			t.Payments = append(t.Payments, &qrv1.TicketPayment{
				At: timestamppb.New(r.At), Method: r.Method, Reference: r.Reference, AmountCents: int64(r.Amount), TipCents: int64(r.Tip),
			})
		}
		t.Sequence, t.Signature = r.Sequence, signature(r.Hash)
	}
}

// signature is the beginning of a hash in groups, for people to compare: 16 digits.
func signature(hash []byte) string {
	text := strings.ToUpper(hexed(hash))
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:16]
}

func ticketLine(l *qrv1.OrderLine) *qrv1.TicketLine {
	v := &qrv1.TicketLine{
		Name: l.GetName(), Quantity: l.GetQuantity(), UnitPriceCents: l.GetUnitPriceCents(), DiscountCents: l.GetDiscountCents(), TotalCents: l.GetTotalCents(),
		Taxes: l.GetTaxes(),
	}
	for _, p := range l.GetParts() {
		v.Options = append(v.Options, p.GetName())
		v.Options = append(v.Options, optionNames(p.GetOptions())...)
	}
	v.Options = append(v.Options, optionNames(l.GetOptions())...)
	return v
}

func optionNames(list []*qrv1.ChosenOption) (names []string) {
	for _, o := range list {
		names = append(names, o.GetName())
	}
	return names
}
