package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
)

// office replaces the einvoice service: it has two documents, and may fail in the middle of an export.
type office struct {
	einvoicev1.UnimplementedOperatorServiceServer
	asked  chan proto.Message
	breaks error
	hangs  bool
}

func (o *office) Resubmit(_ context.Context, r *einvoicev1.ResubmitRequest) (*einvoicev1.ResubmitResponse, error) {
	o.asked <- r
	if r.GetInvoiceId() == "none" {
		return nil, errs.NotFound("Invoice")
	}
	return &einvoicev1.ResubmitResponse{Transmissions: 3}, nil
}

func (o *office) SubmissionStatus(_ context.Context, r *einvoicev1.SubmissionStatusRequest) (*einvoicev1.SubmissionStatusResponse, error) {
	o.asked <- r
	return &einvoicev1.SubmissionStatusResponse{
		Counts: []*einvoicev1.SubmissionCount{
			{Kind: "document", State: "waiting", Count: 2, Oldest: timestamppb.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))}, {Kind: "report", State: "sent", Count: 9},
		},
		Troubles: []*einvoicev1.SubmissionTrouble{{
			Kind: "document", What: "INV-1", SubjectId: "i-1", MerchantId: "m_1", State: "stopped", Attempts: 7, Error: "BR-CO-10 \x1b[31mred",
		}},
	}, nil
}

func (o *office) Export(r *einvoicev1.ExportRequest, stream grpc.ServerStreamingServer[einvoicev1.ExportResponse]) error {
	o.asked <- r
	at := timestamppb.New(time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC))
	for _, d := range []*einvoicev1.ExportResponse{
		{Invoice: &einvoicev1.Invoice{
			Number: "INV-2026-AB12CD-000001", TypeCode: "380", Status: "paid", SeqinoStatus: "submitted", LifecycleCode: 212, IssueDate: "2026-01-31", CreatedAt: at,
			Customer: &einvoicev1.Party{Name: "=HYPERLINK(\"http://evil\";\"x\")"}, TotalNetCents: 150000, TotalVatCents: 30000, TotalCents: 180000, PaidCents: 180000,
			Reference: "@SUM(1)", PaymentReference: "+1", Reason: "-1\r\n=2",
		}, Xml: []byte("<xml/>"), Pdf: []byte("%PDF-1")},
		{Invoice: &einvoicev1.Invoice{Number: "../../CN/1", TypeCode: "381", CreatedAt: at, Customer: &einvoicev1.Party{Name: "Café"}}, Xml: []byte("<cn/>")},
	} {
		if err := stream.Send(d); err != nil {
			return err
		}
		if o.breaks != nil {
			return o.breaks
		}
		if o.hangs {
			<-stream.Context().Done()
			return stream.Context().Err()
		}
	}
	return nil
}

// opened serves the office at the address that the tool uses.
func opened(t *testing.T, o *office) *office {
	t.Helper()
	o.asked = make(chan proto.Message, 100)
	serve(t, identity.EInvoice, einvoiceAddr, &einvoicev1.OperatorService_ServiceDesc, o)
	return o
}

func asks(t *testing.T, o *office, want proto.Message) {
	t.Helper()
	if got := <-o.asked; !proto.Equal(got, want) {
		t.Errorf("asked %v, want %v", got, want)
	}
}

func TestTransmissionsAreOnlyCountedWithoutRun(t *testing.T) {
	o := opened(t, &office{})
	dry := eupayctl(t, "einvoice", "resubmit", "--merchant", "m_1")
	contains(t, dry.out, "3 transmissions would be sent again")
	contains(t, dry.err, "Nothing was changed. To do it, add --run.")
	asks(t, o, &einvoicev1.ResubmitRequest{MerchantId: "m_1", DryRun: true})
	contains(t, ok(t, "einvoice", "resubmit", "--invoice", "i-1", "--live", "--run"), "3 transmissions are due now")
	asks(t, o, &einvoicev1.ResubmitRequest{InvoiceId: "i-1", Livemode: true})
	if out := ok(t, "einvoice", "resubmit", "--invoice", "i-1", "--run", "-o", "json"); strings.TrimSpace(out) != `{"resubmitted":true,"transmissions":3}` {
		t.Errorf("got %s", out)
	}
	if got := eupayctl(t, "einvoice", "resubmit", "--invoice", "none"); got.code != exitFailed || !strings.Contains(got.err, "Invoice not found.") {
		t.Errorf("got %+v", got)
	}
}

