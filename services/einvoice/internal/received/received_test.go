package received

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/sandbox/einvoicing"
	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/facturx"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

func codes(v *einvoicev1.ReceivedInvoice) (all []string) {
	for _, f := range v.GetFindings() {
		all = append(all, f.GetCode())
	}
	return all
}

func TestAnInvoiceArrivesInEachFormat(t *testing.T) {
	t.Parallel()
	d := invoicetest.Find("b2b")
	xml := cii.Write(d)
	pdf, err := facturx.Render(d, xml, facturx.Look{})
	if err != nil {
		t.Fatal(err)
	}
	for format, c := range map[string]struct{ file, xml []byte }{
		"cii": {sample(t, "cii"), sample(t, "cii")}, "ubl": {sample(t, "ubl"), sample(t, "ubl")}, "factur-x": {pdf, xml},
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			id := f.deliver(format, c.file)
			f.turn()
			got := f.only()
			if got.GetFormat() != format || got.GetPlatformId() != id || got.GetStatus() != "received" || got.GetLifecycleCode() != 203 || got.GetNumber() == "" ||
				got.GetTotalCents() == 0 || len(got.GetLines()) == 0 || got.GetSha256() == "" || !got.GetUnknownSender() {
				t.Errorf("%+v", got)
			}
			gotXML, _, err := f.XML(t.Context(), f.who, got.GetId())
			if err != nil || !bytes.Equal(gotXML, c.xml) {
				t.Errorf("the XML is another: %v", err)
			}
			page, _, rendered, err := f.PDF(t.Context(), f.who, got.GetId())
			if err != nil || !bytes.HasPrefix(page, []byte("%PDF-")) || rendered != (format != "factur-x") || !rendered && !bytes.Equal(page, c.file) {
				t.Errorf("the PDF is wrong: %d bytes, rendered %v, %v", len(page), rendered, err)
			}
			types, last := f.events()
			if !slices.Equal(types, []string{"invoice.received"}) || last.GetInvoice().GetId() != got.GetId() || last.GetInvoice().GetLines() != nil ||
				last.GetInvoice().GetAccounts() != nil || last.GetInvoice().GetSequence() != 1 {
				t.Errorf("announced %v, %+v", types, last)
			}
		})
	}
}

// A webhook only makes the list be read earlier: what it announced comes without it, each document once.
func TestNothingIsLostWithoutWebhooks(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.turn()
	for range 120 { // more than two pages of the platform
		f.deliver("cii", sample(t, "cii"))
	}
	f.turn()
	if n := len(f.all()); n != 0 {
		t.Errorf("%d came before the list was due", n)
	}
	f.clock.Advance(listEvery)
	for range 3 {
		f.turn()
		f.clock.Advance(lease)
	}
	last := f.deliver("ubl", sample(t, "ubl"))
	if err := f.Hint(t.Context(), false, f.client); err != nil {
		t.Fatal(err)
	}
	f.turn()
	var cursor string
	if err := f.Pool.QueryRow(t.Context(), `select cursor from inboxes`).Scan(&cursor); err != nil || cursor != last {
		t.Errorf("the list is read again from %q and not from %s: %v", cursor, last, err)
	}
	total := 0
	if err := f.Pool.QueryRow(t.Context(), `select count(*) from received_invoices where fetch_at is null`).Scan(&total); err != nil || total != 121 {
		t.Errorf("%d of 121 are here: %v", total, err)
	}
}

// An outage, a lost answer and a document that comes late: the row stays due until it is here.
func TestADocumentIsFetchedUntilItIsHere(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.deliver("cii", sample(t, "cii"))
	if err := f.platform.SetFaults(einvoicing.Fault{Kind: "error", Status: 503, Operation: "file", Times: 2}); err != nil {
		t.Fatal(err)
	}
	f.turn()
	if n := len(f.all()); n != 0 {
		t.Fatal("a document without content is shown")
	}
	for range 2 {
		f.clock.Advance(longestRetry)
		f.turn()
	}
	f.only()
	if types, _ := f.events(); len(types) != 1 {
		t.Errorf("announced %v", types)
	}
}

func TestWhatCannotBeReadIsShownWithTheReason(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.deliver("cii", []byte(`<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>`))
	f.turn()
	got := f.only()
	if got.GetStatus() != "unreadable" || !strings.Contains(got.GetProblem(), "declares a document type") {
		t.Errorf("%+v", got)
	}
	if _, _, _, err := f.PDF(t.Context(), f.who, got.GetId()); !errs.Is(err, errs.InvalidState) {
		t.Errorf("its page: %v", err)
	}
	if xml, _, err := f.XML(t.Context(), f.who, got.GetId()); err != nil || !bytes.HasPrefix(xml, []byte("<!DOCTYPE")) {
		t.Errorf("its file: %q, %v", xml, err)
	}
	if err := f.answer(got.GetId(), 210, "NON_CONFORME"); err != nil {
		t.Errorf("it cannot be refused: %v", err)
	}
}

