package paymentapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func withCustomer(customer string) string {
	return `{"amount":1,"description":"x","customer":` + customer + `}`
}

func TestTheCustomerReachesThePaymentsService(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	for body, want := range map[string]*paymentsv1.Customer{
		`{"first_name":"Germaine","last_name":"Michu","email":"germaine@example.com","birth_date":"1963-01-01","birth_city":"Paris","birth_country":"FR",` +
			`"address":{"street":"3 Boulevard du Levant","post_code":"95220","city":"HERBLAY","country":"FR"}}`: {
			FirstName: "Germaine", LastName: "Michu", Email: "germaine@example.com", BirthDate: "1963-01-01", BirthCity: "Paris", BirthCountry: "FR",
			Address: "3 Boulevard du Levant\n95220 HERBLAY\nFR",
		},
		`{"company":"ACME Corp.","siren":"732829320"}`:             {Company: "ACME Corp.", Siren: "732829320"},
		`{"company":"ACME GmbH","euid":"DEK1101R.HRB116737"}`:      {Company: "ACME GmbH", Euid: "DEK1101R.HRB116737"},
		`{"company":"ACME Corp."}`:                                 {Company: "ACME Corp."},
		`{"first_name":"Νίκος","last_name":"Παπαδόπουλος-Müller"}`: {FirstName: "Νίκος", LastName: "Παπαδόπουλος-Müller"},
		`null`: nil,
	} {
		a := w.call("POST", path, withCustomer(body), as("pk_test_a")...)
		if a.status != http.StatusCreated {
			t.Errorf("%s: %d %s", body, a.status, a.body)
			continue
		}
		commands := w.bank.commands()
		if got := commands[len(commands)-1].(*paymentsv1.CreatePayment).GetCustomer(); !proto.Equal(got, want) && (got != nil || want != nil) {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
		if strings.Contains(string(a.body), "ACME") || strings.Contains(string(a.body), "Germaine") {
			t.Errorf("the answer has personal data: %s", a.body)
		}
	}
}

func TestEveryFieldOfACustomerIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	person, company := `"first_name":"Germaine","last_name":"Michu"`, `"company":"ACME"`
	place := `"street":"1 rue X","post_code":"75001","city":"Paris","country":"FR"`
	for _, c := range [][2]string{
		{`{}`, "customer must have first_name and last_name, or company, and not both."},
		{`{` + person + `,` + company + `}`, "customer must have first_name and last_name, or company, and not both."},
		{`{"first_name":"Germaine"}`, "customer.last_name is required."},
		{`{"last_name":"Michu"}`, "customer.first_name is required."},
		{`{"first_name":"G\n","last_name":"Michu"}`, "customer.first_name must be one line of text without blanks around it."},
		{`{"company":"` + strings.Repeat("x", 141) + `"}`, "customer.company must have at most 140 characters."},
		{`{` + person + `,"siren":"732829320"}`, "customer.siren belongs to a company."},
		{`{` + person + `,"euid":"DEK1101R.HRB116737"}`, "customer.euid belongs to a company."},
		{`{` + company + `,"siren":"732829321"}`, "customer.siren must be a SIREN of 9 digits with a valid check digit."},
		{`{` + company + `,"siren":"732829320","euid":"DEK1101R.HRB116737"}`, "customer.euid must be absent when siren is given."},
		{`{` + company + `,"euid":"x"}`, "customer.euid must be a European unique identifier such as DEK1101R.HRB116737."},
		{`{` + company + `,"birth_date":"1963-01-01"}`, "customer must have no birth fields when it is a company."},
		{`{` + person + `,"email":"germaine"}`, "customer.email must be an email address such as name@example.com."},
		{`{` + person + `,"birth_date":"01/01/1963"}`, "customer.birth_date must be a day in the past, as YYYY-MM-DD."},
		{`{` + person + `,"birth_date":"2063-01-01"}`, "customer.birth_date must be a day in the past, as YYYY-MM-DD."},
		{`{` + person + `,"birth_country":"French"}`, "customer.birth_country must be a country code of two capital letters, such as FR."},
		{`{` + person + `,"address":{}}`, "customer.address.street is required."},
		{`{` + person + `,"address":{` + strings.Replace(place, "FR", "fr", 1) + `}}`, "customer.address.country must be a country code of two capital letters, such as FR."},
		{`{` + person + `,"address":{` + place + `,"floor":"2"}}`, "customer.address.floor is not a known field."},
		{`{` + person + `,"iban":"FR76"}`, "customer.iban is not a known field."},
		{`{"first_name":1,"last_name":"Michu"}`, "customer.first_name must be a string."},
		{`"Germaine"`, "customer must be an object."},
	} {
		body, want := c[0], c[1]
		a := w.call("POST", path, withCustomer(body), as("pk_test_a")...)
		if a.status != http.StatusBadRequest || len(a.fail.Errors) == 0 || a.fail.Errors[0].Message != want {
			t.Errorf("%s: %d %s\nwant %s", body, a.status, a.body, want)
		}
	}
}

func TestAnotherCustomerIsAnotherRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10*time.Second)
	send := func(body string) answer {
		return w.call("POST", path, body, append(as("pk_test_a"), "Idempotency-Key", "k-1")...)
	}
	body := withCustomer(`{"first_name":"Germaine","last_name":"Michu"}`)
	for range 2 {
		if a := send(body); a.status != http.StatusCreated {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	for _, other := range []string{withCustomer(`{"first_name":"Germaine","last_name":"Michut"}`), `{"amount":1,"description":"x"}`} {
		send(other).want(t, 409, "IDEMPOTENCY_CONFLICT", "")
	}
}
