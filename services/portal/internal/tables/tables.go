// Package tables serves the pages on which merchants keep their tables, print their codes, and follow the orders of guests.
package tables

import (
	"cmp"
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const home = "/portal/tables"

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Shop, "GET /portal/tables", list)
	s.For(web.Shop, "GET /portal/tables/cards.pdf", cards)
	s.For(web.Shop, "GET /portal/tables/new", newPage)
	s.Once(web.Shop, "POST /portal/tables/new", create)
	s.For(web.Shop, "GET /portal/tables/{id}", edit)
	s.For(web.Shop, "POST /portal/tables/{id}", update)
	s.Once(web.Shop, "POST /portal/tables/{id}/refresh", refresh)
	s.For(web.Shop, "POST /portal/tables/{id}/delete", remove)
	s.For(web.Shop, "GET /portal/tables/{id}/qr.svg", picture)
	s.For(web.Shop, "GET /portal/tables/{id}/card.pdf", card)
	s.For(web.Everyone, "GET /portal/orders", orders)
	s.For(web.Everyone, "GET /portal/orders/{id}", orderPage)
	s.For(web.Shop, "POST /portal/orders/{id}/status", setStatus)
	s.For(web.Shop, "POST /portal/orders/{id}/cancellations", cancel)
	s.For(web.Shop, "POST /portal/orders/{id}/cancellations/{cancellation}/refund", refundPieces)
	s.For(web.Shop, "POST /portal/orders/{id}/payments", payOrder)
	s.For(web.Everyone, "GET /portal/orders/{id}/ticket.pdf", ticket)
	s.For(web.Shop, "POST /portal/orders/{id}/ticket", mailTicket)
	s.For(web.Shop, "GET /portal/orders/{id}/invoice", invoicePage)
	s.For(web.Shop, "POST /portal/orders/{id}/invoice", issueInvoice)
	return s.Templates("tables", templates)
}

// zone is a part of the room with its tables.
type zone struct {
	Name   string
	Tables []eupay.Table
}

// every reads all tables of the merchant, of whom there are at most 1000.
func every(r *web.Request) ([]eupay.Table, error) {
	var all []eupay.Table
	for t, err := range r.API.Tables.All(r.Ctx(), eupay.ListParams{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// byZone puts tables with the same zone together, in the order of names as people count: Table 2 is before Table 10.
func byZone(all []eupay.Table) []zone {
	var zones []zone
	for _, t := range all {
		i := slices.IndexFunc(zones, func(z zone) bool { return z.Name == t.Zone })
		if i < 0 {
			i = len(zones)
			zones = append(zones, zone{Name: t.Zone})
		}
		zones[i].Tables = append(zones[i].Tables, t)
	}
	slices.SortFunc(zones, func(a, b zone) int { return natural(a.Name, b.Name) })
	for _, z := range zones {
		slices.SortStableFunc(z.Tables, func(a, b eupay.Table) int { return natural(a.Name, b.Name) })
	}
	return zones
}

// natural compares names whose numbers count as numbers.
func natural(a, b string) int {
	textA, numberA := split(a)
	textB, numberB := split(b)
	return cmp.Or(strings.Compare(textA, textB), cmp.Compare(numberA, numberB), strings.Compare(a, b))
}

// split is the text of a name and the number at its end.
func split(name string) (string, int) {
	text := strings.TrimRight(name, "0123456789")
	n, err := strconv.Atoi(name[len(text):])
	if err != nil {
		n = -1
	}
	return strings.ToLower(strings.TrimSpace(text)), n
}

func list(r *web.Request) error {
	all, err := every(r)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "tables/list", struct {
		Zones []zone
		Total int
	}{byZone(all), len(all)})
}

// form is the page of one table, new or not.
type form struct {
	*web.Form
	Table *eupay.Table // nil: a new one
	// Page is where the table's code leads on this site.
	Page  string
	Zones []string
}

func render(r *web.Request, status int, f *web.Form, t *eupay.Table) error {
	v := form{Form: f, Table: t}
	if t != nil && t.QRToken != "" {
		v.Page = "/order/" + url.PathEscape(r.Session.MerchantID) + "/" + url.PathEscape(t.QRToken)
	}
	// The zones are only suggestions: without them the page still works.
	if page, err := r.API.Tables.List(r.Ctx(), eupay.ListParams{Limit: 100}); err == nil {
		for _, z := range byZone(page.Data) {
			if z.Name != "" {
				v.Zones = append(v.Zones, z.Name)
			}
		}
	}
	return r.Render(status, "tables/table", v)
}

func newPage(r *web.Request) error {
	return render(r, http.StatusOK, web.NewForm("capacity", "4", "active", "1", "zone", r.URL.Query().Get("zone")), nil)
}

func edit(r *web.Request) error {
	t, err := r.API.Tables.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := web.NewForm("name", t.Name, "zone", t.Zone, "capacity", strconv.Itoa(t.Capacity))
	if t.Status == "active" {
		f.Values.Set("active", "1")
	}
	return render(r, http.StatusOK, f, t)
}

// read takes the table from the form.
func read(r *web.Request, f *web.Form) eupay.TableChange {
	capacity, err := strconv.Atoi(f.Get("capacity"))
	if err != nil {
		f.Wrong("capacity", r.Text.T("tables.capacity_wrong"))
	}
	status := "inactive"
	if f.Is("active") {
		status = "active"
	}
	return eupay.TableChange{Name: eupay.Ptr(f.Get("name")), Zone: eupay.Ptr(f.Get("zone")), Capacity: &capacity, Status: &status}
}

func create(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	c := read(r, f)
	if f.OK() {
		t, err := r.API.Tables.Create(r.Ctx(), eupay.TableParams{Name: *c.Name, Zone: *c.Zone, Capacity: *c.Capacity, Status: *c.Status})
		if err == nil {
			return r.Redirect(home+"/"+t.ID, "table_added")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return render(r, http.StatusUnprocessableEntity, f, nil)
}

func update(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	c := read(r, f)
	if f.OK() {
		_, err := r.API.Tables.Update(r.Ctx(), id, c)
		if err == nil {
			return r.Redirect(home, "table_saved")
		}
		if web.Missing(err) || !r.Refused(f, err) {
			return err
		}
	}
	return render(r, http.StatusUnprocessableEntity, f, &eupay.Table{ID: id, Name: f.Get("name")})
}

func refresh(r *web.Request) error {
	t, err := r.API.Tables.RefreshCode(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return r.Redirect(home+"/"+t.ID, "table_refreshed")
}

func remove(r *web.Request) error {
	if err := r.API.Tables.Delete(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home, "table_deleted")
}
