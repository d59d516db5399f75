package seqino

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

const hook = `{"event_id":"evt_1","event_type":"invoice.status_updated","timestamp":"2026-11-21T09:00:00Z","sponsor_id":"sp_1","client_id":"cli_1","object_type":"invoice","object_id":"inv_1"}`

func sign(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestASignedHookIsRead(t *testing.T) {
	t.Parallel()
	c := talk(t)
	for body, want := range map[string]platform.Hook{
		hook: {ID: "evt_1", Type: "invoice.status_updated", ClientID: "cli_1", ObjectType: "invoice", ObjectID: "inv_1"},
		`{"event_id":"evt_2","event_type":"something.new","client_id":null,"more":{"a":[1]}}`: {ID: "evt_2", Type: "something.new"},
	} {
		for _, name := range []string{"X-Seqino-Signature", "x-seqino-signature"} {
			got, err := c.ReadHook([]byte(body), map[string]string{"Content-Type": "application/json", name: sign(hookSecret, body)})
			if err != nil || got != want {
				t.Errorf("got %+v, %v", got, err)
			}
		}
	}
	// Known answer, computed with: printf '{}' | openssl dgst -sha256 -hmac whs-secret-of-the-webhook
	if got := sign(hookSecret, "{}"); got != knownSum {
		t.Errorf("the sum of {} is %s", got)
	}
}

func TestAHookWithAnInvalidSignatureIsRefused(t *testing.T) {
	t.Parallel()
	good := sign(hookSecret, hook)
	large := hook + strings.Repeat(" ", maxHook)
	for name, tt := range map[string]struct {
		body   string
		header map[string]string
	}{
		"no header":       {hook, nil},
		"empty":           {hook, map[string]string{"X-Seqino-Signature": ""}},
		"not hex":         {hook, map[string]string{"X-Seqino-Signature": "sha256=" + good}},
		"half":            {hook, map[string]string{"X-Seqino-Signature": good[:32]}},
		"another secret":  {hook, map[string]string{"X-Seqino-Signature": sign("other", hook)}},
		"another body":    {strings.Replace(hook, "inv_1", "inv_2", 1), map[string]string{"X-Seqino-Signature": good}},
		"two of them":     {hook, map[string]string{"X-Seqino-Signature": good, "x-seqino-signature": good}},
		"an empty secret": {hook, map[string]string{"X-Seqino-Signature": sign("", hook)}},
		"too large":       {large, map[string]string{"X-Seqino-Signature": sign(hookSecret, large)}},
	} {
		c := talk(t)
		if name == "an empty secret" {
			c.cfg.WebhookSecret = ""
		}
		if got, err := c.ReadHook([]byte(tt.body), tt.header); !errors.Is(err, platform.ErrSignature) || got != (platform.Hook{}) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestASignedHookThatCannotBeRead(t *testing.T) {
	t.Parallel()
	c := talk(t)
	for _, body := range []string{
		``, `[]`, `null`, hook + hook, `{"event_id":"evt_1"}`, `{"event_type":"a.b"}`, `{"event_id":"../1","event_type":"a.b"}`,
		`{"event_id":"1","event_type":"A b"}`, `{"event_id":"1","event_type":"a","object_id":"a/b"}`, `{"event_id":1,"event_type":"a"}`,
	} {
		got, err := c.ReadHook([]byte(body), map[string]string{"X-Seqino-Signature": sign(hookSecret, body)})
		if err == nil || errors.Is(err, platform.ErrSignature) || got != (platform.Hook{}) {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}
}

const knownSum = "55b28946138ae07231d050dcb4fcb3a7a20b5ce5117ea02a53c4d93f0202b259"
