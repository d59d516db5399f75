package till

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// OrdersOfBill implements Orders.
func (r *rig) OrdersOfBill(_ context.Context, billID string) (list []*qrv1.Order, err error) {
	for _, o := range r.known {
		if o.GetBillId() == billID {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b *qrv1.Order) int { return cmp.Compare(a.GetNumber(), b.GetNumber()) })
	return list, nil
}

// GetBill implements Bills.
func (r *rig) GetBill(_ context.Context, req *qrv1.GetBillRequest) (*qrv1.GetBillResponse, error) {
	if b := r.onBills[req.GetId()]; b != nil && b.GetMerchantId() == req.GetMerchantId() {
		return &qrv1.GetBillResponse{Bill: b}, nil
	}
	return nil, errs.NotFound("Bill")
}

// GetPublicBill implements Bills.
func (r *rig) GetPublicBill(_ context.Context, req *qrv1.GetPublicBillRequest) (*qrv1.GetPublicBillResponse, error) {
	for _, b := range r.onBills {
		if b.GetToken() == req.GetToken() {
			return &qrv1.GetPublicBillResponse{Bill: b}, nil
		}
	}
	return nil, errs.NotFound("Bill")
}

// billed puts new orders of these amounts on a new bill.
func (r *rig) billed(amounts ...money.Cents) *qrv1.Bill {
	b := &qrv1.Bill{
		Id: uuid.NewString(), MerchantId: r.who.MerchantID, Livemode: true, TableName: "Table 4", Token: uuid.NewString(), Status: openBill,
		CreatedAt: timestamppb.New(r.clock.Now()),
	}
	r.onBills[b.GetId()] = b
	for _, amount := range amounts {
		r.known[r.order(amount)].BillId = b.GetId()
	}
	return b
}

// receives records money for a bill; less than 0 is given back.
func (r *rig) receives(b *qrv1.Bill, method, reference string, amount, tip money.Cents) {
	r.t.Helper()
	kind := journal.Paid
	if amount < 0 {
		kind = journal.Refunded
	}
	r.append(journal.Entry{
		Kind: kind, BillID: b.GetId(), Reference: reference, Method: method, Amount: amount, Tip: tip, Taxes: []vat.Share{vat.Whole(amount, vat.Intermediate)},
	})
}