func TestWaitingTransmissionsAreShown(t *testing.T) {
	o := opened(t, &office{})
	out := ok(t, "einvoice", "status", "--merchant", "m_1", "--live")
	contains(t, out, "KIND", "document", "waiting", "2026-06-17T12:00:00.000Z", "report", "INV-1", "i-1", "stopped", "7", "BR-CO-10")
	if strings.Contains(out, "\x1b") {
		t.Errorf("the platform's text controls the terminal: %q", out)
	}
	asks(t, o, &einvoicev1.SubmissionStatusRequest{MerchantId: "m_1", Livemode: true})
	lines := strings.Split(strings.TrimSpace(ok(t, "einvoice", "status", "-o", "json")), "\n")
	var count submissionView
	if err := json.Unmarshal([]byte(lines[0]), &count); err != nil || len(lines) != 3 || count.Count != 2 {
		t.Errorf("%v: %q", err, lines)
	}
}

func TestAnUnreachableServiceIsReported(t *testing.T) {
	as(t, identitytest.Files(t, identity.Operator))
	t.Setenv("EUPAY_EINVOICE_ADDR", "127.0.0.1:1")
	got := eupayctl(t, "einvoice", "status")
	if got.code != exitFailed || !strings.Contains(got.err, "EUPAY_EINVOICE_ADDR") {
		t.Errorf("got %+v", got)
	}
}

func exported(dir string) []string {
	return []string{"einvoice", "export", filepath.Join(dir, "a.zip"), "--merchant", "m_1", "--from", "2026-01-01", "--to", "2026-01-31"}
}

func unzipped(t *testing.T, path string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(content)
	}
	return files
}

func TestDocumentsAreExportedForFrenchExcel(t *testing.T) {
	o := opened(t, &office{})
	dir := t.TempDir()
	contains(t, ok(t, exported(dir)...), "2 documents are in ")
	asks(t, o, &einvoicev1.ExportRequest{MerchantId: "m_1", From: "2026-01-01", To: "2026-01-31"})
	files := unzipped(t, filepath.Join(dir, "a.zip"))
	if len(files) != 4 || files["INV-2026-AB12CD-000001.xml"] != "<xml/>" || files["facturx-INV-2026-AB12CD-000001.pdf"] != "%PDF-1" || files["------CN-1.xml"] != "<cn/>" {
		t.Errorf("got %v", files)
	}
	const index = "\ufeffnumber;type_code;status;seqino_status;lifecycle_code;audience;issue_date;due_date;customer_name;customer_siren;customer_vat_number;" +
		"total_ht;total_vat;total_ttc;amount_paid;amount_credited;amount_due;reference;payment_reference;corrects_number;reason;xml;pdf\r\n" +
		"INV-2026-AB12CD-000001;380;paid;submitted;212;;2026-01-31;;\"'=HYPERLINK(\"\"http://evil\"\";\"\"x\"\")\";;;1500,00;300,00;1800,00;1800,00;0,00;0,00;" +
		"'@SUM(1);'+1;;'-1 =2;INV-2026-AB12CD-000001.xml;facturx-INV-2026-AB12CD-000001.pdf\r\n" +
		"../../CN/1;381;;;0;;;;Café;;;0,00;0,00;0,00;0,00;0,00;0,00;;;;;'------CN-1.xml;\r\n"
	if files["index.csv"] != index {
		t.Errorf("got\n%q\nwant\n%q", files["index.csv"], index)
	}
	info, err := os.Stat(filepath.Join(dir, "a.zip"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestAnExportReplacesNothingUnlessForced(t *testing.T) {
	opened(t, &office{})
	dir := t.TempDir()
	path := filepath.Join(dir, "a.zip")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := eupayctl(t, exported(dir)...); got.code != exitUsage || !strings.Contains(got.err, "--force") {
		t.Errorf("got %+v", got)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "mine" {
		t.Errorf("%q, %v", content, err)
	}
	ok(t, append(exported(dir), "--force")...)
	if len(unzipped(t, path)) != 4 {
		t.Error("the file was not replaced")
	}
}

func TestAnExportThatFailsLeavesNothing(t *testing.T) {
	for name, o := range map[string]*office{
		"broken": {breaks: errors.New("disk on fire")}, "refused": {breaks: errs.NotFound("Merchant")}, "silent": {hangs: true},
	} {
		opened(t, o)
		dir := t.TempDir()
		path := filepath.Join(dir, "a.zip")
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		got := eupayctl(t, append(exported(dir), "--force", "--timeout", "300ms")...)
		if got.code != exitFailed || got.out != "" || strings.Contains(got.err, "fire") {
			t.Errorf("%s: got %+v", name, got)
		}
		content, err := os.ReadFile(path)
		left, globErr := filepath.Glob(filepath.Join(dir, ".export-*"))
		if err != nil || globErr != nil || string(content) != "mine" || len(left) != 0 {
			t.Errorf("%s: %q %v is left, %v", name, content, left, errors.Join(err, globErr))
		}
	}
}
