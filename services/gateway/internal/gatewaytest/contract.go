package gatewaytest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
)

// Route is a call that succeeds when the services answer, with a body that is complete.
type Route struct {
	// Token is empty for what needs no login.
	Token, Method, Path, Body string
	Headers                   []string
	// Limits begin the names of the limits that the call counts towards, beside those of the login.
	Limits []string
	// Local: it needs no service.
	Local bool
}

// secret is what no answer may say.
const secret = "dial tcp 10.0.0.7:5432: password of eupay_qr"

// CheckRoutes checks of each route what holds for all: it asks for its own merchant's things only, whatever fails is told without an internal text, each
// limit refuses, and what another merchant has is answered like what nobody has.
func CheckRoutes(t *testing.T, d *Desk, b *Backend, routes []Route) {
	t.Helper()
	for _, r := range routes {
		d.checkOwn(t, b, r)
		d.checkLimits(t, r)
		if r.Local {
			continue
		}
		b.Fail(errors.New(secret))
		d.refused(t, r, errs.Internal)
		b.Fail(errs.NotFound("Order"))
		d.refused(t, r, errs.NotFoundCode)
		b.Fail(nil)
	}
	b.Stop()
	for _, r := range routes {
		if !r.Local {
			d.refused(t, r, errs.Unavailable)
		}
	}
}

func (d *Desk) send(t *testing.T, r Route) Reply {
	t.Helper()
	return d.Call(t, r.Token, r.Method, r.Path, r.Body, r.Headers...)
}

// checkOwn wants that nothing but the login decides whose things are asked for.
func (d *Desk) checkOwn(t *testing.T, b *Backend, r Route) {
	t.Helper()
	b.Asked()
	got := d.send(t, r)
	asked := b.Asked()
	if got.Status >= 500 || !r.Local && len(asked) == 0 {
		t.Errorf("%s %s answers %d %s and asks %d times", r.Method, r.Path, got.Status, got.Text, len(asked))
	}
	if r.Token == "" {
		return
	}
	for _, m := range asked {
		if of, ok := m.(interface{ GetMerchantId() string }); ok && of.GetMerchantId() != Ours {
			t.Errorf("%s %s asks %s for the merchant %q", r.Method, r.Path, m.ProtoReflect().Descriptor().Name(), of.GetMerchantId())
		}
	}
}

func (d *Desk) checkLimits(t *testing.T, r Route) {
	t.Helper()
	d.Limits.Seen()
	d.send(t, r)
	seen := d.Limits.Seen()
	for _, limit := range r.Limits {
		if !slices.ContainsFunc(seen, func(s string) bool { return strings.HasPrefix(s, limit) }) {
			t.Errorf("%s %s counts towards %q, not towards %s", r.Method, r.Path, seen, limit)
		}
		d.Limits.Fill(limit)
		if got := d.refused(t, r, errs.RateLimitExceeded); got.Header.Get("Retry-After") == "" {
			t.Errorf("%s %s does not say when to try again", r.Method, r.Path)
		}
		d.Limits.Fill("")
	}
	for _, s := range seen { // a store of limits is no place for what opens a bill or a table
		if strings.Contains(s, Token) {
			t.Errorf("%s %s has a code in the name of a limit: %s", r.Method, r.Path, s)
		}
	}
}

// Token is the code of a table, a bill or a printer.
const Token = "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4"

func (d *Desk) refused(t *testing.T, r Route, code errs.Code) Reply {
	t.Helper()
	got := d.send(t, r)
	if got.Code() != code || got.Status != errs.Table()[code].HTTP || strings.Contains(got.Text, "10.0.0.7") {
		t.Errorf("%s %s answers %d %s, want %s", r.Method, r.Path, got.Status, got.Text, code)
	}
	return got
}

// CheckNobodys wants the same NOT_FOUND for each path, without asking a service for it.
func CheckNobodys(t *testing.T, d *Desk, b *Backend, routes []Route) {
	t.Helper()
	for _, r := range routes {
		b.Asked()
		d.refused(t, r, errs.NotFoundCode)
		if asked := b.Asked(); len(asked) != 0 {
			t.Errorf("%s %s asks for %v", r.Method, r.Path, asked)
		}
	}
}

// CheckBodies sends bodies to a route and wants those fields refused, in the order in which they are named; without any, that a service is asked.
func CheckBodies(t *testing.T, d *Desk, b *Backend, r Route, bodies map[string]string) {
	t.Helper()
	for body, fields := range bodies {
		b.Asked()
		r.Body = body
		got := d.send(t, r)
		if named := strings.Join(Fields(got.JSON), " "); named != fields || fields != "" && got.Code() != errs.ValidationError {
			t.Errorf("%s %s %s refuses %q: %d %s, want %q", r.Method, r.Path, body, named, got.Status, got.Text, fields)
		}
		if asked := b.Asked(); fields != "" && slices.ContainsFunc(asked, changes) {
			t.Errorf("%s %s %s is refused, and asks for %v", r.Method, r.Path, body, asked)
		}
	}
}

// changes reports whether a request is more than a look.
func changes(m proto.Message) bool {
	name := string(m.ProtoReflect().Descriptor().Name())
	return !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List")
}
