package received

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/lifecycle"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/einvoice/internal/reading"
)

// View is a received invoice with everything about it.
type View struct {
	Record
	Document *reading.Invoice
	Findings []reading.Finding
	Answers  []Answered
	// Payments are the newest first.
	Payments []Payment
	trust    trust
	Sum      []byte
}

// Get returns one, or NOT_FOUND.
func (b *Inbox) Get(ctx context.Context, who Who, id string) (View, error) {
	r, err := find(ctx, b.Pool, who, id, "")
	if err != nil {
		return View{}, err
	}
	v := View{Record: r}
	if v.Document, v.Findings, err = readContent(ctx, b.Pool, r.ID); err != nil {
		return View{}, err
	}
	if v.Answers, err = b.readAnswers(ctx, r.ID); err != nil {
		return View{}, err
	}
	if v.trust, err = trustOf(ctx, b.Pool, &r); err != nil {
		return View{}, err
	}
	if v.Payments, err = paymentsOf(ctx, b.Pool, r.ID); err != nil {
		return View{}, err
	}
	v.Sum, err = b.sum(ctx, r.ID)
	return v, err
}

// PDF returns the supplier's own PDF, or a page of ours with what the XML says; rendered tells which.
func (b *Inbox) PDF(ctx context.Context, who Who, id string) (pdf []byte, number string, rendered bool, err error) {
	r, err := find(ctx, b.Pool, who, id, "")
	if err != nil {
		return nil, "", false, err
	}
	if r.Format == FormatFacturX {
		original, _, err := b.file(ctx, r.ID)
		return original, r.name(), false, err
	}
	d, _, err := readContent(ctx, b.Pool, r.ID)
	if err != nil {
		return nil, "", false, err
	}
	if d == nil {
		return nil, "", false, errs.New(errs.InvalidState, "The invoice cannot be read, so there is no page of it. Download its XML.")
	}
	return render(d), r.name(), true, nil
}

// XML returns the XML: the document itself, or what is attached to the PDF.
func (b *Inbox) XML(ctx context.Context, who Who, id string) ([]byte, string, error) {
	r, err := find(ctx, b.Pool, who, id, "")
	if err != nil {
		return nil, "", err
	}
	original, xml, err := b.file(ctx, r.ID)
	switch {
	case err != nil:
		return nil, "", err
	case xml != nil:
		return xml, r.name(), nil
	case r.Format == FormatFacturX || original == nil:
		return nil, "", errs.New(errs.InvalidState, "The document has no XML. Download its PDF.")
	}
	return original, r.name(), nil
}

// name is what a file is called by: the number, or the id.
func (r *Record) name() string {
	return cmp.Or(r.number, r.ID.String())
}

// announcement is the event of a change. It has no lines, accounts and texts: they can be read from the API.
func (r *Record) announcement(a *Answered) *eventsv1.ReceivedInvoiceChanged {
	c := &eventsv1.ReceivedInvoiceChanged{Invoice: r.Summary(), OccurredAt: timestamppb.New(r.UpdatedAt)}
	if a != nil {
		c.Answer = a.proto()
	}
	return c
}

// Summary returns what lists and events show.
func (r *Record) Summary() *einvoicev1.ReceivedInvoice {
	v := &einvoicev1.ReceivedInvoice{
		Id: r.ID.String(), MerchantId: r.MerchantID, Livemode: r.Livemode, PlatformId: r.PlatformID, Format: r.Format,
		ReceivedAt: timestamppb.New(r.ReceivedAt), CreatedAt: timestamppb.New(r.CreatedAt), UpdatedAt: timestamppb.New(r.UpdatedAt), Sequence: r.Sequence,
		Status: r.Status, LifecycleCode: int32(r.Code), Problem: r.Problem, UnknownSender: r.unknown,
	}
	if r.DuplicateOf != nil {
		v.DuplicateOf = r.DuplicateOf.String()
	}
	v.Number, v.TypeCode, v.IssueDate, v.DueDate, v.Currency = r.number, r.typeCode, iso(r.issued), iso(r.due), r.currency
	v.SellerName, v.SellerSiren = r.sellerName, r.sellerSIREN
	v.TotalNetCents, v.TotalVatCents, v.TotalCents, v.DueCents = int64(r.net), int64(r.tax), int64(r.total), int64(r.owed)
	return v
}

// iso returns a day as YYYY-MM-DD; empty for none.
func iso(day *time.Time) string {
	if day == nil {
		return ""
	}
	return day.Format(time.DateOnly)
}

// Proto returns everything.
func (v *View) Proto() *einvoicev1.ReceivedInvoice {
	out := v.Summary()
	out.Sha256 = hex.EncodeToString(v.Sum)
	for _, code := range moves[v.Code] {
		out.AllowedCodes = append(out.AllowedCodes, int32(code))
	}
	for i := range v.Answers {
		out.Answers = append(out.Answers, v.Answers[i].proto())
	}
	for _, f := range v.findings() {
		out.Findings = append(out.Findings, &einvoicev1.ReceivedFinding{Code: f.Code, Message: f.Message})
	}
	if v.Document != nil {
		v.content(out, v.Document)
	}
	for i := range v.Payments {
		out.Payments = append(out.Payments, v.Payments[i].proto(v.Document))
	}
	v.payable(out)
	return out
}

