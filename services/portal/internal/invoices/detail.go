package invoices

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/lifecycle"
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// methods are how an invoice can have been paid.
var methods = []eupay.PaymentMethod{eupay.PaidByBank, eupay.PaidByCard, eupay.PaidByCash, eupay.PaidByTerminal, eupay.PaidByOther}

// step is one stage of an invoice's way, in words: the phrases invoices.step_<Key> and invoices.step_<Key>_text.
type step struct {
	Key, Tone, Icon string
	At              time.Time
	// Emitter and Reason are what the platforms say.
	Emitter, ReasonCode, Reason string
	// Means says what a refusal or rejection means and what to do, as the API does; empty for other steps. The phrases refusal.<Why> or, for
	// a reason that is not known, refusal.<Code> say it in other languages.
	Means, Why string
	Code       int
}

// view is what the page of one document shows.
type view struct {
	days
	*eupay.Invoice
	Steps []step
	// Next is what happens or what is to be done now: the phrases invoices.next_<Next> and invoices.next_<Next>_text. Tone is its colour.
	Next, Tone string
	// Left is what can still be credited. ByLine: the form takes the lines, of which there are not too many.
	Left    eupay.Amount
	ByLine  bool
	Methods []eupay.PaymentMethod
	Form    *web.Form
	// Doing is the form that is shown again: paid, cancel, credit.
	Doing                                   string
	MaySubmit, MayPay, MayCancel, MayCredit bool
	// MayRefund: what is credited can be refunded in the same step.
	MayRefund bool
	HasPDF    bool
}

// isInvoice reports whether the document asks for money: an invoice or a deposit.
func isInvoice(inv *eupay.Invoice) bool { return inv.TypeCode == "380" || inv.TypeCode == "386" }

// deposited is what the deposits of a final invoice have covered.
func deposited(inv *eupay.Invoice) eupay.Amount {
	var sum eupay.Amount
	for _, d := range inv.Deposits {
		sum += d.Amount
	}
	return sum
}

// paidByPayment reports whether one EU Pay payment, and nothing else, paid the document.
func paidByPayment(inv *eupay.Invoice) bool {
	return len(inv.Payments) == 1 && strings.HasPrefix(inv.Payments[0].PaymentReference, "PAY-")
}

// Line is the name of a field of a line in the form of a credit note.
func (view) Line(i int, field string) string { return line(i, field) }

// OfLines reports whether the form of a credit note names lines.
func (v view) OfLines() bool {
	for name, values := range v.Form.Values {
		if strings.HasPrefix(name, "items[") && len(values) > 0 && values[0] != "" {
			return true
		}
	}
	return false
}

func detail(r *web.Request) error {
	return show(r, http.StatusOK, web.NewForm("key", web.NewKey(), "payment_method", "bank"), "")
}

func show(r *web.Request, status int, f *web.Form, doing string) error {
	inv, err := r.API.Invoices.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := view{
		Invoice: inv, Steps: steps(inv), Left: inv.TotalTTC - deposited(inv) - inv.AmountCredited, Methods: methods, Form: f, Doing: doing,
		HasPDF: hasPDF(inv), ByLine: len(inv.Items) <= maxLines,
	}
	v.Next, v.Tone = next(inv, r.Site.Now())
	if mayIssue(r) {
		open := inv.Status == eupay.InvoiceDraft || inv.Status == eupay.InvoicePending
		first := isInvoice(inv)
		v.MaySubmit = inv.SeqinoStatus == "submission_failed" || inv.SeqinoStatus == "mandate_pending"
		v.MayPay = first && open && inv.AmountDue > 0
		v.MayCancel = first && (open || inv.Status == eupay.InvoiceFailed) && inv.AmountPaid == 0
		v.MayRefund = r.Session.Role == eupay.RoleMerchant && inv.AmountDue == 0 && paidByPayment(inv)
		v.MayCredit = first && v.Left > 0 && inv.SeqinoStatus == "submitted" && (open || inv.Status == eupay.InvoicePaid || inv.AmountPaid > 0)
	}
	return r.Render(status, "invoices/detail", v)
}

// hasPDF reports whether there is a PDF: of what the platform has, and of corrections that stay in the merchant's own books.
func hasPDF(inv *eupay.Invoice) bool {
	return inv.SeqinoStatus == "submitted" || inv.SeqinoStatus == "none" && inv.TypeCode != "380"
}

