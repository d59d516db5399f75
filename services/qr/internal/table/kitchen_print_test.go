package table

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

func (p *pass) poll(t *testing.T, token string) string {
	t.Helper()
	res, err := p.kitchen.PollPrinter(t.Context(), &qrv1.PollPrinterRequest{Token: token, StatusCode: "200 OK", Mac: "00:11:62:AB:00:01"})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetJobId()
}

func (p *pass) fetch(t *testing.T, token string) (id, text string) {
	t.Helper()
	if id = p.poll(t, token); id == "" {
		t.Fatal("nothing to print")
	}
	res, err := p.kitchen.FetchTicket(t.Context(), &qrv1.FetchTicketRequest{Token: token, JobId: id, MediaType: "text/plain", Utf8: true})
	if err != nil {
		t.Fatal(err)
	}
	return id, string(res.GetContent())
}

func (p *pass) confirm(t *testing.T, token, id, code string) {
	t.Helper()
	if _, err := p.kitchen.ConfirmTicket(t.Context(), &qrv1.ConfirmTicketRequest{Token: token, JobId: id, Code: code}); err != nil {
		t.Fatal(err)
	}
}

func (p *pass) print(t *testing.T, token string) string {
	t.Helper()
	id, text := p.fetch(t, token)
	p.confirm(t, token, id, "200 OK")
	return text
}

