// Package admin serves the pages of those who work for the platform: merchants, and what is stuck.
package admin

import (
	"embed"
	"errors"
	"net/http"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	perPage    = 25
	auditLimit = 25
	// mostShown is how many users and keys of a merchant its page shows.
	mostShown = 100
)

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Admins, "GET /portal/admin", merchants)
	s.For(web.Admins, "GET /portal/admin/merchants/{id}", merchant)
	s.For(web.Admins, "POST /portal/admin/merchants/{id}/gateway", gateway)
	s.For(web.Admins, "POST /portal/admin/merchants/{id}/users", user)
	s.For(web.Admins, "POST /portal/admin/merchants/{id}/limits", limits)
	s.For(web.Admins, "GET /portal/admin/operations", operations)
	s.For(web.Admins, "POST /portal/admin/operations/dead-letters/{sequence}/requeue", requeue)
	return s.Templates("admin", templates)
}

// row is a merchant with its state: frozen, test or live.
type row struct {
	eupay.Merchant
	State string
}

func rowOf(m eupay.Merchant) row {
	switch {
	case !m.GatewayEnabled:
		return row{m, "frozen"}
	case m.LiveEnabled:
		return row{m, "live"}
	default:
		return row{m, "test"}
	}
}

// listing is what the list of merchants shows.
type listing struct {
	Merchants []row
	Search    string
	Problem   string
	web.Paging
}

func merchants(r *web.Request) error {
	v := listing{Search: strings.TrimSpace(r.URL.Query().Get("search"))}
	got, err := r.API.Admin.Merchants(r.Ctx(), eupay.MerchantListParams{ListParams: r.ListPage(perPage), Search: v.Search})
	if errors.Is(err, eupay.ErrValidation) {
		v.Problem = r.Text.T("admin.search_short")
		return r.Render(http.StatusUnprocessableEntity, "admin/merchants", v)
	}
	if err != nil {
		return err
	}
	for _, m := range got.Data {
		v.Merchants = append(v.Merchants, rowOf(m))
	}
	v.Paging = web.PagingOf(got.Pagination)
	return r.Render(http.StatusOK, "admin/merchants", v)
}

// view is what the page of one merchant shows.
type view struct {
	row
	Audit  []eupay.AuditEntry
	Users  []eupay.User
	Keys   []eupay.APIKey
	Limits *eupay.MerchantLimits
	Form   *web.Form
	User   *web.Form
	Limit  *web.Form
}

func merchant(r *web.Request) error { return show(r, http.StatusOK, view{}) }

func show(r *web.Request, status int, v view) error {
	id := r.PathValue("id")
	m, err := r.API.Admin.Merchant(r.Ctx(), id)
	if err != nil {
		return err
	}
	v.row = rowOf(*m)
	if err := v.read(r, id); err != nil {
		return err
	}
	if v.Form == nil {
		v.Form = web.NewForm("state", v.State)
	}
	if v.User == nil {
		v.User = web.NewForm()
	}
	if v.Limit == nil {
		v.Limit = web.NewForm("reads_per_minute", limitText(v.Limits.Reads), "writes_per_minute", limitText(v.Limits.Writes),
			"key_calls_per_minute", limitText(v.Limits.KeyCalls))
	}
	return r.Render(status, "admin/merchant", v)
}

// read reads what the page shows beside the merchant.
func (v *view) read(r *web.Request, id string) error {
	all, api, ctx := eupay.ListParams{Limit: mostShown}, r.API.Admin, r.Ctx()
	var audit *eupay.Page[eupay.AuditEntry]
	var users *eupay.Page[eupay.User]
	var keys *eupay.Page[eupay.APIKey]
	err := web.Together(
		web.Into(&audit, func() (*eupay.Page[eupay.AuditEntry], error) {
			return api.Audit(ctx, id, eupay.AuditParams{Limit: auditLimit})
		}),
		web.Into(&users, func() (*eupay.Page[eupay.User], error) { return api.Users(ctx, id, all) }),
		web.Into(&keys, func() (*eupay.Page[eupay.APIKey], error) { return api.APIKeys(ctx, id, all) }),
		web.Into(&v.Limits, func() (*eupay.MerchantLimits, error) { return api.Limits(ctx, id) }),
	)
	if err != nil {
		return err
	}
	v.Audit, v.Users, v.Keys = audit.Data, users.Data, keys.Data
	return nil
}

func gateway(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	state := f.Get("state")
	live := state == "live"
	if state != "frozen" && state != "test" && !live {
		f.Wrong("state", r.Text.T("admin.state_wrong"))
	}
	if f.OK() {
		_, err := r.API.Admin.EnableGateway(r.Ctx(), r.PathValue("id"), eupay.GatewayParams{Enabled: state != "frozen", Live: &live})
		if err == nil {
			return r.Redirect("/portal/admin/merchants/"+r.PathValue("id"), "saved")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return show(r, http.StatusUnprocessableEntity, view{Form: f})
}

func user(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	disabled, notice := f.Is("disabled"), "user_enabled"
	if disabled {
		notice = "user_disabled"
	}
	_, err = r.API.Admin.DisableUser(r.Ctx(), f.Get("user"), disabled)
	if err == nil {
		return r.Redirect("/portal/admin/merchants/"+r.PathValue("id"), notice)
	}
	if !r.Refused(f, err) {
		return err
	}
	return show(r, http.StatusUnprocessableEntity, view{User: f})
}

// state is what the page of operations shows. A part that is nil could not be read: this page is for the time when something is down.
type state struct {
	Payments      *eupay.StalledPayments
	DeadLetters   *eupay.DeadLetters
	Endpoints     *eupay.TroubledEndpoints
	Transmissions *eupay.Transmissions
	Streams       *eupay.Streams
	// Lag is what waits for all consumers together.
	Lag int
	// Waiting are transmissions that are not sent, Stopped those that were given up.
	Waiting, Stopped int
}

func operations(r *web.Request) error {
	v, api, ctx := state{}, r.API.Operations, r.Ctx()
	var err error
	if v.Payments, err = api.StalledPayments(ctx); ended(err) {
		return err
	}
	if v.DeadLetters, err = api.DeadLetters(ctx); ended(err) {
		return err
	}
	if v.Endpoints, err = api.TroubledEndpoints(ctx); ended(err) {
		return err
	}
	if v.Transmissions, err = api.Transmissions(ctx); ended(err) {
		return err
	}
	if v.Streams, err = api.Streams(ctx); ended(err) {
		return err
	}
	v.add()
	return r.Render(http.StatusOK, "admin/operations", v)
}

func (v *state) add() {
	if v.Streams != nil {
		for _, c := range v.Streams.Consumers {
			v.Lag += c.Lag
		}
	}
	if v.Transmissions != nil {
		for _, c := range v.Transmissions.Counts {
			switch c.State {
			case "waiting":
				v.Waiting += c.Count
			case "stopped":
				v.Stopped += c.Count
			}
		}
	}
}

func requeue(r *web.Request) error {
	if _, err := r.API.Operations.Requeue(r.Ctx(), r.PathValue("sequence")); err != nil {
		return err
	}
	return r.Redirect("/portal/admin/operations", "requeued")
}