// steps are the way of a document so far, the oldest first.
func steps(inv *eupay.Invoice) []step {
	all := []step{{Key: "created", Tone: "good", Icon: "file-text", At: inv.CreatedAt}}
	switch inv.SeqinoStatus {
	case "mandate_pending":
		all = append(all, step{Key: "mandate_pending", Tone: "warn", Icon: "hourglass"})
	case "submitting":
		all = append(all, step{Key: "submitting", Tone: "wait", Icon: "send"})
	case "submission_failed":
		all = append(all, step{Key: "submission_failed", Tone: "bad", Icon: "circle-alert", Reason: inv.Problem})
	case "none":
		all = append(all, step{Key: "none", Tone: "quiet", Icon: "ban"})
	default:
		all = append(all, step{Key: "submitted", Tone: "good", Icon: "send", At: inv.SubmittedAt})
	}
	for _, e := range inv.LifecycleEvents {
		all = append(all, lifeStep(e))
	}
	return all
}

func lifeStep(e eupay.LifecycleEvent) step {
	tone, icon := looks(e.Code)
	s := step{Key: strconv.Itoa(e.Code), Tone: tone, Icon: icon, At: e.OccurredAt, Emitter: e.Emitter, ReasonCode: e.ReasonCode, Reason: e.Reason}
	if e.Code != lifecycle.Refused && e.Code != lifecycle.Rejected {
		return s
	}
	s.Means, s.Why, s.Code = e.Meaning+" "+e.Advice, s.Key+"_"+e.ReasonCode, e.Code
	if !lifecycle.IsRefusal(int32(e.Code), e.ReasonCode) {
		s.Key, s.Tone, s.Icon = s.Key+"_again", "quiet", "circle-dot"
	}
	return s
}

// looks are the colour and the icon of a step of the law.
func looks(code int) (tone, icon string) {
	switch code {
	case 210, 213:
		return "bad", "circle-x"
	case 206, 207, 208:
		return "warn", "triangle-alert"
	case 205, 212:
		return "good", "circle-check"
	case 211:
		return "good", "banknote"
	default:
		return "wait", "circle-dot"
	}
}

// next says what the document waits for, and whose turn it is.
func next(inv *eupay.Invoice, now time.Time) (key, tone string) {
	code := 0
	if inv.Lifecycle != nil {
		code = inv.Lifecycle.Code
	}
	switch {
	case inv.Status == eupay.InvoiceCancelled:
		return "cancelled", "info"
	case inv.Status == eupay.InvoiceFailed && code == 210:
		return "refused_by_buyer", "bad"
	case inv.Status == eupay.InvoiceFailed:
		return "rejected", "bad"
	case (code == lifecycle.Refused || code == lifecycle.Rejected) && inv.AmountDue > 0:
		return "unclear", "warn"
	case inv.SeqinoStatus == "mandate_pending":
		return "mandate", "warn"
	case inv.SeqinoStatus == "submission_failed" && inv.Problem != "":
		return "refused", "bad"
	case inv.SeqinoStatus == "submission_failed", inv.SeqinoStatus == "submitting":
		return "on_its_way", "info"
	case !isInvoice(inv):
		return "correction", "info"
	case inv.Status == eupay.InvoiceRefunded:
		return "refunded", "info"
	case inv.Status == eupay.InvoicePaid:
		return "paid", "good"
	case code == 207 || code == 208:
		return "disputed", "warn"
	case inv.DueDate != "" && inv.DueDate < now.In(paris).Format(time.DateOnly):
		return "overdue", "warn"
	default:
		return "to_pay", "info"
	}
}

func submit(r *web.Request) error {
	id := r.PathValue("id")
	got, err := r.API.Invoices.Submit(r.Ctx(), id)
	if err != nil {
		return again(r, web.NewForm("key", web.NewKey()), "submit", err)
	}
	if got.Seqino != nil && !got.Seqino.Submitted {
		return r.Redirect(path(id), "") // its page says why
	}
	return r.Redirect(path(id), "invoice_submitted")
}

// again shows the document with the form that was refused.
func again(r *web.Request, f *web.Form, doing string, err error) error {
	if !r.Refused(f, err) {
		return err
	}
	return show(r, http.StatusUnprocessableEntity, f, doing)
}

func paid(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	p := eupay.MarkPaidParams{
		PaymentMethod: eupay.PaymentMethod(f.Get("payment_method")), PaymentDate: f.Get("payment_date"), Amount: f.Amount(r, "amount"), IdempotencyKey: f.Get("key"),
	}
	if !f.OK() {
		return show(r, http.StatusUnprocessableEntity, f, "paid")
	}
	if _, err := r.API.Invoices.MarkPaid(r.Ctx(), r.PathValue("id"), p); err != nil {
		return again(r, f, "paid", err)
	}
	return r.Redirect(path(r.PathValue("id")), "invoice_paid")
}

func cancel(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if _, err := r.API.Invoices.Cancel(r.Ctx(), r.PathValue("id"), eupay.CancelInvoiceParams{Reason: f.Get("reason")}); err != nil {
		return again(r, f, "cancel", err)
	}
	return r.Redirect(path(r.PathValue("id")), "invoice_cancelled")
}
