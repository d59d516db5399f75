package export

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// holds stands in for the ledger.
func holds(t *testing.T, r *rig, numbers ...string) {
	t.Helper()
	r.Documents = func(_ context.Context, who Who, from, to invoice.Date, visit func(*einvoicev1.Invoice, []byte, []byte) error) error {
		if who != r.who || from != "2026-11-01" || to != "2026-11-30" {
			t.Errorf("asked for %v from %s to %s", who, from, to)
		}
		for _, n := range numbers {
			err := visit(&einvoicev1.Invoice{Number: n, TotalCents: 12345, CreatedAt: timestamppb.New(r.clock.Now())}, []byte("<"+n+"/>"), bytes.Repeat([]byte(n), 100_000))
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func (r *rig) asksBundle() Export {
	r.t.Helper()
	x, err := r.check(Request{Who: r.who, Kind: "invoices", Format: "zip", From: "2026-11-01", To: "2026-11-30", Company: company})
	if err == nil {
		_, err = r.record(r.t.Context(), x, "", nil)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return x
}

// unzip returns the files of a ZIP.
func unzip(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(content)
	}
	return files
}

func TestABundleHasTheDocumentsThemselves(t *testing.T) {
	t.Parallel()
	r := setup(t)
	holds(t, r, "F-1", "CN-1")
	x := r.asksBundle()
	r.makes()
	x, data := r.read(x)
	files := unzip(t, data)
	if len(files) != 5 || files["F-1.xml"] != "<F-1/>" || files["CN-1.xml"] != "<CN-1/>" || len(files["facturx-F-1.pdf"]) != 300_000 || len(files["facturx-CN-1.pdf"]) != 400_000 {
		t.Errorf("it has %d files", len(files))
	}
	index := strings.Split(strings.TrimSpace(files["index.csv"]), "\r\n")
	if len(index) != 3 || !strings.Contains(index[1], "F-1;") || !strings.Contains(index[2], "123,45") || !strings.Contains(index[2], "facturx-CN-1.pdf") {
		t.Errorf("the list is %q", index)
	}
	if x.FileName() != "invoices_2026-11-01_2026-11-30.zip" || x.ContentType() != "application/zip" || x.Rows != 2 || x.Size != int64(len(data)) {
		t.Errorf("%+v", x)
	}
}

// A bundle begins again after a failure and has each document once.
func TestABundleBeginsAgain(t *testing.T) {
	t.Parallel()
	r := setup(t)
	r.Documents = func(_ context.Context, _ Who, _, _ invoice.Date, visit func(*einvoicev1.Invoice, []byte, []byte) error) error {
		return errors.Join(visit(&einvoicev1.Invoice{Number: "F-1"}, nil, bytes.Repeat([]byte("x"), 600_000)), errors.New("away"))
	}
	x := r.asksBundle()
	r.makes()
	if got := r.get(x); got.Status != Pending {
		t.Fatalf("%+v", got)
	}
	holds(t, r, "F-1")
	r.clock.Advance(time.Hour)
	r.makes()
	x, data := r.read(x)
	if files := unzip(t, data); len(files) != 3 || x.Rows != 1 {
		t.Errorf("it has %d files, %d rows", len(files), x.Rows)
	}
}

func TestAMerchantWithoutDocumentsGetsAnEmptyList(t *testing.T) {
	t.Parallel()
	r := setup(t)
	r.Documents = func(context.Context, Who, invoice.Date, invoice.Date, func(*einvoicev1.Invoice, []byte, []byte) error) error {
		return errs.NotFound("Merchant")
	}
	x := r.asksBundle()
	r.makes()
	_, data := r.read(x)
	if files := unzip(t, data); len(files) != 1 || files["index.csv"] == "" {
		t.Errorf("it has %d files", len(files))
	}
}

// An instance of the version before makes a table of what it does not know: its file never becomes ready.
func TestTheVersionBeforeCannotEndABundle(t *testing.T) {
	t.Parallel()
	r := setup(t)
	holds(t, r)
	x := r.asksBundle()
	_, err := r.pool.Exec(t.Context(), `update exports set status = 'ready', due_at = null, finished_at = now(), size = 1, rows = 1, sha256 = 'x', totals = '{}' where id = $1`, x.ID)
	if err == nil || !strings.Contains(err.Error(), "zip_is_bundled") {
		t.Errorf("it ends: %v", err)
	}
	r.makes()
	if got := r.get(x); got.Status != Ready {
		t.Errorf("the bundle is %s", got.Status)
	}
	table, _ := r.file(Invoices, "2026-11-01", "2026-11-30")
	if table.Status != Ready || !slices.Contains(formats[Invoices], FormatZIP) || formats[Invoices][0] != CSV {
		t.Errorf("a table: %+v", table)
	}
}
