package epc

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/sepa"
)

// parse reads a code by table 1 of the guideline, with no part of the builder.
func parse(payload string) (Transfer, error) {
	if len(payload) > 331 {
		return Transfer{}, fmt.Errorf("%d bytes", len(payload))
	}
	lines := strings.Split(strings.ReplaceAll(payload, "\r\n", "\n"), "\n")
	if len(lines) > 12 {
		return Transfer{}, fmt.Errorf("%d elements", len(lines))
	}
	lines = append(lines, make([]string, 12-len(lines))...)
	shapes := []string{
		`BCD`, `001|002`, `[1-8]`, `SCT`, `([A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?)?`, `.{1,70}`, `[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}`,
		`(EUR[0-9]{1,9}(\.[0-9]{1,2})?)?`, `[A-Za-z0-9]{0,4}`, `(RF[0-9]{2}[A-Za-z0-9]{1,21})?`, `.{0,140}`, `.{0,70}`,
	}
	for i, shape := range shapes {
		if !regexp.MustCompile(`^(?:` + shape + `)$`).MatchString(lines[i]) {
			return Transfer{}, fmt.Errorf("element %d is %q", i+1, lines[i])
		}
	}
	if lines[1] == "001" && lines[4] == "" {
		return Transfer{}, fmt.Errorf("version 001 without BIC")
	}
	t := Transfer{BIC: lines[4], Name: lines[5], IBAN: lines[6], Remittance: lines[10]}
	if text := strings.TrimPrefix(lines[7], "EUR"); text != "" {
		whole, cents, _ := strings.Cut(text, ".")
		n, err := strconv.Atoi(whole + (cents + "00")[:2])
		if err != nil {
			return Transfer{}, err
		}
		t.Amount = money.Cents(n)
	}
	return t, nil
}

// The guideline's examples (its chapter 4, versions 001 and 002).
const (
	example001 = "BCD\n001\n1\nSCT\nBPOTBEB1\nRed Cross of Belgium\nBE72000000001616\nEUR1\nCHAR\n\nUrgency fund\nSample QR code"
	example002 = "BCD\n002\n1\nSCT\n\nRed Cross of Belgium\nBE72000000001616\nEUR1\nCHAR\n\nUrgency fund\nSample EPC QR Code"
)

// What we write differs from the example only where it may: two decimals, and no purpose or information.
func TestThePublishedExample(t *testing.T) {
	t.Parallel()
	want := Transfer{Name: "Red Cross of Belgium", IBAN: "BE72000000001616", Amount: 100, Remittance: "Urgency fund"}
	got, err := parse(example002)
	if err != nil || got != want {
		t.Errorf("the example is %+v, %v", got, err)
	}
	payload, err := want.Payload()
	if text := "BCD\n002\n1\nSCT\n\nRed Cross of Belgium\nBE72000000001616\nEUR1.00\n\n\nUrgency fund"; err != nil || payload != text {
		t.Errorf("%q, %v", payload, err)
	}
	want.BIC = "BPOTBEB1"
	if got, err := parse(example001); err != nil || got != want {
		t.Errorf("the example of version 001 is %+v, %v", got, err)
	}
	payload, err = want.Payload()
	if err != nil || !strings.HasPrefix(payload, "BCD\n002\n1\nSCT\nBPOTBEB1\nRed Cross") {
		t.Errorf("%q, %v", payload, err)
	}
}

