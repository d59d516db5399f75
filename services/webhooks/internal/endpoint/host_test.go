package endpoint

import (
	"net/netip"
	"strings"
	"testing"
)

// TestAnUnusableURLIsRefusedWhenItIsSet, with a sentence that says what is wrong.
func TestAnUnusableURLIsRefusedWhenItIsSet(t *testing.T) {
	t.Parallel()
	rules := Rules{
		Refused:     func(a netip.Addr) bool { return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() },
		RefusedPort: func(p uint16) bool { return p != 80 && p != 443 && p < 1024 },
	}
	for text, want := range map[string]string{
		"https://shop.example.com/hook":                         "",
		"https://shop.example.com:8443/hook?a=1&b=%C3%A9":       "",
		"https://SHOP.Example.COM./":                            "",
		"https://my_shop.example.com/":                          "",
		"https://1.1.1.1/":                                      "",
		"https://[2606:4700::1111]/":                            "",
		"https://café.example.com/":                             "",
		"https://bücher.example.com:8443/h?x=1":                 "",
		"https://例え.example.com/":                               "",
		"":                                                      "absolute",
		"shop.example.com/hook":                                 "absolute",
		"//shop.example.com/hook":                               "absolute",
		"ftp://shop.example.com/":                               "absolute",
		"mailto:a@example.com":                                  "absolute",
		"https:///hook":                                         "absolute",
		"https://shop.example.com/%zz":                          "absolute",
		"https://shop.example.com/a b":                          "spaces",
		"https://shop.example.com/\n":                           "spaces",
		"https://user:pass@shop.example.com/":                   "user name",
		"https://user@shop.example.com/":                        "user name",
		"https://shop.example.com/#x":                           "fragment",
		"https://shop.example.com/#":                            "fragment",
		"https://shop.example.com:25/":                          "port",
		"https://shop.example.com:0/":                           "port",
		"https://shop.example.com:65536/":                       "port",
		"https://shop.example.com:/":                            "port",
		"https://shop/":                                         "full domain name",
		"https://shop.internal/":                                "do not exist",
		"https://printer.local/":                                "do not exist",
		"https://shop.test/":                                    "do not exist",
		"https://shop.home.arpa/":                               "do not exist",
		"https://shop.example/":                                 "do not exist",
		"https://abcdef.onion/":                                 "do not exist",
		"https://localhost/":                                    "public address",
		"https://app.localhost/":                                "public address",
		"https://10.0.0.1/":                                     "public address",
		"https://127.1/":                                        "public address",
		"https://0x7f000001/":                                   "public address",
		"https://2130706433/":                                   "public address",
		"https://[::1]/":                                        "public address",
		"https://[fe80::1%25eth0]/":                             "public address",
		"https://shop..example.com/":                            "valid domain name",
		"https://-shop.example.com/":                            "valid domain name",
		"https://shop!.example.com/":                            "valid domain name",
		"https://" + strings.Repeat("a", 64) + ".example.com/":  "valid domain name",
		"https://" + strings.Repeat("a.", 125) + "example.com/": "253",
		"https://caf\u00e9\u200d.example.com/":                  "valid domain name",
		"https://shop.example.com/é":                            "percent-encode",
		"https://shop.example.com/" + strings.Repeat("x", 2048): "2048",
	} {
		got := rules.CheckURL(OnTheWire(text), false)
		if (got == "") != (want == "") || !strings.Contains(got, want) || got != "" && (!strings.HasPrefix(got, "url ") || !strings.HasSuffix(got, ".")) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := rules.CheckURL("http://shop.example.com/", true); !strings.Contains(got, "https in live mode") {
		t.Errorf("http in live mode: %q", got)
	}
	for text, want := range map[string]string{
		"https://café.example.com/hook": "https://xn--caf-dma.example.com/hook", "https://CAFÉ.example.com:8443/": "https://xn--caf-dma.example.com:8443/",
		"https://shop.example.com/é": "https://shop.example.com/é", "https://shop.example.com/": "https://shop.example.com/",
	} {
		if got := OnTheWire(text); got != want {
			t.Errorf("%q is used as %q, want %q", text, got, want)
		}
	}
}
