package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	createRate = 1500
	createP99  = 100 * time.Millisecond
	// bankCalls is the number of consecutive calls for each payment: create, and the payer's token.
	bankCalls = 2
	bankTakes = 300 * time.Millisecond
	overBank  = 30 * time.Millisecond
	// commitsEach is the number of transactions of a payment until its URL is known: recorded, and opened at the bank.
	commitsEach = 2
)

// payment is what later parts need of a payment.
type payment struct{ reference, bankID string }

// keeper collects payments from many connections.
type keeper struct {
	mu   sync.Mutex
	made []payment
}

// create creates payments whose references begin with the name.
func (b *bench) create(name string, keep *keeper) step {
	day := time.Now().UnixNano()
	return func(c *conn, n int64) error {
		body := fmt.Sprintf(`{"amount":29.99,"currency":"EUR","description":"Order #%d","reference":"%s-%d-%d",`+
			`"success_url":"https://shop.example/success","cancel_url":"https://shop.example/cancel"}`, n, name, day, n)
		status, answer, err := c.do(b.system.request("POST", "/gateway/payments", "", body))
		if err != nil {
			return err
		}
		if status != http.StatusCreated || !bytes.Contains(answer, []byte(`"payment_url":"http`)) {
			return fmt.Errorf("answered %d: %.80s", status, answer)
		}
		return keep.add(answer)
	}
}

func (k *keeper) add(answer []byte) error {
	var v struct {
		Data struct {
			Reference  string `json:"reference"`
			PaymentURL string `json:"payment_url"`
		} `json:"data"`
	}
	if err := json.Unmarshal(answer, &v); err != nil {
		return fmt.Errorf("read the payment: %w", err)
	}
	u, err := url.Parse(v.Data.PaymentURL)
	if err != nil {
		return fmt.Errorf("read the payment's URL: %w", err)
	}
	p := payment{reference: v.Data.Reference, bankID: u.Query().Get("payment_id")}
	if p.reference == "" || p.bankID == "" {
		return errors.New("a payment without reference or bank's id")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.made = append(k.made, p)
	return nil
}

func (b *bench) load(do step) load {
	return load{host: b.system.host, pid: b.system.pid, duration: b.each(), do: do}
}

// creation measures POST /gateway/payments with a bank that answers at once.
func (b *bench) creation(ctx context.Context) error {
	b.table.title("Create a payment", "POST /gateway/payments, the bank answers at once")
	k := &keeper{}
	best := 0.0
	for _, clients := range []int{16, 64} {
		r := undisturbed(func() *result { return b.load(b.create(fmt.Sprintf("C%d", clients), k)).closed(ctx, clients) })
		best = max(best, r.rate())
		b.table.figure(figure{
			name: fmt.Sprintf("%d clients, as fast as they can", clients), r: r, target: "≥ 1500/s, p99 < 100 ms",
			met:   verdict(r.rate() >= createRate && r.at(0.99) < createP99),
			limit: of(commitsEach*r.rate(), b.table.limits.commits, "commits"),
		})
	}
	fixed := max(50, math.Floor(best*0.6/50)*50)
	r := undisturbed(func() *result { return b.load(b.create("OPEN", k)).open(ctx, fixed) })
	b.table.figure(figure{name: "60 % of that, at a fixed rate", r: r, target: "p99 < 100 ms", met: verdict(r.at(0.99) < createP99)})
	b.made = append(b.made, k.made...)
	return nil
}

// slowBank measures the same with a slow bank. The latencies are what EU Pay adds.
func (b *bench) slowBank(ctx context.Context) error {
	b.table.title("Create a payment at a slow bank", "300 ms for each of two calls, which are taken off the latencies here")
	if err := b.setLatency(bankTakes); err != nil {
		return err
	}
	for _, rate := range []float64{500, 1000, createRate} {
		r := undisturbed(func() *result { return b.load(b.create(fmt.Sprintf("SLOW%.0f", rate), &keeper{})).open(ctx, rate) })
		over := bankCalls * bankTakes
		b.table.figure(figure{
			name: fmt.Sprintf("fixed rate of %.0f/s", rate), r: r, over: over, target: "< 30 ms over the bank",
			met: verdict(r.at(0.5)-over < overBank && r.at(0.99)-over < overBank),
		})
	}
	return b.setLatency(0)
}

// management sends a request to the sandbox bank's management port.
func (b *bench) management(c *conn, method, path, body string) error {
	return c.expect(fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", method, path, c.host, len(body), body))
}

func (b *bench) bankHost() (string, error) {
	u, err := url.Parse(b.system.vars["EUPAY_BANK_MGMT_URL"])
	if err != nil {
		return "", fmt.Errorf("read EUPAY_BANK_MGMT_URL: %w", err)
	}
	return u.Host, nil
}

func (b *bench) setLatency(d time.Duration) error {
	host, err := b.bankHost()
	if err != nil {
		return err
	}
	c := &conn{host: host}
	defer c.close()
	return b.management(c, "PUT", "/latency", fmt.Sprintf(`{"ms":%d}`, d.Milliseconds()))
}
