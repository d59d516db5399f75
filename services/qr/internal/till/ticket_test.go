package till

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

var noisette = &qrv1.Seller{
	Name: "Café Noisette", LegalName: "Noisette SARL", Siret: "73282932000074", VatNumber: "FR44732829320", Address: []string{"1 rue de la Paix", "75002 Paris"},
}

// journalOwner is a new merchant.
func journalOwner(*rapid.T) string { return uuid.NewString() }

func (r *rig) ticket(id, format string) *qrv1.GetTicketResponse {
	r.t.Helper()
	res, err := r.GetTicket(r.t.Context(), &qrv1.GetTicketRequest{MerchantId: r.who.MerchantID, OrderId: id, Seller: noisette, Format: format})
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

func TestATicketSaysWhatTheJournalSays(t *testing.T) {
	t.Parallel()
	r := setup(t)
	id := r.order(2500)
	note := r.ticket(id, "").GetTicket()
	if !note.GetRequired() || note.GetTotalCents() != 2500 || note.GetTaxes()[0].GetVatCents() != 227 || len(note.GetPayments()) != 0 || note.GetSequence() != 1 {
		t.Errorf("the note is %v", note)
	}
	page := string(r.ticket(id, formatHTML).GetFile())
	for _, want := range []string{"Note 1", "RESTE À PAYER", "25,00", "SIRET 73282932000074", "TVA FR44732829320", "2 x Entrecôte", "À point", "Table 4", "17/06/2026 14:00", note.GetSignature()} {
		if !strings.Contains(page, want) {
			t.Errorf("the note lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "DUPLICATA") || strings.Contains(page, "<script") {
		t.Error("the first note is a duplicate")
	}
	r.pay(id, "cash", 2500, 200)
	ticket := r.ticket(id, formatHTML)
	if page := string(ticket.GetFile()); !strings.Contains(page, "Ticket 1") || !strings.Contains(page, "DUPLICATA 1") || !strings.Contains(page, "Espèces") || !strings.Contains(page, "Pourboire") {
		t.Errorf("the ticket is\n%s", page)
	}
	if got := r.ticket(id, "").GetTicket(); got.GetCopies() != 2 || got.GetSequence() != 3 || got.GetPayments()[0].GetTipCents() != 200 {
		t.Errorf("the ticket is %v", got)
	}
}

// An order of a bill has no payment of its own in the journal: once the bill is paid, its ticket must not ask for the money again.
func TestTheTicketOfAnOrderPaidWithItsBill(t *testing.T) {
	t.Parallel()
	r := setup(t)
	id := r.order(2500)
	o := r.known[id]
	o.BillId, o.PaidAt = uuid.NewString(), timestamppb.New(r.clock.Now())
	o.Lines[0].Parts = []*qrv1.OrderPart{{Name: "Soupe", Options: []*qrv1.ChosenOption{{Name: "Sans sel"}}}, {Name: "Vin"}}
	page := string(r.ticket(id, formatHTML).GetFile())
	for _, want := range []string{"Ticket 1", "Addition de la table", "Soupe, Sans sel, Vin, À point"} {
		if !strings.Contains(page, want) {
			t.Errorf("the ticket lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "RESTE À PAYER") {
		t.Errorf("the ticket asks for the money again:\n%s", page)
	}
	if p := r.ticket(id, "").GetTicket().GetPayments(); len(p) != 1 || p[0].GetMethod() != "bill" || p[0].GetAmountCents() != 2500 {
		t.Errorf("its payments are %v", p)
	}
}

func TestTicketsComeForEveryPrinter(t *testing.T) {
	t.Parallel()
	r := setup(t)
	id := r.order(2500)
	r.known[id].Lines[0].Name = "Œufs à 3 € \x1b@ 鮨"
	if file := r.ticket(id, formatPDF).GetFile(); !bytes.HasPrefix(file, []byte("%PDF-")) || !bytes.HasSuffix(bytes.TrimSpace(file), []byte("%%EOF")) {
		t.Error("it is no PDF")
	}
	file := r.ticket(id, formatESCPOS).GetFile()
	if !bytes.HasPrefix(file, []byte(escReset+escLatin)) || !bytes.HasSuffix(file, []byte(escCut)) || !bytes.Contains(file, []byte("2 x \x8cufs \xe0 3 \x80 @ ?")) {
		t.Errorf("the bytes are %q", file)
	}
	if n := bytes.Count(file, []byte("\x1b@")); n != 1 {
		t.Errorf("a name reset the printer: %d", n)
	}
	for line := range bytes.Lines(file) {
		if len(line) > columns+len(escReset+escLatin+escMiddle+escLarge)+1 {
			t.Errorf("a line of %d bytes: %q", len(line), line)
		}
	}
}

// Nobody else's ticket is shown, a guest's copies are not counted, and what was never sold has none.
func TestWhoseTicketItIs(t *testing.T) {
	t.Parallel()
	r := setup(t)
	id := r.order(1000)
	for _, req := range []*qrv1.GetTicketRequest{
		{MerchantId: uuid.NewString(), OrderId: id}, {MerchantId: r.who.MerchantID, OrderId: uuid.NewString()}, {OrderId: id, Token: "wrong"},
	} {
		if _, err := r.GetTicket(t.Context(), req); !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%v: %v", req, err)
		}
	}
	for range 2 {
		if res, err := r.GetTicket(t.Context(), &qrv1.GetTicketRequest{OrderId: id, Token: "code", Format: formatPDF}); err != nil || res.GetTicket().GetCopies() != 0 {
			t.Errorf("the guest's copy: %v", err)
		}
	}
	if _, err := r.GetTicket(t.Context(), &qrv1.GetTicketRequest{MerchantId: r.who.MerchantID, OrderId: id, Format: "doc"}); !errs.Is(err, errs.ValidationError) {
		t.Errorf("an unknown format: %v", err)
	}
	r.known[id].Status = "awaiting_payment"
	if _, err := r.GetTicket(t.Context(), &qrv1.GetTicketRequest{MerchantId: r.who.MerchantID, OrderId: id}); !errs.Is(err, errs.InvalidState) {
		t.Errorf("an order that waits for its payment: %v", err)
	}
}

func TestAClosingComesOnPaper(t *testing.T) {
	t.Parallel()
	r := setup(t)
	r.pay(r.order(2500), "voucher", 2500, 0)
	c, err := r.CloseNow(t.Context(), r.who)
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.GetClosing(t.Context(), &qrv1.GetClosingRequest{MerchantId: r.who.MerchantID, Livemode: true, Id: c.ID, Format: formatHTML, Seller: noisette, Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Closing of the day Z1", "2026-06-17", "Sales with VAT", "25.00", "Voucher (1)", "Perpetual grand total", hexed(c.Hash)} {
		if !strings.Contains(string(res.GetFile()), want) {
			t.Errorf("the closing lacks %q:\n%s", want, res.GetFile())
		}
	}
	if _, err := r.GetClosing(t.Context(), &qrv1.GetClosingRequest{MerchantId: uuid.NewString(), Livemode: true, Id: c.ID}); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("another merchant's closing: %v", err)
	}
	list, err := r.ListClosings(t.Context(), &qrv1.ListClosingsRequest{MerchantId: r.who.MerchantID, Livemode: true, Period: "day", From: "2026-06-17", To: "2026-06-17", Page: 1, Limit: 10})
	if err != nil || list.GetTotal() != 1 || list.GetClosings()[0].GetTotals().GetGrossCents() != 2500 {
		t.Errorf("the list is %v: %v", list, err)
	}
}
