package paying

import (
	"encoding/json"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/refuse"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Limits of a customer's fields, in characters. The provider accepts more.
const (
	maxPersonName = 100
	maxCompany    = 140
	maxEmail      = 254
	maxStreet     = 200
	maxCity       = 100
	maxPostCode   = 16
	maxEUID       = 64
)

// Customer is the payer, as the merchant knows it: a person with first and last name, or a company. It becomes the provider's
// payer_identity. It is personal data, so it appears in no answer, event or log.
type Customer struct {
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Company   string `json:"company"`
	// SIREN or EUID identify a company.
	SIREN        string         `json:"siren"`
	EUID         string         `json:"euid"`
	Email        string         `json:"email"`
	Address      *PostalAddress `json:"address"`
	BirthDate    string         `json:"birth_date"`
	BirthCity    string         `json:"birth_city"`
	BirthCountry string         `json:"birth_country"`
}

// PostalAddress is where a customer lives, or where a company has its seat.
type PostalAddress struct {
	Street   string `json:"street"`
	PostCode string `json:"post_code"`
	City     string `json:"city"`
	Country  string `json:"country"`
}

var (
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`) // ISO 3166-1 alpha-2
	euidForm    = regexp.MustCompile(`^[A-Z]{2}[A-Za-z0-9]+\.[A-Za-z0-9./_-]+$`)
)

// Check names each refused field by its path.
func (c *Customer) Check(bad *refuse.Problems, now time.Time) {
	if c == nil {
		return
	}
	person, company := c.FirstName != "" || c.LastName != "", c.Company != ""
	if person == company {
		bad.Add("customer", "must have first_name and last_name, or company, and not both")
	}
	if person {
		checkLine(bad, "customer.first_name", c.FirstName, maxPersonName, true)
		checkLine(bad, "customer.last_name", c.LastName, maxPersonName, true)
	}
	checkLine(bad, "customer.company", c.Company, maxCompany, false)
	c.checkNumbers(bad, company)
	if at := strings.LastIndexByte(c.Email, '@'); c.Email != "" {
		parsed, err := mail.ParseAddress(c.Email)
		if err != nil || parsed.Address != c.Email || len(c.Email) > maxEmail || !strings.Contains(c.Email[at+1:], ".") {
			bad.Add("customer.email", "must be an email address such as name@example.com")
		}
	}
	c.Address.check(bad)
	c.checkBirth(bad, company, now)
}

func (c *Customer) checkNumbers(bad *refuse.Problems, company bool) {
	switch {
	case c.SIREN != "" && !company:
		bad.Add("customer.siren", "belongs to a company")
	case c.EUID != "" && !company:
		bad.Add("customer.euid", "belongs to a company")
	case c.SIREN != "" && c.EUID != "":
		bad.Add("customer.euid", "must be absent when siren is given")
	case c.SIREN != "" && !ident.IsSIREN(c.SIREN):
		bad.Add("customer.siren", "must be a SIREN of 9 digits with a valid check digit")
	case c.EUID != "" && (len(c.EUID) > maxEUID || !euidForm.MatchString(c.EUID)):
		bad.Add("customer.euid", "must be a European unique identifier such as DEK1101R.HRB116737")
	}
}

func (a *PostalAddress) check(bad *refuse.Problems) {
	if a == nil {
		return
	}
	checkLine(bad, "customer.address.street", a.Street, maxStreet, true)
	checkLine(bad, "customer.address.post_code", a.PostCode, maxPostCode, true)
	checkLine(bad, "customer.address.city", a.City, maxCity, true)
	if !countryForm.MatchString(a.Country) {
		bad.Add("customer.address.country", "must be a country code of two capital letters, such as FR")
	}
}

func (c *Customer) checkBirth(bad *refuse.Problems, company bool, now time.Time) {
	if company && (c.BirthDate != "" || c.BirthCity != "" || c.BirthCountry != "") {
		bad.Add("customer", "must have no birth fields when it is a company")
		return
	}
	if c.BirthDate != "" {
		day, err := time.Parse(time.DateOnly, c.BirthDate)
		if err != nil || day.Year() < 1900 || day.After(now.UTC()) {
			bad.Add("customer.birth_date", "must be a day in the past, as YYYY-MM-DD")
		}
	}
	checkLine(bad, "customer.birth_city", c.BirthCity, maxCity, false)
	if c.BirthCountry != "" && !countryForm.MatchString(c.BirthCountry) {
		bad.Add("customer.birth_country", "must be a country code of two capital letters, such as FR")
	}
}

// checkLine requires one line of text; an empty one is refused only if it is required.
func checkLine(bad *refuse.Problems, field, s string, most int, required bool) {
	switch {
	case s == "" && required:
		bad.Add(field, "is required")
	case utf8.RuneCountInString(s) > most:
		bad.Add(field, "must have at most %d characters", most)
	case s != strings.TrimSpace(s) || strings.ContainsFunc(s, web.Unprintable):
		bad.Add(field, "must be one line of text without blanks around it")
	}
}

// Proto returns the message for the payments service; nil for no customer.
func (c *Customer) Proto() *paymentsv1.Customer {
	if c == nil {
		return nil
	}
	out := &paymentsv1.Customer{
		FirstName: c.FirstName, LastName: c.LastName, Company: c.Company, Siren: c.SIREN, Euid: c.EUID, Email: c.Email,
		BirthDate: c.BirthDate, BirthCity: c.BirthCity, BirthCountry: c.BirthCountry,
	}
	if a := c.Address; a != nil {
		out.Address = a.Street + "\n" + a.PostCode + " " + a.City + "\n" + a.Country
	}
	return out
}

// Fingerprint returns what distinguishes two customers; nothing for none, so that the fingerprint of requests without a customer
// is unchanged.
func (c *Customer) Fingerprint() []string {
	if c == nil {
		return nil
	}
	text, err := json.Marshal(c)
	if err != nil { // impossible: a struct of strings
		panic(err)
	}
	return []string{string(text)}
}
