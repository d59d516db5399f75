package stack_test

import (
	"net/http"
	"strings"
	"testing"

	"european-pay.eu/eupay/cmd/internal/stack"
	"european-pay.eu/eupay/cmd/internal/system"
)

// What the platform mails can be read on the machine where it runs, by the address in demo.env.
func TestMailsArriveInTheSandboxMailbox(t *testing.T) {
	t.Parallel()
	s := start(t, stack.Options{Dir: folder(t)})
	if status, answer := send(t, http.MethodPost, s.URL()+"/api/v1/auth/forgot", "application/json", `{"email":"`+system.MerchantEmail+`"}`); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, answer)
	}
	var url string
	for _, kv := range s.System().Demo() {
		if kv[0] == "EUPAY_MAILBOX_URL" {
			url = kv[1]
		}
	}
	for answer := ""; !strings.Contains(answer, "Reset your EU Pay password"); {
		if t.Context().Err() != nil {
			t.Fatalf("the mail never comes: %s", answer)
		}
		_, answer = send(t, http.MethodGet, url+"/mails?to="+system.MerchantEmail, "", "")
	}
}
