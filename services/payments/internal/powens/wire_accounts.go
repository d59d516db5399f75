package powens

import (
	"encoding/json"
	"regexp"
	"strings"
)

// The account API (aggregation) as this client uses it, and what is assumed where its documents are silent:
//
//   - POST /auth/init with the client's credentials makes a user and a token that never ends. It is not idempotent; a user
//     whose answer was lost has no accounts and stays behind empty.
//   - GET /auth/token/code?type=singleAccess makes a code for one visit to the webview, good for 30 minutes. It is what
//     stands in the address; the token never does.
//   - The connect webview lies beside that of payments: the last part of the path is "connect". It sends its visitor back
//     with state and connection_id, or with state and error (access_denied, tos_declined, server_error). Several connection
//     ids would be separated by commas; with max_connections=1 there is one.
//   - When the visitor is back, the accounts that they chose are listed. Those that they did not choose are disabled, and are
//     listed only on demand. Accounts without an IBAN (savings, loans, cards) cannot pay.
//   - `type` is the account type's name, also where the documents say object; `currency` is an object or its code.
//   - DELETE of a connection takes the consent back and answers 204 or the connection. A connection that is gone is 404, as
//     one of another user is.
//   - Disabling an account is an update with {"disabled":true}; it needs ?all once the account is disabled.
//   - The holder's name is not returned.

type wireInit struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

type wireUser struct {
	Token  text `json:"auth_token"`
	Type   text `json:"type"`
	UserID text `json:"id_user"`
}

type wireBankAccount struct {
	ID           text     `json:"id"`
	ConnectionID text     `json:"id_connection"`
	Name         text     `json:"name"`
	OriginalName text     `json:"original_name"`
	IBAN         text     `json:"iban"`
	Currency     currency `json:"currency"`
	Type         text     `json:"type"`
	Disabled     text     `json:"disabled"`
	Deleted      text     `json:"deleted"`
}

type wireConnection struct {
	ID        text `json:"id"`
	Connector struct {
		Name text `json:"name"`
	} `json:"connector"`
}

var ibanShape = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$`)

// decodeBankAccounts omits accounts without valid ids and disabled ones.
func decodeBankAccounts(body []byte) ([]BankAccount, error) {
	var w struct {
		Accounts *[]wireBankAccount `json:"accounts"`
	}
	if err := json.Unmarshal(body, &w); err != nil {
		return nil, err
	}
	if w.Accounts == nil {
		return nil, errNotReadable
	}
	var all []BankAccount
	for _, a := range *w.Accounts {
		if !idShape.MatchString(string(a.ID)) || !idShape.MatchString(string(a.ConnectionID)) || a.Disabled != "" || a.Deleted != "" {
			continue
		}
		one := BankAccount{
			ID: string(a.ID), ConnectionID: string(a.ConnectionID), Name: firstOf(a.Name, a.OriginalName),
			Currency: strings.ToUpper(string(a.Currency)), Type: string(a.Type),
		}
		if iban := strings.ToUpper(strings.Join(strings.Fields(string(a.IBAN)), "")); ibanShape.MatchString(iban) {
			one.IBAN = iban
		}
		all = append(all, one)
	}
	return all, nil
}

// decodeBankName finds the name of a connection's bank.
func decodeBankName(body []byte, connectionID string) (name string, found bool, err error) {
	var w struct {
		Connections *[]wireConnection `json:"connections"`
	}
	if err := json.Unmarshal(body, &w); err != nil {
		return "", false, err
	}
	if w.Connections == nil {
		return "", false, errNotReadable
	}
	for _, c := range *w.Connections {
		if string(c.ID) == connectionID {
			return string(c.Connector.Name), true, nil
		}
	}
	return "", false, nil
}