func TestEmptyTrailingElementsAreOmitted(t *testing.T) {
	t.Parallel()
	for want, transfer := range map[string]Transfer{
		"BCD\n002\n1\nSCT\n\nA\nBE72000000001616":                             {Name: "A", IBAN: "be72 0000 0000 1616"},
		"BCD\n002\n1\nSCT\n\nA\nBE72000000001616\nEUR0.01":                    {Name: "A", IBAN: "BE72000000001616", Amount: 1},
		"BCD\n002\n1\nSCT\nCCOPFRPPXXX\nA\nBE72000000001616\n\n\n\nPAY-1":     {Name: "A", IBAN: "BE72000000001616", BIC: "ccopfrppxxx", Remittance: "PAY-1"},
		"BCD\n002\n1\nSCT\n\nA\nFR7630006000011234567890189\nEUR999999999.99": {Name: "A", IBAN: "FR7630006000011234567890189", Amount: 99_999_999_999},
	} {
		if got, err := transfer.Payload(); err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}

func TestEveryTransferIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string, most int) string {
			return strings.TrimSpace(rapid.StringOfN(rapid.RuneFrom([]rune("aZ09 éàœ€ßΘщ☕-/?:().,'+")), 0, most, -1).Draw(t, label))
		}
		want := Transfer{
			Name: "N" + text("name", 69), IBAN: rapid.SampledFrom([]string{"BE72000000001616", "FR7630006000011234567890189", "DE89370400440532013000", "MT84MALT011000012345MTLCAST001S"}).Draw(t, "iban"),
			BIC: rapid.SampledFrom([]string{"", "BPOTBEB1", "DEUTDEFF500"}).Draw(t, "bic"), Amount: money.Cents(rapid.Int64Range(0, 99_999_999_999).Draw(t, "amount")),
			Remittance: text("remittance", 140),
		}
		payload, err := want.Payload()
		if err != nil {
			if long := len(sepa.Text(want.Name)) > MaxName || len(sepa.Text(want.Remittance)) > MaxRemittance; long && errs.Is(err, errs.ValidationError) {
				return // letters that are written as two
			}
			t.Fatalf("%+v: %v", want, err)
		}
		want.Name, want.Remittance = sepa.Text(want.Name), sepa.Text(want.Remittance)
		if got, err := parse(payload); err != nil || got != want {
			t.Fatalf("%q: %+v, %v", payload, got, err)
		}
	})
}

func TestEveryBadFieldIsNamed(t *testing.T) {
	t.Parallel()
	good := Transfer{Name: "Shop", IBAN: "FR7630006000011234567890189", BIC: "BPOTBEB1", Amount: 2999, Remittance: "PAY-20260617-0B25921FB72918ED"}
	for want, list := range map[string][]func(*Transfer){
		"name": {
			func(t *Transfer) { t.Name = "" }, func(t *Transfer) { t.Name = strings.Repeat("é", 71) }, func(t *Transfer) { t.Name = "Shop\nBE72000000001616" },
			func(t *Transfer) { t.Name = " Shop" }, func(t *Transfer) { t.Name = "Shop\r" }, func(t *Transfer) { t.Name = "\xff" },
			func(t *Transfer) { t.Name = "咖啡" }, func(t *Transfer) { t.Name = strings.Repeat("ß", 36) },
		},
		"iban": {
			func(t *Transfer) { t.IBAN = "" }, func(t *Transfer) { t.IBAN = "FR7630006000011234567890188" }, func(t *Transfer) { t.IBAN = "FR76300060000112345678901é9" },
			func(t *Transfer) { t.IBAN = "FR76\n30006000011234567890189" }, func(t *Transfer) { t.IBAN = "7630006000011234567890189FR" },
		},
		"bic":        {func(t *Transfer) { t.BIC = "BPOT" }, func(t *Transfer) { t.BIC = "BPOT1EB1" }, func(t *Transfer) { t.BIC = "BPOTBEB1XX" }, func(t *Transfer) { t.BIC = "BPOTBE\nX" }},
		"amount":     {func(t *Transfer) { t.Amount = -1 }, func(t *Transfer) { t.Amount = 100_000_000_000 }},
		"remittance": {func(t *Transfer) { t.Remittance = strings.Repeat("x", 141) }, func(t *Transfer) { t.Remittance = "a\nb" }, func(t *Transfer) { t.Remittance = strings.Repeat("ß", 71) }},
	} {
		for i, spoil := range list {
			bad := good
			spoil(&bad)
			payload, err := bad.Payload()
			if err == nil || len(errs.From(err).Fields) != 1 || errs.From(err).Fields[0].Field != want {
				t.Errorf("%s %d: %q, %v", want, i, payload, err)
			}
		}
	}
	if _, err := (Transfer{Amount: -1, BIC: "x", Remittance: "\n"}).Payload(); len(errs.From(err).Fields) != 5 {
		t.Errorf("%v", err)
	}
}

func TestACodeUsesOnlyTheSEPACharacterSet(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Bäckerei Groß": "Backerei Gross", "Ταβέρνα": "Taverna", "Кафе Щъркел": "Kafe SHTarkel", "Œuvre & Łódź": "OEuvre + Lodz",
		strings.Repeat("é", 70): strings.Repeat("e", 70),
	} {
		payload, err := Transfer{Name: name, IBAN: "BE72000000001616", Remittance: "Παραγγελία nº5"}.Payload()
		if text := "BCD\n002\n1\nSCT\n\n" + want + "\nBE72000000001616\n\n\n\nParaggelia no5"; err != nil || payload != text {
			t.Errorf("%q, %v, want %q", payload, err, text)
		}
	}
}
