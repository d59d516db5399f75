package user

import (
	"encoding/base32"
	"testing"
	"time"
)

// The test vectors of RFC 6238, appendix B, for SHA-1, cut to six digits.
func TestCodesAreThoseOfRFC6238(t *testing.T) {
	t.Parallel()
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		now := time.Unix(at, 0)
		if step, ok, err := totpStep(secret, code, now); err != nil || !ok || step != at/30 {
			t.Errorf("%d: step %d, %v, %v", at, step, ok, err)
		}
		for _, off := range []time.Duration{-90 * time.Second, 90 * time.Second} {
			if _, ok, err := totpStep(secret, code, now.Add(off)); err != nil || ok {
				t.Errorf("%d: the code is good %s off, %v", at, off, err)
			}
		}
	}
}
