package bank

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"european-pay.eu/eupay/sandbox/internal/control"
	"european-pay.eu/eupay/sandbox/internal/dispatch"
	"european-pay.eu/eupay/sandbox/internal/fault"
)

const (
	// linesPerConnection separates the ids of lines, which each connection numbers for itself.
	linesPerConnection = 100_000_000
	maxLinesPage       = 1000
	// consentLife is how long a consent lasts.
	consentLife = 180 * 24 * time.Hour
)

// listTransactions lists the lines of an account of the user: those that changed after last_update, by id.
func (b *Bank) listTransactions(c *call, user int64) ([]byte, error) {
	id, q := control.PathID(c.r), c.r.URL.Query()
	x, ok := b.links.get(id / accountsPerConnection)
	if !ok || x.User != user || id%accountsPerConnection >= int64(len(x.accounts())) {
		return nil, errNotFound
	}
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 || limit > maxLinesPage {
		return nil, invalid("limit")
	}
	offset := 0
	if q.Has("offset") {
		if offset, err = strconv.Atoi(q.Get("offset")); err != nil || offset < 0 {
			return nil, invalid("offset")
		}
	}
	var since time.Time
	if q.Has("last_update") {
		if since, err = time.ParseInLocation(dateTime, q.Get("last_update"), paris); err != nil {
			return nil, invalid("last_update")
		}
	}
	var list []Line
	if a := x.accounts()[id%accountsPerConnection]; x.Own != "" && a.IBAN == x.Own && x.State == "" {
		list = b.ledger.of(a.IBAN, since, b.cfg.Now())
	}
	if !q.Has("all") {
		list = slices.DeleteFunc(list, func(l Line) bool { return l.Deleted })
	}
	total := len(list)
	list = list[min(offset, total):min(offset+limit, total)]
	out := make([]map[string]any, len(list))
	for i, l := range list {
		out[i] = l.encode(x.ID, id)
	}
	return json.Marshal(map[string]any{"transactions": out, "total": total})
}

// encode writes the Transaction object. The reference has no field of its own.
func (l Line) encode(connection, account int64) map[string]any {
	value, _ := json.Marshal(json.Number(signed(l.Cents)))
	one := map[string]any{
		"id": connection*linesPerConnection + l.ID, "id_account": account, "application_date": l.Date, "date": l.Date, "rdate": l.Date, "vdate": l.Date,
		"value": json.RawMessage(value), "type": "transfer", "original_wording": l.Text, "simplified_wording": l.Text, "wording": l.Text,
		"coming": l.Coming, "active": true, "deleted": nil, "last_update": l.Updated.In(paris).Format(dateTime), "informations": map[string]any{},
		"counterparty": nil,
	}
	if l.Deleted {
		one["deleted"] = l.Updated.In(paris).Format(dateTime)
	}
	if l.Other != "" {
		kind := "debtor"
		if l.Cents < 0 {
			kind = "creditor"
		}
		one["counterparty"] = map[string]any{"label": l.Name, "account_scheme_name": "iban", "account_identification": l.Other, "type": kind}
	}
	return one
}

// signed formats cents as the API's decimals.
func signed(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return sign + strconv.FormatInt(cents/100, 10) + "." + twoDigits(cents%100)
}

// syncHook says that a connection has news.
type syncHook struct {
	id         int64
	connection connection
}

// announceSync queues CONNECTION_SYNCED.
func (b *Bank) announceSync(x connection) {
	if b.cfg.WebhookURL == "" {
		return
	}
	b.syncs.Enqueue(x.ID, &syncHook{id: b.lastHook.Add(1), connection: x})
}

func (b *Bank) newSyncs() *dispatch.Dispatcher[*syncHook] {
	return dispatch.New(dispatch.Settings[*syncHook]{
		Workers: b.cfg.WebhookWorkers, Timeout: b.cfg.WebhookTimeout, Retry: b.cfg.WebhookRetry, GiveUp: time.Hour, Log: b.cfg.Log,
		Faults: func(*syncHook) []fault.Fault { return nil }, Deliver: b.deliverSync, Done: func(*syncHook) {},
	})
}

