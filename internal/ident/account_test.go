package ident

import (
	"strings"
	"testing"
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
		if !IsIBAN(good) {
			t.Errorf("%s is refused", good)
		}
		for i := 2; i < len(good); i++ { // every digit counts
			if good[i] < '0' || good[i] > '9' {
				continue
			}
			bad := good[:i] + string('0'+(good[i]-'0'+1)%10) + good[i+1:]
			if IsIBAN(bad) {
				t.Errorf("%s is accepted", bad)
			}
		}
	}
	for _, bad := range []string{
		"", "FR", "FR76", "FR763000600001123456789018", "FR76300060000112345678901890", "fr7630006000011234567890189",
		"FR76 3000 6000 0112 3456 7890 189", "US7630006000011234567890189", "FR7630006000011234567890é9", "BE" + strings.Repeat("0", 14),
	} {
		if IsIBAN(bad) {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// Every wrong digit of an IBAN is found.
func TestAWrongDigitIsFound(t *testing.T) {
	t.Parallel()
	const iban = "FR7630006000011234567890189"
	for i := 2; i < len(iban); i++ {
		for d := byte('0'); d <= '9'; d++ {
			if wrong := iban[:i] + string(d) + iban[i+1:]; IsIBAN(wrong) != (d == iban[i]) {
				t.Errorf("%s is taken for an IBAN: %v", wrong, d == iban[i])
			}
		}
	}
}

// The remainder is right, but such check digits are never issued (ISO 13616: from 02 to 98).
func TestCheckDigitsOutOfRangeAreRefused(t *testing.T) {
	t.Parallel()
	for good, bad := range map[string]string{
		"BE97000000000002": "BE00000000000002",
		"BE98000000000081": "BE01000000000081",
		"BE02000000000063": "BE99000000000063",
	} {
		if !IsIBAN(good) || IsIBAN(bad) {
			t.Errorf("%s is accepted: %v, %s is accepted: %v", good, IsIBAN(good), bad, IsIBAN(bad))
		}
	}
}

func TestTheCompactFormHasCapitalsAndNoBlanks(t *testing.T) {
	t.Parallel()
	if got := Compact(" fr76 3000 6000 0112 3456 7890 189 "); got != "FR7630006000011234567890189" || !IsIBAN(got) {
		t.Errorf("%q", got)
	}
}

func TestBIC(t *testing.T) {
	t.Parallel()
	for bic, want := range map[string]bool{
		"BNPAFRPP": true, "BNPAFRPPXXX": true, "COBADEFF370": true,
		"BNPAFRP": false, "BNPAFRPPX": false, "BNPA1RPP": false, "bnpafrpp": false, "BNPAFRPP XXX": false, "BNPAFRPP\n": false,
	} {
		if IsBIC(bic) != want {
			t.Errorf("IsBIC(%q) is %t", bic, !want)
		}
	}
}
