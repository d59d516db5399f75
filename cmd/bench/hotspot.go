package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
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
	for i := 1; i < spreadOver; i++ {
		login, err := b.mallory(fmt.Sprintf("198.51.100.%d", 100+i))
		if err != nil {
			return nil, err
		}
		status, answer, err := c.do(b.system.plain("POST", "/merchant/api-keys", login, `{"name":"bench","per_minute":10000}`))
		if err != nil {
			return nil, err
		}
		var made struct {
			Key    string `json:"api_key"`
			Secret string `json:"api_secret"`
		}
		if err := json.Unmarshal(answer, &made); err != nil || made.Secret == "" {
			return nil, fmt.Errorf("make a key: answered %d", status)
		}
		keys = append(keys, keyHeaders(made.Key, made.Secret))
	}
	return keys, nil
}