func TestDuplicatesAndUnknownSendersAreMarked(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.deliver("cii", sample(t, "cii"))
	f.turn()
	first := f.only()
	f.clock.Advance(listEvery)
	lastYear := bytes.ReplaceAll(sample(t, "ubl"), []byte("2026-11-05"), []byte("2025-11-05"))
	f.deliver("ubl", lastYear) // the same number in another year is another invoice
	f.deliver("ubl", sample(t, "ubl"))
	f.turn()
	var duplicates int
	for _, v := range f.all() {
		switch v.GetDuplicateOf() {
		case "":
		case first.GetId():
			duplicates++
			if !slices.Contains(codes(v), "duplicate") || v.GetIssueDate() != "2026-11-05" {
				t.Errorf("%v", v)
			}
		default:
			t.Errorf("%s is a duplicate of %s", v.GetId(), v.GetDuplicateOf())
		}
		if !v.GetUnknownSender() {
			t.Error("the sender is known before anything was accepted")
		}
	}
	if duplicates != 1 {
		t.Errorf("%d duplicates", duplicates)
	}
	if err := f.answer(first.GetId(), 205, ""); err != nil {
		t.Fatal(err)
	}
	for _, v := range f.all() {
		if v.GetUnknownSender() {
			t.Error("the sender is unknown after an invoice was approved")
		}
	}
}

// An invoice of a known supplier with another account is how money is stolen.
func TestAnotherAccountOfASupplierIsReported(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.deliver("cii", sample(t, "cii"))
	f.turn()
	first := f.only()
	if slices.Contains(codes(first), "iban_changed") || first.GetAccounts()[0].GetSeenBefore() {
		t.Errorf("the first invoice: %v", codes(first))
	}
	if err := f.answer(first.GetId(), 205, ""); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(listEvery)
	next := bytes.ReplaceAll(sample(t, "ubl"), []byte("F-2026-17"), []byte("F-2026-18"))
	f.deliver("ubl", next)
	f.deliver("ubl", bytes.ReplaceAll(bytes.ReplaceAll(next, []byte("F-2026-18"), []byte("F-2026-19")), []byte("FR7630006000011234567890189"), []byte("DE89370400440532013000")))
	f.turn()
	for _, v := range f.all() {
		changed := slices.Contains(codes(v), "iban_changed")
		if want := v.GetNumber() == "F-2026-19"; changed != want {
			t.Errorf("%s: %v", v.GetNumber(), codes(v))
		}
		if v.GetNumber() == "F-2026-18" && !v.GetAccounts()[0].GetSeenBefore() {
			t.Error("the account of before is not known")
		}
	}
}

// The sample's buyer is Boulangerie Dupont, and the merchant of the test is not.
func TestAnInvoiceForAnotherCompanyIsMarked(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.deliver("cii", sample(t, "cii"))
	own := bytes.ReplaceAll(sample(t, "cii"), []byte("552100554"), []byte(invoicetest.Settings().SIREN()))
	f.deliver("cii", bytes.ReplaceAll(own, []byte("F-2026-17"), []byte("F-2026-18")))
	f.turn()
	for _, v := range f.all() {
		if got, want := slices.Contains(codes(v), "other_buyer"), v.GetNumber() == "F-2026-17"; got != want {
			t.Errorf("%s: %v", v.GetNumber(), codes(v))
		}
	}
}

func TestAnswersReachTheSupplierInTheirOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.deliver("cii", sample(t, "cii"))
	f.turn()
	id := f.only().GetId()
	// The first is not accepted at once: what follows must wait for it.
	if err := f.platform.SetFaults(einvoicing.Fault{Kind: "error", Status: 503, Operation: "send-status", Times: 1}); err != nil {
		t.Fatal(err)
	}
	for _, code := range []int{204, 205, 211} {
		if err := f.answer(id, code, ""); err != nil {
			t.Fatal(err)
		}
		f.clock.Advance(time.Millisecond)
	}
	for range 6 {
		f.send()
		f.clock.Advance(time.Minute)
	}
	at := f.platform.ReceivedDocuments()[0]
	if !slices.Equal(at.Events, []int{202, 203, 204, 205, 211}) {
		t.Errorf("the platform has %v", at.Events)
	}
	got := f.only()
	if got.GetStatus() != "payment_sent" || len(got.GetAnswers()) != 3 {
		t.Errorf("%+v", got)
	}
	for _, a := range got.GetAnswers() {
		if a.GetState() != "sent" || a.GetSentAt() == nil || a.GetLabel() == "" {
			t.Errorf("%+v", a)
		}
	}
	if types, _ := f.events(); !slices.Equal(types, []string{"invoice.received", "invoice.answered", "invoice.answered", "invoice.answered"}) {
		t.Errorf("announced %v", types)
	}
}