func (p *pass) jobs(t *testing.T) []*qrv1.PrintJob {
	t.Helper()
	res, err := p.kitchen.ListPrintJobs(t.Context(), &qrv1.ListPrintJobsRequest{MerchantId: p.merchant, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetJobs()
}

func TestEveryStationGetsItsTicketOnceAndWhatWasHandedOverIsACopy(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	tea, steak := p.product(t, p.merchant, "Tea", 300, 9), p.product(t, p.merchant, "Steak", 2000, 9)
	bar := p.station(t, "Bar", nil, []string{tea})
	grill := p.station(t, "Grill", nil, []string{steak})
	_, counter := p.printer(t, bar.GetId())
	_, kitchen := p.printer(t, grill.GetId())
	paid := p.paidRequest(item(tea, 1), item(steak, 2))
	paid.Notes, paid.Items[1].Notes = "birthday", "bleu\x1bd"
	o := p.mustPlace(t, paid)
	if id := p.poll(t, counter); id != "" {
		t.Error("a ticket is printed before the order is paid")
	}
	p.apply(t, payment("completed", o, o.GetPaymentReference()), payment("completed", o, o.GetPaymentReference()))
	if n := len(p.jobs(t)); n != 2 {
		t.Fatalf("%d tickets", n)
	}
	if text := p.print(t, counter); !strings.Contains(text, "1 x Tea") || strings.Contains(text, "Steak") || !strings.Contains(text, "Bar") || !strings.Contains(text, "Table 4") {
		t.Errorf("the bar gets %q", text)
	}
	id, text := p.fetch(t, kitchen)
	if strings.Contains(text, "COPIE") || !strings.Contains(text, "2 x Steak") || !strings.Contains(text, "! bleu") || !strings.Contains(text, "birthday") || strings.ContainsRune(text, 0x1b) {
		t.Errorf("the grill gets %q", text)
	}
	// The power is cut before the printer confirms.
	again, text := p.fetch(t, kitchen)
	if again != id || !strings.Contains(text, "COPIE") {
		t.Errorf("printed again: %s %q", again, text)
	}
	p.confirm(t, kitchen, id, "410 Paper out")
	if j := p.jobs(t)[0]; j.GetState() != "queued" || j.GetProblem() != "410 Paper out" || j.GetAttempts() != 2 {
		t.Errorf("without paper: %v", j)
	}
	p.print(t, kitchen)
	p.confirm(t, kitchen, id, "520 Download failed") // late, and too late
	if j := p.jobs(t)[0]; j.GetState() != "printed" || j.GetProblem() != "" {
		t.Errorf("printed: %v", j)
	}
	if _, err := p.kitchen.PrintAgain(t.Context(), &qrv1.PrintAgainRequest{MerchantId: p.merchant, Id: id}); err != nil {
		t.Fatal(err)
	}
	if text := p.print(t, kitchen); !strings.Contains(text, "COPIE") {
		t.Errorf("again: %q", text)
	}
	_, err := p.kitchen.PrintAgain(t.Context(), &qrv1.PrintAgainRequest{MerchantId: uuid.NewString(), Id: id})
	wantCode(t, err, errs.NotFoundCode)
	_, err = p.kitchen.FetchTicket(t.Context(), &qrv1.FetchTicketRequest{Token: counter, JobId: id, MediaType: "text/plain"})
	wantCode(t, err, errs.NotFoundCode) // of another printer
	_, err = p.kitchen.FetchTicket(t.Context(), &qrv1.FetchTicketRequest{Token: counter, MediaType: "image/png"})
	wantCode(t, err, errs.UnsupportedMedia)
	_, err = p.kitchen.PollPrinter(t.Context(), &qrv1.PollPrinterRequest{Token: strings.Repeat("0", 32)})
	wantCode(t, err, errs.NotFoundCode)
}

func TestATicketIsGivenUpAfterTenAttemptsAndExpiresAfterTwoHours(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	id, token := p.printer(t)
	test := func() {
		t.Helper()
		if _, err := p.kitchen.TestPrinter(t.Context(), &qrv1.TestPrinterRequest{MerchantId: p.merchant, Id: id}); err != nil {
			t.Fatal(err)
		}
	}
	test()
	for range 10 {
		job, text := p.fetch(t, token)
		if !strings.Contains(text, "L’imprimante fonctionne") {
			t.Fatalf("got %q", text)
		}
		p.confirm(t, token, job, "511 Media decoding error")
	}
	if j := p.jobs(t)[0]; p.poll(t, token) != "" || j.GetState() != "failed" || j.GetProblem() != "511 Media decoding error" {
		t.Errorf("got %v", j)
	}
	test()
	p.clock.Advance(2 * time.Hour)
	if job := p.poll(t, token); job != "" {
		t.Error("an old ticket is printed")
	}
	if err := p.kitchen.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if j := p.jobs(t)[0]; j.GetState() != "expired" {
		t.Errorf("got %v", j)
	}
}

func TestASilentPrinterIsAnnouncedOnce(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	id, token := p.printer(t)
	printer := func() *qrv1.Printer {
		res, err := p.kitchen.GetPrinter(t.Context(), &qrv1.GetPrinterRequest{MerchantId: p.merchant, Id: id})
		if err != nil {
			t.Fatal(err)
		}
		return res.GetPrinter()
	}
	sweep := func(want int) {
		t.Helper()
		if err := p.kitchen.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := p.pool.QueryRow(t.Context(), `select count(*) from outbox where event_type = 'printer.offline'`).Scan(&n); err != nil || n != want {
			t.Errorf("%d announcements, want %d (%v)", n, want, err)
		}
	}
	p.clock.Advance(time.Hour)
	sweep(0) // it has never asked
	if s := printer().GetStatus(); s != "new" {
		t.Errorf("it is %s", s)
	}
	p.poll(t, token)
	if v := printer(); v.GetStatus() != "online" || v.GetMac() != "00:11:62:ab:00:01" {
		t.Errorf("it is %v", v)
	}
	p.clock.Advance(6 * time.Minute)
	sweep(1)
	sweep(1)
	if s := printer().GetStatus(); s != "offline" {
		t.Errorf("it is %s", s)
	}
	p.poll(t, token)
	p.clock.Advance(6 * time.Minute)
	sweep(2)
	if _, err := p.kitchen.PollPrinter(t.Context(), &qrv1.PollPrinterRequest{Token: token, StatusCode: "410 Paper out"}); err != nil {
		t.Fatal(err)
	}
	if s := printer().GetStatus(); s != "problem" {
		t.Errorf("it is %s", s)
	}
	renewed, err := p.kitchen.RenewPrinterToken(t.Context(), &qrv1.RenewPrinterTokenRequest{MerchantId: p.merchant, Id: id})
	if err != nil {
		t.Fatal(err)
	}
	p.poll(t, renewed.GetToken())
	_, err = p.kitchen.PollPrinter(t.Context(), &qrv1.PollPrinterRequest{Token: token})
	wantCode(t, err, errs.NotFoundCode)
}