// payable says what could be paid now, or why nothing can. A duplicate is looked for only when it is paid.
func (v *View) payable(out *einvoicev1.ReceivedInvoice) {
	if slices.ContainsFunc(v.Payments, func(p Payment) bool { return p.open() }) {
		out.PayableProblem = "A payment of this invoice is open at your bank."
		return
	}
	amount, err := v.open(v.Document, v.Findings, paid(v.Payments))
	if err != nil {
		out.PayableProblem = errs.From(err).Message
		return
	}
	out.PayableCents = int64(amount)
	_, err = choose(v.Document.Payment.Accounts, v.trust, "")
	out.ConfirmIban = err != nil
}

// findings adds what depends on other invoices.
func (v *View) findings() []reading.Finding {
	all := slices.Clone(v.Findings)
	if v.DuplicateOf != nil {
		all = append(all, reading.Finding{
			Code:    "duplicate",
			Message: "You received an invoice with this number from this supplier before. Refuse this one with DOUBLON, and do not pay twice.",
		})
	}
	if v.Document == nil || len(v.trust.approved) == 0 {
		return all
	}
	if slices.ContainsFunc(v.Document.Payment.Accounts, func(a reading.Account) bool { return !slices.Contains(v.trust.approved, a.IBAN) }) {
		all = append(all, reading.Finding{
			Code:    "iban_changed",
			Message: "The account differs from the one on earlier invoices of this supplier. Call the supplier on a number that you know before you pay.",
		})
	}
	return all
}

func (v *View) content(out *einvoicev1.ReceivedInvoice, d *reading.Invoice) {
	out.Profile, out.BusinessProcess, out.BuyerReference, out.PurchaseOrder = d.Profile, d.Process, d.BuyerReference, d.Order
	out.ContractReference, out.DeliveryDate, out.PeriodStart, out.PeriodEnd = d.Contract, string(d.Delivered), string(d.PeriodStart), string(d.PeriodEnd)
	out.Seller, out.Buyer, out.Payee = party(&d.Seller), party(&d.Buyer), d.Payee
	out.PaymentMeans, out.PaymentReference, out.PaymentTerms = d.Payment.Means, d.Payment.Reference, d.Payment.Terms
	out.PrepaidCents, out.RoundingCents = int64(d.Totals.Prepaid), int64(d.Totals.Rounding)
	for _, a := range d.Payment.Accounts {
		out.Accounts = append(out.Accounts, &einvoicev1.ReceivedAccount{Iban: a.IBAN, Name: a.Name, Bic: a.BIC, SeenBefore: slices.Contains(v.trust.approved, a.IBAN)})
	}
	for _, n := range d.Notes {
		out.Notes = append(out.Notes, &einvoicev1.ReceivedNote{Subject: n.Subject, Text: n.Text})
	}
	for _, p := range d.Preceding {
		out.Preceding = append(out.Preceding, &einvoicev1.ReceivedPreceding{Number: p.Number, IssueDate: string(p.Issued)})
	}
	for _, l := range d.Lines {
		out.Lines = append(out.Lines, &einvoicev1.ReceivedLine{
			Id: l.ID, Name: l.Name, Description: l.Description, Quantity: string(l.Quantity), Unit: l.Unit, Price: string(l.Price),
			BaseQuantity: string(l.BaseQuantity), NetCents: int64(l.Net), Category: l.Category, Rate: string(l.Rate),
		})
	}
	for _, a := range d.Allowances {
		out.Allowances = append(out.Allowances, &einvoicev1.ReceivedAllowance{
			Charge: a.Charge, AmountCents: int64(a.Amount), Reason: a.Reason, Category: a.Category, Rate: string(a.Rate),
		})
	}
	for _, t := range d.VAT {
		out.Vat = append(out.Vat, &einvoicev1.ReceivedVAT{
			Category: t.Category, Rate: string(t.Rate), BaseCents: int64(t.Base), TaxCents: int64(t.Tax), ExemptionReason: t.Reason, ExemptionCode: t.ReasonCode,
		})
	}
}

func party(p *reading.Party) *einvoicev1.ReceivedParty {
	return &einvoicev1.ReceivedParty{
		Name: p.Name, TradingName: p.TradingName, Siren: p.SIREN, Siret: p.SIRET, VatNumber: p.VATNumber, LegalId: p.LegalID, ElectronicScheme: p.Scheme,
		ElectronicAddress: p.Address, Street: p.Street, PostCode: p.PostCode, City: p.City, Country: p.Country, ContactName: p.ContactName, Phone: p.Phone,
		Email: p.Mailaddr,
	}
}

func (a *Answered) proto() *einvoicev1.ReceivedAnswer {
	v := &einvoicev1.ReceivedAnswer{
		Id: a.ID.String(), Code: int32(a.Code), Label: lifecycle.Label(int32(a.Code)), ReasonCode: a.ReasonCode, Reason: a.Reason, State: a.State,
		Problem: a.Problem, CreatedAt: timestamppb.New(a.At),
	}
	if a.EndedAt != nil && a.State == stateSent {
		v.SentAt = timestamppb.New(*a.EndedAt)
	}
	return v
}