// The platform has the answer, and we do not know it: it is found by our reference.
func TestALostAnswerOfThePlatformIsNoSecondAnswer(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.deliver("cii", sample(t, "cii"))
	f.turn()
	if err := f.platform.SetFaults(einvoicing.Fault{Kind: "lost-answer", Operation: "send-status", Times: 1}); err != nil {
		t.Fatal(err)
	}
	if err := f.answer(f.only().GetId(), 204, ""); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		f.send()
		f.clock.Advance(time.Minute)
	}
	if at := f.platform.ReceivedDocuments()[0]; !slices.Equal(at.Events, []int{202, 203, 204}) || f.only().GetAnswers()[0].GetState() != "sent" {
		t.Errorf("the platform has %v, the answer is %v", at.Events, f.only().GetAnswers())
	}
}

// What the platform refuses for good did not happen: the invoice has the status of before.
func TestAnAnswerThatThePlatformRefusesIsTakenBack(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.deliver("cii", sample(t, "cii"))
	f.turn()
	id := f.only().GetId()
	if err := f.platform.SetFaults(einvoicing.Fault{Kind: "error", Status: 422, Operation: "send-status", Times: 1}); err != nil {
		t.Fatal(err)
	}
	if err := f.answer(id, 205, ""); err != nil {
		t.Fatal(err)
	}
	f.send()
	got := f.only()
	if got.GetStatus() != "received" || got.GetAnswers()[0].GetState() != "refused" || got.GetAnswers()[0].GetProblem() == "" {
		t.Errorf("%+v", got)
	}
	if _, last := f.events(); last.GetInvoice().GetStatus() != "received" || last.GetAnswer().GetState() != "refused" {
		t.Errorf("announced %+v", last)
	}
	if err := f.answer(id, 204, ""); err != nil {
		t.Errorf("it cannot be answered again: %v", err)
	}
}

