package contract

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// connectors: without a token, with the settings that say what a bank can do.
func connectors(p *provider) {
	a := p.as("", "GET", "/connectors", nil)
	list, ok := a.at("connectors").([]any)
	if a.status != http.StatusOK || !ok || len(list) == 0 {
		p.Fatalf("%d %s", a.status, a.text)
	}
	one := p.as("", "GET", "/connectors/"+testConnector, nil)
	p.hold("the test connector", one, object{"uuid": testConnector})
	for _, name := range []string{"id", "uuid", "name", "slug", "products", "payment_settings", "auth_mechanism", "capabilities", "hidden", "restricted"} {
		if _, has := one.body[name]; !has {
			p.Errorf("%s is not there: %s", name, one.text)
		}
	}
	settings, _ := one.at("payment_settings").(object)
	for _, name := range []string{
		"available_validate_mechanisms", "beneficiary_types", "execution_date_types", "execution_frequencies", "maximum_number_of_instructions",
		"providing_payer_account", "partial_status_tracking", "cancellation_available", "minimum_amount", "maximum_amount",
		"minimum_date_delta_days", "maximum_date_delta_days",
	} {
		if _, has := settings[name]; !has {
			p.Errorf("payment_settings.%s is not there: %s", name, one.text)
		}
	}
	p.hold("what the test connector can do", one, object{
		"payment_settings.cancellation_available": true, "payment_settings.maximum_number_of_instructions": 10, "payment_settings.beneficiary_types.0": "iban",
	})
	p.refuse("an unknown one", p.as("", "GET", "/connectors/00000000-0000-0000-0000-000000000000", nil), 404, "notFound")
	classic := p.create(change{"execution_date_type": "first_open_day"}).id()
	instant := p.create().id()
	all, fewer := p.as("", "GET", "/connectors?id_payment="+classic, nil), p.as("", "GET", "/connectors?id_payment="+instant, nil)
	p.assume(len(fewer.text) < len(all.text) && strings.Contains(fewer.text, testConnector), "those that can execute a payment: %d of %d bytes", len(fewer.text), len(all.text))
}

func (p *provider) user() string {
	p.Helper()
	a := p.as("", "POST", "/auth/init", object{"client_id": p.clientID, "client_secret": p.clientSecret})
	p.hold("a user", a, object{"type": "permanent"})
	if a.status != http.StatusOK || a.string("auth_token") == "" || !regexp.MustCompile(`^[1-9][0-9]*$`).MatchString(fmt.Sprint(a.at("id_user"))) {
		p.Fatalf("a user: %d %s", a.status, a.text)
	}
	return a.string("auth_token")
}

// users: a permanent token, a code for the webview, no connections yet, and no way from one kind of token to another.
func users(p *provider) {
	token := p.user()
	a := p.as(token, "GET", "/auth/token/code?type=singleAccess", nil)
	p.hold("a code", a, object{"type": "temporary", "access": "single", "expires_in": 1800})
	p.hold("nothing is connected", p.as(token, "GET", "/users/me/connections", nil), object{"connections": []any{}})
	p.hold("nor an account known", p.as(token, "GET", "/users/me/accounts", nil), object{"accounts": []any{}})
	for what, wrong := range map[string]string{"none": "", "a code": a.string("code"), "a service token": p.tokenFor("payments:admin")} {
		for _, path := range []string{"/users/me/accounts", "/users/me/connections", "/auth/token/code"} {
			p.refuse(what+" "+path, p.as(wrong, "GET", path, nil), 401, "unauthorized")
		}
	}
	p.refuse("a user's token for payments", p.as(token, "GET", "/payments", nil), 401, "unauthorized")
	for what, body := range map[string]object{
		"wrong secret": {"client_id": p.clientID, "client_secret": "x"}, "wrong client": {"client_id": "1", "client_secret": p.clientSecret},
	} {
		p.refuse(what, p.as("", "POST", "/auth/init", body), 401, "unauthorized")
	}
	p.refuse("no secret", p.as("", "POST", "/auth/init", object{"client_id": p.clientID}), 400, "missingParameter")
	p.refuse("another's connection", p.as(token, "GET", "/users/me/connections/1/accounts", nil), 404, "notFound")
}

