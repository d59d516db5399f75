package payments

import (
	"errors"
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/text"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// refused reports whether the API said why it does not do something.
func refused(err error) bool {
	var e *eupay.Error
	return errors.As(err, &e) && e.Code != "" && !errors.Is(err, eupay.ErrNotFound)
}

// act does what a form asks for. What is refused is shown in the form of that name, with what was typed.
func act(r *web.Request, name, notice string, do func(reference string, f *web.Form) (shown string, err error)) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	shown, err := do(r.PathValue("reference"), f)
	if f.OK() && err == nil {
		return r.Redirect(pathOf(shown), notice)
	}
	if err != nil && (errors.Is(err, eupay.ErrNotFound) || errors.Is(err, eupay.ErrID) || !r.Refused(f, err)) {
		return err
	}
	return show(r, http.StatusUnprocessableEntity, name, f)
}

func cancel(r *web.Request) error {
	return act(r, "cancel", "cancel_asked", func(reference string, _ *web.Form) (string, error) {
		_, err := r.API.Payments.Cancel(r.Ctx(), reference)
		return reference, err
	})
}

func refund(r *web.Request) error {
	return act(r, "refund", "refund_made", func(reference string, f *web.Form) (string, error) {
		amount := f.Amount(r, "amount")
		if amount < 0 || f.Get("amount") != "" && amount == 0 {
			f.Wrong("amount", r.Text.T("common.amount_wrong")) // none means all of it: what was typed must not become that
		}
		if !f.OK() {
			return "", nil
		}
		back, err := r.API.Refunds.Create(r.Ctx(), reference, eupay.RefundParams{Amount: amount, IdempotencyKey: f.Get("key")})
		if err != nil {
			return "", err
		}
		return back.Reference, nil
	})
}

func received(r *web.Request) error {
	return act(r, "received", "payment_received", func(reference string, f *web.Form) (string, error) {
		_, err := r.API.Payments.ConfirmReceived(r.Ctx(), reference, eupay.ReceivedParams{Note: f.Get("note")})
		return reference, err
	})
}

func notReceived(r *web.Request) error {
	return act(r, "not-received", "payment_not_received", func(reference string, f *web.Form) (string, error) {
		_, err := r.API.Payments.ConfirmNotReceived(r.Ctx(), reference, eupay.NotReceivedParams{Note: f.Get("note")})
		return reference, err
	})
}

func late(r *web.Request) error {
	return act(r, "late", "payment_late", func(reference string, f *web.Form) (string, error) {
		p := eupay.LateReceiptParams{Amount: f.Amount(r, "amount"), Note: f.Get("note"), PayerName: f.Get("payer_name"), PayerIBAN: f.Get("payer_iban")}
		if p.Amount < 0 || f.Get("amount") != "" && p.Amount == 0 {
			f.Wrong("amount", r.Text.T("common.amount_wrong"))
		}
		if day := f.Get("received_at"); day != "" {
			begin, _, err := text.Day(day)
			if err != nil {
				f.Wrong("received_at", r.Text.T("payments.day_wrong"))
			}
			p.ReceivedAt = begin
		}
		if !f.OK() {
			return "", nil
		}
		_, err := r.API.Payments.BookLateReceipt(r.Ctx(), reference, p)
		return reference, err
	})
}
