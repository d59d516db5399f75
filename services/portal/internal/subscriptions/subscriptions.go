// Package subscriptions serves the pages on which merchants collect an amount again and again.
package subscriptions

import (
	"embed"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/text"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	perPage = 25
	// perCalendar is how many occurrences the page of a subscription shows at once.
	perCalendar = 50
)

var (
	// statuses are those that the list can be narrowed to.
	statuses = []eupay.SubscriptionStatus{
		eupay.SubscriptionActive, eupay.SubscriptionPendingSCA, eupay.SubscriptionPending, eupay.SubscriptionCompleted, eupay.SubscriptionStopped,
		eupay.SubscriptionFailed, eupay.SubscriptionExpired,
	}
	frequencies = []eupay.Frequency{
		eupay.Daily, eupay.Weekly, eupay.TwoWeekly, eupay.Monthly, eupay.TwoMonthly, eupay.Quarterly, eupay.FourMonthly, eupay.Semiannually, eupay.Yearly,
	}
	ways = []eupay.Collect{eupay.CollectBank, eupay.CollectLinks}
)

// Register adds the pages to the site. Who may do what is what the API says: all of a merchant's team read, the owners act.
func Register(s *web.Site) error {
	s.For(web.Everyone, "GET /portal/subscriptions", list)
	s.For(web.Owners, "GET /portal/subscriptions/new", newPage)
	s.For(web.Owners, "POST /portal/subscriptions/new", create)
	s.For(web.Everyone, "GET /portal/subscriptions/{id}", detail)
	s.For(web.Owners, "GET /portal/subscriptions/{id}/replace", replacePage)
	s.For(web.Owners, "POST /portal/subscriptions/{id}/replace", replace)
	s.For(web.Owners, "POST /portal/subscriptions/{id}/cancel", cancel)
	s.For(web.Owners, "POST /portal/subscriptions/{id}/report", report)
	return s.Templates("subscriptions", templates)
}

// listing is what the page of the list shows.
type listing struct {
	Subscriptions   []eupay.Subscription
	Statuses        []eupay.SubscriptionStatus
	Filter          *web.Form
	Filtered, Owner bool
	web.Paging
}

// owner reports whether somebody may make and end subscriptions.
func owner(r *web.Request) bool { return slices.Contains(web.Owners, r.Session.Role) }

func list(r *web.Request) error {
	f := &web.Form{Values: r.URL.Query(), Fields: map[string]string{}}
	got, err := r.API.Subscriptions.List(r.Ctx(), eupay.SubscriptionListParams{
		ListParams: r.ListPage(perPage), Status: eupay.SubscriptionStatus(f.Get("status")), Reference: f.Get("reference"),
	})
	if errors.Is(err, eupay.ErrValidation) { // nothing can match what is no filter
		got, err = &eupay.Page[eupay.Subscription]{}, nil
	}
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "subscriptions/list", listing{
		Subscriptions: got.Data, Statuses: statuses, Filter: f, Filtered: f.Is("status") || f.Is("reference"), Owner: owner(r), Paging: web.PagingOf(got.Pagination),
	})
}

// form is what the page of a new subscription shows.
type form struct {
	*web.Form
	Frequencies []eupay.Frequency
	Ways        []eupay.Collect
}

func newPage(r *web.Request) error {
	f := web.NewForm("key", web.NewKey())
	f.Values.Set("frequency", string(eupay.Monthly))
	f.Values.Set("collect", string(eupay.CollectBank))
	return r.Render(http.StatusOK, "subscriptions/new", form{f, frequencies, ways})
}

