package payments

import (
	"io"
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/text"
	"european-pay.eu/eupay/services/portal/internal/web"
)

const perPage = 25

// statuses and details are those that the list can be narrowed to.
var (
	statuses = []eupay.PaymentStatus{
		eupay.PaymentPending, eupay.PaymentPendingSCA, eupay.PaymentCompleted,
		eupay.PaymentRefunded, eupay.PaymentFailed, eupay.PaymentCancelled,
	}
	details = []eupay.StatusDetail{
		eupay.DetailAcceptedByBank, eupay.DetailAmountMismatch, eupay.DetailBankProcessing,
		eupay.DetailCancelling, eupay.DetailPayingByScan, eupay.DetailRefusedByProvider,
	}
)

// settled are what the list can be narrowed to of the money's arrival.
var settled = []eupay.SettledFilter{eupay.SettledYes, eupay.SettledNo, eupay.SettledMissed}

// filters are the fields of the query that choose payments; the first ones are always shown.
var filters = []string{"search", "status", "detail", "settled", "from", "to", "min", "max", "metadata", "link"}

// listing is what the page of the list shows.
type listing struct {
	Payments              []eupay.Payment
	Statuses              []eupay.PaymentStatus
	Details               []eupay.StatusDetail
	Settled               []eupay.SettledFilter
	Filter                *web.Form
	Filtered, More, Owner bool
	web.Paging
	// Export is where the payments are downloaded.
	Export string
}

// chosen reads the filters of the query. What is wrong with one is noted, and it chooses nothing.
func chosen(r *web.Request) (eupay.PaymentListParams, *web.Form) {
	f := &web.Form{Values: r.URL.Query(), Fields: map[string]string{}}
	p := eupay.PaymentListParams{
		Status: eupay.PaymentStatus(f.Get("status")), StatusDetail: eupay.StatusDetail(f.Get("detail")), Search: f.Get("search"), Metadata: f.Get("metadata"),
		MinAmount: f.Amount(r, "min"), MaxAmount: f.Amount(r, "max"), Settled: eupay.SettledFilter(f.Get("settled")), PaymentLinkID: f.Get("link"),
	}
	if day := f.Get("from"); day != "" {
		begin, _, err := text.Day(day)
		if err != nil {
			f.Wrong("from", r.Text.T("payments.day_wrong"))
		} else {
			p.From = begin
		}
	}
	if day := f.Get("to"); day != "" {
		_, end, err := text.Day(day)
		if err != nil {
			f.Wrong("to", r.Text.T("payments.day_wrong"))
		} else {
			p.To = end
		}
	}
	return p, f
}

func list(r *web.Request) error {
	p, f := chosen(r)
	p.ListParams = r.ListPage(perPage)
	out := listing{Statuses: statuses, Details: details, Settled: settled, Filter: f, Owner: r.Session.Role == eupay.RoleMerchant, Export: "/portal/payments/export"}
	for i, name := range filters {
		out.Filtered = out.Filtered || f.Get(name) != ""
		out.More = out.More || i >= 2 && f.Get(name) != ""
	}
	if query := r.URL.RawQuery; query != "" {
		out.Export += "?" + query
	}
	if !f.OK() {
		return r.Render(http.StatusUnprocessableEntity, "payments/list", out)
	}
	got, err := r.API.Payments.List(r.Ctx(), p)
	if err != nil {
		if refused(err) && r.Refused(f, err) {
			return r.Render(http.StatusUnprocessableEntity, "payments/list", out)
		}
		return err
	}
	out.Payments = got.Data
	out.Paging = web.PagingOf(got.Pagination)
	return r.Render(http.StatusOK, "payments/list", out)
}

// export hands the file of the API on as it comes.
func export(r *web.Request) error {
	p, f := chosen(r)
	if !f.OK() {
		return r.Redirect("/portal/payments?"+r.URL.RawQuery, "")
	}
	file, err := r.API.Payments.Export(r.Ctx(), p)
	if err != nil {
		return err
	}
	defer file.Close()
	h := r.W.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="payments.csv"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if _, err := io.Copy(r.W, file); err != nil {
		panic(http.ErrAbortHandler) // a file that ends early must not look whole
	}
	return nil
}
