package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/jackc/pgx/v5"

	eupay "european-pay.eu/eupay/sdk/go"
)

const (
	// manyPayments are those of the merchant whose pages are measured.
	manyPayments = 100_000
	pageRate     = 200
	pageP95      = 30 * time.Millisecond
	// guestsPerSecond open the menu of one table for a second: its code may be looked at 60 times a minute.
	guestsPerSecond = 40
	// firstView is what a guest at a table loads before anything can be read, in bytes.
	firstView = 100_000
)

// pages measures the pages that people see: how large they are, and how long the server takes.
func (b *bench) pages(ctx context.Context) error {
	b.table.title("Pages", fmt.Sprintf("of a merchant with %d payments; sizes as a browser gets them", manyPayments))
	if err := b.stock(ctx, enough); err != nil {
		return err
	}
	b.system.stop()
	var err error
	// One login opens all pages: it may read more often than a person does.
	if b.system, err = start(ctx, b.Program, b.dir, "EUPAY_USER_READS=1000000", "EUPAY_MERCHANT_READS=1000000"); err != nil {
		return err
	}
	if err := b.grow(ctx); err != nil {
		return fmt.Errorf("make %d payments: %w", manyPayments, err)
	}
	cookie, err := b.signIn(ctx)
	if err != nil {
		return err
	}
	menu, err := b.menu(ctx)
	if err != nil {
		return err
	}
	for _, p := range []struct{ name, path, cookie string }{
		{"/", "/", ""},
		{"/docs", "/docs", ""},
		{"/portal/login", "/portal/login", ""},
		{"/portal", "/portal", cookie},
		{"/portal/payments", "/portal/payments", cookie},
		{"one payment", "/portal/payments/" + b.made[0].reference, cookie},
		{"/portal/webhooks", "/portal/webhooks", cookie},
		{"the menu of a table", menu, ""},
		{"/app/login", "/app/login", ""},
	} {
		if err := b.page(ctx, p.name, p.path, p.cookie); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return b.home(ctx, cookie)
}

// page opens one page again and again: over one connection, as fast as it can, or as often as guests may.
func (b *bench) page(ctx context.Context, name, path, cookie string) error {
	guests := strings.HasPrefix(path, "/order/")
	l := load{host: b.system.host, pid: b.system.pid, duration: max(b.each()/5, time.Second), do: b.open(path, cookie)}
	var r *result
	if guests {
		l.duration = time.Second
		r = l.open(ctx, guestsPerSecond)
	} else {
		r = l.closed(ctx, 1)
	}
	if r.failure != nil {
		return r.failure
	}
	page, all, err := b.sizes(ctx, path, cookie)
	if err != nil {
		return err
	}
	target, met := "", ""
	if guests {
		target, met = "first view ≤ 100 kB", verdict(all <= firstView)
	}
	note := fmt.Sprintf("page %.1f kB, with its styles, scripts and font %.1f kB", float64(page)/1000, float64(all)/1000)
	b.table.figure(figure{name: name, r: r, target: target, met: met, limit: note})
	return nil
}

// home opens the first page of the portal at a fixed rate.
func (b *bench) home(ctx context.Context, cookie string) error {
	r := b.load(b.open("/portal", cookie)).open(ctx, pageRate)
	p95 := r.at(0.95)
	b.table.figure(figure{
		name: fmt.Sprintf("/portal, %d pages each second", pageRate), r: r, target: "p95 < 30 ms", met: verdict(p95 < pageP95),
		limit: fmt.Sprintf("p95 %s ms", ms(p95)),
	})
	return ctx.Err()
}

// open gets a page. Each request comes from another address.
func (b *bench) open(path, cookie string) step {
	return func(c *conn, n int64) error {
		return c.expect(fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: br\r\nX-Forwarded-For: 10.%d.%d.%d\r\n%s\r\n",
			path, b.system.host, n>>16&255, n>>8&255, n&255, cookie))
	}
}

