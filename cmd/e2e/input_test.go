package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// hostile are bodies of POST /gateway/payments that must be refused, each with the field that the error names.
var hostile = map[string]struct{ body, field string }{
	"empty":                 {"", "body"},
	"not JSON":              {`{"amount":`, "body"},
	"two documents":         {fine + fine, "body"},
	"an array":              {`[` + fine + `]`, "body"},
	"null":                  {`null`, "body"},
	"a byte order mark":     {"\ufeff" + fine, "body"},
	"not UTF-8":             {`{"amount":1,"description":"` + "\xff\xfe" + `"}`, "body"},
	"deep":                  {`{"metadata":` + strings.Repeat(`{"a":`, 10_000) + `1` + strings.Repeat(`}`, 10_000) + `}`, ""},
	"unknown field":         {with(`"amout":1`), "amout"},
	"repeated field":        {with(`"amount":2`), "amount"},
	"field in capitals":     {`{"Amount":1,"description":"x"}`, "Amount"},
	"no amount":             {`{"description":"x"}`, "amount"},
	"amount as text":        {amount(`"29.99"`), "amount"},
	"amount null":           {amount(`null`), "amount"},
	"amount zero":           {amount(`0`), "amount"},
	"amount below zero":     {amount(`-1`), "amount"},
	"amount minus zero":     {amount(`-0.00`), "amount"},
	"three decimals":        {amount(`0.015`), "amount"},
	"above the maximum":     {amount(`10000.01`), "amount"},
	"10^400 in digits":      {amount(`1` + strings.Repeat("0", 400)), "amount"},
	"10^400 as a power":     {amount(`1e400`), "amount"},
	"10^-400":               {amount(`1e-400`), "amount"},
	"2^63 cents":            {amount(`92233720368547758.08`), "amount"},
	"NaN":                   {amount(`NaN`), "body"},
	"another currency":      {with(`"currency":"USD"`), "currency"},
	"no description":        {`{"amount":1}`, "description"},
	"blank description":     {`{"amount":1,"description":" \t "}`, "description"},
	"501 characters":        {`{"amount":1,"description":"` + strings.Repeat("é", 501) + `"}`, "description"},
	"a NUL":                 {`{"amount":1,"description":"a\u0000b"}`, "description"},
	"turned text":           {`{"amount":1,"description":"a\u202eb"}`, "description"},
	"reference with a NUL":  {with(`"reference":"a\u0000"`), "reference"},
	"reference as a number": {with(`"reference":1042`), "reference"},
	"a script as URL":       {with(`"success_url":"javascript:alert(1)"`), "success_url"},
	"a URL with a password": {with(`"cancel_url":"https://shop@evil.example/"`), "cancel_url"},
	"a URL without host":    {with(`"cancel_url":"https:///cancel"`), "cancel_url"},
	"21 keys":               {with(`"metadata":{` + keys(21) + `}`), "metadata"},
	"metadata in metadata":  {with(`"metadata":{"a":{}}`), "metadata.a"},
	"metadata as a list":    {with(`"metadata":[]`), "metadata"},
	"metadata 1e400":        {with(`"metadata":{"a":1e400}`), "metadata.a"},
	"execution tomorrow":    {with(`"execution_type":"tomorrow"`), "execution_type"},
}

const fine = `{"amount":1,"description":"x"}`

func with(field string) string { return strings.TrimSuffix(fine, "}") + "," + field + "}" }

func amount(text string) string { return `{"amount":` + text + `,"description":"x"}` }

func keys(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`"k%d":1`, i))
	}
	return strings.Join(list, ",")
}

func TestHostileBodiesAreRefusedByName(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	for name, c := range hostile {
		f := m.api.with("Content-Type", "application/json").do(t, http.MethodPost, payments, c.body).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
		named := c.field == ""
		for _, e := range f.Errors {
			named = named || e.Field == c.field && e.Message != ""
		}
		if !named {
			t.Errorf("%s: %+v does not name %q", name, f.Errors, c.field)
		}
	}
	huge := `{"amount":1,"description":"` + strings.Repeat("x", 10<<20) + `"}`
	m.api.do(t, http.MethodPost, payments, huge).refused(t, http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE")
	m.api.with("Content-Type", "text/plain").do(t, http.MethodPost, payments, fine).refused(t, http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
	m.api.with("Content-Encoding", "gzip").do(t, http.MethodPost, payments, fine).refused(t, http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE")
	for _, key := range []string{strings.Repeat("k", 256), "é"} {
		m.api.with("Idempotency-Key", key).do(t, http.MethodPost, payments, fine).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
	}
	list := must[struct{ Data []payment }](t, m.api.do(t, http.MethodGet, payments, ""), http.StatusOK)
	if len(list.Data) != 0 {
		t.Errorf("a refused request made %+v", list.Data)
	}
}

func TestHostileAddressesAreRefused(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	for _, c := range []struct {
		method, path string
		status       int
		code         string
	}{
		{http.MethodGet, payments + "/PAY-20260617-0b25921fb72918ed", 404, "NOT_FOUND"},
		{http.MethodGet, payments + "/PAY-20260617-0B25921FB72918ED'%20or%201=1", 404, "NOT_FOUND"},
		{http.MethodGet, payments + "/%00", 400, "VALIDATION_ERROR"},
		{http.MethodGet, payments + "/..%2f..%2fadmin", 404, "NOT_FOUND"},
		{http.MethodGet, payments + "/" + strings.Repeat("A", 10_000), 404, "NOT_FOUND"},
		{http.MethodGet, payments + "?page=0", 400, "VALIDATION_ERROR"},
		{http.MethodGet, payments + "?page=99999999999999999999", 400, "VALIDATION_ERROR"},
		{http.MethodGet, payments + "?limit=101", 400, "VALIDATION_ERROR"},
		{http.MethodGet, payments + "?status=paid", 400, "VALIDATION_ERROR"},
		{http.MethodGet, payments + "?status=", 400, "VALIDATION_ERROR"},
		{http.MethodGet, payments + "?from=yesterday", 400, "VALIDATION_ERROR"},
		{http.MethodGet, "/webhook-deliveries?reference=%00", 400, "VALIDATION_ERROR"},
		{http.MethodGet, "/webhook-endpoints/%27", 404, "NOT_FOUND"},
		{http.MethodPut, payments, 405, "METHOD_NOT_ALLOWED"},
		{http.MethodGet, "/nothing/here", 404, "NOT_FOUND"},
	} {
		m.api.do(t, c.method, c.path, "").refused(t, c.status, c.code)
	}
	for _, url := range []string{"ftp://example.com", "http://10.0.0.1/hooks", "http://169.254.169.254/latest", "http://[::ffff:10.0.0.1]/", "http://user:word@example.com/", "http://example.com:22/", "http://0x0a000001/", "not a URL"} {
		m.api.do(t, http.MethodPost, "/webhook-endpoints", object{"url": url}.json()).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
	}
}

// A harmless request id of the caller is returned; any other is replaced.
func TestTheRequestID(t *testing.T) {
	t.Parallel()
	c := shared.caller()
	for id, kept := range map[string]bool{"my-id_1.2": true, "with space": false, strings.Repeat("a", 65): false} {
		a := c.with("X-Request-Id", id).do(t, http.MethodGet, "/nothing", "")
		if got := a.header.Get("X-Request-Id"); (got == id) != kept {
			t.Errorf("%q was answered with %q", id, got)
		}
	}
}
