package powens

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"european-pay.eu/eupay/internal/money"
)

// The bank lines of a shared account as this client reads them, and what is assumed where the documents are silent:
//
//   - GET /users/me/transactions is documented with limit (at most 1000), all (deleted ones too), last_update (those updated after it)
//     and filters by date. The lines of one account are read at /users/me/accounts/{id}/transactions, the path of the older
//     documents, so that lines of the connection's other accounts are never read.
//   - offset is the API's general rule for lists.
//   - last_update is a datetime in Paris without an offset. In the hour that the end of summer time repeats it names two moments, so a
//     reader must ask again for a few hours that it has read.
//   - A page is in an order that does not depend on last_update. With all, a line never leaves the list of a reading; one that comes in
//     meanwhile shifts lines to later pages, where they are read twice.
//   - `coming` lines are announced and not booked. When the bank books one, it may keep its id or be deleted for another.
//   - `date` is the day of the booking, `rdate` of the operation. `value` is signed: negative for a debit.
//   - The end-to-end reference has no field of its own. Banks put it into original_wording, and some connectors into `informations`,
//     whose texts are all read.
//   - `counterparty` has label and account_identification when the bank names the other account.
//   - A connection has `expire`, the end of the consent, if the bank sets one, and `state`, which is null while all is well.

// PageOfLines is how many lines one call of Lines returns at most.
const PageOfLines = 1000

// maxLines is the size of the largest page that is read, in bytes.
const maxLines = 8 << 20

// BankLine is a line of a shared account.
type BankLine struct {
	ID string
	// Cents is negative for a debit.
	Cents money.Cents
	// On is the day of the booking, at midnight UTC.
	On time.Time
	// Coming: announced, not booked. Deleted: the bank took it back.
	Coming, Deleted bool
	// Updated is when the provider last changed the line; zero if it does not say.
	Updated time.Time
	// Text is everything that the bank wrote. Payer and IBAN are the other account, if the bank names it. They are personal data.
	Text, Payer, IBAN string
}

type wireLine struct {
	ID           text            `json:"id"`
	AccountID    text            `json:"id_account"`
	Value        text            `json:"value"`
	Date         text            `json:"date"`
	RDate        text            `json:"rdate"`
	Coming       bool            `json:"coming"`
	Deleted      text            `json:"deleted"`
	LastUpdate   text            `json:"last_update"`
	Original     text            `json:"original_wording"`
	Wording      text            `json:"wording"`
	Informations json.RawMessage `json:"informations"`
	Counterparty json.RawMessage `json:"counterparty"`
}

// Lines returns a page of the lines that changed after since, deleted ones too, and whether there may be more. Lines that cannot be
// read are left out. The error satisfies IsGone when the user shares no such account.
func (c *Client) Lines(ctx context.Context, u User, accountID string, since time.Time, offset int) (lines []BankLine, more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "get bank lines"
	path, err := userPath(op, "accounts", accountID)
	if err != nil {
		return nil, false, err
	}
	q := url.Values{
		"limit": {strconv.Itoa(PageOfLines)}, "offset": {strconv.Itoa(offset)}, "last_update": {since.In(paris).Format(time.DateTime)}, "all": {""},
	}
	a, err := c.do(ctx, request{
		op: op, method: http.MethodGet, path: path + "/transactions?" + q.Encode(), repeatable: true, token: u.Token, limit: maxLines,
	})
	if err != nil {
		return nil, false, err
	}
	var w struct {
		Transactions *[]wireLine `json:"transactions"`
	}
	if err := json.Unmarshal(a.body, &w); err != nil || w.Transactions == nil {
		return nil, false, unreadable(op, a.status)
	}
	for _, one := range *w.Transactions {
		if l, ok := one.decode(); ok && (one.AccountID == "" || string(one.AccountID) == accountID) {
			lines = append(lines, l)
		}
	}
	return lines, len(*w.Transactions) >= PageOfLines, nil
}

func (w wireLine) decode() (BankLine, bool) {
	cents, err := decodeAmount(string(w.Value))
	on, dateErr := time.Parse(time.DateOnly, firstOf(w.Date, w.RDate))
	if err != nil || dateErr != nil || cents == 0 || !idShape.MatchString(string(w.ID)) {
		return BankLine{}, false
	}
	l := BankLine{
		ID: string(w.ID), Cents: cents, On: on, Coming: w.Coming, Deleted: w.Deleted != "", Updated: decodeTime(string(w.LastUpdate)),
		Text: firstOf(w.Original, w.Wording),
	}
	// Both are objects if they are there; anything else says nothing.
	var more map[string]text
	if json.Unmarshal(w.Informations, &more) == nil {
		for _, name := range slices.Sorted(maps.Keys(more)) {
			l.Text += "\n" + string(more[name])
		}
	}
	var other struct {
		Label   text `json:"label"`
		Account text `json:"account_identification"`
	}
	if json.Unmarshal(w.Counterparty, &other) == nil {
		l.Payer = string(other.Label)
		if iban := strings.ToUpper(strings.Join(strings.Fields(string(other.Account)), "")); ibanShape.MatchString(iban) {
			l.IBAN = iban
		}
	}
	return l, true
}

// Connection is the state of a consent.
type Connection struct {
	// State is empty while all is well; otherwise the provider's word for what is wrong.
	State string
	// Ends is when the consent ends; zero if the provider does not say.
	Ends time.Time
}

// NeedsOwner reports whether only the owner of the account can make the connection work again, by consenting anew.
func (c Connection) NeedsOwner() bool {
	switch c.State {
	case "SCARequired", "webauthRequired", "additionalInformationNeeded", "decoupled", "wrongpass", "passwordExpired", "actionNeeded":
		return true
	default:
		return false
	}
}

// Connection returns the state of one of the user's connections. The error satisfies IsGone when there is none.
func (c *Client) Connection(ctx context.Context, u User, connectionID string) (Connection, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "get connection"
	a, err := c.do(ctx, request{op: op, method: http.MethodGet, path: "/users/me/connections", repeatable: true, token: u.Token})
	if err != nil {
		return Connection{}, err
	}
	var w struct {
		Connections *[]struct {
			ID     text `json:"id"`
			State  text `json:"state"`
			Expire text `json:"expire"`
		} `json:"connections"`
	}
	if err := json.Unmarshal(a.body, &w); err != nil || w.Connections == nil {
		return Connection{}, unreadable(op, a.status)
	}
	for _, one := range *w.Connections {
		if string(one.ID) == connectionID {
			return Connection{State: string(one.State), Ends: decodeTime(string(one.Expire))}, nil
		}
	}
	return Connection{}, &Error{Op: op, Status: http.StatusNotFound, Code: "notFound"}
}

// ReconnectURL returns the page where the user consents anew to a connection that it has. Afterwards the page redirects to redirectURI
// with the state. The URL contains a single-use code: give it only to the user.
func (c *Client) ReconnectURL(ctx context.Context, u User, connectionID, redirectURI, state string) (string, error) {
	return c.visitURL(ctx, u, siblingURL(c.connectURL, "reconnect"), redirectURI, state, url.Values{"connection_id": {connectionID}})
}