func create(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	p := asked(r, f)
	if f.OK() {
		var made *eupay.Subscription
		if made, err = r.API.Subscriptions.Create(r.Ctx(), p); err == nil {
			return r.Redirect("/portal/subscriptions/"+url.PathEscape(made.ID), "subscription_created")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return r.Render(http.StatusUnprocessableEntity, "subscriptions/new", form{f, frequencies, ways})
}

// asked is the subscription that a form asks for. What is wrong with it is noted there.
func asked(r *web.Request, f *web.Form) eupay.SubscriptionParams {
	p := eupay.SubscriptionParams{
		Amount: f.Amount(r, "amount"), Frequency: eupay.Frequency(f.Get("frequency")), StartDate: f.Get("start_date"), EndDate: f.Get("end_date"),
		Collect: eupay.Collect(f.Get("collect")), Description: f.Get("description"), Reference: f.Get("reference"), IdempotencyKey: f.Get("key"),
	}
	if n := f.Get("count"); n != "" {
		var err error
		if p.Count, err = strconv.Atoi(n); err != nil || p.Count < 1 {
			f.Wrong("count", r.Text.T("subscriptions.count_wrong"))
		}
	}
	if f.Is("first_name") || f.Is("last_name") || f.Is("email") {
		p.Customer = &eupay.Payer{FirstName: f.Get("first_name"), LastName: f.Get("last_name"), Email: f.Get("email")}
	}
	if f.Is("notify_customer") {
		p.NotifyCustomer = eupay.Ptr(true)
	}
	return p
}

// occurrence is one day of the calendar.
type occurrence struct {
	eupay.Occurrence
	// Day is by the schedule, BankDay the day of the execution; zero if it is the same.
	Day, BankDay time.Time
	// Open: the merchant may say what became of it.
	Open bool
}

// view is what the page of a subscription shows.
type view struct {
	*eupay.Subscription
	Start, End time.Time
	Calendar   []occurrence
	Form       *web.Form
	Owner      bool
	// Ongoing: it can be cancelled. Replaceable: it can be replaced.
	Ongoing, Replaceable bool
	Paging               web.Paging
}

func detail(r *web.Request) error {
	return show(r, http.StatusOK, web.NewForm("", ""))
}

func show(r *web.Request, status int, f *web.Form) error {
	s, err := r.API.Subscriptions.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	got, err := r.API.Subscriptions.Occurrences(r.Ctx(), s.ID, eupay.OccurrenceListParams{ListParams: r.ListPage(perCalendar)})
	if err != nil {
		return err
	}
	v := view{
		Subscription: s, Start: day(s.StartDate), End: day(s.EndDate), Form: f, Owner: owner(r),
		Ongoing: s.EndedAt.IsZero(), Replaceable: replaceable(s), Paging: web.PagingOf(got.Pagination),
	}
	for _, o := range got.Data {
		v.Calendar = append(v.Calendar, dated(o, s.NextOccurrence))
	}
	return r.Render(status, "subscriptions/detail", v)
}

// dated returns a day of the calendar. The merchant may say what became of those up to the next one.
func dated(o eupay.Occurrence, next *eupay.Occurrence) occurrence {
	out := occurrence{Occurrence: o, Day: day(o.Date)}
	if o.ExecutionDate != o.Date {
		out.BankDay = day(o.ExecutionDate)
	}
	out.Open = o.Status == eupay.OccurrenceUnknown || o.Status == eupay.OccurrenceExpected && (next == nil || o.Number <= next.Number)
	return out
}

// day reads a day of the API; zero for none.
func day(date string) time.Time {
	begin, _, err := text.Day(date)
	if err != nil {
		return time.Time{}
	}
	return begin
}

func cancel(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	s, err := r.API.Subscriptions.Cancel(r.Ctx(), r.PathValue("id"), eupay.CancelSubscriptionParams{StoppedAtBank: f.Is("stopped_at_bank")})
	switch {
	case err == nil && s.Status != eupay.SubscriptionStopped:
		return r.Redirect("/portal/subscriptions/"+url.PathEscape(s.ID), "subscription_ending")
	case err == nil:
		return r.Redirect("/portal/subscriptions/"+url.PathEscape(s.ID), "subscription_stopped")
	case !shownOn(r, f, err):
		return err
	}
	return show(r, http.StatusUnprocessableEntity, f)
}

// report says what became of an occurrence.
func report(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(f.Get("number"))
	if err != nil {
		return eupay.ErrNotFound
	}
	_, err = r.API.Subscriptions.Report(r.Ctx(), r.PathValue("id"), n, eupay.OccurrenceReport{Status: eupay.OccurrenceStatus(f.Get("status"))})
	if err == nil {
		return r.Redirect("/portal/subscriptions/"+url.PathEscape(r.PathValue("id")), "occurrence_reported")
	}
	if !shownOn(r, f, err) {
		return err
	}
	return show(r, http.StatusUnprocessableEntity, f)
}

// shownOn reports whether the page of the subscription says what was refused.
func shownOn(r *web.Request, f *web.Form, err error) bool {
	return !errors.Is(err, eupay.ErrNotFound) && !errors.Is(err, eupay.ErrID) && r.Refused(f, err)
}