// deliverSync sends CONNECTION_SYNCED: the connection with its accounts.
func (b *Bank) deliverSync(ctx context.Context, x *dispatch.Delivery[*syncHook]) bool {
	c := x.Webhook.connection
	accounts := []map[string]any{}
	for _, a := range c.accounts() {
		accounts = append(accounts, map[string]any{"id": a.ID, "id_connection": c.ID, "iban": a.IBAN})
	}
	body, err := json.Marshal(map[string]any{
		"user":            map[string]any{"id": c.User, "platform": "sharedAccess"},
		"connection":      map[string]any{"id": c.ID, "id_user": c.User, "state": nil, "error_message": nil, "active": true, "accounts": accounts},
		"id_webhook_data": x.Webhook.id,
	})
	if err != nil {
		b.cfg.Log.Error("webhook has no body", "error", err)
		return true
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.cfg.WebhookURL, bytes.NewReader(body))
	if err != nil {
		b.cfg.Log.Error("webhook has no request", "error", err)
		return true
	}
	date := b.cfg.Now().UTC().Format(signatureDate)
	req.Header.Set("Content-Type", "application/json")
	if b.cfg.WebhookSecret != "" {
		req.Header.Set("BI-Signature-Date", date)
		req.Header.Set("BI-Signature", Sign(b.cfg.WebhookSecret, http.MethodPost, b.hooks.path, date, body))
	}
	x.Attempts++
	status := b.syncs.Send(req)
	ok := status >= 200 && status < 300
	if ok {
		b.stats.count("sync delivered")
	}
	return ok
}

// ErrUnknownConnection means that there is no connection with this id.
var ErrUnknownConnection = errors.New("unknown connection")

// EndConsent ends the consent of a connection, as it does in the night of its last day: nothing can be read until its owner consents
// anew.
func (b *Bank) EndConsent(id int64) error {
	next, ok := b.links.change(id, func(x *connection) { x.State = "SCARequired" })
	if !ok {
		return ErrUnknownConnection
	}
	return b.journal.Append(line{Link: &next})
}

// change changes a connection.
func (l *links) change(id int64, fn func(*connection)) (connection, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	x, ok := l.byID[id]
	if !ok {
		return connection{}, false
	}
	fn(&x)
	l.byID[id] = x
	return x, true
}

// Connections returns the connections of an account, oldest first.
func (b *Bank) Connections(account string) []int64 {
	var ids []int64
	for _, x := range b.links.all() {
		if x.Own == account {
			ids = append(ids, x.ID)
		}
	}
	return ids
}

func (l *links) all() []connection {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]connection, 0, len(l.byID))
	for _, x := range l.byID {
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b connection) int { return int(a.ID - b.ID) })
	return list
}

// ledgerControls are the controls of accounts and their lines.
func (b *Bank) ledgerControls(m *control.Mux) {
	m.On("GET /booking", func(*http.Request) (any, error) { return b.Booking(), nil })
	m.On("PUT /booking", func(r *http.Request) (any, error) {
		var rule Booking
		if err := control.Read(r, &rule); err != nil {
			return nil, err
		}
		b.SetBooking(rule)
		return rule, nil
	})
	m.On("GET /accounts/{iban}/lines", func(r *http.Request) (any, error) {
		return map[string]any{"lines": append([]Line{}, b.BankLines(r.PathValue("iban"))...), "connections": b.Connections(r.PathValue("iban"))}, nil
	})
	m.On("POST /accounts/{iban}/lines", func(r *http.Request) (any, error) {
		var in Line
		if err := control.Read(r, &in); err != nil {
			return nil, err
		}
		in.IBAN, in.ID = r.PathValue("iban"), 0
		id, err := b.BookLine(in)
		return map[string]int64{"id": id}, err
	})
	m.On("POST /lines/{id}/{verb}", b.manageLine)
	m.On("POST /connections/{id}/end", func(r *http.Request) (any, error) { return control.Done, b.EndConsent(control.PathID(r)) })
}

func (b *Bank) manageLine(r *http.Request) (any, error) {
	change := map[string]func(*Line){
		"book":   func(l *Line) { l.Coming = false },
		"delete": func(l *Line) { l.Deleted = true },
	}[r.PathValue("verb")]
	if change == nil {
		return nil, errors.New("unknown verb, expected book or delete")
	}
	return control.Done, b.ChangeLine(control.PathID(r), change)
}
