package powens

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the provider's datetimes are Paris time, also on a machine without a time zone database
	"unicode/utf8"

	"european-pay.eu/eupay/internal/money"
)

// text decodes any JSON scalar as text: ids, codes and amounts change type between versions of the API. Objects and lists become
// empty. NUL is dropped, because PostgreSQL refuses it.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case 'n', '{', '[':
		*t = ""
	case '"':
		if bytes.IndexByte(b, '\\') < 0 && utf8.Valid(b) { // the common case: nothing to unescape
			*t = text(b[1 : len(b)-1])
			return nil
		}
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(strings.ReplaceAll(s, "\x00", ""))
	default:
		*t = text(b)
	}
	return nil
}

// currency decodes "EUR" and {"id":"EUR",…}.
type currency string

func (c *currency) UnmarshalJSON(b []byte) error {
	if b[0] != '{' {
		return (*text)(c).UnmarshalJSON(b)
	}
	var object struct {
		ID text `json:"id"`
	}
	err := json.Unmarshal(b, &object)
	*c = currency(object.ID)
	return err
}

type wireError struct {
	Code             text `json:"code"`
	Description      text `json:"description"`
	Message          text `json:"message"`
	RequestID        text `json:"request_id"`
	OAuthError       text `json:"error"`
	OAuthDescription text `json:"error_description"`
}

// readEnvelope reads an error body and removes secrets from it. A body that is not an envelope is ignored.
func (e *Error) readEnvelope(body []byte, secrets ...string) {
	var w wireError
	if err := json.Unmarshal(body, &w); err != nil {
		return
	}
	e.Code = safeCode(firstOf(w.Code, w.OAuthError))
	e.Description = safeText(firstOf(w.Description, w.Message, w.OAuthDescription), secrets...)
	e.RequestID = safeCode(string(w.RequestID))
}

func firstOf(texts ...text) string {
	for _, t := range texts {
		if t != "" {
			return string(t)
		}
	}
	return ""
}

// wirePayment omits what is not needed, above all `fields`, which is a list or a map. Parts that may be malformed are decoded
// separately, so that they cannot make the rest fail.
type wirePayment struct {
	ID               text            `json:"id"`
	State            text            `json:"state"`
	StateDetail      text            `json:"state_detail"`
	ErrorCode        text            `json:"error_code"`
	ErrorDescription text            `json:"error_description"`
	ValidateURI      text            `json:"validate_uri"`
	RegisterDate     text            `json:"register_date"`
	Bank             text            `json:"connector_uuid"`
	Payer            json.RawMessage `json:"payer"`
	Instructions     json.RawMessage `json:"instructions"`
}

type answeredInstruction struct {
	ReferenceID text     `json:"reference_id"`
	Amount      text     `json:"amount"`
	Currency    currency `json:"currency"`
}

var idShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

var uuidShape = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

var errNoID = errors.New("payment without id")

func decodePayment(body []byte) (Payment, error) {
	var w wirePayment
	if err := json.Unmarshal(body, &w); err != nil {
		return Payment{}, err
	}
	if !idShape.MatchString(string(w.ID)) {
		return Payment{}, errNoID
	}
	p := Payment{
		ID: string(w.ID), State: decodeState(w.State), StateDetail: string(w.StateDetail),
		ErrorCode: string(w.ErrorCode), ErrorDescription: string(w.ErrorDescription),
		ValidateURI: decodeURL(w.ValidateURI), RegisteredAt: decodeTime(string(w.RegisterDate)),
		Payer: decodeAccount(w.Payer), Raw: compact(body),
	}
	if uuidShape.MatchString(string(w.Bank)) {
		p.BankID = strings.ToLower(string(w.Bank))
	}
	p.readInstructions(w.Instructions)
	return p, nil
}

// readList also reports whether the list is complete, that is, cannot lack payments that match the query.
func readList(body []byte) (payments []Payment, complete bool, err error) {
	var w struct {
		Payments *[]json.RawMessage `json:"payments"`
		Total    text               `json:"total"`
		Links    json.RawMessage    `json:"_links"`
	}
	if err := json.Unmarshal(body, &w); err != nil {
		return nil, false, err
	}
	if w.Payments == nil {
		return nil, false, errors.New("no list of payments")
	}
	complete = len(*w.Payments) < pageSize && !hasNext(w.Links) && !moreThan(len(*w.Payments), string(w.Total))
	for _, raw := range *w.Payments {
		p, err := decodePayment(raw)
		if err != nil {
			return nil, false, err
		}
		payments = append(payments, p)
		complete = complete && p.ReferenceID != "" // a payment without a reference may be the one we look for
	}
	return payments, complete, nil
}

func hasNext(links json.RawMessage) bool {
	var w struct {
		Next struct {
			Href text `json:"href"`
		} `json:"next"`
	}
	return len(links) > 0 && json.Unmarshal(links, &w) == nil && w.Next.Href != ""
}

// moreThan reports whether the list's total exceeds n.
func moreThan(n int, total string) bool {
	all, err := strconv.Atoi(total)
	return err == nil && all > n
}

func decodeState(t text) State {
	if s := State(strings.ToLower(strings.TrimSpace(string(t)))); s.Known() {
		return s
	}
	return State(t)
}

func decodeURL(t text) string {
	u, err := url.Parse(string(t))
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return ""
	}
	return string(t)
}

func (p *Payment) readInstructions(raw json.RawMessage) {
	var list []answeredInstruction
	if len(raw) == 0 || json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return
	}
	p.ReferenceID, p.Currency = string(list[0].ReferenceID), strings.ToUpper(string(list[0].Currency))
	var sum money.Cents
	for _, i := range list {
		cents, err := decodeAmount(string(i.Amount))
		if err == nil {
			sum, err = sum.Add(cents)
		}
		if err != nil {
			return
		}
	}
	p.Amount = sum
}

// decodeAmount decodes a decimal with any number of decimals. Only the first two may be non-zero.
func decodeAmount(s string) (money.Cents, error) {
	whole, fraction, hasPoint := strings.Cut(strings.TrimSpace(s), ".")
	if !hasPoint {
		return money.Parse(whole)
	}
	fraction = strings.TrimRight(fraction, "0")
	return money.Parse(whole + "." + (fraction + "00")[:max(len(fraction), 2)])
}

func decodeAccount(raw json.RawMessage) *Account {
	var w struct {
		SchemeName     text `json:"scheme_name"`
		Identification text `json:"identification"`
		Label          text `json:"label"`
		Issuer         text `json:"issuer"`
		BIC            text `json:"bic"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &w) != nil || w.Identification == "" {
		return nil
	}
	if w.SchemeName != "" && !strings.EqualFold(string(w.SchemeName), "iban") {
		return nil
	}
	iban := strings.ToUpper(strings.Join(strings.Fields(string(w.Identification)), ""))
	return &Account{IBAN: iban, BIC: firstOf(w.Issuer, w.BIC), Label: string(w.Label)}
}

var paris = mustLoad("Europe/Paris")

func mustLoad(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // cannot happen: the time zone database is compiled in
	}
	return loc
}

// decodeTime decodes the provider's datetimes. Without an offset they are Paris time. It returns zero for an invalid one.
func decodeTime(s string) time.Time {
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04:05Z07:00", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, paris); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
