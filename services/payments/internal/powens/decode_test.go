package powens

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/money"
)

func TestPaymentsAreReadLeniently(t *testing.T) {
	t.Parallel()
	registered := time.Date(2022, 9, 29, 6, 5, 30, 0, time.UTC)
	tests := map[string]struct {
		body string
		want Payment
	}{
		"documented": {
			`{"id":42,"state":"pending","state_detail":null,"action":null,"error_code":null,"fields":[],"validate_uri":null,"register_date":"2022-09-29 08:05:30",
			"payer":{"scheme_name":"iban","identification":"FR76 3000 6000 0112 3456 7890 189","label":"Michu","issuer":"AGRIFRPP"},
			"instructions":[{"reference_id":"R-1","amount":1.0000000000,"currency":{"id":"EUR","symbol":"€"}}]}`,
			Payment{
				ID: "42", State: Pending, RegisteredAt: registered, ReferenceID: "R-1", Amount: 100, Currency: "EUR",
				Payer: &Account{IBAN: iban, BIC: "AGRIFRPP", Label: "Michu"},
			},
		},
		"other types": {
			`{"id":"42","state":"DONE","state_detail":"","error_code":7,"fields":{"a":1},"validate_uri":"javascript:alert(1)","register_date":"2022-09-29T06:05:30.5Z",
			"payer":{"identification":"FR7630006000011234567890189","bic":"AGRIFRPP"},"instructions":[{"reference_id":"R-1","amount":"0050.90","currency":"eur"}]}`,
			Payment{
				ID: "42", State: Done, ErrorCode: "7", RegisteredAt: registered.Add(500 * time.Millisecond), ReferenceID: "R-1", Currency: "EUR",
				Payer: &Account{IBAN: iban, BIC: "AGRIFRPP"},
			},
		},
		"amount as text":    {`{"id":1,"state":"done","instructions":[{"amount":"50.9000000000"}]}`, Payment{ID: "1", State: Done, Amount: 5090}},
		"whole amount":      {`{"id":1,"state":"done","instructions":[{"amount":50}]}`, Payment{ID: "1", State: Done, Amount: 5000}},
		"tenth of a cent":   {`{"id":1,"state":"done","instructions":[{"amount":50.001}]}`, Payment{ID: "1", State: Done}},
		"amount unreadable": {`{"id":1,"state":"done","instructions":[{"amount":"a lot"}]}`, Payment{ID: "1", State: Done}},
		"bulk":              {`{"id":1,"state":"partial","instructions":[{"amount":1.5},{"amount":"2.25"}]}`, Payment{ID: "1", State: Partial, Amount: 375}},
		"bulk, one odd":     {`{"id":1,"state":"partial","instructions":[{"amount":1.5},{}]}`, Payment{ID: "1", State: Partial}},
		"unknown state":     {`{"id":1,"state":"Under_Review"}`, Payment{ID: "1", State: "Under_Review"}},
		"no state":          {`{"id":1}`, Payment{ID: "1"}},
		"odd parts": {
			`{"id":1,"state":"done","state_detail":{"a":1},"payer":[],"instructions":{"amount":1},"register_date":"yesterday"}`,
			Payment{ID: "1", State: Done},
		},
		"payer elsewhere": {`{"id":1,"state":"done","payer":{"scheme_name":"sort_code_account_number","identification":"1"}}`, Payment{ID: "1", State: Done}},
		"payer unknown":   {`{"id":1,"state":"done","payer":{"scheme_name":"iban","identification":null}}`, Payment{ID: "1", State: Done}},
		"winter time": {
			`{"id":1,"state":"done","register_date":"2022-12-29 08:05:30.123456"}`,
			Payment{ID: "1", State: Done, RegisteredAt: time.Date(2022, 12, 29, 7, 5, 30, 123456000, time.UTC)},
		},
		"with an offset": {`{"id":1,"state":"done","register_date":"2022-09-29 08:05:30+02:00"}`, Payment{ID: "1", State: Done, RegisteredAt: registered}},
		"NUL in a text":  {`{"id":1,"state":"rejected","error_description":"a\u0000b"}`, Payment{ID: "1", State: Rejected, ErrorDescription: "ab"}},
		"page elsewhere": {`{"id":1,"state":"pending","validate_uri":"ftp://bank.example/a"}`, Payment{ID: "1", State: Pending}},
		"page for the payer": {
			`{"id":1,"state":"pending","state_detail":"cancelling","validate_uri":"https://bank.example/a?b=c"}`,
			Payment{ID: "1", State: Pending, StateDetail: "cancelling", ValidateURI: "https://bank.example/a?b=c"},
		},
	}
	for name, tt := range tests {
		got, err := decodePayment([]byte(tt.body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got.Raw = nil
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got\n%+v\nwant\n%+v", name, got, tt.want)
		}
	}
}

func TestAmountsAreReadExactly(t *testing.T) {
	t.Parallel()
	amounts := map[string]money.Cents{
		"1.0000000000": 100, "0.01": 1, "0.1": 10, "999999999999999.99": 99999999999999999, "10.": 1000,
		"1e2": -1, ".5": -1, "": -1, "NaN": -1, "1.005": -1, "1,50": -1,
	}
	for in, want := range amounts {
		got, err := decodeAmount(in)
		if (err != nil) != (want == -1) || err == nil && got != want {
			t.Errorf("%q: got %d, %v, want %d", in, got, err, want)
		}
	}
}

func TestAFinishedPaymentIsNotBeingCancelled(t *testing.T) {
	t.Parallel()
	for state, want := range map[State]bool{Pending: true, Created: true, Rejected: false, Done: false} {
		if got := (Payment{State: state, StateDetail: "Cancelling_webauth"}).Cancelling(); got != want {
			t.Errorf("%s: %t", state, got)
		}
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	final := map[State]bool{Created: false, Validating: false, Pending: false, Done: true, Accepted: true, Rejected: true, Expired: true, Partial: true}
	for s, want := range final {
		if !s.Known() || s.Final() != want {
			t.Errorf("%s: known %t, final %t", s, s.Known(), s.Final())
		}
	}
	if State("other").Known() || State("other").Final() || State("").Known() {
		t.Error("an undocumented state is known or final")
	}
}

func TestRawIsCompactAndFitForTheDatabase(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"{ \"id\" : 1.0000000000, \"a\" : \"<é>\" }":            `{"id":1.0000000000,"a":"<é>"}`,
		`{"id":1,"a":"x\u0000y","b":["\ud83d\ude00","\udead"]}`: `{"a":"x�y","b":["😀","�"],"id":1}`,
		"{\"id\":1.50,\"a\":\"\xff\"}":                          `{"a":"�","id":1.50}`,
	} {
		if got := string(compact([]byte(in))); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func FuzzDecodePayment(f *testing.F) {
	f.Add([]byte(`{"id":42,"state":"pending","fields":{},"instructions":[{"amount":"1.0000000000","currency":{"id":"EUR"}}],"payer":{"identification":"x"}}`))
	f.Add([]byte(`{"id":1,"state":"\u0000","register_date":"2022-03-27 02:30:00"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := decodePayment(body)
		if err != nil {
			return
		}
		if !json.Valid(p.Raw) || !utf8.Valid(p.Raw) || strings.Contains(string(p.State)+p.ErrorCode+p.ErrorDescription+p.ReferenceID, "\x00") {
			t.Errorf("not fit to be stored: %q", p.Raw)
		}
	})
}
