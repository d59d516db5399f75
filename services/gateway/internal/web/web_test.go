package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

func serve(e *echo.Echo, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w
}

func TestErrorsHaveOneShape(t *testing.T) {
	t.Parallel()
	limited := errs.New(errs.RateLimitExceeded, "Wait.")
	limited.RetryAfter = 1001 * time.Millisecond
	enrol := errs.New(errs.NotEnrolled, "Enrol.")
	enrol.Action = "enroll"
	for want, err := range map[string]error{
		`429 {"success":false,"code":"RATE_LIMIT_EXCEEDED","message":"Wait.","retry_after":2}`:                                 limited,
		`403 {"success":false,"code":"NOT_ENROLLED","message":"Enrol.","action":"enroll"}`:                                     enrol,
		`400 {"success":false,"code":"VALIDATION_ERROR","message":"a is bad.","errors":[{"field":"a","message":"a is bad."}]}`: errs.Invalid(errs.Field{Field: "a", Message: "a is bad."}),
		`404 {"success":false,"code":"NOT_FOUND","message":"<Thing> not found."}`:                                              errs.NotFound("<Thing>"),
		`413 {"success":false,"code":"PAYLOAD_TOO_LARGE","message":"The request body is too large."}`:                          echo.ErrStatusRequestEntityTooLarge,
		`500 {"success":false,"code":"INTERNAL_ERROR","message":"` + errs.From(errors.New("x")).Message + `"}`:                 errors.New("pq: password authentication failed"),
		`503 {"success":false,"code":"SERVICE_UNAVAILABLE","message":"Later."}`:                                                errors.Join(errs.New(errs.Unavailable, "Later."), errors.New("dial tcp 10.0.0.1")),
	} {
		e := New(quiet, nil)
		e.GET("/", func(echo.Context) error { return err })
		w := serve(e, "GET", "/")
		if got := strings.TrimSpace(w.Result().Status[:4] + w.Body.String()); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if errors.Is(err, limited) && w.Header().Get("Retry-After") != "2" {
			t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
		}
	}
}

