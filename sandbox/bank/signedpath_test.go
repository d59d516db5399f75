package bank

import (
	"net/url"
	"testing"
)

// The signature of a listener without a path was over none, while the request has a slash.
func TestAListenerWithoutAPathIsSignedWithASlash(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://shop.example": "/", "https://shop.example/": "/", "https://shop.example?a=1": "/", "https://shop.example/a%2Fb/?c": "/a%2Fb/",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := signedPath(u); got != want {
			t.Errorf("%s is signed with %q, want %q", address, got, want)
		}
	}
}
