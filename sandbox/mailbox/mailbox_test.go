package mailbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/mailbox"
)

// rig is a mailbox that takes mail and shows it.
type rig struct{ smtp, http string }

func start(t *testing.T, keep int) rig {
	t.Helper()
	box := mailbox.New(mailbox.Config{Keep: keep, Now: func() time.Time { return time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC) }})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- box.Serve(ctx, l) }()
	pages := httptest.NewServer(box.Management())
	t.Cleanup(func() {
		pages.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return rig{l.Addr().String(), pages.URL}
}

func (r rig) send(t *testing.T, to, text string) {
	t.Helper()
	login := smtp.PlainAuth("", "anybody", "any password", "127.0.0.1")
	if err := smtp.SendMail(r.smtp, login, "shop@example.com", []string{to}, []byte(strings.ReplaceAll(text, "\n", "\r\n"))); err != nil {
		t.Fatal(err)
	}
}

func (r rig) get(t *testing.T, method, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.http+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func (r rig) mails(t *testing.T, query string) []mailbox.Mail {
	t.Helper()
	_, body := r.get(t, "GET", "/mails"+query)
	var got struct{ Mails []mailbox.Mail }
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	return got.Mails
}

const letter = `From: EU Pay <shop@example.com>
Subject: =?UTF-8?q?R=C3=A9initialiser?=
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: quoted-printable

Voil=C3=A0 <you>: https://example.com/a=
?b=3D1
--b
Content-Type: text/html; charset=UTF-8
Content-Transfer-Encoding: base64

PHA+Vm9pbMOgPC9wPg==
--b--
`

func TestAMailIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	r := start(t, 0)
	r.send(t, "jane@example.com", letter)
	list := r.mails(t, "")
	if len(list) != 1 {
		t.Fatalf("got %+v", list)
	}
	m := list[0]
	if m.Subject != "Réinitialiser" || m.Text != "Voilà <you>: https://example.com/a?b=1" || m.HTML != "<p>Voilà</p>" ||
		m.From != "shop@example.com" || len(m.To) != 1 || m.To[0] != "jane@example.com" || m.At.Hour() != 12 {
		t.Errorf("got %+v", m)
	}
	if status, page := r.get(t, "GET", "/"); status != 200 || !strings.Contains(page, `<a href="/sandbox/mail/1/html">Réinitialiser</a>`) {
		t.Errorf("list: %d %s", status, page)
	}
	if status, page := r.get(t, "GET", "/sandbox/mail/1"); status != 200 || !strings.Contains(page, "Voilà &lt;you&gt;: https://example.com/a?b=1") {
		t.Errorf("mail: %d %s", status, page)
	}
	if status, body := r.get(t, "GET", "/mails/1"); status != 200 || !strings.Contains(body, `"subject":"Réinitialiser"`) {
		t.Errorf("JSON: %d %s", status, body)
	}
}

func TestTheLatestMailsAreKeptAndFoundByRecipient(t *testing.T) {
	t.Parallel()
	r := start(t, 3)
	for n := range 4 {
		r.send(t, fmt.Sprintf("n%d@example.com", n), "Subject: "+fmt.Sprint(n)+"\n\nHello\n")
	}
	list := r.mails(t, "")
	if len(list) != 3 || list[0].Subject != "3" || list[2].Subject != "1" {
		t.Errorf("kept %+v", list)
	}
	if list := r.mails(t, "?to=n2@example.com"); len(list) != 1 || list[0].Text != "Hello\n" {
		t.Errorf("found %+v", list)
	}
	for _, path := range []string{"/sandbox/mail/1", "/sandbox/mail/1/html", "/sandbox/mail/1/content", "/sandbox/mail/4/content", "/mails/1", "/x"} {
		if status, _ := r.get(t, "GET", path); status != 404 {
			t.Errorf("%s answers %d", path, status)
		}
	}
	r.get(t, "DELETE", "/mails")
	if list := r.mails(t, ""); len(list) != 0 {
		t.Errorf("left %+v", list)
	}
}

// The HTML of a mail is a stranger's: it is shown in a frame that runs nothing and loads nothing.
func TestTheHTMLOfAMailIsKeptInASandbox(t *testing.T) {
	t.Parallel()
	r := start(t, 0)
	r.send(t, "jane@example.com", "Subject: <i>Hi</i>\nX-Test: <u>\nContent-Type: text/html\n\n<html><head></head><script>alert(1)</script><a href=\"https://example.com\">x</a></html>\n")
	_, page := r.get(t, "GET", "/sandbox/mail/1/html")
	if !strings.Contains(page, `src="/sandbox/mail/1/content" sandbox="allow-popups allow-popups-to-escape-sandbox"`) || strings.Contains(page, "<script") || strings.Contains(page, "<i>") {
		t.Error(page)
	}
	if _, page := r.get(t, "GET", "/sandbox/mail/1/headers"); !strings.Contains(page, "<dt>X-Test</dt><dd>&lt;u&gt;</dd>") {
		t.Error(page)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.http+"/sandbox/mail/1/content", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	policy := resp.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';") || strings.Contains(policy, "script") {
		t.Errorf("policy %q", policy)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), `<head><base target="_blank">`) {
		t.Errorf("%s, %v", body, err)
	}
}
