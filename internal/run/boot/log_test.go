package boot

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestTheLogHidesSecrets(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, "info")
	log.Info("request", "header", "Bearer abc.def", "api_secret", "plain", "error", errors.New("refused sk_test_abcdef"),
		"account", "pay FR76 3000 6000 0112 3456 7890 189 now", "id", "pk_test_public")
	for _, secret := range []string{"abc.def", "plain", "abcdef", "3000 6000", "0189"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is in the log: %s", secret, out.String())
		}
	}
	if !strings.Contains(out.String(), "pk_test_public") {
		t.Errorf("the public key should be readable: %s", out.String())
	}
}

// TestTheLogShowsReferences also when their random end looks like an IBAN.
func TestTheLogShowsReferences(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, "info")
	log.Info("paid PAY-20261201-BD9309A3BB165AE9", "refund", "REF-20261201-AB12345678901234", "account", "BD9309A3BB165AE9",
		"error", errors.New("PAY-20261201-FR7630006000011234567890189"))
	for _, shown := range []string{"PAY-20261201-BD9309A3BB165AE9", "REF-20261201-AB12345678901234"} {
		if !strings.Contains(out.String(), shown) {
			t.Errorf("%s is not in the log: %s", shown, out.String())
		}
	}
	if strings.Contains(out.String(), `"account":"BD93`) || strings.Contains(out.String(), "FR76") {
		t.Errorf("an account is in the log: %s", out.String())
	}
}
