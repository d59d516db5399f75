package s3

import (
	"net/http"
	"testing"
)

func TestOnlyThePublicPartIsReadByEverybody(t *testing.T) {
	t.Parallel()
	c := settings(t.TempDir())
	c.Public = "shown/"
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "/images/shown/x", "shown")
	put(t, s, "/images/kept/x", "kept")
	if got := read(s, "/images/shown/x"); got != "shown" {
		t.Errorf("got %q", got)
	}
	for _, path := range []string{"/images/kept/x", "/images/none", "/images/kept/../shown/x"} {
		if status, code := ask(s, request("GET", path, "")); status != http.StatusForbidden || code != "AccessDenied" {
			t.Errorf("%s: %d %s", path, status, code)
		}
	}
	if status, _ := ask(s, signed("GET", "/images/kept/x", "")); status != http.StatusOK {
		t.Errorf("the key reads %d", status)
	}
}
