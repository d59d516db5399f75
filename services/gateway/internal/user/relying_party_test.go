package user

import "testing"

func TestPasskeysAreOfThePortalsPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ portal, domain, id, origin string }{
		{"", "", "localhost", "http://localhost"},
		{"http://127.0.0.1:8080", "", "localhost", "http://localhost:8080"},
		{"http://[::1]:8080/x", "", "localhost", "http://localhost:8080"},
		{"https://Portal.Example.com/app/", "", "portal.example.com", "https://portal.example.com"},
		{"https://portal.example.com:8443", "example.com", "example.com", "https://portal.example.com:8443"},
	} {
		party, err := newRelyingParty(c.portal, c.domain)
		if err != nil || party.Config.RPID != c.id || len(party.Config.RPOrigins) != 1 || party.Config.RPOrigins[0] != c.origin {
			t.Errorf("%s, %s: %+v, %v", c.portal, c.domain, party, err)
		}
	}
	for _, domain := range []string{"evil.example", "ortal.example.com", "www.portal.example.com", "https://portal.example.com"} {
		if err := CheckPasskeyDomain("https://portal.example.com", domain); err == nil {
			t.Errorf("%s is taken", domain)
		}
	}
}