func (r *rig) billPaper(req *qrv1.GetBillTicketRequest) *qrv1.GetBillTicketResponse {
	r.t.Helper()
	req.Seller = noisette
	res, err := r.GetBillTicket(r.t.Context(), req)
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

func (r *rig) says(page string, wanted ...string) {
	r.t.Helper()
	for _, want := range wanted {
		if !strings.Contains(page, want) {
			r.t.Errorf("the ticket lacks %q:\n%s", want, page)
		}
	}
}

// The ticket of a bill has all its orders, who paid how much and with what, and what is left; an order that was cancelled is not on it.
func TestTheTicketOfABill(t *testing.T) {
	t.Parallel()
	r := setup(t)
	b := r.billed(2000, 1500, 900)
	for _, o := range r.known {
		if o.GetTotalCents() == 900 {
			o.Status = "cancelled"
			r.append(journal.Entry{Kind: journal.Cancelled, OrderID: o.GetId(), Amount: -900, Taxes: []vat.Share{vat.Whole(-900, vat.Intermediate)}})
		}
	}
	own := &qrv1.GetBillTicketRequest{MerchantId: r.who.MerchantID, BillId: b.GetId()}
	if note := r.billPaper(own).GetTicket(); note.GetTotalCents() != 3500 || note.GetDueCents() != 3500 || !note.GetRequired() || len(note.GetLines()) != 2 ||
		note.GetDiscountCents() != 200 || note.GetCancelledCents() != 0 || note.GetOrderId() != "" || note.GetBillId() != b.GetId() {
		t.Errorf("the note is %v", note)
	}
	r.receives(b, "eupay", "PAY-1", 2000, 150)
	r.receives(b, "cash", uuid.NewString(), 1000, 0)
	own.Format = formatHTML
	r.says(string(r.billPaper(own).GetFile()), "Ticket Table 4", "Commandes 1, 2", "EU Pay 17/06/2026 14:00", "20,00", "Espèces", "Pourboire", "1,50", "RESTE À PAYER", "5,00")
	r.receives(b, "cash", uuid.NewString(), -400, 0)
	b.Status, b.WrittenOffCents, own.Language = "closed", 900, "en"
	page := string(r.billPaper(own).GetFile())
	r.says(page, "DUPLICATE 1", "Receipt Table 4", "Refund Cash", "-4.00", "Written off", "9.00")
	if strings.Contains(page, "TO PAY") {
		t.Errorf("a closed bill asks for money:\n%s", page)
	}
	last := r.billPaper(&qrv1.GetBillTicketRequest{MerchantId: r.who.MerchantID, BillId: b.GetId()}).GetTicket()
	if last.GetSequence() != 8 || last.GetSignature() == "" || last.GetCopies() != 2 || last.GetPayments()[0].GetReference() != "PAY-1" {
		t.Errorf("the ticket is %v", last)
	}
}

// Guests see the ticket of their bill without the references of each other's payments, and nothing is counted; nobody sees another merchant's.
func TestWhoseTicketOfABillItIs(t *testing.T) {
	t.Parallel()
	r := setup(t)
	b := r.billed(2500)
	r.receives(b, "eupay", "PAY-1", 2500, 0)
	res := r.billPaper(&qrv1.GetBillTicketRequest{Token: b.GetToken(), Format: formatHTML})
	if got := res.GetTicket(); got.GetCopies() != 0 || got.GetPayments()[0].GetReference() != "" || len(res.GetFile()) == 0 {
		t.Errorf("guests get %v", got)
	}
	if n := r.billPaper(&qrv1.GetBillTicketRequest{MerchantId: r.who.MerchantID, BillId: b.GetId()}).GetTicket().GetCopies(); n != 0 {
		t.Errorf("a guest's look counts: %d", n)
	}
	for _, req := range []*qrv1.GetBillTicketRequest{
		{MerchantId: uuid.NewString(), BillId: b.GetId()}, {MerchantId: r.who.MerchantID, BillId: uuid.NewString()}, {BillId: b.GetId(), Token: "wrong"},
	} {
		if _, err := r.GetBillTicket(t.Context(), req); !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%v: %v", req, err)
		}
	}
}

// A mail that is sent again has the same copy of a ticket: only another mail is another copy.
func TestATicketOfAMailIsOneCopy(t *testing.T) {
	t.Parallel()
	r := setup(t)
	b := r.billed(2500)
	order := r.order(1000)
	mail, again := uuid.NewString(), uuid.NewString()
	for _, want := range []struct {
		issue  string
		copies int64
	}{{mail, 0}, {mail, 0}, {again, 1}, {mail, 0}, {"", 2}, {again, 1}} {
		res, err := r.GetTicket(t.Context(), &qrv1.GetTicketRequest{MerchantId: r.who.MerchantID, OrderId: order, Format: formatPDF, IssueId: want.issue})
		if err != nil || res.GetTicket().GetCopies() != want.copies {
			t.Errorf("the order's of %q is copy %d, not %d: %v", want.issue, res.GetTicket().GetCopies(), want.copies, err)
		}
		got := r.billPaper(&qrv1.GetBillTicketRequest{MerchantId: r.who.MerchantID, BillId: b.GetId(), Format: formatPDF, IssueId: want.issue}).GetTicket()
		if got.GetCopies() != want.copies {
			t.Errorf("the bill's of %q is copy %d, not %d", want.issue, got.GetCopies(), want.copies)
		}
	}
	if n, err := journal.Copies(t.Context(), r.pool, r.who, journal.Document{BillID: b.GetId()}); n != 3 || err != nil {
		t.Errorf("%d copies are recorded: %v", n, err)
	}
	if v := r.verify(); v.GetProblem() != "" {
		t.Errorf("the journal is broken: %s", v.GetProblem())
	}
}