// grow copies the payments that there are until the merchant has many, paid within the last thirty days.
func (b *bench) grow(ctx context.Context) error {
	db, err := pgx.Connect(ctx, b.system.vars["EUPAY_DATABASE_URL"])
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer db.Close(ctx)
	if _, err := db.Exec(ctx, `insert into payments.payments
		select copy.* from (select p, row_number() over () as n from payments.payments p where kind = 'payment' limit $1) stock
		cross join generate_series(1, $2 / $1::int) as round
		cross join lateral (select now() - (30 * random()) * interval '1 day' as made) at
		cross join lateral jsonb_populate_record(stock.p, jsonb_build_object(
			'reference', 'PAY-' || to_char(made, 'YYYYMMDD') || '-' || upper(left(md5(round || '/' || n), 16)),
			'status', 'completed', 'due_at', null, 'provider_payment_id', null, 'created_at', made, 'completed_at', made + interval '40 seconds')) copy`,
		enough, manyPayments); err != nil {
		return err
	}
	_, err = db.Exec(ctx, `vacuum analyze payments.payments`)
	return err
}

// browser does not follow redirects.
var browser = &http.Client{
	Timeout:       answerLimit,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// signIn signs in to the portal as the merchant and returns the header of its cookie.
func (b *bench) signIn(ctx context.Context) (string, error) {
	form := url.Values{"email": {b.system.vars["EUPAY_MERCHANT_EMAIL"]}, "password": {b.system.vars["EUPAY_MERCHANT_PASSWORD"]}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+b.system.host+"/portal/login", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := browser.Do(req)
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	defer resp.Body.Close()
	cookies := resp.Cookies()
	if len(cookies) == 0 {
		return "", fmt.Errorf("sign in: answered %s without a cookie", resp.Status)
	}
	return "Cookie: " + cookies[0].Name + "=" + cookies[0].Value + "\r\n", nil
}

// menu is the path of the page that guests of the demo's table open.
func (b *bench) menu(ctx context.Context) (string, error) {
	owner, err := b.system.signedIn(ctx)
	if err != nil {
		return "", err
	}
	for table, err := range owner.Tables.All(ctx, eupay.ListParams{}) {
		if err != nil {
			return "", err
		}
		u, err := url.Parse(table.QRURL)
		if err != nil {
			return "", fmt.Errorf("read the address of a table: %w", err)
		}
		return u.Path, nil
	}
	return "", errors.New("the demo shop has no table")
}

// sizes are the bytes of a page, and of the page with the styles, scripts and fonts that it loads, as they are sent.
func (b *bench) sizes(ctx context.Context, path, cookie string) (page, all int, err error) {
	body, page, err := b.fetch(ctx, path, cookie)
	all = page
	names := assets(body)
	for i := 0; err == nil && i < len(names); i++ {
		var n int
		body, n, err = b.fetch(ctx, names[i], "")
		all += n
		for _, name := range assets(body) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return page, all, err
}

// fetch gets a page as a browser does, and returns it and how many bytes of body came.
func (b *bench) fetch(ctx context.Context, path, cookie string) (body []byte, sent int, err error) {
	c := &conn{host: b.system.host}
	defer c.close()
	if err := b.open(path, cookie+"Connection: close\r\n")(c, 1); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	sent = len(c.body)
	if plain, err := io.ReadAll(brotli.NewReader(bytes.NewReader(c.body))); err == nil {
		return plain, sent, nil
	}
	return c.body, sent, ctx.Err() // small ones and fonts are not compressed
}

// asset finds the files that a page or a style sheet loads with it.
var asset = regexp.MustCompile(`(?:src|href|url\()=?"(/assets/[^"]+\.(?:css|js|woff2|svg))"`)

// assets are the files that a page names, and those that its style sheets name.
func assets(body []byte) []string {
	var names []string
	for _, m := range asset.FindAllSubmatch(body, -1) {
		if name := string(m[1]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
