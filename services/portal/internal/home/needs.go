package home

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// need is something that somebody has to do. Tone is that of its colour.
type need struct {
	Tone, Icon, Title, Text, Href string
}

// needing is what the part of the page shows. Unknown: some of it could not be asked for.
type needing struct {
	List    []need
	Unknown bool
}

// needs answers the part of the page that says what needs somebody. The page asks for it when it is shown: nothing waits for it.
func needs(r *web.Request) error {
	found, err := find(r)
	if errors.Is(err, eupay.ErrUnauthenticated) {
		return err
	}
	var n needing
	n.Unknown = err != nil
	for _, list := range found {
		n.List = append(n.List, list...)
	}
	if r.Fragment() {
		return r.RenderPart("home/needs", "needs", n)
	}
	return r.Render(http.StatusOK, "home/needs", n)
}

// find asks for everything at once.
func find(r *web.Request) ([][]need, error) {
	sources := []func(*web.Request) ([]need, error){
		ofProfile,
		ofWaiting(eupay.DetailAmountMismatch), ofWaiting(eupay.DetailAcceptedByBank), ofEndpoints, ofInvoices, ofMandate,
	}
	found, calls := make([][]need, len(sources)), make([]func() error, len(sources))
	for i, source := range sources {
		calls[i] = web.Into(&found[i], func() ([]need, error) { return source(r) })
	}
	err := web.Together(calls...)
	return found, err
}

// ofWaiting are payments of which only the merchant can say whether their money came.
func ofWaiting(detail eupay.StatusDetail) func(*web.Request) ([]need, error) {
	return func(r *web.Request) ([]need, error) {
		got, err := r.API.Payments.List(r.Ctx(), eupay.PaymentListParams{
			ListParams: eupay.ListParams{Limit: 100}, Status: eupay.PaymentPendingSCA, StatusDetail: detail, Uncounted: true,
		})
		if err != nil || len(got.Data) == 0 {
			return nil, err
		}
		n := need{
			Tone: "warn", Icon: "hourglass", Title: r.Text.N("home.need_"+string(detail), len(got.Data)),
			Href: "/portal/payments?status=pending_sca&detail=" + string(detail),
		}
		if by := deadline(got.Data); !by.IsZero() {
			n.Text = r.Text.T("home.need_deadline", "when", r.Text.DateTime(by))
		}
		if len(got.Data) == 1 {
			n.Href = "/portal/payments/" + got.Data[0].Reference
		}
		return []need{n}, nil
	}
}

// deadline is the first one of them.
func deadline(list []eupay.Payment) time.Time {
	first := time.Time{}
	for _, p := range list {
		if by := p.SettlementDeadline; !by.IsZero() && (first.IsZero() || by.Before(first)) {
			first = by
		}
	}
	return first
}

func ofProfile(r *web.Request) ([]need, error) {
	m, err := r.API.Merchant.Get(r.Ctx())
	if err != nil {
		return nil, err
	}
	var list []need
	if !m.GatewayEnabled {
		list = append(list, need{Tone: "info", Icon: "clock", Title: r.Text.T("home.need_enabled"), Text: r.Text.T("home.need_enabled_text")})
	}
	if c := m.IBANChange; c != nil {
		list = append(list, need{
			Tone: "warn", Icon: "landmark", Title: r.Text.T("home.need_iban"), Href: "/portal/settings",
			Text: r.Text.T("home.need_iban_text", "end", tail(c.IBAN), "when", r.Text.DateTime(c.EffectiveAt)),
		})
	}
	if len(m.LiveMissing) > 0 {
		names := make([]string, len(m.LiveMissing))
		for i, field := range m.LiveMissing {
			names[i] = r.Text.Or("home.field_"+field, field)
		}
		list = append(list, need{
			Tone: "info", Icon: "circle-user", Title: r.Text.T("home.need_profile"), Href: "/portal/settings",
			Text: r.Text.T("home.need_profile_text", "fields", strings.Join(names, ", ")),
		})
	}
	return list, nil
}

// tail is the end of an account number, by which a merchant knows it.
func tail(iban string) string { return iban[max(len(iban)-4, 0):] }

func ofEndpoints(r *web.Request) ([]need, error) {
	got, err := r.API.WebhookEndpoints.List(r.Ctx(), eupay.ListParams{Limit: 100})
	if err != nil {
		return nil, err
	}
	var list []need
	for _, e := range got.Data {
		href := "/portal/webhooks/" + e.ID
		switch {
		case !e.Enabled && e.DisabledReason != "by_merchant":
			list = append(list, need{Tone: "bad", Icon: "webhook", Title: r.Text.T("home.need_endpoint_off"), Text: e.URL, Href: href})
		case e.Enabled && slices.Contains([]string{"failing", "open", "half_open"}, e.Health.State):
			text := r.Text.T("home.need_endpoint_text", "url", e.URL, "n", r.Text.Number(e.Health.ConsecutiveFailures))
			list = append(list, need{Tone: "bad", Icon: "webhook", Title: r.Text.T("home.need_endpoint"), Text: text, Href: href})
		}
	}
	return list[:min(len(list), 5)], nil
}

func ofInvoices(r *web.Request) ([]need, error) {
	got, err := r.API.Invoices.List(r.Ctx(), eupay.InvoiceListParams{ListParams: eupay.ListParams{Limit: 1}, Status: eupay.InvoiceFailed})
	if err != nil || len(got.Data) == 0 {
		return nil, aside(err)
	}
	n := need{
		Tone: "bad", Icon: "file-text", Title: r.Text.N("home.need_invoice", max(total(got), 1)), Text: got.Data[0].InvoiceNumber + " · " + got.Data[0].CustomerName,
		Href: "/portal/invoices?status=failed",
	}
	if total(got) == 1 {
		n.Href = "/portal/invoices/" + got.Data[0].ID
	}
	return []need{n}, nil
}

func total(p *eupay.Page[eupay.Invoice]) int {
	if p.Pagination == nil {
		return len(p.Data)
	}
	return p.Pagination.Total
}

// ofMandate is the mandate at the e-invoicing platform.
func ofMandate(r *web.Request) ([]need, error) {
	e, err := r.API.EInvoicing.Enrollment(r.Ctx())
	if err != nil {
		return nil, aside(err)
	}
	if e.MandateStatus != eupay.MandateExpired && e.MandateStatus != eupay.MandateError {
		return nil, nil
	}
	return []need{{
		Tone: "bad", Icon: "file-text", Title: r.Text.T("home.need_mandate"), Text: r.Text.T("home.need_mandate_text"), Href: "/portal/invoices/enrollment",
	}}, nil
}

// aside is err, unless it says that the merchant does not use that part.
func aside(err error) error {
	if errors.Is(err, eupay.ErrNotEnrolled) || errors.Is(err, eupay.ErrNotFound) || errors.Is(err, eupay.ErrForbidden) {
		return nil
	}
	return err
}
