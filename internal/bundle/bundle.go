// Package bundle writes the documents of a merchant into a ZIP: <number>.xml, facturx-<number>.pdf, and index.csv with a line for each.
package bundle

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/money"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

// Writer is a ZIP file being written. The index is kept in memory until the end, the documents are not.
type Writer struct {
	zip       *zip.Writer
	index     bytes.Buffer
	rows      *csv.Writer
	names     map[string]bool
	documents int64
}

// columns of index.csv.
var columns = []string{
	"number", "type_code", "status", "seqino_status", "lifecycle_code", "audience", "issue_date", "due_date", "customer_name", "customer_siren",
	"customer_vat_number", "total_ht", "total_vat", "total_ttc", "amount_paid", "amount_credited", "amount_due", "reference", "payment_reference",
	"corrects_number", "reason", "xml", "pdf",
}

// New begins a ZIP. Its index is written as French Excel opens it by a double click: with a byte order mark, semicolons, lines that end with CR LF, and
// amounts with a comma.
func New(out io.Writer) (*Writer, error) {
	a := &Writer{zip: zip.NewWriter(out), names: make(map[string]bool)}
	a.index.WriteString("\ufeff")
	a.rows = csv.NewWriter(&a.index)
	a.rows.Comma, a.rows.UseCRLF = ';', true
	if err := a.rows.Write(columns); err != nil {
		return nil, fmt.Errorf("write index.csv: %w", err)
	}
	return a, nil
}

// Add adds a document with its files; nil: it has none. Two documents with one number are an error.
func (a *Writer) Add(v *einvoicev1.Invoice, xmlFile, pdfFile []byte) error {
	name := fileName(v.GetNumber())
	if name == "" || a.names[name] {
		return fmt.Errorf("two documents have the number %q, or one has none", v.GetNumber())
	}
	a.names[name] = true
	xml, pdf := "", ""
	if len(xmlFile) > 0 {
		xml = name + ".xml"
	}
	if len(pdfFile) > 0 {
		pdf = "facturx-" + name + ".pdf"
	}
	at := v.GetCreatedAt().AsTime()
	if err := errors.Join(a.file(xml, zip.Deflate, at, xmlFile), a.file(pdf, zip.Store, at, pdfFile)); err != nil {
		return fmt.Errorf("write %s: %w", v.GetNumber(), err)
	}
	a.documents++
	if err := a.rows.Write(cells(v, xml, pdf)); err != nil {
		return fmt.Errorf("write index.csv: %w", err)
	}
	return nil
}

// cells returns a document's line of the index, by columns.
func cells(v *einvoicev1.Invoice, xml, pdf string) []string {
	c := v.GetCustomer()
	return []string{
		cell(v.GetNumber()), cell(v.GetTypeCode()), cell(v.GetStatus()), cell(v.GetSeqinoStatus()), fmt.Sprint(v.GetLifecycleCode()), cell(v.GetAudience()),
		cell(v.GetIssueDate()), cell(v.GetDueDate()), cell(c.GetName()), cell(c.GetSiren()), cell(c.GetVatNumber()),
		euros(v.GetTotalNetCents()), euros(v.GetTotalVatCents()), euros(v.GetTotalCents()), euros(v.GetPaidCents()), euros(v.GetCreditedCents()),
		euros(v.GetDueCents()), cell(v.GetReference()), cell(v.GetPaymentReference()), cell(v.GetCorrectsNumber()), cell(v.GetReason()), cell(xml), cell(pdf),
	}
}

func (a *Writer) file(name string, method uint16, at time.Time, content []byte) error {
	if name == "" {
		return nil
	}
	w, err := a.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: at})
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}

// Documents is how many documents were added.
func (a *Writer) Documents() int64 { return a.documents }

// Close writes the index and ends the ZIP.
func (a *Writer) Close() error {
	a.rows.Flush()
	if err := a.rows.Error(); err != nil {
		return fmt.Errorf("write index.csv: %w", err)
	}
	w, err := a.zip.Create("index.csv")
	if err != nil {
		return fmt.Errorf("write index.csv: %w", err)
	}
	if _, err := w.Write(a.index.Bytes()); err != nil {
		return fmt.Errorf("write index.csv: %w", err)
	}
	return a.zip.Close()
}

// fileName keeps a number inside the folder to which the archive is extracted. Numbers may contain a slash (BR-FR-01).
func fileName(number string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_' || r == '+' {
			return r
		}
		return '-'
	}, number)
}

// cell returns a text on one line that no spreadsheet treats as a formula: customers choose their names.
func cell(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' || r == '\t' }), " ")
	if text != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(text)[0]) {
		return "'" + text
	}
	return text
}

func euros(cents int64) string { return strings.Replace(money.Cents(cents).String(), ".", ",", 1) }
