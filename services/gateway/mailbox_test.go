package gateway

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/run/config"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// mailSettings are those of one developer's machine, with changes.
func mailSettings(changes map[string]string) error {
	vars := map[string]string{
		"EUPAY_DATABASE_URL": "postgres://x", "EUPAY_PUBLIC_URL": "http://127.0.0.1:8080", "EUPAY_JWT_SECRET": strings.Repeat("s", 32),
		"EUPAY_TLS_CERT": "c", "EUPAY_TLS_KEY": "k", "EUPAY_TLS_CA": "a", "EUPAY_SMTP_URL": "smtp://127.0.0.1:4030", "EUPAY_MAIL_FROM": "a@example.com",
		"EUPAY_SANDBOX_MAILBOX_URL": "http://127.0.0.1:4031",
	}
	maps.Copy(vars, changes)
	return config.Parse(&Config{}, vars)
}

// A mail lets its reader into an account: a gateway that others reach, or that moves money, does not start with a page of all mails.
func TestMailsAreShownInDevelopmentOnly(t *testing.T) {
	t.Parallel()
	if err := mailSettings(nil); err != nil {
		t.Error(err)
	}
	for name, value := range map[string]string{
		"EUPAY_PUBLIC_URL": "https://api.example.com", "EUPAY_SMTP_URL": "smtp://u:p@mail.example.com", "EUPAY_SANDBOX_MAILBOX_URL": "http://mails.example.com",
		"EUPAY_ORDERS_LIVE": "true", "EUPAY_POWENS_LIVE_WEBHOOK_SECRET": "x",
	} {
		if err := mailSettings(map[string]string{name: value}); err == nil || !strings.Contains(err.Error(), "EUPAY_SANDBOX_MAILBOX_URL") {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}

func TestAStrangerFindsNoMails(t *testing.T) {
	t.Parallel()
	mailbox := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "mails at "+r.URL.Path) }))
	t.Cleanup(mailbox.Close)
	s := open(t)
	if status, _ := ask(s.echo, "127.0.0.1:8080"); status != http.StatusNotFound {
		t.Errorf("without the setting: %d", status)
	}
	if err := web.RegisterMailbox(s.echo, mailbox.URL, s.core.Log); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{"127.0.0.1:8080": 200, "localhost": 200, "[::1]:8080": 200, "shop.tunnel.example": 404, "127.0.0.1.example.com": 404, "": 404} {
		if status, body := ask(s.echo, host); status != want || (want == 200) != (body == "mails at /sandbox/mail") {
			t.Errorf("%s: %d %s", host, status, body)
		}
	}
}

func ask(e *echo.Echo, host string) (int, string) {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/sandbox/mail", nil)
	r.Host = host
	e.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}
