// Package printer is a receipt printer that fetches its tickets, as Star's printers do (CloudPRNT, version HTTP), and keeps what it printed as text. Its
// steps can be taken one by one, so that a test switches it off between two of them.
package printer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
)

// maxTicket is more than any ticket has.
const maxTicket = 1 << 20

// Types are the forms of tickets that a printer of today takes.
var Types = []string{"text/plain", "image/png", "application/vnd.star.starprnt", "application/vnd.star.starprntcore"}

// Printer asks its server for tickets.
type Printer struct {
	// URL is what was entered in its settings.
	URL string
	// MAC is its address in its network.
	MAC string
	// Types are the forms of tickets that it takes; nil: Types.
	Types []string
	// Status is what it says of itself; empty: 200 OK.
	Status string
	HTTP   *http.Client
	// Printed are its papers.
	Printed []string

	// held is the ticket that it got and has not printed yet.
	held *held
}

type held struct {
	token, text string
	method      string
}

// offer is the answer to a poll.
type offer struct {
	Ready      bool     `json:"jobReady"`
	MediaTypes []string `json:"mediaTypes"`
	Token      string   `json:"jobToken"`
	Method     string   `json:"deleteMethod"`
}

// Turn does what a printer does every few seconds: it asks, fetches, prints and confirms. It reports whether it printed something.
func (p *Printer) Turn(ctx context.Context) (bool, error) {
	if got, err := p.Fetch(ctx); err != nil || !got {
		return false, err
	}
	p.Print()
	return true, p.Confirm(ctx, "200 OK")
}

// Fetch asks whether there is a ticket, and gets it.
func (p *Printer) Fetch(ctx context.Context) (bool, error) {
	o, err := p.poll(ctx)
	if err != nil || !o.Ready {
		return false, err
	}
	kind, ok := p.choose(o.MediaTypes)
	if !ok {
		return false, p.confirm(ctx, o.Token, o.Method, "510 Incompatible media type")
	}
	body, err := p.call(ctx, http.MethodGet, url.Values{"mac": {p.MAC}, "type": {kind}, "token": {o.Token}}, nil)
	if err != nil {
		return false, errors.Join(err, p.confirm(ctx, o.Token, o.Method, "520 Download failed"))
	}
	p.held = &held{token: o.Token, method: o.Method, text: Text(kind, body)}
	return true, nil
}

// choose returns the first offered form that the printer takes.
func (p *Printer) choose(offered []string) (string, bool) {
	takes := p.Types
	if takes == nil {
		takes = Types
	}
	for _, kind := range offered {
		if slices.Contains(takes, kind) {
			return kind, true
		}
	}
	return "", false
}

// Print prints the ticket that was fetched.
func (p *Printer) Print() {
	if p.held != nil {
		p.Printed = append(p.Printed, p.held.text)
	}
}

// Confirm says what became of the ticket that was fetched.
func (p *Printer) Confirm(ctx context.Context, code string) error {
	if p.held == nil {
		return nil
	}
	h := p.held
	p.held = nil
	return p.confirm(ctx, h.token, h.method, code)
}

// SwitchOff makes it forget what it fetched.
func (p *Printer) SwitchOff() { p.held = nil }

func (p *Printer) poll(ctx context.Context) (offer, error) {
	status := p.Status
	if status == "" {
		status = "200 OK"
	}
	body, err := json.Marshal(map[string]any{
		"status": "23 6 0 0 0 0 0 0 0", "printerMAC": p.MAC, "uniqueID": nil, "statusCode": url.QueryEscape(status), "printingInProgress": p.held != nil, "clientAction": nil,
	})
	if err != nil {
		return offer{}, fmt.Errorf("write a poll: %w", err)
	}
	answer, err := p.call(ctx, http.MethodPost, nil, body)
	if err != nil {
		return offer{}, err
	}
	var o offer
	if err := json.Unmarshal(answer, &o); err != nil {
		return offer{}, fmt.Errorf("read the answer to a poll: %w", err)
	}
	return o, nil
}

func (p *Printer) confirm(ctx context.Context, token, method, code string) error {
	query := url.Values{"mac": {p.MAC}, "code": {code}, "token": {token}}
	if method != http.MethodDelete {
		method = http.MethodGet
		query.Set("delete", "")
	}
	_, err := p.call(ctx, method, query, nil)
	return err
}

func (p *Printer) call(ctx context.Context, method string, query url.Values, body []byte) ([]byte, error) {
	target := p.URL
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	client := p.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxTicket))
	if err != nil {
		return nil, fmt.Errorf("read the answer of the server: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %s to %s", resp.Status, method)
	}
	return answer, nil
}
