package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/run/bus"
)

// front replaces the gateway and the portal.
func front(t *testing.T, api, pages http.HandlerFunc) []string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/gateway/payments", api)
	mux.HandleFunc("GET /{$}", pages)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return []string{"smoke", "--api", srv.URL, "--pages", srv.URL}
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

var (
	refusal = says(http.StatusUnauthorized, `{"success":false,"code":"UNAUTHORIZED","message":"No key."}`)
	page    = says(http.StatusOK, "<!doctype html><html lang=en>")
)

func TestSmokeIsContentWhenEverythingAnswers(t *testing.T) {
	consumers(t, broker(t))
	contains(t, eupayctl(t, front(t, refusal, page)...).err, "the API: in order", "the pages: in order", "the broker: in order")
}

func TestSmokeTellsAllThatIsWrong(t *testing.T) {
	b := broker(t)
	consumers(t, b)
	if err := b.JS.DeleteConsumer(t.Context(), bus.Events, "webhooks"); err != nil {
		t.Fatal(err)
	}
	got := eupayctl(t, front(t, says(http.StatusBadGateway, ""), says(http.StatusServiceUnavailable, "<html>"))...)
	if got.code != exitFailed {
		t.Errorf("%+v", got)
	}
	contains(t, got.err, "the API: it answers 502", "the pages: the first page is not shown: status 503", "the consumer webhooks on EUPAY_EVENTS is missing")
	if strings.Contains(got.err, "in order") {
		t.Errorf("%+v", got)
	}
}

// TestSmokeDoesNotTakeAnotherRefusalForTheGateways: a proxy in front of it can refuse too.
func TestSmokeDoesNotTakeAnotherRefusalForTheGateways(t *testing.T) {
	consumers(t, broker(t))
	for _, api := range []http.HandlerFunc{
		says(http.StatusUnauthorized, "<html>401"), says(http.StatusOK, `{"success":true,"payments":[]}`), says(http.StatusUnauthorized, `{"success":true,"code":"X"}`),
	} {
		if got := eupayctl(t, front(t, api, page)...); got.code != exitFailed || !strings.Contains(got.err, "the API: it answers") {
			t.Errorf("%+v", got)
		}
	}
}
