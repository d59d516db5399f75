package outbound

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"european-pay.eu/eupay/internal/kit/otlptest"
	"european-pay.eu/eupay/internal/run/trace"
)

// TestARequestOfAnothersClientIsASpan, and takes no header of ours along.
func TestARequestOfAnothersClientIsASpan(t *testing.T) {
	t.Parallel()
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(trace.Header) != "" {
			t.Error("the store got our trace")
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(store.Close)
	collector := otlptest.Start(t)
	ctx, finish := collector.Tracer(t, "qr")
	ctx, root := trace.Root(ctx, nil, trace.Server, "request")
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, store.URL+"/bucket/secret-key", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: Traced("s3", transport)}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	root.End(nil)
	finish()
	for _, s := range collector.Spans() {
		if s.Name != "s3 HEAD" {
			continue
		}
		if s.ParentID == "" || s.Kind != "CLIENT" || !s.Failed || s.Attributes["http.response.status_code"] != "503" || s.Attributes["server.address"] != "127.0.0.1" {
			t.Errorf("the span is %+v", s)
		}
		return
	}
	t.Errorf("no span of the store in %+v", collector.Spans())
}
