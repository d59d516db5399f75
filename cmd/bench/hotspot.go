package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	// spreadOver is the number of merchants among whom payments are spread.
	spreadOver = 10
	// hotOf of a hundred payments are the first merchant's, when it is a hot spot.
	hotOf = 90
)

// hotspot measures whether creation is slower when most payments are one merchant's than when they are spread evenly. Each pair is measured
// one right after the other.
func (b *bench) hotspot(ctx context.Context) error {
	b.table.title("A hot spot", fmt.Sprintf("create payments of %d merchants, 16 clients: a tenth each, or %d %% of the first", spreadOver, hotOf))
	keys, err := b.merchants()
	if err != nil {
		return err
	}
	warm := *b
	warm.Seconds = 1
	warm.createFor(ctx, "warm", keys, func(n int64) int64 { return n % spreadOver }) // secrets are compared once, at a price that may be refused
	var rates, tails, processor spread
	for range pairs {
		even := b.createFor(ctx, "even", keys, func(n int64) int64 { return n % spreadOver })
		hot := b.createFor(ctx, "hot", keys, func(n int64) int64 {
			if n%100 < hotOf {
				return 0
			}
			return 1 + n%(spreadOver-1)
		})
		b.table.figure(figure{name: "spread evenly", r: even})
		b.table.figure(figure{name: "a hot spot", r: hot})
		rates.ratio(even.rate(), hot.rate())
		tails.ratio(millisOf(even.at(0.99)), millisOf(hot.at(0.99)))
		processor.ratio(float64(even.each(even.cpu.system())), float64(hot.each(hot.cpu.system())))
	}
	b.table.row(row{name: "a hot spot in terms of an even spread", note: fmt.Sprintf("rate %s, p99 %s, processor time %s", rates, tails, processor)})
	return ctx.Err()
}

// createFor creates payments of the merchants that pick names.
func (b *bench) createFor(ctx context.Context, name string, keys []string, pick func(int64) int64) *result {
	return undisturbed(func() *result {
		day := time.Now().UnixNano()
		return b.load(func(c *conn, n int64) error {
			body := fmt.Sprintf(`{"amount":29.99,"currency":"EUR","description":"Order","reference":"%s-%d-%d",`+
				`"success_url":"https://shop.example/success","cancel_url":"https://shop.example/cancel"}`, name, day, n)
			status, answer, err := c.do(b.system.plain("POST", "/gateway/payments", keys[pick(n)], body))
			if err == nil && status != http.StatusCreated {
				err = fmt.Errorf("answered %d: %.80s", status, answer)
			}
			return err
		}).closed(ctx, busyClients)
	})
}

// merchants returns the headers of merchants with a key each. The first is the demo's, whose key has no limit that matters.
func (b *bench) merchants() ([]string, error) {
	keys := []string{b.system.key()}
	c := &conn{host: b.system.host}
	defer c.close()
	admin, err := b.admin(c)
	if err != nil {
		return nil, err
	}
	for i := 1; i < spreadOver; i++ {
		login, err := b.mallory(fmt.Sprintf("198.51.100.%d", 100+i))
		if err != nil {
			return nil, err
		}
		var merchant struct{ ID string }
		if err := c.ask(b.system.plain("GET", "/merchant", login, ""), &merchant); err != nil {
			return nil, err
		}
		if err := c.ask(b.system.plain("POST", "/admin/merchants/"+merchant.ID+"/gateway", admin, `{"enabled":true}`), nil); err != nil {
			return nil, err
		}
		var key struct {
			Public string `json:"api_key"`
			Secret string `json:"api_secret"`
		}
		if err := c.ask(b.system.plain("POST", "/merchant/api-keys", login, `{"name":"bench","per_minute":10000}`), &key); err != nil {
			return nil, err
		}
		keys = append(keys, keyHeaders(key.Public, key.Secret))
	}
	return keys, nil
}

// admin returns the header of the demo's administrator.
func (b *bench) admin(c *conn) (string, error) {
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, b.system.vars["EUPAY_ADMIN_EMAIL"], b.system.vars["EUPAY_ADMIN_PASSWORD"])
	var session struct{ Token string }
	err := c.ask(b.system.plain("POST", "/auth/login", "", body), &session)
	return "Authorization: Bearer " + session.Token + "\r\n", err
}

// ask sends a request that must succeed, and reads its answer. Answers may have secrets, so none is in an error.
func (c *conn) ask(request []byte, answer any) error {
	status, body, err := c.do(request)
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(request), " HTTP")
	if status != http.StatusOK && status != http.StatusCreated {
		return fmt.Errorf("%s: answered %d", line, status)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	return nil
}