func TestEveryAnswerHasTheHeaders(t *testing.T) {
	t.Parallel()
	e := New(quiet, nil)
	e.GET("/ok", func(c echo.Context) error { return OK(c, 200, "x") })
	e.GET("/panic", func(echo.Context) error { panic("boom") })
	for path, status := range map[string]int{"/ok": 200, "/panic": 500, "/none": 404, "/%2e%2e/x": 404} {
		w := serve(e, "GET", path)
		if w.Code != status || len(w.Header().Get("X-Request-Id")) != 36 || w.Header().Get("X-Content-Type-Options") != "nosniff" ||
			w.Header().Get("Cache-Control") != "no-store" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		if status != 200 && (!strings.HasPrefix(w.Body.String(), `{"success":false,"code":`) || strings.Contains(w.Body.String(), "boom")) {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
	w := serve(e, "POST", "/ok")
	if w.Code != 405 || !strings.Contains(w.Header().Get("Allow"), "GET") || !strings.Contains(w.Body.String(), "METHOD_NOT_ALLOWED") {
		t.Errorf("405: %d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := serve(e, "OPTIONS", "/ok"); w.Code != 204 || !strings.Contains(w.Header().Get("Allow"), "GET") {
		t.Errorf("OPTIONS: %d %v", w.Code, w.Header())
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	e := New(quiet, nil)
	for id, kept := range map[string]bool{
		"order-1042_a.B": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "": false,
		"a b": false, "a\tb": false, "é": false, "<x>": false, "a\"b": false,
	} {
		got := serve(e, "GET", "/", "X-Request-Id", id).Header().Get("X-Request-Id")
		if (got == id) != kept || got == "" {
			t.Errorf("%q became %q", id, got)
		}
	}
}

func TestClientIP(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, peer string
		xff        []string
		trusted    []netip.Prefix
		want       string
	}{
		{"direct", "198.51.100.7:4711", nil, nil, "198.51.100.7"},
		{"forged without proxies", "198.51.100.7:4711", []string{"203.0.113.9"}, nil, "198.51.100.7"},
		{"forged past the proxies", "198.51.100.7:4711", []string{"203.0.113.9"}, proxies, "198.51.100.7"},
		{"behind a proxy", "10.1.2.3:4711", []string{"198.51.100.7"}, proxies, "198.51.100.7"},
		{"forged behind a proxy", "10.1.2.3:4711", []string{"203.0.113.9, 198.51.100.7"}, proxies, "198.51.100.7"},
		{"forged in a header of its own", "10.1.2.3:4711", []string{"203.0.113.9", "198.51.100.7"}, proxies, "198.51.100.7"},
		{"forged as a proxy", "10.1.2.3:4711", []string{"10.9.9.9, 198.51.100.7"}, proxies, "198.51.100.7"},
		{"two proxies", "10.1.2.3:4711", []string{"203.0.113.9, 198.51.100.7, 10.5.5.5"}, proxies, "198.51.100.7"},
		{"nonsense next to the proxy", "10.1.2.3:4711", []string{"198.51.100.7, unknown"}, proxies, "10.1.2.3"},
		{"empty header", "10.1.2.3:4711", []string{""}, proxies, "10.1.2.3"},
		{"no header", "10.1.2.3:4711", nil, proxies, "10.1.2.3"},
		{"with a port", "10.1.2.3:4711", []string{"198.51.100.7:80"}, proxies, "198.51.100.7"},
		{"4 in 6", "[::ffff:198.51.100.7]:4711", nil, nil, "198.51.100.7"},
		{"proxy as 4 in 6", "[::ffff:10.1.2.3]:4711", []string{"::ffff:198.51.100.7"}, proxies, "198.51.100.7"},
		{"IPv6 behind a proxy", "[fd00::1]:4711", []string{"2001:db8::7"}, proxies, "2001:db8::7"},
		{"zone", "[fe80::1%eth0]:4711", nil, nil, "fe80::1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.xff
		e := New(quiet, c.trusted)
		if got := ClientIP(e.NewContext(r, nil)).String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestContains(t *testing.T) {
	t.Parallel()
	list := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/25"), netip.MustParsePrefix("2001:db8:1::/48"), netip.MustParsePrefix("::ffff:203.0.113.0/120")}
	for addr, want := range map[string]bool{
		"192.0.2.127": true, "192.0.2.128": false, "::ffff:192.0.2.1": true, "2001:db8:1:ffff::1": true, "2001:db8:2::1": false,
		"203.0.113.5": true, "203.0.114.5": false,
	} {
		if got := Contains(list, netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
	if Contains(list, netip.Addr{}) {
		t.Error("no address is on a list")
	}
}

func TestPagesAreCounted(t *testing.T) {
	t.Parallel()
	for total, pages := range map[int64]string{0: `"pages":0`, 1: `"pages":1`, 20: `"pages":1`, 21: `"pages":2`} {
		e := New(quiet, nil)
		e.GET("/", func(c echo.Context) error { return List(c, []int{}, Pagination{Page: 1, Limit: 20, Total: total}) })
		if w := serve(e, "GET", "/"); !strings.Contains(w.Body.String(), pages) {
			t.Errorf("%d: %s", total, w.Body)
		}
	}
	for minimum, want := range map[bool]bool{false: false, true: true} {
		e := New(quiet, nil)
		e.GET("/", func(c echo.Context) error {
			return Answer(c, http.StatusOK, ListingOf([]int{}, strconv.Itoa, 1, 20, 10_000).AtLeast(minimum))
		})
		if w := serve(e, "GET", "/"); strings.Contains(w.Body.String(), `"total_is_minimum":true`) != want {
			t.Errorf("a minimum %t: %s", minimum, w.Body)
		}
	}
}

// nested has what Decode must check below the first level.
type nested struct {
	Name   string            `json:"name"`
	Count  int32             `json:"count"`
	On     *bool             `json:"on"`
	Tags   []string          `json:"tags"`
	Labels map[string]string `json:"labels"`
	Inner  struct {
		Price Amount `json:"price"`
	} `json:"inner"`
	Raw    json.RawMessage `json:"raw"`
	Hidden string          `json:"-"`
}

func TestUnmarshal(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"name":1}`:                       "name must be a string.",
		`{"count":"1"}`:                    "count must be an integer.",
		`{"count":1.5}`:                    "count must be an integer.",
		`{"count":2147483648}`:             "count must be an integer.",
		`{"on":"true"}`:                    "on must be true or false.",
		`{"tags":"a"}`:                     "tags must be an array.",
		`{"tags":["a",1]}`:                 "tags[1] must be a string.",
		`{"tags":{}}`:                      "tags must be an array.",
		`{"labels":{"a":1}}`:               "labels.a must be a string.",
		`{"labels":[]}`:                    "labels must be an object.",
		`{"inner":{"prize":1}}`:            "inner.prize is not a known field.",
		`{"inner":{"price":"1"}}`:          "inner.price must be a number, not a string.",
		`{"inner":{"price":1,"price":2}}`:  "inner.price is given more than once.",
		`{"inner":null}`:                   "",
		`{"tags":["a",null]}`:              "tags[1] must be a string.",
		`{"labels":{"a":null}}`:            "labels.a must be a string.",
		`{"raw":{"a":{"b":1,"b":2}}}`:      "raw.a.b is given more than once.",
		`{"Name":"x"}`:                     "Name is not a known field.",
		`{"hidden":"x"}`:                   "hidden is not a known field.",
		`{"Hidden":"x"}`:                   "Hidden is not a known field.",
		`{"na\u006de":"x","name":"y"}`:     "name is given more than once.",
		`{"a\nb":1}`:                       "a?b is not a known field.",
		`{"name":"x","count":1,"on":null}`: "",
		`{"raw":null,"labels":{},"tags":[],"inner":{"price":0.10}}`: "",
	} {
		err := Unmarshal([]byte(body), &nested{})
		e := errs.From(err)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", body, err)
		case want != "" && (e == nil || e.Message != want || e.Code != errs.ValidationError):
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
	var got nested
	if err := Unmarshal([]byte(`{"name":"n","count":-7,"inner":{"price": 12.30 },"raw": {"z": 1.0} }`), &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != "n" || got.Count != -7 || got.Inner.Price.Cents() != 1230 || !got.Inner.Price.Given() || string(got.Raw) != `{"z": 1.0}` {
		t.Errorf("decoded %+v", got)
	}
}

func TestTheNumberOfReportedErrorsIsBounded(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	b.WriteString(`{"x0":1`)
	for i := range 500 {
		b.WriteString(`,"` + strings.Repeat("k", i+1) + `":1`)
	}
	b.WriteString("}")
	e := errs.From(Unmarshal(b.Bytes(), &nested{}))
	if len(e.Fields) != maxReports {
		t.Errorf("%d fields reported", len(e.Fields))
	}
	for _, f := range e.Fields {
		if len([]rune(f.Field)) > maxName+1 {
			t.Errorf("a name of %d characters is repeated to the caller", len(f.Field))
		}
	}
}

// FuzzUnmarshal: whatever the body, Decode answers with a validation error or accepts what encoding/json accepts.
func FuzzUnmarshal(f *testing.F) {
	for _, seed := range []string{`{"name":"x"}`, `{"inner":{"price":1.5}}`, `{"raw":[{"a":[]}],"tags":["a"]}`, `[[[`, `{"on":null}`, "\xff", `{"count":1e3}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		err := Unmarshal(body, &nested{})
		if err == nil {
			if strict := json.Unmarshal(body, &nested{}); strict != nil {
				t.Errorf("%q is accepted here and refused by encoding/json: %v", body, strict)
			}
			return
		}
		if e := errs.From(err); e.Code != errs.ValidationError || len(e.Fields) == 0 {
			t.Errorf("%q: %v", body, err)
		}
	})
}

func TestServeFinishesRequestsInProgress(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	e := New(quiet, nil)
	e.GET("/", func(c echo.Context) error {
		close(arrived)
		<-release
		return OK(c, 200, "done")
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l, e, 10*time.Second, quiet) }()
	got := make(chan string, 1)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	go func() {
		resp, err := client.Get("http://" + l.Addr().String())
		if err != nil {
			got <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		got <- string(b) + errString(err)
	}()
	<-arrived
	stop()
	for { // the listener closes before the request is released
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		conn.Close()
	}
	close(release)
	if body := <-got; body != `{"success":true,"data":"done"}`+"\n" {
		t.Errorf("the request under way got %q", body)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func errString(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestTheLogContainsNoSecrets(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	e := New(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})), nil)
	e.POST("/x", func(echo.Context) error { return errs.NotFound("X") })
	r := httptest.NewRequest("POST", "/x?token=secret-token", strings.NewReader(`{"password":"secret-password"}`))
	r.Header.Set("X-Api-Secret", "sk_live_secret")
	r.Header.Set("Authorization", "Bearer secret-bearer")
	e.ServeHTTP(httptest.NewRecorder(), r)
	if s := out.String(); strings.Contains(s, "secret") || !strings.Contains(s, "status=404") || !strings.Contains(s, "route=/x") {
		t.Errorf("log: %s", s)
	}
}

// TestAnAddressThatIsNotTextIsRefusedEverywhere: such an address was an internal error of the database on ten routes.
func TestAnAddressThatIsNotTextIsRefusedEverywhere(t *testing.T) {
	t.Parallel()
	e := New(slog.New(slog.DiscardHandler), nil)
	e.GET("/return", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	e.GET("/x/:id", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	for target, want := range map[string]int{
		"/x/caf%C3%A9?q=%E2%82%AC": 200, "/x/a?q=%00": 400, "/x/a?%00=q": 400, "/x/a%00b": 400, "/return?error=caf%e9": 200, "/x/%ff": 400, "/x/a?q=%C3%28": 400,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/x/a", nil)
		u, err := url.Parse("http://example.com" + target)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = u
		e.ServeHTTP(w, r)
		if w.Code != want || want == 400 && !strings.Contains(w.Body.String(), "VALIDATION_ERROR") {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}

// TestCapabilitiesAreNotLogged: readers of the log could have ordered at every table.
func TestCapabilitiesAreNotLogged(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	e := New(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})), nil)
	e.GET("/menu/:merchant/:qr_token", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	for _, target := range []string{"/menu/0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2/capability?t=capability", "/order/a/b/capability"} {
		e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil))
	}
	if s := out.String(); strings.Contains(s, "capability") || !strings.Contains(s, "path=/menu/0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2/:qr_token") || !strings.Contains(s, "path=/order/a/b") {
		t.Errorf("log: %s", s)
	}
}

// TestARefusedFloodIsCountedButNotLogged: a flood must not fill the log.
func TestARefusedFloodIsCountedButNotLogged(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	e := New(slog.New(slog.NewTextHandler(&out, nil)), nil)
	e.POST("/x", func(echo.Context) error { return errs.New(errs.RateLimitExceeded, "Too many.") })
	e.POST("/y", func(echo.Context) error { return errs.New(errs.Forbidden, "No.") })
	for _, target := range []string{"/x", "/y"} {
		e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", target, nil))
	}
	if s := out.String(); strings.Contains(s, "status=429") || !strings.Contains(s, "status=403") {
		t.Errorf("log: %s", s)
	}
}
