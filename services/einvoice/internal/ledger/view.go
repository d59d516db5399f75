package ledger

import (
	"strconv"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Proto returns the record as other services see it, without payments, life cycle and corrections.
func (r *Record) Proto() *einvoicev1.Invoice {
	d := &r.Document
	v := &einvoicev1.Invoice{
		Id: r.ID.String(), MerchantId: r.MerchantID, Livemode: r.Livemode, Number: r.Number, TypeCode: string(r.Type), Status: string(r.Status),
		SeqinoStatus: string(r.Seqino), SeqinoInvoiceId: r.DraftID, LifecycleCode: int32(r.LifecycleCode), Problem: r.Problem,
		Audience: string(r.Audience), IssueDate: string(r.Issued), DueDate: string(r.Due), Currency: "EUR", Customer: party(d.Buyer),
		TotalNetCents: int64(d.Totals.Net), TotalVatCents: int64(d.Totals.Tax), TotalCents: int64(d.Totals.Gross), DiscountCents: int64(discount(d)),
		PaidCents: int64(r.Paid), CreditedCents: int64(r.Credited), Reference: r.Reference, Notes: notes(d),
		PaymentReference: r.PaymentReference, CorrectsNumber: r.CorrectsNumber, CreditCents: int64(r.Credit), Reason: r.Reason,
		Sequence: r.Sequence, CreatedAt: timestamppb.New(r.CreatedAt), UpdatedAt: timestamppb.New(r.UpdatedAt), BusinessProcess: d.Process,
		PurchaseOrder: d.PurchaseOrder, ContractReference: d.Contract,
	}
	if d.BuyerReference != r.Reference || d.SellerOrder != "" { // what was issued before BT-14 was written has the merchant's own reference there
		v.BuyerReference = d.BuyerReference
	}
	delivered(v, d)
	if r.Type.IsInvoice() {
		v.DueCents = int64(r.Owed())
	}
	if r.Corrects != nil {
		v.CorrectsId = r.Corrects.String()
	}
	if r.SubmittedAt != nil {
		v.SubmittedAt = timestamppb.New(*r.SubmittedAt)
	}
	for _, x := range d.Deductions {
		v.Deposits = append(v.Deposits, &einvoicev1.Deposit{Number: x.Number, IssueDate: string(x.Issued), AmountCents: int64(x.Gross())})
	}
	for i := range d.Lines {
		v.Lines = append(v.Lines, line(&d.Lines[i]))
	}
	for _, t := range d.VAT {
		v.Vat = append(v.Vat, &einvoicev1.InvoiceVAT{
			RatePerMille: int32(t.VATPerMill), Category: string(t.Category), BaseCents: int64(t.Base), TaxCents: int64(t.Tax), ExemptionReason: t.Reason,
			ExemptionCode:   t.ReasonCode,
			DueDateTypeCode: d.DueDateCode(),
		})
	}
	return v
}

func party(p invoice.Party) *einvoicev1.Party {
	return &einvoicev1.Party{
		Name: p.Name, Email: p.Email, Phone: p.Phone, Siren: p.SIREN, Siret: p.SIRET, VatNumber: p.VATNumber, ElectronicAddress: p.Electronic.Value,
		Address: postal(p.Address),
	}
}

func postal(a invoice.Address) *einvoicev1.Address {
	return &einvoicev1.Address{Street: a.Street, More: a.More, PostCode: a.PostCode, City: a.City, Country: a.Country}
}

// delivered adds when and where it was delivered and rendered.
func delivered(v *einvoicev1.Invoice, d *invoice.Document) {
	if d.Period != nil {
		v.ServiceFrom, v.ServiceTo = string(d.Period.From), string(d.Period.To)
	}
	if d.Delivery == nil {
		return
	}
	v.DeliveryDate = string(d.Delivery.Date)
	if d.Delivery.Address != nil {
		v.DeliveryAddress = postal(*d.Delivery.Address)
	}
}

func line(l *invoice.Line) *einvoicev1.InvoiceLine {
	return &einvoicev1.InvoiceLine{
		Name: l.Name, Description: l.Description, Quantity: l.Quantity.String(), UnitPriceCents: int64(l.UnitGross), UnitPriceNet: l.UnitNet().String(), Unit: l.Unit,
		VatRatePerMille: int32(l.VATPerMill), VatCategory: string(l.Category), Nature: string(l.Nature),
		NetCents: int64(l.Net), TotalCents: int64(l.Gross), CreditsLine: creditsLine(l),
	}
}

// creditsLine returns the number of the line that a line of a credit note credits; 0 if none.
func creditsLine(l *invoice.Line) int32 {
	n, err := strconv.ParseInt(l.Credits, 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}

func discount(d *invoice.Document) money.Cents {
	var sum money.Cents
	for _, a := range d.Allowances {
		sum += a.Gross
	}
	return sum
}

// notes returns the merchant's own notes.
func notes(d *invoice.Document) string {
	for _, n := range d.Notes {
		if n.Subject == invoice.NoteGeneral {
			return n.Text
		}
	}
	return ""
}
