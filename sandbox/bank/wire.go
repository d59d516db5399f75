package bank

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
	_ "time/tzdata" // the API uses local times of Paris, also on machines without time zones

	"european-pay.eu/eupay/sandbox/bank/internal/iban"
	"european-pay.eu/eupay/sandbox/internal/fault"
)

// paris is the zone of the API's datetimes, which have no offset.
var paris = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil { // embedded
		panic(err)
	}
	return zone
}()

const dateTime = "2006-01-02 15:04:05"

// view says how to write a payment.
type view struct {
	sensitive bool
	odd       []fault.Kind
	hook      int64 // adds id_webhook_data
}

func (v view) has(k fault.Kind) bool { return slices.Contains(v.odd, k) }

// object writes a JSON object member by member.
type object []byte

func (o *object) key(name string) {
	if last := (*o)[len(*o)-1]; last != '{' {
		*o = append(*o, ',')
	}
	*o = append(*o, '"')
	*o = append(*o, name...)
	*o = append(*o, '"', ':')
}

func (o *object) raw(name, json string)          { o.key(name); *o = append(*o, json...) }
func (o *object) bytes(name string, json []byte) { o.key(name); *o = append(*o, json...) }
func (o *object) number(name string, n int64)    { o.key(name); *o = strconv.AppendInt(*o, n, 10) }
func (o *object) text(name, s string)            { o.key(name); *o = appendText(*o, s) }

// orNull writes null for an empty text.
func (o *object) orNull(name, s string) {
	if s == "" {
		o.raw(name, "null")
		return
	}
	o.text(name, s)
}

