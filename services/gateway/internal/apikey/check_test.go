package apikey

import (
	"slices"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

func TestParseIPs(t *testing.T) {
	t.Parallel()
	got, err := ParseIPs([]string{"192.0.2.1", "192.0.2.0/24", "2001:db8::1", "2001:db8::/32", "::ffff:192.0.2.1"})
	var texts []string
	for _, p := range got {
		texts = append(texts, p.String())
	}
	if want := []string{"192.0.2.1/32", "192.0.2.0/24", "2001:db8::1/128", "2001:db8::/32"}; err != nil || !slices.Equal(texts, want) {
		t.Fatalf("got %v, %v", texts, err)
	}
	for _, bad := range []string{"", "x", "192.0.2.1/24", "192.0.2.0/33", "fe80::1%eth0", "192.0.2", "192.0.2.1 ", "::ffff:192.0.2.0/120", "0.0.0.0/-1"} {
		_, err := ParseIPs([]string{"192.0.2.1", bad})
		if roomtest.WantCode(t, err, errs.ValidationError); !slices.Equal(roomtest.Fields(err), []string{"allowed_ips[1]"}) {
			t.Errorf("%q: %v", bad, roomtest.Fields(err))
		}
	}
}

func TestGeneratedCredentials(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range 200 {
		live := i%2 == 0
		public, secret := newPublic(live), newSecret(live)
		if !isPublic(public) || !isSecret(secret, live) || isSecret(secret, !live) || seen[secret] || seen[public] {
			t.Fatalf("%s %s", public, secret)
		}
		seen[public], seen[secret] = true, true
	}
}
