package signed

import (
	"strings"
	"testing"
	"time"
)

// FuzzOpen gives the decoder whatever a camera may read. Nobody can guess a signature, so what it accepts must be one of
// ours, in the one form that we write, but for the padding.
func FuzzOpen(f *testing.F) {
	s := signer(f, key)
	l := links(f, "https://www.european-pay.fr")
	ours := map[Code]string{}
	for _, c := range []Code{example(), permanent()} {
		ours[c] = sign(f, s, c)
		f.Add(l.HTTPS(ours[c]))
	}
	f.Fuzz(func(t *testing.T, scanned string) {
		data, err := l.Data(scanned)
		if err != nil {
			return
		}
		c, err := s.Open(data, time.Unix(0, 0))
		if err == nil && (ours[c] == "" || strings.TrimRight(data, "=") != ours[c]) {
			t.Errorf("accepted %q as %+v", scanned, c)
		}
		if err != nil && c != (Code{}) {
			t.Errorf("refused %q and still gave %+v", scanned, c)
		}
	})
}

// FuzzPayload gives it payloads that are signed rightly, as a mistake elsewhere under the same key might make: what is
// believed is complete and can be signed again to say the same.
func FuzzPayload(f *testing.F) {
	s := signer(f, key)
	f.Add(payloadOf(example()))
	f.Add(payloadOf(permanent()))
	f.Fuzz(func(t *testing.T, payload string) {
		c, err := s.Open(sealed(s, payload), time.Unix(0, 0))
		if err != nil {
			return
		}
		c.ExpiresAt = c.ExpiresAt.Truncate(time.Second)
		_, data, err := s.Sign(c)
		if err != nil {
			t.Fatalf("%q is read as %+v, which cannot be signed: %v", payload, c, err)
		}
		if again, err := s.Open(data, time.Unix(0, 0)); err != nil || again != c {
			t.Errorf("%q is read as %+v, signed again as %+v, %v", payload, c, again, err)
		}
	})
}
