package account

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
)

// The examples that the countries publish in the IBAN registry.
var ibans = []string{
	"AD1200012030200359100100", "AL47212110090000000235698741", "AT611904300234573201", "BE68539007547034", "BG80BNBG96611020345678",
	"CH9300762011623852957", "CY17002001280000001200527600", "CZ6508000000192000145399", "DE89370400440532013000", "DK5000400440116243",
	"EE382200221020145685", "ES9121000418450200051332", "FI2112345600000785", "FR1420041010050500013M02606", "GB29NWBK60161331926819",
	"GI75NWBK000000007099453", "GR1601101250000000012300695", "HR1210010051863000160", "HU42117730161111101800000000", "IE29AIBK93115212345678",
	"IS140159260076545510730339", "IT60X0542811101000000123456", "LI21088100002324013AA", "LT121000011101001000", "LU280019400644750000",
	"LV80BANK0000435195001", "MC5811222000010123456789030", "MD24AG000225100013104168", "ME25505000012345678951", "MK07250120000058984",
	"MT84MALT011000012345MTLCAST001S", "NL91ABNA0417164300", "NO9386011117947", "PL61109010140000071219812874", "PT50000201231234567890154",
	"RO49AAAA1B31007593840000", "RS35260005601001611379", "SE4550000000058398257466", "SI56263300012039086", "SK3112000000198742637541",
	"SM86U0322509800000000270100", "VA59001123000012345678",
}

func TestIBAN(t *testing.T) {
	t.Parallel()
	if len(ibans) != len(ibanLengths) {
		t.Fatalf("%d examples for %d countries", len(ibans), len(ibanLengths))
	}
	for _, good := range ibans {
		if !isIBAN(good) {
			t.Errorf("%s is refused", good)
		}
		for i := 2; i < len(good); i++ { // every digit counts
			if !isDigit(good[i]) {
				continue
			}
			bad := good[:i] + string('0'+(good[i]-'0'+1)%10) + good[i+1:]
			if isIBAN(bad) {
				t.Errorf("%s is accepted", bad)
			}
		}
	}
	for _, bad := range []string{
		"", "FR", "FR76", "FR763000600001123456789018", "FR76300060000112345678901890", "fr7630006000011234567890189",
		"FR76 3000 6000 0112 3456 7890 189", "US7630006000011234567890189", "FR7630006000011234567890é9", "BE" + strings.Repeat("0", 14),
	} {
		if isIBAN(bad) {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestSIREN(t *testing.T) {
	t.Parallel()
	for siren, want := range map[string]bool{
		"732829320": true, "356000000": true, "552100554": true,
		"732829321": false, "372829320": false, "000000000": false, "73282932": false, "7328293200": false, "73282932O": false, "": false,
	} {
		if isSIREN(siren) != want {
			t.Errorf("isSIREN(%q) is %t", siren, !want)
		}
	}
}

func TestBIC(t *testing.T) {
	t.Parallel()
	for bic, want := range map[string]bool{
		"BNPAFRPP": true, "BNPAFRPPXXX": true, "COBADEFF370": true,
		"BNPAFRP": false, "BNPAFRPPX": false, "BNPA1RPP": false, "bnpafrpp": false, "BNPAFRPP XXX": false, "BNPAFRPP\n": false,
	} {
		if isBIC(bic) != want {
			t.Errorf("isBIC(%q) is %t", bic, !want)
		}
	}
}

func TestEmail(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]bool{
		"a@example.com": true, "first.last+tag@mail.example.fr": true,
		"": false, "a": false, "a@b": false, "@example.com": false, "a@": false, "a b@example.com": false, "A <a@example.com>": false,
		"<a@example.com>": false, "a@example.com\r\nBcc: b@example.com": false, "a\x00@example.com": false, "é@example.com": false,
		strings.Repeat("a", 250) + "@example.com": false,
	} {
		var p problems
		if p.email(email); (len(p) == 0) != want {
			t.Errorf("email(%q): %v", email, p)
		}
	}
}

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
		if wantCode(t, err, errs.ValidationError); !slices.Equal(fieldsOf(err), []string{"allowed_ips[1]"}) {
			t.Errorf("%q: %v", bad, fieldsOf(err))
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

func TestNetworkOfAnAddress(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1::/48",
	} {
		if got := network(netip.MustParseAddr(ip)); got != want {
			t.Errorf("network(%s) is %s", ip, got)
		}
	}
}
