package main

import (
	"context"
	"net"
	"net/http"
	"net/smtp"
	"strings"
	"testing"
	"time"
)

func env(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s, err := readSettings(env(map[string]string{
		"EUPAY_SANDBOX_ADDR": "127.0.0.1:9", "EUPAY_SANDBOX_INSTANT_PHASE": "0s",
		"EUPAY_SANDBOX_REDIRECT_URIS": "http://a,http://b", "EUPAY_SANDBOX_MAX_AMOUNT_CENTS": "1000", "EUPAY_SANDBOX_AUTO_AUTHORISE": "true",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if s.addr != "127.0.0.1:9" || s.bank.BaseURL != "http://127.0.0.1:9" || s.bank.InstantPhase != 0 || s.bank.ClassicPhase != 5*time.Second ||
		len(s.bank.RedirectURIs) != 2 || s.bank.MaxAmount != 1000 || !s.bank.AutoAuthorise {
		t.Errorf("%+v", s)
	}
	s, err = readSettings(env(map[string]string{
		"EUPAY_SANDBOX_EINVOICING_ADDR": "127.0.0.1:8", "EUPAY_SANDBOX_EINVOICING_AUTO_APPROVE": "true", "EUPAY_SANDBOX_EINVOICING_ANSWER_AFTER": "0s",
		"EUPAY_SANDBOX_EINVOICING_API_KEY": "k",
	}))
	if err != nil || s.einvoicing.BaseURL != "http://127.0.0.1:8" || !s.einvoicing.AutoApprove || s.einvoicing.AnswerAfter != 0 ||
		s.einvoicing.TransmitAfter != time.Second || s.einvoicing.APIKey != "k" {
		t.Errorf("%+v %v", s, err)
	}
	s, err = readSettings(env(map[string]string{
		"EUPAY_SANDBOX_S3_ADDR": "127.0.0.1:7", "EUPAY_SANDBOX_S3_BUCKET": "b", "EUPAY_SANDBOX_S3_PUBLIC": "shown/",
		"EUPAY_SANDBOX_S3_MAX_OBJECT_BYTES": "9",
	}))
	if err != nil || s.s3.Public != "shown/" || s.s3Addr != "127.0.0.1:7" || s.s3.Bucket != "b" || s.s3.Region != "eu-west-3" || s.s3.MaxObject != 9 {
		t.Errorf("%+v %v", s, err)
	}
	_, err = readSettings(env(map[string]string{
		"EUPAY_SANDBOX_INSTANT_PHASE": "soon", "EUPAY_SANDBOX_MAX_AMOUNT_CENTS": "ten", "EUPAY_SANDBOX_S3_MAX_OBJECT_BYTES": "many",
	}))
	if err == nil || !strings.Contains(err.Error(), "INSTANT_PHASE") || !strings.Contains(err.Error(), "MAX_AMOUNT_CENTS") || !strings.Contains(err.Error(), "MAX_OBJECT_BYTES") {
		t.Errorf("not all problems are named: %v", err)
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestRunServesAndStops(t *testing.T) {
	t.Parallel()
	api, management := freeAddr(t), freeAddr(t)
	invoicing, invoicingManagement, store, mails, mailbox := freeAddr(t), freeAddr(t), freeAddr(t), freeAddr(t), freeAddr(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, env(map[string]string{
			"EUPAY_SANDBOX_ADDR": api, "EUPAY_SANDBOX_MGMT_ADDR": management, "EUPAY_SANDBOX_DIR": t.TempDir(),
			"EUPAY_SANDBOX_EINVOICING_ADDR": invoicing, "EUPAY_SANDBOX_EINVOICING_MGMT_ADDR": invoicingManagement,
			"EUPAY_SANDBOX_S3_ADDR": store, "EUPAY_SANDBOX_S3_DIR": t.TempDir(), "EUPAY_SANDBOX_S3_BUCKET": "images",
			"EUPAY_SANDBOX_SMTP_ADDR": mails, "EUPAY_SANDBOX_MAILBOX_ADDR": mailbox,
			"EUPAY_SANDBOX_S3_ACCESS_KEY": "access", "EUPAY_SANDBOX_S3_SECRET_KEY": "secret",
		}))
	}()
	for _, url := range []string{"http://" + management + "/healthz", "http://" + api + "/2.0/connectors", "http://" + invoicingManagement + "/healthz"} {
		await(t, url, http.StatusOK)
	}
	await(t, "http://"+mailbox+"/mails", http.StatusOK)
	if err := smtp.SendMail(mails, nil, "a@example.com", []string{"b@example.com"}, []byte("Subject: x\r\n\r\nx\r\n")); err != nil {
		t.Error(err)
	}
	await(t, "http://"+store+"/images/nothing", http.StatusNotFound)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// await asks until the server is there.
func await(t *testing.T, url string, status int) {
	t.Helper()
	for t.Context().Err() == nil {
		res, err := http.Get(url)
		if err != nil {
			continue // not listening yet
		}
		if err := res.Body.Close(); err != nil || res.StatusCode != status {
			t.Errorf("%s: %d %v", url, res.StatusCode, err)
		}
		return
	}
}

func TestAStoreWithoutAKeyDoesNotStart(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), env(map[string]string{
		"EUPAY_SANDBOX_S3_ADDR": freeAddr(t), "EUPAY_SANDBOX_S3_DIR": t.TempDir(), "EUPAY_SANDBOX_S3_BUCKET": "images", "EUPAY_SANDBOX_S3_ACCESS_KEY": "access",
	}))
	if err == nil || !strings.Contains(err.Error(), "secret key") {
		t.Errorf("got %v", err)
	}
}

func TestAddressInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = run(t.Context(), env(map[string]string{
		"EUPAY_SANDBOX_ADDR": l.Addr().String(), "EUPAY_SANDBOX_MGMT_ADDR": freeAddr(t),
	}))
	if err == nil {
		t.Error("two servers on one address")
	}
}