// Every pair of codes, against the platform's own table.
func TestWhichAnswerMayFollowWhich(t *testing.T) {
	t.Parallel()
	f := setup(t)
	reason := func(code int) string {
		if slices.Contains(needsReason, code) {
			return "CALCUL_ERR"
		}
		return ""
	}
	for _, from := range []int{available, 204, 205, 206, 207, 208, 210, 211} {
		for _, to := range []int{204, 205, 206, 207, 208, 209, 210, 211, 212, 213} {
			f.deliver("cii", sample(t, "cii"))
			f.clock.Advance(listEvery)
			f.turn()
			id := f.all()[0].GetId()
			if from != available {
				if err := f.answer(id, from, reason(from)); err != nil {
					t.Fatalf("%d: %v", from, err)
				}
				f.send()
			}
			err := f.answer(id, to, reason(to))
			f.send()
			allowed := slices.Contains(moves[from], to)
			if (err == nil) != allowed {
				t.Errorf("%d after %d: %v", to, from, err)
			}
			if err == nil && f.all()[0].GetAnswers()[len(f.all()[0].GetAnswers())-1].GetState() != "sent" {
				t.Errorf("the platform refuses %d after %d", to, from)
			}
			if _, err := f.Pool.Exec(t.Context(), `truncate received_invoices cascade`); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAReasonIsGivenWhereItIsNeeded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code   int
		reason string
		valid  bool
	}{
		{204, "", true},
		{205, "", true},
		{211, "", true},
		{205, "CALCUL_ERR", false},
		{206, "CALCUL_ERR", true},
		{206, "", false},
		{207, "", false},
		{208, "", false},
		{210, "", false},
		{210, "DOUBLON", true},
		{210, "REJ_SEMAN", false},
		{210, "doublon", false},
	} {
		if err := (Given{Code: c.code, ReasonCode: c.reason}).check(); (err == nil) != c.valid {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := (Given{Code: 205, Reason: strings.Repeat("é", maxReason+1)}).check(); err == nil {
		t.Error("a reason of any length is accepted")
	}
}

func TestARepeatedAnswerIsOne(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.deliver("cii", sample(t, "cii"))
	f.turn()
	id := f.only().GetId()
	same := Idempotency{Key: "k1", Hash: []byte("a")}
	for i := range 2 {
		v, replayed, err := f.Answer(t.Context(), f.who, id, Given{Code: 204}, same)
		if err != nil || replayed != (i == 1) || len(v.Answers) != 1 {
			t.Errorf("%d: %v, %v, %d answers", i, err, replayed, len(v.Answers))
		}
	}
	if _, _, err := f.Answer(t.Context(), f.who, id, Given{Code: 205}, Idempotency{Key: "k1", Hash: []byte("b")}); !errs.Is(err, errs.IdempotencyConflict) {
		t.Errorf("another request with the key: %v", err)
	}
}

func TestAnotherMerchantsOrModesInvoiceIsNotFound(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.deliver("cii", sample(t, "cii"))
	f.turn()
	id := f.only().GetId()
	for _, other := range []Who{{MerchantID: "m2"}, {MerchantID: "m1", Livemode: true}} {
		_, err := f.Get(t.Context(), other, id)
		_, _, _, errPDF := f.PDF(t.Context(), other, id)
		_, _, errXML := f.XML(t.Context(), other, id)
		_, _, errAnswer := f.Answer(t.Context(), other, id, Given{Code: 204}, Idempotency{})
		for what, err := range map[string]error{"read": err, "PDF": errPDF, "XML": errXML, "answer": errAnswer} {
			if !errs.Is(err, errs.NotFoundCode) {
				t.Errorf("%+v, %s: %v", other, what, err)
			}
		}
		if list, total, err := f.List(t.Context(), other, Filter{Page: 1, Limit: 10}); err != nil || total.Rows != 0 || len(list) != 0 {
			t.Errorf("%+v lists %d: %v", other, total.Rows, err)
		}
		if _, _, err := f.ListAfter(t.Context(), other, Filter{Limit: 10}, id); !errs.Is(err, errs.ValidationError) {
			t.Errorf("%+v lists after it: %v", other, err)
		}
	}
}

func TestListsHaveFiltersAndCursors(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for range 5 {
		f.deliver("cii", sample(t, "cii"))
		f.clock.Advance(listEvery)
		f.turn()
	}
	all := f.all()
	if err := f.answer(all[2].GetId(), 205, ""); err != nil {
		t.Fatal(err)
	}
	var got []string
	for after := all[0].GetId(); ; {
		page, more, err := f.ListAfter(t.Context(), f.who, Filter{Limit: 2}, after)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page {
			got = append(got, page[i].ID.String())
		}
		if !more {
			break
		}
		after = got[len(got)-1]
	}
	for i, id := range got {
		if id != all[i+1].GetId() {
			t.Errorf("%d is %s", i, id)
		}
	}
	for _, c := range []struct {
		f    Filter
		want int64
	}{
		{Filter{Status: "approved"}, 1},
		{Filter{Status: "received"}, 4},
		{Filter{SellerSIREN: "732829320"}, 5},
		{Filter{SellerSIREN: "552100554"}, 0},
		{Filter{From: all[1].GetCreatedAt().AsTime()}, 2},
		{Filter{To: all[1].GetCreatedAt().AsTime()}, 3},
	} {
		c.f.Page, c.f.Limit = 1, 10
		if _, total, err := f.List(t.Context(), f.who, c.f); err != nil || total.Rows != c.want {
			t.Errorf("%+v: %d, %v", c.f, total.Rows, err)
		}
	}
}

// Two workers that fetch one document, and two duplicates at once, record each once and mark one.
func TestWorkersDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.deliver("cii", sample(t, "cii"))
	f.deliver("ubl", sample(t, "ubl"))
	inboxes, err := f.claimInboxes(t.Context(), false, 10)
	f.must(err)
	for _, of := range inboxes {
		f.list(t.Context(), of)
	}
	due, err := f.claimFetches(t.Context(), false, 10)
	f.must(err)
	done := make(chan struct{})
	for range 3 {
		for _, id := range due {
			go func() {
				f.fetch(t.Context(), id)
				done <- struct{}{}
			}()
		}
	}
	for range 3 * len(due) {
		<-done
	}
	duplicates := 0
	for _, v := range f.all() {
		if v.GetDuplicateOf() != "" {
			duplicates++
		}
	}
	if types, _ := f.events(); len(types) != 2 || duplicates != 1 {
		t.Errorf("announced %v, %d duplicates", types, duplicates)
	}
}