func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			text, err := json.Marshal(s)
			if err != nil { // encoding a string never fails
				panic(err)
			}
			return append(dst, text...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// appendPayment writes the Payment object of the API.
func (b *Bank) appendPayment(dst []byte, r *record, v view) []byte {
	for _, f := range r.Faults {
		if f.Kind.IsShape() && (f.Kind != fault.OtherAmount || r.State != StateCreated) {
			v.odd = append(v.odd, f.Kind)
		}
	}
	o := object(append(dst, '{'))
	o.number("id", r.ID)
	o.text("state", odd(v, fault.UnknownState, "frozen_by_comet", r.State))
	o.orNull("state_detail", r.StateDetail)
	o.orNull("action", r.Action)
	o.orNull("error_code", odd(v, fault.UnknownErrorCode, "cometStrike", r.ErrorCode))
	o.orNull("error_description", r.ErrorDescription)
	o.bytes("fields", encodeFields(r.Fields, v.has(fault.FieldsMap)))
	o.orNull("validate_uri", r.ValidateURI)
	o.orNull("connector_uuid", r.Connector)
	if c := connectorByUUID(r.Connector); c != nil {
		o.number("id_connector", c.ID)
	} else {
		o.raw("id_connector", "null")
	}
	o.orNull("validate_mechanism", r.Mechanism)
	o.text("register_date", r.Registered.In(paris).Format(dateTime))
	o.text("client_redirect_uri", r.RedirectURI)
	o.orNull("client_state", r.ClientState)
	o.key("payer")
	o = appendAccount(o, r.Payer, r.ID*100)
	o.bytes("payer_identity", r.PayerIdentity.encode(v.sensitive))
	o.bytes("operator_identity", r.OperatorIdentity.encode(v.sensitive))
	o.key("instructions")
	o = append(o, '[')
	for i := range r.Instructions {
		if i > 0 {
			o = append(o, ',')
		}
		o = appendInstruction(o, &r.Instructions[i], r.ID*100+int64(i)+1, v)
	}
	o = append(o, ']')
	if v.hook > 0 {
		o.number("id_webhook_data", v.hook)
	}
	return append(o, '}')
}

func odd(v view, k fault.Kind, strange, usual string) string {
	if v.has(k) {
		return strange
	}
	return usual
}

func appendInstruction(dst []byte, i *instruction, id int64, v view) []byte {
	o := object(append(dst, '{'))
	o.text("reference_id", i.ReferenceID)
	cents := i.Cents
	if v.has(fault.OtherAmount) {
		cents++
	}
	if v.has(fault.AmountNumber) {
		o.raw("amount", fmt.Sprintf("%d.%02d", cents/100, cents%100))
	} else {
		o.text("amount", decimal10(cents))
	}
	o.raw("currency", currencies[i.Currency])
	o.text("label", i.Label)
	o.text("execution_date_type", i.Kind)
	o.orNull("execution_date", i.ExecutionDate)
	o.raw("exec_date", "null")
	o.orNull("start_date", i.StartDate)
	o.orNull("end_date", i.EndDate)
	o.orNull("frequency", i.Frequency)
	o.key("beneficiary")
	o = appendAccount(o, &i.Beneficiary, id)
	o.bytes("beneficiary_identity", i.Identity.encode(v.sensitive))
	o.orNull("state", i.State)
	return append(o, '}')
}

func appendAccount(dst []byte, a *account, id int64) []byte {
	if a == nil {
		return append(dst, "null"...)
	}
	issuer := a.Issuer
	if issuer == "" && a.Scheme == schemeIBAN {
		issuer = bicOf(a.Identification)
	}
	o := object(append(dst, '{'))
	o.number("id", id)
	o.text("scheme_name", a.Scheme)
	o.text("identification", a.Identification)
	o.text("label", a.Label)
	o.orNull("issuer", issuer)
	o.orNull("bic", issuer)
	o.raw("id_account", "null")
	o.raw("disabled_date", "null")
	o.raw("merchant_scheme_name", "null")
	o.raw("merchant_identification", "null")
	return append(o, '}')
}

// encodeFields writes an array, as in all examples of the documentation, or the dictionary that its text describes.
func encodeFields(fields []field, asMap bool) []byte {
	if len(fields) == 0 {
		if asMap {
			return []byte("{}")
		}
		return []byte("[]")
	}
	var v any = fields
	if asMap {
		byName := map[string]field{}
		for _, f := range fields {
			byName[f.Name] = f
		}
		v = byName
	}
	text, err := json.Marshal(v)
	if err != nil { // strings only
		panic(err)
	}
	return text
}

// decimal10 formats cents as in the API, with ten decimals.
func decimal10(cents int64) string {
	text := make([]byte, 0, 24)
	text = strconv.AppendInt(text, cents/100, 10)
	text = append(text, '.', byte('0'+cents%100/10), byte('0'+cents%10))
	return string(append(text, "00000000"...))
}

// bicOf invents the BIC of a bank of which only an IBAN is known.
func bicOf(number string) string {
	if c := connectorOfIBAN(number); c != nil {
		return c.BIC
	}
	if len(number) < 4 || !iban.Valid(number) {
		return ""
	}
	return "SBOX" + number[:2] + "2XXXX"
}

// currencies are the known ISO 4217 codes with their objects in answers.
var currencies = map[string]string{
	"EUR": currency("EUR", "€", "Euro", false),
	"GBP": currency("GBP", "£", "British Pound Sterling", true),
	"CHF": currency("CHF", "CHF", "Swiss Franc", false),
	"SEK": currency("SEK", "kr", "Swedish Krona", false),
	"DKK": currency("DKK", "kr", "Danish Krone", false),
	"NOK": currency("NOK", "kr", "Norwegian Krone", false),
	"PLN": currency("PLN", "zł", "Polish Zloty", false),
	"CZK": currency("CZK", "Kč", "Czech Koruna", false),
	"USD": currency("USD", "$", "United States Dollar", true),
}

func currency(id, symbol, name string, prefix bool) string {
	return fmt.Sprintf(`{"id":%q,"symbol":%q,"prefix":%t,"crypto":false,"precision":2,"marketcap":null,"datetime":null,"name":%q}`,
		id, symbol, prefix, name)
}
