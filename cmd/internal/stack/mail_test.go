package stack_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/cmd/internal/system"
)

// mailTo waits for a mail with the subject in the mailbox that demo.env names, and returns its text.
func mailTo(t *testing.T, s *stack.Stack, address, subject string) string {
	t.Helper()
	var url string
	for _, kv := range s.System().Demo() {
		if kv[0] == "EUPAY_MAILBOX_URL" {
			url = kv[1]
		}
	}
	for t.Context().Err() == nil {
		_, answer := send(t, http.MethodGet, url+"/mails?to="+address, "", "")
		var got struct {
			Mails []struct{ Subject, Text string }
		}
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatal(err)
		}
		for _, m := range got.Mails {
			if strings.Contains(m.Subject, subject) {
				return m.Text
			}
		}
	}
	t.Fatalf("no mail %q to %s", subject, address)
	return ""
}

// What the platform mails can be read on the machine where it runs.
func TestMailsArriveInTheSandboxMailbox(t *testing.T) {
	t.Parallel()
	s := start(t, stack.Options{Dir: folder(t)})
	if status, answer := send(t, http.MethodPost, s.URL()+"/api/v1/auth/forgot", "application/json", `{"email":"`+system.MerchantEmail+`"}`); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, answer)
	}
	// The demo's merchant has its account in France, and curl names no language.
	mailTo(t, s, system.MerchantEmail, "Réinitialisez votre mot de passe EU Pay")
	if status, page := send(t, http.MethodGet, s.System().MailPages(), "", ""); status != http.StatusOK || !strings.Contains(page, "Réinitialisez votre mot de passe EU Pay</a>") {
		t.Errorf("%s: %d %s", s.System().MailPages(), status, page)
	}
}

// With the settings of a deployment a merchant registers, verifies the address by mail and goes on.
func TestAMerchantVerifiesItsAddressByMail(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s, err := stack.Start(t.Context(), stack.Options{Dir: dir, Volatile: true, Log: logOnFailure(t, dir), Env: map[string]string{
		"EUPAY_BCRYPT_COST": "4", "EUPAY_EMAIL_VERIFICATION": "true", "EUPAY_ADMIN_MFA": "true", "EUPAY_STEP_UP": "true",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	token, _ := post(t, s, "", "/auth/register", `{"email":"cafe@example.com","password":"correct horse battery","name":"Café"}`)["token"].(string)
	code := regexp.MustCompile(`code: (\S+)`).FindStringSubmatch(mailTo(t, s, "cafe@example.com", "Verify your email address"))
	if code == nil {
		t.Fatal("the mail has no code")
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/api/v1/auth/verify-email", strings.NewReader(`{"token":"`+code[1]+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatalf("%d, %v", resp.StatusCode, err)
	}
	post(t, s, token, "/merchant/api-keys", `{"name":"Shop"}`)
}
