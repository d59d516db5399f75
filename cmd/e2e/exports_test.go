package e2e

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

// today is the day in France.
func today(t testing.TB) string {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return time.Now().In(paris).Format(time.DateOnly)
}

// exports requests a file of today with the key, waits for it and fetches it.
func (m *merchant) exports(t testing.TB, p eupay.ExportParams) (*eupay.Export, []byte) {
	t.Helper()
	p.From, p.To = today(t), today(t)
	x, err := m.client.Exports.Create(t.Context(), p)
	if err != nil {
		t.Fatalf("%s: %v", p.Kind, err)
	}
	return m.fetches(t, x)
}

func (m *merchant) fetches(t testing.TB, x *eupay.Export) (*eupay.Export, []byte) {
	t.Helper()
	eventually(t, "the export ends", func() bool {
		var err error
		if x, err = m.client.Exports.Get(t.Context(), x.ID); err != nil {
			t.Fatal(err)
		}
		return x.Status != eupay.ExportPending
	})
	if x.Status != eupay.ExportReady {
		t.Fatalf("%s: %+v", x.Kind, x)
	}
	file, err := m.client.Exports.File(t.Context(), x.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	raw, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != x.SHA256 || int64(len(raw)) != x.Size || file.ContentType != x.ContentType {
		t.Errorf("%s: %d bytes of %s, want %+v", x.Kind, len(raw), file.ContentType, x)
	}
	return x, raw
}

// table reads CSV with commas by the names of its columns.
func table(t testing.TB, raw []byte) (rows []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// total adds up a column.
func total(t testing.TB, rows []map[string]string, column string) (sum eupay.Amount) {
	t.Helper()
	for _, row := range rows {
		sum += euros(t, row[column])
	}
	return sum
}

// euros reads an amount, which may be below zero.
func euros(t testing.TB, text string) eupay.Amount {
	t.Helper()
	digits, negative := strings.CutPrefix(text, "-")
	c, err := eupay.ParseAmount(digits)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if negative {
		return -c
	}
	return c
}

// books are the entries of a FEC: balances by account, less the digits of a rate.
func books(t testing.TB, raw []byte) map[string]eupay.Amount {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(string(raw), "\r\n"), "\r\n")
	balances, open := map[string]eupay.Amount{}, map[string]eupay.Amount{}
	for _, line := range lines[1:] {
		c := strings.Split(line, "\t")
		if len(c) != 18 {
			t.Fatalf("%d columns: %q", len(c), line)
		}
		change := euros(t, strings.Replace(c[11], ",", ".", 1)) - euros(t, strings.Replace(c[12], ",", ".", 1))
		balances[c[4]] += change
		open[c[2]] += change
	}
	for number, sum := range open {
		if sum != 0 {
			t.Errorf("entry %s does not balance: %v", number, sum)
		}
	}
	return balances
}

// history makes payments, refunds, invoices and credit notes, and returns what a merchant would add up by hand.
type history struct {
	paid, refunded, invoiced, credited eupay.Amount
}

func (m *merchant) lives(t *testing.T, r *rand.Rand) (h history) {
	t.Helper()
	rates := []json.Number{"20", "10", "5.5", "2.1"}
	for range 4 {
		price := eupay.Amount(100 + r.IntN(20_000))
		item := func() object {
			return object{
				"product_name": "Article", "quantity": 1 + r.IntN(3), "unit_price_ttc": json.Number(price.String()), "vat_rate": rates[r.IntN(len(rates))],
				"type": []string{"goods", "service"}[r.IntN(2)],
			}
		}
		i := m.invoices(t, object{"items": []object{item(), item()}, "discount_amount": json.Number("0.50")})
		due := euros(t, i.Total.String())
		h.invoiced += due
		p := m.paid(t, object{"amount": json.Number(due.String()), "metadata": object{"invoice_id": i.ID}})
		h.paid += due
		eventually(t, "the invoice is paid", func() bool { return m.invoice(t, i.ID).Status == "paid" })
		if back := eupay.Amount(1 + r.Int64N(int64(due))); r.IntN(2) == 0 {
			m.refund(t, p, `{"amount":`+back.String()+`}`)
			h.refunded += back
			must[invoice](t, m.api.do(t, http.MethodPost, "/einvoice/invoices/"+i.ID+"/credit-note", `{"amount":`+back.String()+`,"reason":"Retour","type":"refund"}`), http.StatusCreated)
			h.credited += back
		}
	}
	// A sale at the counter, which has no invoice; a part of it is given back.
	p := m.paid(t, object{"amount": json.Number("50")})
	m.refund(t, p, `{"amount":20}`)
	h.paid += 5000
	h.refunded += 2000
	// An invoice that is cancelled, and one that is paid in cash.
	gone := m.invoices(t, nil)
	h.invoiced += euros(t, gone.Total.String())
	h.credited += euros(t, gone.Total.String())
	m.api.do(t, http.MethodPost, "/einvoice/invoices/"+gone.ID+"/cancel", `{"reason":"Erreur"}`)
	cash := m.invoices(t, nil)
	h.invoiced += euros(t, cash.Total.String())
	m.api.do(t, http.MethodPost, "/einvoice/invoices/"+cash.ID+"/mark-paid", `{"payment_method":"cash"}`)
	m.pays(t, nil) // never paid
	return h
}

// TestTheSumsOfExportsAreThoseOfTheBooks: whatever happened, each file adds up to what the API says, to the cent.
func TestTheSumsOfExportsAreThoseOfTheBooks(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	m := shared.mayInvoice(t)
	m.completes(t)
	h := m.lives(t, rand.New(rand.NewPCG(seed, 0)))
	cash := eupay.Amount(4313) // the invoice of two items
	summary, err := m.client.Payments.Summary(t.Context(), eupay.SummaryParams{From: time.Now().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if summary.PaidAmount != h.paid || summary.RefundedAmount != h.refunded {
		t.Fatalf("the summary has %v and %v, want %+v", summary.PaidAmount, summary.RefundedAmount, h)
	}
	x, raw := m.exports(t, eupay.ExportParams{Kind: eupay.ExportPayments})
	rows := table(t, raw)
	var asked eupay.Amount
	for _, s := range summary.Statuses {
		asked += s.Amount
	}
	if int64(len(rows)) != x.Rows || total(t, rows, "amount") != asked || *x.Totals.Total != asked || total(t, rows, "amount_refunded") != h.refunded || *x.Totals.Refunded != h.refunded {
		t.Errorf("payments: %+v, want %v and %v", x.Totals, asked, h.refunded)
	}
	x, raw = m.exports(t, eupay.ExportParams{Kind: eupay.ExportRefunds})
	if got := total(t, table(t, raw), "amount"); got != h.refunded || *x.Totals.Refunded != h.refunded {
		t.Errorf("refunds: %v, want %v", got, h.refunded)
	}
	x, raw = m.exports(t, eupay.ExportParams{Kind: eupay.ExportReceipts})
	rows = table(t, raw)
	if got := total(t, rows, "received"); got != h.paid+cash || total(t, rows, "paid_out") != h.refunded || *x.Totals.Received != got {
		t.Errorf("receipts: %v, want %v", got, h.paid+cash)
	}
	net := h.invoiced - h.credited
	var vat eupay.Amount
	for _, kind := range []eupay.ExportKind{eupay.ExportInvoices, eupay.ExportSales} {
		x, raw = m.exports(t, eupay.ExportParams{Kind: kind})
		rows = table(t, raw)
		if got := total(t, rows, "total"); got != net || *x.Totals.Total != net || total(t, rows, "net")+total(t, rows, "vat") != net {
			t.Errorf("%s: %v, want %v", kind, got, net)
		}
		if vat != 0 && vat != *x.Totals.VAT {
			t.Errorf("%s: VAT %v, and %v in invoices", kind, *x.Totals.VAT, vat)
		}
		vat = *x.Totals.VAT
	}
	m.checkEntries(t, h, net, vat, cash)
	m.checkStatement(t, h)
}

func (m *merchant) checkEntries(t *testing.T, h history, net, vat, cash eupay.Amount) {
	t.Helper()
	x, raw := m.exports(t, eupay.ExportParams{Kind: eupay.ExportFEC})
	if want := "732829320FEC" + strings.ReplaceAll(today(t), "-", "") + ".txt"; x.FileName != want {
		t.Errorf("the file is %s, want %s", x.FileName, want)
	}
	got := books(t, raw)
	var taxed, sold eupay.Amount
	for account, balance := range got {
		if strings.HasPrefix(account, "44571") {
			taxed -= balance
		}
		if strings.HasPrefix(account, "70") {
			sold -= balance
		}
	}
	if taxed != vat || sold != net-vat {
		t.Errorf("the entries have VAT %v and sales %v, want %v and %v", taxed, sold, vat, net-vat)
	}
	if got["511000"] != h.paid-h.refunded || got["471000"] != -3000 || got["530000"] != cash {
		t.Errorf("the entries have %v", got)
	}
	// What customers owe: nothing is left of what was paid, given back and credited.
	if got["411000"] != 0 {
		t.Errorf("customers owe %v", got["411000"])
	}
	if *x.Totals.Debit != *x.Totals.Credit {
		t.Errorf("%+v", x.Totals)
	}
}

func (m *merchant) checkStatement(t *testing.T, h history) {
	t.Helper()
	x, raw := m.exports(t, eupay.ExportParams{Kind: eupay.ExportStatement})
	var s struct {
		Balances []struct {
			Code string `xml:"Tp>CdOrPrtry>Cd"`
			Amt  string `xml:"Amt"`
		} `xml:"BkToCstmrStmt>Stmt>Bal"`
		Entries []struct {
			Amt  string `xml:"Amt"`
			Side string `xml:"CdtDbtInd"`
		} `xml:"BkToCstmrStmt>Stmt>Ntry"`
	}
	if err := xml.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	var sum eupay.Amount
	for _, e := range s.Entries {
		if e.Side == "CRDT" {
			sum += euros(t, e.Amt)
		} else {
			sum -= euros(t, e.Amt)
		}
	}
	if sum != h.paid-h.refunded || euros(t, s.Balances[1].Amt) != sum || *x.Totals.Received != h.paid || *x.Totals.PaidOut != h.refunded {
		t.Errorf("the statement has %v, %+v, %+v", sum, s.Balances, x.Totals)
	}
}

// TestAHostileDescriptionIsOnlyText in every format.
func TestAHostileDescriptionIsOnlyText(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	m.completes(t)
	hostile := `=HYPERLINK("https://evil.example";"x"),@SUM(A1) <b>]]>&amp; _x000D_`
	m.paid(t, object{"description": hostile, "reference": "-1+1"})
	_, raw := m.exports(t, eupay.ExportParams{Kind: eupay.ExportPayments})
	if row := table(t, raw)[0]; row["description"] != "'"+hostile || row["merchant_reference"] != "'-1+1" {
		t.Errorf("CSV has %q and %q", row["description"], row["merchant_reference"])
	}
	_, raw = m.exports(t, eupay.ExportParams{Kind: eupay.ExportPayments, Separator: eupay.SeparatorSemicolon})
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	r.Comma = ';'
	if rows, err := r.ReadAll(); err != nil || !strings.HasPrefix(rows[1][7], "'=") || rows[1][4] != "29,99" {
		t.Errorf("CSV with semicolons has %q, %v", rows, err)
	}
	_, raw = m.exports(t, eupay.ExportParams{Kind: eupay.ExportPayments, Format: eupay.FormatXLSX})
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer sheet.Close()
	if text, err := io.ReadAll(sheet); err != nil || strings.Contains(string(text), "<f>") || !strings.Contains(string(text), "_x005F_x000D_") || !strings.Contains(string(text), "<v>29.99</v>") {
		t.Errorf("XLSX has %s, %v", text, err)
	}
	_, raw = m.exports(t, eupay.ExportParams{Kind: eupay.ExportFEC})
	if books(t, raw)["471000"] != -2999 {
		t.Errorf("FEC has %q", raw)
	}
	m.exports(t, eupay.ExportParams{Kind: eupay.ExportStatement})
}

// TestWhoSeesExports: the owner and the accountant, a key with the scope, and nobody else.
func TestWhoSeesExports(t *testing.T) {
	t.Parallel()
	m, other := shared.newMerchant(t), shared.newMerchant(t)
	x, raw := m.exports(t, eupay.ExportParams{Kind: eupay.ExportPayments})
	if x.Rows != 0 || !bytes.HasPrefix(raw, []byte("created_on,")) {
		t.Errorf("an empty day: %+v %s", x, raw)
	}
	for _, path := range []string{"/exports/" + x.ID, "/exports/" + x.ID + "/file"} {
		other.api.do(t, http.MethodGet, path, "").refused(t, http.StatusNotFound, "NOT_FOUND")
		m.api.do(t, http.MethodGet, strings.Replace(path, x.ID, "x", 1), "").refused(t, http.StatusNotFound, "NOT_FOUND")
		m.portal.do(t, http.MethodGet, path+"?livemode=true", "").refused(t, http.StatusNotFound, "NOT_FOUND")
		m.portal.do(t, http.MethodGet, path, "")
	}
	if page, err := other.client.Exports.List(t.Context(), eupay.ExportListParams{}); err != nil || len(page.Data) != 0 {
		t.Errorf("another merchant lists %+v, %v", page, err)
	}
	for role, allowed := range map[eupay.Role]bool{eupay.RoleAccountant: true, eupay.RoleStaff: false} {
		email := fmt.Sprintf("%s-%s", role, m.Email)
		if _, err := m.office.Team.Add(t.Context(), eupay.MemberParams{Email: email, Password: password, Name: "Sam", Role: role}); err != nil {
			t.Fatal(err)
		}
		s, err := m.portalless().client("", "").Auth.Login(t.Context(), eupay.Credentials{Email: email, Password: password})
		if err != nil {
			t.Fatal(err)
		}
		page, err := m.portalless().client("", "").WithToken(s.Token).Exports.List(t.Context(), eupay.ExportListParams{Kind: eupay.ExportPayments})
		if allowed && (err != nil || len(page.Data) != 1) || !allowed && !errors.Is(err, eupay.ErrForbidden) {
			t.Errorf("%s: %+v, %v", role, page, err)
		}
	}
	weak := m.newKey(t, eupay.APIKeyParams{Name: "weak", Scopes: []eupay.Scope{eupay.ScopePaymentsRead}})
	m.portalless().with(headers(weak)...).do(t, http.MethodGet, "/exports", "").refused(t, http.StatusForbidden, "INSUFFICIENT_SCOPE")
}

func TestARequestForAnExportIsChecked(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	day := today(t)
	for body, code := range map[string]string{
		`{}`: "VALIDATION_ERROR",
		`{"kind":"ledger","from":"` + day + `","to":"` + day + `"}`:                                       "VALIDATION_ERROR",
		`{"kind":"payments","from":"2026-02-30","to":"` + day + `"}`:                                      "VALIDATION_ERROR",
		`{"kind":"payments","from":"` + day + `","to":"2099-01-01"}`:                                      "VALIDATION_ERROR",
		`{"kind":"payments","from":"` + day + `","to":"2020-01-01"}`:                                      "VALIDATION_ERROR",
		`{"kind":"payments","from":"2020-01-01","to":"` + day + `"}`:                                      "VALIDATION_ERROR",
		`{"kind":"payments","format":"fec","from":"` + day + `","to":"` + day + `"}`:                      "VALIDATION_ERROR",
		`{"kind":"payments","format":"xlsx","separator":"comma","from":"` + day + `","to":"` + day + `"}`: "VALIDATION_ERROR",
		`{"kind":"payments","accounts":{"bank":"512"},"from":"` + day + `","to":"` + day + `"}`:           "VALIDATION_ERROR",
		`{"kind":"fec","accounts":{"bank":"BANK"},"from":"` + day + `","to":"` + day + `"}`:               "VALIDATION_ERROR",
		`{"kind":"fec","accounts":{"wallet":"512"},"from":"` + day + `","to":"` + day + `"}`:              "VALIDATION_ERROR",
		`{"kind":"statement","from":"2026-01-01","to":"2026-01-02"}`:                                      "VALIDATION_ERROR",
		`{"kind":"payments","from":"` + day + `","to":"` + day + `","merchant_id":"` + m.ID + `"}`:        "VALIDATION_ERROR",
		`{"kind":"fec","from":"` + day + `","to":"` + day + `"}`:                                          "INVALID_STATE", // no SIREN
	} {
		status := http.StatusBadRequest
		if code == "INVALID_STATE" {
			status = http.StatusConflict
		}
		m.api.do(t, http.MethodPost, "/exports", body).refused(t, status, code)
	}
	p := eupay.ExportParams{Kind: eupay.ExportReceipts, From: day, To: day, IdempotencyKey: "receipts of today"}
	first, err := m.client.Exports.Create(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := m.client.Exports.Create(t.Context(), p); err != nil || again.ID != first.ID || !again.Replayed {
		t.Errorf("%+v, %v", again, err)
	}
	p.Kind = eupay.ExportPayments
	if _, err := m.client.Exports.Create(t.Context(), p); !errors.Is(err, eupay.ErrIdempotencyConflict) {
		t.Errorf("the same key with another request: %v", err)
	}
}

// TestALargeExportOutlivesARestart: it is requested, the system ends in the middle of it, and after the next start its file has each payment once.
func TestALargeExportOutlivesARestart(t *testing.T) {
	t.Parallel()
	const many = 20_000
	w := newWorld(t, nil)
	m := w.newMerchant(t)
	w.sql(t, fmt.Sprintf(`insert into payments.payments (reference, kind, merchant_id, livemode, amount_cents, currency, status, sequence, description, execution_type,
		merchant_name, wait_for_settlement, beneficiary_name, beneficiary_iban, beneficiary_kind, expires_at, created_at, updated_at, completed_at)
		select 'PAY-X-' || n, 'payment', '%s', false, 100, 'EUR', 'completed', 3, 'Order ' || n, 'instant', 'Shop', false, 'Shop', 'FR1420041010050500013M02606', 'corporate',
		now(), now() - interval '1 second', now(), now() - interval '1 second' from generate_series(1, %d) n`, m.ID, many))
	begun := time.Now()
	x, err := m.client.Exports.Create(t.Context(), eupay.ExportParams{Kind: eupay.ExportPayments, From: today(t), To: today(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s after %s", x.Status, time.Since(begun))
	w.stack.Stop()
	w.start(t)
	x, raw := m.fetches(t, x)
	rows := table(t, raw)
	seen := map[string]bool{}
	for _, row := range rows {
		seen[row["reference"]] = true
	}
	if x.Rows != many || len(seen) != many || *x.Totals.Total != 100*many {
		t.Errorf("%d rows, %d payments, %+v", len(rows), len(seen), x)
	}
	if x, err = m.client.Exports.Create(t.Context(), eupay.ExportParams{Kind: eupay.ExportReceipts, From: today(t), To: today(t)}); err != nil {
		t.Fatal(err)
	}
	x, _ = m.fetches(t, x)
	t.Logf("%d receipts in %s: %.0f rows/s", x.Rows, x.FinishedAt.Sub(x.CreatedAt), float64(x.Rows)/x.FinishedAt.Sub(x.CreatedAt).Seconds())
}
