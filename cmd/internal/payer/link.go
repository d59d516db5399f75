package payer

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// Link opens the page where a customer links bank accounts, chooses the first bank, logs in and consents or refuses. It returns
// the link into the app by which the customer returns, or the heading of the page where they end.
func (p Payer) Link(ctx context.Context, link, answer string) (string, error) {
	page, err := p.open(ctx, http.MethodGet, link, nil)
	if err != nil {
		return "", err
	}
	bank := first(bankButton, page.body)
	if bank == "" {
		return "", fmt.Errorf("%s offers no bank: %w", page.url.Path, ErrNotSandbox)
	}
	last := url.Values{"answer": {"consent"}}
	if answer == Refuse {
		last.Set("answer", "refuse")
	}
	for _, form := range []url.Values{{"bank": {bank}}, {"answer": {"login"}, "login": {cmp.Or(p.Login, "customer")}, "password": {"any"}}, last} {
		for name, values := range page.hidden() {
			form[name] = values
		}
		p.see("answers " + form.Get("answer") + " at the bank " + bank)
		if page, err = p.open(ctx, http.MethodPost, page.url.String(), form); err != nil {
			return "", err
		}
	}
	if page.left != "" {
		return page.left, nil
	}
	return heading(page.body), nil
}
