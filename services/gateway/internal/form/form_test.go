package form

import (
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/refuse"
)

func TestEmail(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]bool{
		"a@example.com": true, "first.last+tag@mail.example.fr": true,
		"": false, "a": false, "a@b": false, "@example.com": false, "a@": false, "a b@example.com": false, "A <a@example.com>": false,
		"<a@example.com>": false, "a@example.com\r\nBcc: b@example.com": false, "a\x00@example.com": false, "é@example.com": false,
		strings.Repeat("a", 250) + "@example.com": false,
	} {
		var p refuse.Problems
		if Email(&p, email); (len(p) == 0) != want {
			t.Errorf("email(%q): %v", email, p)
		}
	}
}