// connect takes a user through the connect webview to a consent and returns the number of the connection.
func (p *provider) connect(token, slug string) string {
	p.Helper()
	q := url.Values{
		"client_id": {p.clientID}, "redirect_uri": {p.redirect}, "state": {"contract"}, "code": {p.as(token, "GET", "/auth/token/code", nil).string("code")},
	}
	at := p.baseURL + "/2.0/auth/webview/connect?" + q.Encode()
	login := p.press(at, p.browse(at, nil), "bank", slug)
	consent := p.press(at, login, "answer", "login", "login", "ada", "password", "any")
	back := p.press(at, consent, "answer", "consent")
	u, err := url.Parse(back.where)
	if err != nil || !strings.HasPrefix(back.where, p.redirect) || u.Query().Get("connection_id") == "" || u.Query().Get("state") != "contract" {
		p.Fatalf("not connected: %d %q %v", back.status, back.where, err)
	}
	return u.Query().Get("connection_id")
}

// linked: a connection shows accounts with what a payment needs of them, to its user alone.
func linked(p *provider) {
	token, other := p.user(), p.user()
	connection := p.connect(token, "exa")
	p.hold("the connection", p.as(token, "GET", "/users/me/connections?expand=connector", nil), object{
		"connections.0.id": connection, "connections.0.connector_uuid": testConnector, "connections.0.state": nil, "connections.0.active": true,
		"connections.0.connector.uuid": testConnector, "connections.1": nil, "total": 1,
	})
	a := p.as(token, "GET", "/users/me/connections/"+connection+"/accounts", nil)
	for path, form := range map[string]string{
		"accounts.0.id": `^\d+$`, "accounts.0.iban": `^FR\d{2}[0-9A-Z]{23}$`, "accounts.0.bic": `^[A-Z0-9]{11}$`, "accounts.0.name": `.`,
		"accounts.0.currency.id": `^EUR$`, "accounts.0.balance": `^-?\d+\.\d\d$`, "accounts.0.type": `^checking$`, "accounts.0.id_connection": "^" + connection + "$",
		"accounts.0.disabled": `^<nil>$`, "accounts.2.iban": `^<nil>$`, "accounts.2.type": `^savings$`, "total": `^3$`,
	} {
		if got := fmt.Sprint(a.at(path)); !regexp.MustCompile(form).MatchString(got) {
			p.Errorf("%s is %s, want %s: %s", path, got, form, a.text)
		}
	}
	if all := p.as(token, "GET", "/users/me/accounts", nil); all.text != a.text {
		p.Errorf("all accounts are\n%s\nthose of the only connection\n%s", all.text, a.text)
	}
	p.hold("a payment from it", p.create(change{"/payer": account(a.string("accounts.0.iban"), "Ada"), "/connector_uuid": testConnector}), object{
		"payer.identification": a.string("accounts.0.iban"), "payer.bic": a.string("accounts.0.bic"),
	})
	p.refuse("another user", p.as(other, "GET", "/users/me/connections/"+connection+"/accounts", nil), 404, "notFound")
	p.refuse("another user ends it", p.as(other, "DELETE", "/users/me/connections/"+connection, nil), 404, "notFound")
	if a := p.as(token, "DELETE", "/users/me/connections/"+connection, nil); a.status != http.StatusNoContent || a.text != "" {
		p.Errorf("ending it: %d %s", a.status, a.text)
	}
	p.refuse("ending it again", p.as(token, "DELETE", "/users/me/connections/"+connection, nil), 404, "notFound")
	p.hold("nothing is left", p.as(token, "GET", "/users/me/accounts", nil), object{"accounts": []any{}, "total": 0})
}

// switchedOff: an account that is disabled is shown only to who asks for all.
func switchedOff(p *provider) {
	token := p.user()
	connection := p.connect(token, "nowhere")
	id := fmt.Sprint(p.as(token, "GET", "/users/me/accounts", nil).at("accounts.1.id"))
	off := p.as(token, "POST", "/users/me/accounts/"+id, object{"disabled": true})
	if off.status != http.StatusOK || off.string("disabled") == "" {
		p.Errorf("switched off: %d %s", off.status, off.text)
	}
	p.hold("two are left", p.as(token, "GET", "/users/me/accounts", nil), object{"total": 2})
	p.hold("all are there", p.as(token, "GET", "/users/me/connections/"+connection+"/accounts?all", nil), object{"total": 3, "accounts.1.id": id})
	p.hold("switched on", p.as(token, "POST", "/users/me/accounts/"+id, object{"disabled": false}), object{"disabled": nil})
	p.hold("three again", p.as(token, "GET", "/users/me/accounts", nil), object{"total": 3})
	p.refuse("nothing said", p.as(token, "POST", "/users/me/accounts/"+id, object{}), 400, "missingParameter")
	p.refuse("another user", p.as(p.user(), "POST", "/users/me/accounts/"+id, object{"disabled": true}), 404, "notFound")
	p.refuse("no such account", p.as(token, "POST", "/users/me/accounts/1", object{"disabled": true}), 404, "notFound")
}
