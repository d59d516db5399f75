package export

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/fec"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// bookkeeper makes entries. An account, and a customer, keeps the name under which it appeared first.
type bookkeeper struct {
	Accounts
	names map[string]string
}

func newBookkeeper(a Accounts) *bookkeeper {
	b := &bookkeeper{Accounts: a, names: map[string]string{}}
	for _, n := range [][2]string{
		{a.Customers, "Clients"},
		{a.Goods, "Ventes de marchandises"},
		{a.Services, "Prestations de services"},
		{a.Transit, "Valeurs à l'encaissement"},
		{a.Bank, "Banque"},
		{a.Cash, "Caisse"},
		{a.Suspense, "Compte d'attente"},
		{a.Advances, "Clients - avances et acomptes reçus"},
		{a.GoodsRebates, "RRR accordés sur ventes de marchandises"},
		{a.ServicesRebates, "RRR accordés sur prestations de services"},
	} {
		b.name(n[0], n[1])
	}
	return b
}

func (b *bookkeeper) name(number, name string) string {
	if first, ok := b.names[number]; ok {
		return first
	}
	b.names[number] = name
	return name
}

func (b *bookkeeper) account(number string) fec.Account {
	return fec.Account{Number: number, Name: b.name(number, number)}
}

// customer is the collective account; a business has its own auxiliary account, by its SIREN.
func (b *bookkeeper) customer(siren, name string) fec.Account {
	a := b.account(b.Customers)
	if siren != "" {
		a.AuxiliaryNumber, a.AuxName = siren, b.name("SIREN "+siren, name)
	}
	return a
}

func (b *bookkeeper) tax(r vat.Rate) fec.Account {
	number := fmt.Sprintf("%s%03d", b.VAT, r)
	return fec.Account{Number: number, Name: b.name(number, "TVA collectée "+r.String()+" %")}
}

// sale is the entry of a document: what the customer owes, against sales (or advances, for a deposit) and VAT by rate. What takes something back
// stands on the other side.
func (b *bookkeeper) sale(d document) (fec.Entry, bool, error) {
	of, err := d.revenues()
	if err != nil {
		return fec.Entry{}, false, err
	}
	buyer := d.content.Buyer
	e := fec.Entry{Journal: fec.Sales, Day: d.day, Document: d.number, DocumentDay: string(d.seen), Text: d.text()}
	var owed money.Cents
	advance := b.advance(d)
	for _, r := range of {
		account := b.revenue(r.Nature)
		switch {
		case advance:
			account = b.account(b.Advances)
		case d.kind == invoice.TypeRebate:
			account = b.rebate(r.Nature)
		}
		e.Lines = append(e.Lines, fec.Line{Account: account, Debit: -r.Net}, fec.Line{Account: b.tax(r.VATPerMill), Debit: -r.Tax})
		owed += r.Net + r.Tax
	}
	e.Lines = append(e.Lines, b.release(d)...)
	e.Lines = append(e.Lines, fec.Line{Account: b.customer(buyer.SIREN, buyer.Name), Debit: owed})
	return e, true, nil
}

// text names a document and, if it is a business, its buyer.
func (d document) text() string {
	name := ""
	if d.content.Buyer.SIREN != "" {
		name = d.content.Buyer.Name
	}
	switch {
	case d.withdrawn:
		return list("Annulation de la facture", d.number, name)
	case d.kind == invoice.TypeRebate:
		return list("Avoir de remise", d.number, name)
	case d.kind.IsCredit():
		return list("Avoir", d.number, "sur", d.corrects, name)
	case d.kind == invoice.TypeCorrected:
		return list("Facture rectificative", d.number, "remplace", d.corrects, name)
	default:
		return list("Facture", d.number, name)
	}
}

// move is the entry of a movement: what came is in transit until it is seen on the merchant's account, as a standing order mostly was before; against
// the invoices that it was set against on that day; the rest waits on the suspense account. A refund gives back first what no invoice was paid with.
func (b *bookkeeper) move(m movement) fec.Entry {
	e := fec.Entry{Journal: fec.Bank, Day: m.day, Document: m.GetReference(), DocumentDay: m.day, Text: m.text()}
	account := b.Transit
	if m.seen() {
		account = b.Bank
	}
	e.Lines = append(e.Lines, fec.Line{Account: b.account(account), Debit: m.amount()})
	if m.GetKind() == refundKind {
		return b.giveBack(e, m)
	}
	rest := m.amount()
	for _, a := range m.allotted {
		part := min(rest, a.amount)
		e.Lines = append(e.Lines, fec.Line{Account: b.customer(a.siren, a.customer), Debit: -part})
		rest -= part
	}
	e.Lines = append(e.Lines, fec.Line{Account: b.account(b.Suspense), Debit: -rest})
	return e
}

