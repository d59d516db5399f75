package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"european-pay.eu/eupay/sandbox/internal/page"
)

func TestThePolicyAllowsTheStyle(t *testing.T) {
	t.Parallel()
	const style = `p { font: "Segoe UI", sans-serif; } a > b { color: #fff; }`
	pages := page.Must(fstest.MapFS{
		"pages/style.css": {Data: []byte(style)},
		"pages/all.html":  {Data: []byte(`{{define "hello"}}<style>{{style}}</style><p>{{.}}</p>{{end}}`)},
	}, "; form-action 'self'")
	w := httptest.NewRecorder()
	pages.Render(w, slog.New(slog.DiscardHandler), 404, "hello", "<you>")
	if w.Code != 404 || w.Body.String() != "<style>"+style+"</style><p>&lt;you&gt;</p>" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	hash := sha256.Sum256([]byte(style))
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'", "; form-action 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s: %s", want, policy)
		}
	}
}

func TestAPageThatFailsShowsNothingOfIt(t *testing.T) {
	t.Parallel()
	pages := page.Must(fstest.MapFS{
		"pages/style.css": {}, "pages/all.html": {Data: []byte(`{{define "x"}}half{{.Missing}}{{end}}`)},
	}, "")
	w := httptest.NewRecorder()
	pages.Render(w, slog.New(slog.DiscardHandler), 200, "x", struct{}{})
	if w.Code != 500 || strings.Contains(w.Body.String(), "half") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
