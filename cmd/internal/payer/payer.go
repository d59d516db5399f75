// Package payer acts as a person at the sandbox bank: it opens a payment's link and clicks through the pages like a browser.
package payer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Answers of a payer at the bank.
const (
	Authorise = "authorise"
	Refuse    = "refuse"
)

const (
	clickLimit = 30 * time.Second
	pageLimit  = 1 << 20
)

var (
	// ErrNotSandbox is returned for a page that is not the sandbox bank's.
	ErrNotSandbox = errors.New("it is no page of the sandbox bank")
	// ErrStayed is returned if the payer has answered but ends at a page of EU Pay, because the merchant gave no URL.
	ErrStayed = errors.New("the payer was not sent back to the merchant")
)

// Reaches reports whether the link leads to this machine. A Payer opens no other links.
func Reaches(link string) bool {
	u, err := url.Parse(link)
	return err == nil && here(u)
}

// Payer acts as a payer. The zero value is ready to use.
type Payer struct {
	// Account to pay from. Empty: the first that the bank offers.
	Account string
	// Login is the name to log in with at Link: the number of an account opens that account. Empty: any.
	Login string
	// See is called with every page and click. May be nil.
	See func(what string)
}

// Pay opens the link, chooses the first bank, gives the answer and returns the URL where the payer ends: the merchant's page,
// which it does not open.
func (p Payer) Pay(ctx context.Context, link, answer string) (string, error) {
	page, err := p.open(ctx, http.MethodGet, link, nil)
	if err != nil {
		return "", err
	}
	form := page.hidden()
	bank := first(bankButton, page.body)
	if bank == "" {
		return "", fmt.Errorf("%s offers no bank: %w", page.url.Path, ErrNotSandbox)
	}
	form.Set("bank", bank)
	p.see("picks the bank " + bank)
	if page, err = p.open(ctx, http.MethodPost, page.url.String(), form); err != nil {
		return "", err
	}
	if page.left != "" { // a bank that asks nothing
		return page.left, nil
	}
	form = page.hidden()
	form.Set("answer", answer)
	if account := first(accountChoice, page.body); account != "" {
		form.Set("account", cmp.Or(p.Account, account))
	}
	p.see("answers " + answer)
	if page, err = p.open(ctx, http.MethodPost, page.url.String(), form); err != nil {
		return "", err
	}
	if page.left == "" {
		return "", fmt.Errorf("%w but to %s", ErrStayed, page.url.Path)
	}
	p.see("is sent back to " + page.left)
	return page.left, nil
}

func (p Payer) see(what string) {
	if p.See != nil {
		p.See(what)
	}
}

// page is the result of a click: a page, or the redirect to the merchant.
type page struct {
	url  *url.URL
	body string
	left string
}

// open follows redirects as long as they stay on this machine and lead to no page of a merchant.
func (p Payer) open(ctx context.Context, method, address string, form url.Values) (page, error) {
	ctx, cancel := context.WithTimeout(ctx, clickLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return page{}, fmt.Errorf("open the payment's link: %w", err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	var out string
	client := http.Client{CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if !here(next.URL) || strings.HasPrefix(next.URL.Path, "/order/") || strings.HasSuffix(next.URL.Path, "/settlement/accounts") {
			// the merchant's page, that of a table, or that on which a merchant confirms its account
			out = next.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return page{}, fmt.Errorf("open the bank's page: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, pageLimit))
	if err != nil {
		return page{}, fmt.Errorf("read the bank's page: %w", err)
	}
	if out == "" && resp.StatusCode != http.StatusOK {
		return page{}, fmt.Errorf("%s answers %s: %s", resp.Request.URL.Path, resp.Status, heading(string(body)))
	}
	return page{url: resp.Request.URL, body: string(body), left: out}, nil
}

func here(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
}

var (
	hiddenInput   = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	bankButton    = regexp.MustCompile(`name="bank" value="([^"]*)"`)
	accountChoice = regexp.MustCompile(`name="account" value="([^"]*)"`)
	title         = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)
)

func (p page) hidden() url.Values {
	form := make(url.Values)
	for _, m := range hiddenInput.FindAllStringSubmatch(p.body, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	return form
}

func first(pattern *regexp.Regexp, body string) string {
	m := pattern.FindStringSubmatch(body)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

func heading(body string) string {
	if text := first(title, body); text != "" {
		return text
	}
	return "no page"
}
