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
