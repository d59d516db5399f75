package operate

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/money"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

// Export writes the documents of a period into a new ZIP file: <number>.xml, facturx-<number>.pdf, and index.csv with a
// line for each. It returns how many documents there were. The file is there only when it is complete; one that exists is
// replaced only with force. Each document may take up to the timeout to arrive.
func Export(ctx context.Context, client einvoicev1.OperatorServiceClient, req *einvoicev1.ExportRequest, path string, force bool, timeout time.Duration) (int, error) {
	n := 0
	err := NewFile(path, force, func(out io.Writer) (err error) {
		n, err = export(ctx, client, req, out, timeout)
		return err
	})
	return n, err
}

func export(ctx context.Context, client einvoicev1.OperatorServiceClient, req *einvoicev1.ExportRequest, out io.Writer, timeout time.Duration) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(timeout, func() { cancel(fmt.Errorf("nothing came for %s", timeout)) })
	defer silence.Stop()
	stream, err := client.Export(ctx, req)
	if err != nil {
		return 0, err
	}
	a, err := newArchive(out)
	if err != nil {
		return 0, err
	}
	for {
		d, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return a.documents, a.close()
		case context.Cause(ctx) != nil:
			return 0, context.Cause(ctx)
		case err != nil:
			return 0, err
		}
		silence.Reset(timeout)
		if err := a.add(d); err != nil {
			return 0, err
		}
	}
}

// archive is a ZIP file being written. The index is kept in memory until the end, the documents are not.
type archive struct {
	zip       *zip.Writer
	index     bytes.Buffer
	rows      *csv.Writer
	names     map[string]bool
	documents int
}

// columns of index.csv.
var columns = []string{
	"number", "type_code", "status", "seqino_status", "lifecycle_code", "audience", "issue_date", "due_date", "customer_name", "customer_siren",
	"customer_vat_number", "total_ht", "total_vat", "total_ttc", "amount_paid", "amount_credited", "amount_due", "reference", "payment_reference",
	"corrects_number", "reason", "xml", "pdf",
}

// newArchive begins the index as French Excel opens it by a double click: with a byte order mark, semicolons, lines that
// end with CR LF, and amounts with a comma.
func newArchive(out io.Writer) (*archive, error) {
	a := &archive{zip: zip.NewWriter(out), names: make(map[string]bool)}
	a.index.WriteString("\ufeff")
	a.rows = csv.NewWriter(&a.index)
	a.rows.Comma, a.rows.UseCRLF = ';', true
	if err := a.rows.Write(columns); err != nil {
		return nil, fmt.Errorf("write index.csv: %w", err)
	}
	return a, nil
}

func (a *archive) add(d *einvoicev1.ExportResponse) error {
	v := d.GetInvoice()
	name := fileName(v.GetNumber())
	if name == "" || a.names[name] {
		return fmt.Errorf("two documents have the number %q, or one has none", v.GetNumber())
	}
	a.names[name] = true
	xml, pdf := "", ""
	if len(d.GetXml()) > 0 {
		xml = name + ".xml"
	}
	if len(d.GetPdf()) > 0 {
		pdf = "facturx-" + name + ".pdf"
	}
	at := v.GetCreatedAt().AsTime()
	if err := errors.Join(a.file(xml, zip.Deflate, at, d.GetXml()), a.file(pdf, zip.Store, at, d.GetPdf())); err != nil {
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

func (a *archive) file(name string, method uint16, at time.Time, content []byte) error {
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

func (a *archive) close() error {
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
