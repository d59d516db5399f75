// Package web is what all pages share: routes and who may open them, sessions, languages, templates, forms and the rules that a browser
// is told to keep.
package web

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/assets"
	"european-pay.eu/eupay/services/portal/internal/session"
	"european-pay.eu/eupay/services/portal/internal/text"
)

// maxBody is more than any form has.
const maxBody = 1 << 20

type bodyKey struct{}

// AllowBody lets a form with a file be as large as limit, in bytes. Nothing of it may have been read yet.
func (r *Request) AllowBody(limit int64) {
	if body, ok := r.Context().Value(bodyKey{}).(io.ReadCloser); ok {
		r.Body = http.MaxBytesReader(r.W, body, limit)
	}
}

// Deps are what the pages work with.
type Deps struct {
	// API is a client without credentials, which the transport of Forwarding serves.
	API      *eupay.Client
	Sessions *session.Store
	Log      *slog.Logger
	Now      func() time.Time
	// PublicURL is where browsers reach the pages, without a slash at its end. APIURL is where they reach the API, without /api/v1.
	PublicURL, APIURL string
	// Images are the origins of product pictures besides the pages' own.
	Images []string
	// TrustedProxies are those whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Development shows the page of components.
	Development bool
	// Mailbox is where the sandbox shows mails; empty: there is none.
	Mailbox string
}

// Handler answers one request. An error becomes a page that says what to do.
type Handler func(r *Request) error

// Route is one entry of the site.
type Route struct {
	Pattern string
	// Roles may open it; none: anybody, also without a login.
	Roles []eupay.Role
	// Once: the page is a form whose component once makes sending it twice harmless.
	Once bool
}

// The roles of the portal.
var (
	// Everyone of a merchant.
	Everyone = []eupay.Role{eupay.RoleMerchant, eupay.RoleStaff, eupay.RoleAccountant}
	// Owners have the role merchant.
	Owners = []eupay.Role{eupay.RoleMerchant}
	// Shop runs the shop.
	Shop = []eupay.Role{eupay.RoleMerchant, eupay.RoleStaff}
	// Books reads and writes invoices.
	Books = []eupay.Role{eupay.RoleMerchant, eupay.RoleAccountant}
	// Admins work for the platform.
	Admins = []eupay.Role{eupay.RoleAdmin}
	// Anyone is logged in to the portal.
	Anyone = []eupay.Role{eupay.RoleMerchant, eupay.RoleStaff, eupay.RoleAccountant, eupay.RoleAdmin}
	// Customers use the app.
	Customers = []eupay.Role{eupay.RoleCustomer}
)

// Site is the set of all pages.
type Site struct {
	Deps
	Assets *assets.Assets
	texts  text.Catalog
	pages  *pages
	mux    *http.ServeMux
	routes []Route
}

// New makes a site without pages.
func New(d Deps) (*Site, error) {
	files, err := assets.Load()
	if err != nil {
		return nil, err
	}
	texts, err := text.Load()
	if err != nil {
		return nil, err
	}
	s := &Site{Deps: d, Assets: files, texts: texts, mux: http.NewServeMux()}
	s.pages = newPages(s)
	s.mux.Handle("GET "+assets.Prefix, files)
	return s, s.Templates("web", templates)
}

// Templates adds the *.html files of a package. Each is a page under the package's name: payments/list.
func (s *Site) Templates(room string, files fs.FS) error { return s.pages.add(room, files) }

// Open serves a page to anybody.
func (s *Site) Open(pattern string, h Handler) { s.handle(Route{Pattern: pattern}, h) }

// For serves a page to those who are logged in with one of the roles.
func (s *Site) For(roles []eupay.Role, pattern string, h Handler) {
	s.handle(Route{Pattern: pattern, Roles: roles}, h)
}

// Routes are all entries, for tests.
func (s *Site) Routes() []Route { return slices.Clone(s.routes) }

func (s *Site) handle(route Route, h Handler) {
	s.routes = append(s.routes, route)
	s.mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, hr *http.Request) {
		r := s.request(w, hr)
		if err := s.admit(r, route); err != nil {
			r.fail(err)
			return
		}
		if err := h(r); err != nil {
			r.fail(err)
		}
	})
}

// admit finds the session and compares its role with the route's.
func (s *Site) admit(r *Request, route Route) error {
	if err := r.findSession(slices.Contains(route.Roles, eupay.RoleCustomer) || inApp(r.URL.Path)); err != nil {
		return err
	}
	if len(route.Roles) == 0 {
		return nil
	}
	if r.Session == nil {
		return errLogin
	}
	if !slices.Contains(route.Roles, r.Session.Role) {
		return errForbidden
	}
	return nil
}

// Handler is the whole site.
func (s *Site) Handler() (http.Handler, error) {
	s.mux.HandleFunc("/", func(w http.ResponseWriter, hr *http.Request) {
		r := s.request(w, hr)
		if err := r.findSession(inApp(hr.URL.Path)); err != nil {
			r.fail(err)
			return
		}
		r.fail(errNowhere)
	})
	if err := s.pages.check(); err != nil {
		return nil, err
	}
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(s.PublicURL); err != nil {
		return nil, fmt.Errorf("check the public URL: %w", err)
	}
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) { s.request(w, hr).fail(errForeign) }))
	return traced(s.logged(s.recovered(guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := r.Body
		r.Body = http.MaxBytesReader(w, body, maxBody)
		routed := r.WithContext(context.WithValue(r.Context(), bodyKey{}, body))
		s.mux.ServeHTTP(w, routed)
		r.Pattern = routed.Pattern // for the log and the trace
	}))))), nil
}

// above is the path, or the nearest one above it that can be opened: some addresses only take forms.
func (s *Site) above(address string) string {
	for ; address != "/"; address = path.Dir(address) {
		_, pattern := s.mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: address}})
		if strings.HasPrefix(pattern, http.MethodGet+" ") {
			return address
		}
	}
	return address
}

// secure reports whether browsers reach the pages over TLS.
func (s *Site) secure() bool { return strings.HasPrefix(s.PublicURL, "https://") }