func (b *bookkeeper) giveBack(e fec.Entry, m movement) fec.Entry {
	free := money.Cents(m.GetOriginalAmountCents()) - money.Cents(m.GetRefundedBeforeCents())
	for _, a := range m.allotted {
		free -= a.amount
	}
	back := -m.amount()
	suspended := max(0, min(back, free))
	if len(m.allotted) == 0 {
		suspended = back
	}
	e.Lines = append(e.Lines, fec.Line{Account: b.account(b.Suspense), Debit: suspended})
	if len(m.allotted) > 0 {
		e.Lines = append(e.Lines, fec.Line{Account: b.customer(m.allotted[0].siren, m.allotted[0].customer), Debit: back - suspended})
	}
	return e
}

func (m movement) text() string {
	switch {
	case m.GetKind() == refundKind:
		return list("Remboursement", m.GetReference(), "de", m.GetOriginalReference())
	case m.GetKind() == occurrenceKind && m.amount() < 0:
		return list("Annulation du virement permanent", m.GetReference(), m.GetDescription())
	case m.GetKind() == occurrenceKind:
		return list("Virement permanent", m.GetReference(), m.GetDescription())
	case m.GetLate():
		return list("Encaissement tardif", m.GetReference(), m.GetDescription())
	default:
		return list("Paiement", m.GetReference(), m.GetDescription())
	}
}

// methods are how receipts that the merchant recorded came.
var methods = map[string]string{"cash": "espèces", "card": "carte", "bank": "virement", "terminal": "terminal de paiement", "other": "autre"}

// recorded is the entry of a receipt that the merchant recorded.
func (b *bookkeeper) recorded(r receipt) fec.Entry {
	journal, account := fec.Bank, b.Transit
	switch invoice.Method(r.method) {
	case invoice.MethodCash:
		journal, account = fec.Cash, b.Cash
	case invoice.MethodBank:
		account = b.Bank
	}
	return fec.Entry{
		Journal: journal, Day: r.day, Document: r.invoice, DocumentDay: r.issued, Text: list("Règlement de la facture", r.invoice, "par", methods[r.method]),
		Lines: []fec.Line{{Account: b.account(account), Debit: r.amount}, {Account: b.customer(r.siren, r.customer), Debit: -r.amount}},
	}
}

// allot is the entry of a payment that was set against an invoice later than it came.
func (b *bookkeeper) allot(r receipt) fec.Entry {
	return fec.Entry{
		Journal: fec.Transfer, Day: r.day, Document: r.payment, DocumentDay: r.day, Text: list("Affectation de", r.payment, "à la facture", r.invoice),
		Lines: []fec.Line{{Account: b.account(b.Suspense), Debit: r.amount}, {Account: b.customer(r.siren, r.customer), Debit: -r.amount}},
	}
}

// settle is the entry of money that was seen on the merchant's account.
func (b *bookkeeper) settle(r *paymentsv1.JournalRow) (fec.Entry, bool, error) {
	day := r.GetAt().AsTime().Format("2006-01-02") // the bank's booking date, at midnight UTC
	amount := signed(r)
	return fec.Entry{
		Journal: fec.Bank, Day: day, Document: r.GetReference(), DocumentDay: day, Text: list("Virement constaté", r.GetReference()),
		Lines: []fec.Line{{Account: b.account(b.Bank), Debit: amount}, {Account: b.account(b.Transit), Debit: -amount}},
	}, b.Bank != b.Transit, nil
}

// entries are those of the period, by day.
func (e *Exports) entries(ctx context.Context, x Export) iter.Seq2[fec.Entry, error] {
	b := newBookkeeper(x.Accounts)
	settled := e.journal(ctx, x, paymentsv1.JournalBasis_JOURNAL_BASIS_SETTLED, x.From.Time(), x.To.Add(1).Time())
	return merge(func(e fec.Entry) string { return e.Day },
		mapped(e.documents(ctx, x), b.sale),
		mapped(e.movements(ctx, x), certain(b.move)),
		mapped(e.recorded(ctx, x), certain(b.recorded)),
		mapped(e.allotted(ctx, x), certain(b.allot)),
		mapped(rows(settled), b.settle),
	)
}

// certain is for a conversion that has always a result.
func certain[A, B any](convert func(A) B) func(A) (B, bool, error) {
	return func(a A) (B, bool, error) { return convert(a), true, nil }
}

// books writes the entries of the period.
func (e *Exports) books(ctx context.Context, x Export, f *file, t *tally) error {
	sum(&t.totals.Debit, &t.totals.Credit)
	w, err := fec.NewWriter(f)
	if err != nil {
		return err
	}
	for entry, err := range e.entries(ctx, x) {
		if err != nil {
			return err
		}
		if err := w.Write(entry); errors.Is(err, fec.ErrUnbalanced) || errors.Is(err, fec.ErrOrder) || errors.Is(err, fec.ErrAccount) {
			return e.unsound(x, err)
		} else if err != nil {
			return err
		}
	}
	*t.rows, *t.totals.Debit, *t.totals.Credit = w.Entries, w.Debit, w.Credit
	return w.Close()
}
